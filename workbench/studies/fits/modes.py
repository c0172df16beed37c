"""MAP and Laplace approximation at a point of a study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from workbench.backends import RawRun, Start
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum import search
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.map import find_map
from workbench.estimation.sampling import laplace
from workbench.estimation.sampling.initial_values import nest_initial_values
from workbench.estimation.sampling.psis import log_sum_exp
from workbench.estimation.schedule import find_known_point
from workbench.execution import Task, Workplace, name_function
from workbench.methods import Laplace, Map
from workbench.program import Program
from workbench.results.json_values import to_json_values
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner
from workbench.results.view.estimates import Status
from workbench.studies.fits.cache import cache_array, cache_record
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.point_request import make_request
from workbench.studies.fits.shared import share_context
from workbench.studies.plan.plan import Point

Floats = NDArray[np.float64]


class ModeEstimate(Struct, frozen=True, kw_only=True):
    """A quantity at a mode (`value`), or in the approximation around it (`mean` and the others)."""

    value: float | None = None
    mean: float | None = None
    sd: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def location(self) -> float | None:
        """The mode, or the mean of the approximation."""
        return self.mean if self.value is None else self.value


class ModeResult(Struct, frozen=True, kw_only=True):
    """A mode, or an approximation around it.

    Attributes
    ----------
    status, reason
        Whether it was found, and why not.
    estimates
        By Stan name.
    khat
        The k-hat of the approximation's importance weights.
    lpd
        The log predictive density of the data [nats].
    modes, starts
        How many modes were found, and from how many starts.
    """

    status: Status
    reason: str = ""
    estimates: Mapping[str, ModeEstimate] = field(default_factory=dict)
    khat: float | None = None
    lpd: float | None = None
    modes: int = 0
    starts: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether there are estimates."""
        return self.status == "ok"


@dataclass(frozen=True)
class PointModes:
    """MAP and Laplace approximation at one point.

    Attributes
    ----------
    map
        The mode on the constrained scale.
    mode
        The mode on the unconstrained scale, the centre of `laplace`.
    laplace
        The approximation.
    laplace_draws
        Its draws, `(S, quantity)`, in the order of its estimates.
    """

    map: ModeResult
    mode: ModeResult
    laplace: ModeResult
    laplace_draws: Floats


def find_all_modes(
    context: StudyContext, points: Sequence[Point], base: PointModes
) -> Iterator[tuple[Point, PointModes]]:
    """Yield MAP and Laplace approximation at each point, as they are found.

    Parameters
    ----------
    context, points
        The study, and points other than the base.
    base
        The modes of the base fit.
    """
    waiting: dict[str, list[Point]] = {}
    for point in points:
        waiting.setdefault(_make_key(context, point, base), []).append(point)
    function, shared = name_function(find_for_task), (share_context(context),)
    start = replace(base, laplace_draws=np.empty((0, 0)))
    tasks = (
        Task(key, function, (same[0], start), shared, (f"{key}.json", f"{key}.npy"))
        for key, same in waiting.items()
    )
    for outcome in context.executor.map(tasks, context.cache_folder):
        for point in waiting[outcome.key]:
            failed = outcome.failure
            yield point, find_modes(context, point, base) if failed is None else _fail(failed.message)


def find_for_task(place: Workplace, context: StudyContext, point: Point, base: PointModes) -> None:
    """Leave MAP and Laplace approximation at a point in the cache, as a task."""
    find_modes(context.move_to(place), point, base)


def _fail(reason: str) -> PointModes:
    """Return what is known of a point whose modes could not be searched for."""
    failed = ModeResult(status="failed", reason=reason)
    return PointModes(failed, failed, failed, np.empty((0, 0)))


def _make_key(context: StudyContext, point: Point, base: PointModes | None) -> str:
    return context.make_key("related modes and draws", point.key, "" if base is None else "from the base's")


def find_modes(context: StudyContext, point: Point, base: PointModes | None = None) -> PointModes:
    """Return MAP and Laplace approximation at a point.

    Parameters
    ----------
    context, point
        The study and the point.
    base
        The modes of the base fit, from which optimisation starts, so that the result does not depend on
        which other points are finished. It starts from the usual random points if the base has no mode or
        several, if the prior of the point has another form, which may have other modes, or if it fails from
        the base's mode.
    """
    key = _make_key(context, point, base)

    @cache
    def make() -> tuple[dict[str, Any], Floats]:
        request = make_request(context, point)
        exe = context.find_variant(point).model.exe
        fit_context = context.make_fit_context(request, exe, f"modes-{key[:24]}")
        known = base if not point.forms else None
        mode, optima = _find_mode(fit_context, Map(jacobian=True), Laplace(), known.mode if known else None)
        related = find_known_point(fit_context, optima)
        at_base = known.map if known else None
        map_result, _ = _find_mode(fit_context, Map(), search.CURVATURE_ONLY, at_base, related)
        approximation = laplace.run_laplace(fit_context, optima)
        run = optima.best.approximation if optima is not None and approximation.is_ok else None
        lpd = {}
        if run is not None and optima is not None:
            lpd = {"lpd": _compute_predictive_density(optima.target, run, request.program)}
        record = {
            "map": _make_record(map_result),
            "mode": _make_record(mode),
            "laplace": _make_record(approximation) | lpd,
        }
        return record, np.empty((0, 0)) if run is None else _select_draws(run, approximation.estimates)

    record = to_json_values(cache_record(context.cache_folder, key, lambda: make()[0]))
    results = {name: msgspec.convert(result, ModeResult) for name, result in record.items()}
    return PointModes(**results, laplace_draws=cache_array(context.cache_folder, key, lambda: make()[1]))


def _find_mode(
    context: FitContext,
    method: Map,
    approximation: Laplace,
    known: ModeResult | None,
    related: search.KnownPoint | None = None,
) -> tuple[MethodResult, search.OptimumSearch | None]:
    """Return the mode reached from the base's, or else from the usual starts and a related density's mode."""
    program = context.request.program
    if known is not None and known.is_ok and known.modes == 1:
        values = {
            name: estimate.value for name, estimate in known.estimates.items() if estimate.value is not None
        }
        start = Start((nest_initial_values(values, values.values(), program),))
        result, optima = find_map(context, method, approximation, start)
        if result.is_ok:
            return result, optima
    return find_map(context, method, approximation, known=related)


def _make_record(result: MethodResult) -> dict[str, Any]:
    """Return what the cache keeps of a result."""
    return {
        "status": result.status,
        "reason": result.reason,
        "estimates": dict(result.estimates),
        "khat": result.facts.get("khat"),
        "lpd": result.facts.get("log_lik"),
        "modes": len(result.facts.get("modes", ())),
        "starts": len(result.facts.get("starts", ())),
    }


def _select_draws(run: RawRun, names: Iterable[str]) -> Floats:
    return np.asarray(run.draws[0][:, [run.columns.index(name) for name in names]])


def _compute_predictive_density(target: LogDensity, run: RawRun, program: Program) -> float | None:
    """Return the log predictive density of the data [nats]; `None` if rows have no log likelihood."""
    name = None if program.instrumented is None else program.instrumented.outputs.log_lik
    if name is None:
        return None
    try:
        generated = target.backend.generate(target.job, run.columns, run.draws[0])
    except RunError:
        return None
    columns = [i for i, column in enumerate(generated.columns) if owner(column) == name]
    if not columns or not np.isfinite(generated.draws[0][:, columns]).all():
        return None
    log_lik = generated.draws[0][:, columns].T
    return float(np.sum(log_sum_exp(log_lik) - np.log(log_lik.shape[1])))

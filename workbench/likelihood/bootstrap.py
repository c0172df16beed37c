"""The bootstrap of an estimate: what is resampled, what comes of the resamples, and intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from workbench import binding
from workbench.backends.base import Floats, Integers
from workbench.errors import MethodError, RequestError, WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.rescaling import undo_standardization
from workbench.execution import Executor, Task, name_function
from workbench.likelihood.intervals import Interval, compute_acceleration, find_bca, find_percentiles
from workbench.likelihood.mode import Mode
from workbench.likelihood.resample import (
    Kind,
    Resampler,
    Resamples,
    make_job,
    read_piece,
    resample_for_task,
    share_resampler,
)
from workbench.likelihood.row_scores import Slopes, find_log_lik_name, find_rows
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds, hash_texts
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.thresholds import (
    FAILED_RESAMPLES_LIMIT,
    FEWEST_CLUSTERS,
    FEWEST_RESAMPLES,
    FEWEST_RESAMPLES_INTERVAL,
    SAME_LIKELIHOOD_LIMIT,
)
from workbench.toolchain import CompiledModel

_SEED = 4
"""Which of the seeds derived from that of the run is for resamples; Stan, loo and bridges use others."""

_PER_TASK = 10
"""Resamples of a task. Ours: starting a task takes as long as a few resamples of little data."""

_MOST_LEFT_OUT = 400
"""Rows or clusters up to which each is left out in turn for the acceleration of BCa. Above, influence values
take the place of these fits: they differ by the order of one over the number. Ours."""

_MOST_REASONS = 3
"""Reasons of failed resamples that are listed. Ours."""


@dataclass(frozen=True)
class Bootstrap:
    """What resamples say of the quantities of a fit.

    Attributes
    ----------
    words
        What was resampled, in a sentence.
    resamples
        How many there are.
    failed
        How many have no maximum.
    errors
        Standard errors, `(C,)`.
    percentile, bca
        Intervals of each quantity; `None` where there is none.
    values
        Estimates of each resample that has a maximum, `(B, C)`.
    notes, warnings
        What there is to say, in sentences.
    is_parametric
        Whether outcomes were drawn from the model.
    """

    words: str
    resamples: int
    failed: int
    errors: Floats
    percentile: tuple[Interval | None, ...]
    bca: tuple[Interval | None, ...]
    values: Floats = field(repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_parametric: bool = False


@dataclass(frozen=True)
class BootstrapPlan:
    """What is to be resampled.

    Attributes
    ----------
    count
        Resamples.
    is_parametric
        Whether outcomes are drawn from the model at the estimate.
    clusters
        The cluster of each row, from 0, `(N,)`; without them rows are drawn.
    column
        The column of clusters.
    """

    count: int
    is_parametric: bool = False
    clusters: Integers | None = None
    column: str = ""

    @property
    def kind(self) -> Kind:
        """What is drawn."""
        if self.is_parametric:
            return "parametric"
        return "rows" if self.clusters is None else "clusters"


def check_plan(plan: BootstrapPlan, fit: Fit, method: str) -> None:
    """Refuse a bootstrap that cannot be, before anything is built.

    Raises
    ------
    RequestError
        The message says why.
    """
    if plan.count < FEWEST_RESAMPLES:
        raise RequestError(
            f"--bootstrap was expected to be {FEWEST_RESAMPLES} at least, found {plan.count}: fewer "
            "resamples say "
            "little of a standard error."
        )
    if method == "map" and fit.results.data.standardized.is_on_data_scale:
        raise RequestError(
            "the priors of this run are about standardized predictors, whose scale changes with the "
            "rows: its MAP "
            "has no bootstrap.",
            hint="--method mle, or fit without --standardize",
        )
    if plan.is_parametric:
        if plan.column:
            raise RequestError("--parametric draws outcomes from the model, which has no clusters.")
        for outcome in fit.results.model.outcomes:
            if not outcome.replicate and not outcome.too_costly:
                raise RequestError(
                    f"`{outcome.name}` cannot be drawn from the model: {outcome.reason}",
                    hint="--bootstrap without --parametric draws rows",
                )
            if outcome.conditional:
                raise RequestError(
                    f"`{outcome.name}` is drawn given values of itself that were observed before: "
                    "resamples would "
                    "not be draws of the whole outcome.",
                    hint="write a generated quantity that simulates it from the start",
                )
        if not fit.results.model.outcomes:
            raise RequestError("the program has no outcome that could be drawn from it.")
    elif not fit.results.data.rules.get("variables"):
        raise RequestError(
            "the run was fitted to Stan's own data, which do not say what belongs to a row.",
            hint="fit a table, or draw outcomes with --parametric",
        )


def use_data_scale(fit: Fit, context: FitContext) -> FitContext:
    """Return the context on the data's own scale, whose likelihood has the same maximum.

    Predictors that were standardized have their own values again, so that rows can be drawn from them.

    Parameters
    ----------
    fit
        The run.
    context
        Its program and data as they were fitted.
    """
    data = context.request.data
    if not data.standardized or not fit.results.data.standardized.is_on_data_scale:
        return context
    request = replace(context.request, data=undo_standardization(data))
    return replace(context, request=request, folder=context.folder.with_name("own-scale"))


def make_resampler(
    fit: Fit,
    mode: Mode,
    slopes: Slopes,
    plan: BootstrapPlan,
    names: tuple[str, ...],
    model: CompiledModel,
    source: str,
) -> Resampler:
    """Return what all resamples share.

    Parameters
    ----------
    fit
        The run.
    mode
        Its estimate, on the scale of its data.
    slopes
        Derivatives there, with the log likelihood of each row.
    plan
        What is resampled.
    names
        The quantities that are kept.
    model, source
        The executable, and the program that it was compiled from.

    Raises
    ------
    MethodError
        Rows cannot be drawn: the message says why.
    """
    request = mode.context.request
    instrumented = request.program.instrumented
    if instrumented is None:
        raise MethodError("the program could not be taken apart, so that it cannot be fitted to resamples.")
    prior_weight = 0.0 if mode.method == "mle" else 1.0
    own = mode.context.collect_own_data(prior_weight)
    replicating = mode.context.collect_own_data(prior_weight, is_replicating=True)
    seed = derive_seeds(request.seed, _SEED + 1)[_SEED]
    clusters = "" if plan.clusters is None else str(plan.clusters.tolist())
    key = hash_texts(
        "resamples", model.key, request.data.sha256, request.key, mode.method, plan.kind, clusters, str(seed),
        ",".join(names),
    )  # fmt: skip
    data = binding.order_tuples(request.data.values, request.program.data)
    axes, sizes = ({}, ()) if plan.is_parametric else _find_axes(fit, mode)
    resampler = Resampler(
        key, model, source, data, own, replicating, axes, sizes, request.data.rows or 0, plan.clusters,
        mode.point, mode.newton.directions, mode.curvature.free_names, names,
        _find_outcomes(mode) if plan.is_parametric else {}, seed, request.timeout, request.threads,
    )  # fmt: skip
    if plan.is_parametric:
        return resampler
    _check_exchangeable(mode, slopes, resampler)
    drawn = np.random.default_rng(resampler.seed).integers(resampler.rows, size=resampler.rows)
    return replace(resampler, is_centred=not _has_log_liks(mode, slopes, resampler, drawn))


def _find_axes(fit: Fit, mode: Mode) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the axis of rows of each variable, and the sizes that count rows.

    Raises
    ------
    MethodError
        Other data have an element for each row.
    """
    request = mode.context.request
    axes = binding.find_row_axes(request.data, request.program, fit.results.data.rules)
    declared = {item.name: item for item in request.program.data}
    sizes = {
        declared[name].sizes[axis].text for name, axis in axes.items() if axis < len(declared[name].sizes)
    }
    counted = tuple(size for size in sizes if request.data.values.get(size) == request.data.rows)
    for name, item in declared.items():
        extra = [
            axis for axis, size in enumerate(item.sizes) if size.text in sizes and axes.get(name) != axis
        ]
        if extra:
            raise MethodError(
                f"`{name}`, declared `{item.text}`, has an element for each row that does not come from a "
                "column: "
                "its rows cannot be drawn again."
            )
    return axes, counted


def _find_outcomes(mode: Mode) -> dict[str, str]:
    """Return the quantity that replicates each outcome.

    Raises
    ------
    MethodError
        An outcome has none that is its own.
    """
    request = mode.context.request
    found = {}
    for replicate in request.program.replicates:
        if (
            not replicate.name
            or replicate.observed
            or replicate.density_of
            or replicate.outcome not in request.data.values
        ):
            raise MethodError(
                f"`{replicate.outcome}` is made from the data, and cannot be put back in their place: "
                "draw rows instead."
            )
        found[replicate.outcome] = replicate.name
    return found


def _check_exchangeable(mode: Mode, slopes: Slopes, resampler: Resampler) -> None:
    """Check that rows in another order have the same log likelihoods in that order.

    Raises
    ------
    MethodError
        They have not: a row depends on those before it, or on its place.
    """
    if not slopes.by_row:
        raise MethodError(
            "its log likelihood is not a sum over rows of the table, so rows cannot be drawn again."
        )
    order = np.random.default_rng(resampler.seed).permutation(resampler.rows)
    if not _has_log_liks(mode, slopes, resampler, order):
        raise MethodError(
            "the log likelihood of a row depends on its place among the others: rows cannot be drawn again "
            "one by one. Draw outcomes with --parametric."
        )


def _has_log_liks(mode: Mode, slopes: Slopes, resampler: Resampler, rows: Integers) -> bool:
    """Return whether rows have the log likelihoods that they have in the fit; they are as many."""
    data = {**resampler.take_rows(rows), **resampler.own}
    job = make_job(resampler, mode.context.folder / "order", "order", data)
    backend = mode.target.backend
    run = backend.compute_quantities(job, mode.point[None])
    backend.release(job)
    job.data.unlink()
    name = find_log_lik_name(mode)
    values = run.draws[0, 0][[owner(column) == name for column in run.columns]]
    place = find_rows(mode, len(values))
    if place is None:
        return False
    total = np.zeros(resampler.rows)
    np.add.at(total, place, values)
    limit = SAME_LIKELIHOOD_LIMIT
    return bool(np.allclose(total, slopes.log_lik[rows], rtol=limit, atol=limit))


def run_bootstrap(
    resampler: Resampler,
    plan: BootstrapPlan,
    slopes: Slopes,
    level: float,
    executor: Executor,
    folder: Path,
    progress: Progress = SILENT,
) -> Bootstrap:
    """Return the bootstrap of an estimate; resamples that an earlier call finished are kept.

    Parameters
    ----------
    resampler, plan
        What is resampled.
    slopes
        Values and derivatives of the quantities, and scores of rows.
    level
        Probability of the intervals.
    executor
        Where resamples are fitted.
    folder
        Where their estimates are kept.
    progress
        Where to report.
    """
    found = _collect(resampler, plan.kind, plan.count, executor, folder, progress)
    is_ok = np.isfinite(found.values).all(axis=1)
    values = found.values[is_ok]
    failed = plan.count - len(values)
    if len(values) < FEWEST_RESAMPLES:
        raise MethodError(
            f"{failed} of {plan.count} resamples have no maximum, which leaves too few: "
            f"{_list_reasons(found)}"
        )
    left_out, how = _find_acceleration(resampler, plan, slopes, executor, folder, progress)
    acceleration = np.zeros(len(resampler.names)) if left_out is None else compute_acceleration(left_out)
    has_spread = np.ptp(values, axis=0) > 0
    percentile = [
        find_percentiles(values[:, place], level) if has_spread[place] else None
        for place in range(len(has_spread))
    ]
    bca = [
        find_bca(values[:, place], float(slopes.values[place]), float(acceleration[place]), level)
        if has_spread[place]
        else None
        for place in range(len(has_spread))
    ]
    return Bootstrap(
        _describe(plan, resampler),
        plan.count,
        failed,
        values.std(axis=0, ddof=1),
        tuple(percentile),
        tuple(bca),
        values,
        tuple(_list_notes(plan, failed, found, how, resampler)),
        tuple(_list_warnings(plan, resampler, failed, found)),
        plan.is_parametric,
    )


def _collect(
    resampler: Resampler, kind: Kind, count: int, executor: Executor, folder: Path, progress: Progress
) -> Resamples:
    """Return the estimates of all resamples of a kind, those that are kept read from their files."""
    folder.mkdir(parents=True, exist_ok=True)
    shared = share_resampler(resampler)
    function = name_function(resample_for_task)
    tasks: dict[str, tuple[Task, int]] = {}
    for first in range(0, count, _PER_TASK):
        size = min(_PER_TASK, count - first)
        key = hash_texts(resampler.key, kind, str(first), str(size))
        piece = f"{key[:32]}.npz"
        task = Task(key, function, (kind, first, size, piece), (shared,), (piece,))
        tasks[key] = (task, size)
        if (folder / piece).exists() and read_piece(folder / piece, size, len(resampler.names)) is None:
            (folder / piece).unlink()  # damaged: it is made again
    title = "Leaving out each unit" if kind == "jackknife" else "Fitting resamples"
    failure: WorkbenchError | None = None
    with progress.stage(title, total=float(count)) as stage:
        done = 0
        for outcome in executor.map((task for task, _ in tasks.values()), folder):
            failure = failure or outcome.failure
            done += tasks[outcome.key][1]
            stage.update(float(done))
    parts: list[Resamples] = []
    for task, size in tasks.values():
        part = read_piece(folder / task.pieces[0], size, len(resampler.names))
        if part is None:
            raise failure or MethodError("the estimates of a resample could not be read back.")
        parts.append(part)
    return Resamples(
        np.concatenate([part.values for part in parts]),
        tuple(text for part in parts for text in part.reasons),
    )


def _find_acceleration(
    resampler: Resampler,
    plan: BootstrapPlan,
    slopes: Slopes,
    executor: Executor,
    folder: Path,
    progress: Progress,
) -> tuple[Floats | None, str]:
    """Return estimates without each unit, or what stands for them; `None` without units. Say which."""
    if plan.is_parametric:
        return (
            None,
            "BCa intervals are corrected for bias alone: outcomes drawn from a model have no acceleration.",
        )
    what = "row" if plan.clusters is None else "cluster"
    if resampler.units <= _MOST_LEFT_OUT:
        found = _collect(resampler, "jackknife", resampler.units, executor, folder, progress)
        is_ok = np.isfinite(found.values).all(axis=1)
        if is_ok.all():
            return found.values, f"the acceleration of BCa is from fits without one {what} each."
        return (
            found.values[is_ok],
            f"the acceleration of BCa is from fits without one {what} each, {int((~is_ok).sum())} of "
            "which have no "
            "maximum.",
        )
    scores = slopes.scores
    if plan.clusters is not None:
        units = np.zeros((resampler.units, scores.shape[1]))
        np.add.at(units, plan.clusters, scores)
        scores = units
    return -scores @ slopes.jacobian.T, f"the acceleration of BCa is from the influence of each {what}."


def _describe(plan: BootstrapPlan, resampler: Resampler) -> str:
    if plan.is_parametric:
        return f"{plan.count:,} data sets with outcomes drawn from the model at the estimate"
    what = (
        f"{resampler.units:,} rows"
        if plan.clusters is None
        else f"{resampler.units:,} clusters of `{plan.column}`"
    )
    return f"{plan.count:,} resamples of {what}, drawn with replacement"


def _list_notes(
    plan: BootstrapPlan, failed: int, found: Resamples, how: str, resampler: Resampler
) -> Iterator[str]:
    yield how
    if resampler.is_centred:
        yield (
            "the program computes something from all rows before it fits, such as means that it "
            "subtracts. It does "
            "so anew for each resample, and the bootstrap counts how that varies; other standard errors "
            "do not."
        )
    if failed and failed <= FAILED_RESAMPLES_LIMIT * plan.count:
        yield f"{failed} of {plan.count:,} resamples have no maximum and are left out: {_list_reasons(found)}"
    if plan.count < FEWEST_RESAMPLES_INTERVAL:
        yield (
            f"the ends of intervals from {plan.count:,} resamples are rough: "
            f"{FEWEST_RESAMPLES_INTERVAL:,} settle them."
        )


def _list_warnings(plan: BootstrapPlan, resampler: Resampler, failed: int, found: Resamples) -> Iterator[str]:
    if failed > FAILED_RESAMPLES_LIMIT * plan.count:
        yield (
            f"{failed} of {plan.count:,} resamples have no maximum, and what is left is not the "
            "distribution of the "
            f"estimate: do not rely on the bootstrap. {_list_reasons(found)}"
        )
    if plan.clusters is not None and resampler.units < FEWEST_CLUSTERS:
        yield (
            f"{resampler.units} clusters are few to draw from: below {FEWEST_CLUSTERS} intervals tend "
            "to be too short."
        )


def _list_reasons(found: Resamples) -> str:
    counts = Counter(reason for reason in found.reasons if reason)
    listed = [f"{reason.rstrip('.')} ({count})" for reason, count in counts.most_common(_MOST_REASONS)]
    return f"{'; '.join(listed)}."

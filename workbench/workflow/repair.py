"""Leave-one-out of a stored run; rows whose importance weights fail are found in another way.

In this order: the row's own effect integrated out, draws moved by moment matching, a fit without the row.
What remains keeps its weights, with the k-hat that says they cannot be relied on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.comparison.cross_validation import LEAVE_ONE_OUT, CrossValidation, Way
from workbench.comparison.leave_one_out import measure_errors
from workbench.comparison.moment_matching import match_moments
from workbench.comparison.own_effects import OwnEffect, are_apart, find_own_effects, integrate_effects
from workbench.comparison.weighted_rows import average_weighted, measure_error_of_sum
from workbench.diagnostics.loo import (
    compute_leave_one_out,
    compute_loo_weights,
    count_chains,
    explain_missing_loo,
    label_rows,
    read_log_likelihood_of,
)
from workbench.errors import RequestError, WorkbenchError
from workbench.execution import Executor
from workbench.progress import SILENT, Progress, Stage
from workbench.provenance import derive_seeds
from workbench.results import Fit
from workbench.results.sampled_rows import has_sampled_rows
from workbench.thresholds import (
    MOST_ROW_REFITS,
    REFIT_ERROR_LIMIT,
    RHAT_LIMIT,
    format_beside_limit,
    khat_limit,
)
from workbench.toolchain import ToolchainSettings
from workbench.workflow.open_posterior import OpenPosterior, explain_other_values, open_posterior
from workbench.workflow.refit_rows import RefittedRow, refit_rows
from workbench.workflow.saved_run import open_run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_WEIGHTS: Way = "importance weights"

_SEED = 6
"""Which of the seeds derived from that of the run is for proofs at random points."""

_INTEGRATED_DRAWS = 1000
"""Draws at which effects are integrated out, at most. Ours: the weights of integrated likelihoods are nearly
equal, so that more draws hardly help."""

_MOST_NUMBERS = 1 << 26
"""Draws times dimensions that moment matching takes at most: 512 MB for each of a few copies. Ours."""

_MOST_NAMED = 8
"""Rows that a note names. Ours."""


@dataclass
class _Units:
    """What is known of each row so far.

    `influences` is what each draw adds to the error of the sum, `(sample,)`, by all rows that are found from
    the draws of the run and can be relied on; `apart` is the variance that fits of their own add.
    """

    elpd: Floats
    khat: Floats
    mcse: Floats
    influences: Floats
    chains: int
    lppd: Floats
    limit: float
    r_eff: float
    labels: Sequence[str]
    ways: NDArray[np.str_]
    reasons: dict[int, list[str]] = field(default_factory=dict)
    doubted: list[int] = field(default_factory=list)
    apart: float = 0.0

    @property
    def bad(self) -> Integers:
        """The rows that are not repaired yet."""
        is_left = self.ways == _WEIGHTS
        with np.errstate(invalid="ignore"):
            return np.flatnonzero(is_left & ~(self.khat <= self.limit)).astype(np.int64)

    @property
    def repaired(self) -> int:
        """How many rows are repaired."""
        return int((self.ways != _WEIGHTS).sum())

    def settle(self, row: int, way: Way, elpd: float, khat: float, mcse: float) -> None:
        """Note what another way found of a row."""
        self.elpd[row], self.khat[row], self.mcse[row] = elpd, khat, mcse
        self.ways[row] = way

    def measure_error_of_sum(self) -> float | None:
        """Return the Monte Carlo standard error of the sum [nats]; `None` while a k-hat is too high."""
        if self.bad.size:
            return None
        return math.hypot(measure_error_of_sum(self.influences, self.chains), math.sqrt(self.apart))

    def fail(self, rows: Sequence[int] | Integers, reason: str) -> None:
        """Note why a way did not repair some rows."""
        for row in rows:
            self.reasons.setdefault(int(row), []).append(reason.rstrip("."))


def repair_leave_one_out(
    fit: Fit,
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    folder: Path | None = None,
    progress: Progress = SILENT,
) -> CrossValidation:
    """Return leave-one-out of all rows, those with a high k-hat found in another way.

    Parameters
    ----------
    fit
        The run.
    settings
        Which Stan and compiler to use.
    jobs
        Processes of this machine at a time.
    executor
        Who runs fits without a row; by default this machine.
    folder
        Where finished fits are kept, by a hash of all that decides their numbers; by default nowhere.
    progress
        Where to report.

    Raises
    ------
    RequestError
        Leave-one-out of all rows is not available for this run. What fails for a row is no error: the row
        keeps its weights and its k-hat, and a note says why.
    """
    if reason := explain_no_repair(fit):
        raise RequestError(f"rows cannot be left out: {reason}", hint="--kfold 10 fits without each tenth")
    units = _weigh(fit)
    if units.bad.size:
        with progress.stage("Repairing rows with a high k-hat", total=float(units.bad.size)) as stage:
            _repair(fit, units, settings, jobs, progress, stage)
            _refit(fit, units, settings, _Refits(jobs, executor, folder), progress, stage)
    return _assemble(units)


def explain_no_repair(fit: Fit) -> str:
    """Return why leave-one-out of all rows is not available; empty where it is."""
    if reason := explain_missing_loo(fit):
        return reason
    return "the run holds log likelihoods of a random sample of its rows." if has_sampled_rows(fit) else ""


def _weigh(fit: Fit) -> _Units:
    """Return leave-one-out of all rows by importance weights."""
    left_out = compute_leave_one_out(fit)
    count, errors = len(left_out.khat), measure_errors(fit, left_out)
    return _Units(
        left_out.elpd.copy(),
        left_out.khat.copy(),
        errors.mcse,
        errors.influences,
        count_chains(fit),
        left_out.elpd + left_out.p_loo,
        khat_limit(left_out.log_weights.shape[1]),
        left_out.r_eff,
        label_rows(fit),
        np.full(count, _WEIGHTS, dtype="U20"),
    )


@dataclass(frozen=True)
class _Refits:
    """Where fits without a row run, and where they are kept."""

    jobs: int
    executor: Executor | None
    folder: Path | None


def _repair(
    fit: Fit,
    units: _Units,
    settings: ToolchainSettings | None,
    jobs: int,
    progress: Progress,
    stage: Stage,
) -> None:
    with ExitStack() as stack:
        try:
            run = stack.enter_context(open_run(fit, settings, jobs=jobs, progress=progress))
            posterior = stack.enter_context(open_posterior(run, progress))
            offsets = _compare_with_stored(fit, posterior, units.bad)
        except WorkbenchError as reason:
            units.fail(units.bad, f"the posterior cannot be evaluated: {reason.message}")
            return
        for _ in _integrate(posterior, units, offsets, fit.results.seed or 0):
            stage.update(float(units.repaired))
        for _ in _match(posterior, units, offsets):
            stage.update(float(units.repaired))


def _compare_with_stored(fit: Fit, posterior: OpenPosterior, rows: Integers) -> dict[int, float]:
    """Return by row what its stored log likelihood has more than the computed one.

    Raises
    ------
    RequestError
        They do not belong together.
    """
    stored = np.asarray(read_log_likelihood_of(fit, rows), dtype=np.float64)
    computed = posterior.compute_log_lik(posterior.points, rows).T
    offsets, reason = explain_other_values(stored, computed)
    if reason:
        raise RequestError(reason)
    return dict(zip(rows.tolist(), offsets.tolist(), strict=True))


# --- effects of single rows -------------------------------------------------------------------------------


def _integrate(
    posterior: OpenPosterior, units: _Units, offsets: dict[int, float], seed: int
) -> Iterator[None]:
    """Repair rows that hang on one effect each."""
    if posterior.prior_job is None or not posterior.vectors:
        return
    count = len(posterior.points)
    sds = posterior.points.std(axis=0)
    few = posterior.points[[count // 3, 2 * count // 3]]
    try:
        effects = find_own_effects(few, sds, posterior.vectors, units.bad, posterior.compute_log_lik)
        if not effects:
            return
        rows = np.array([effect.row for effect in effects], dtype=np.int64)
        obstacle = _find_obstacle(posterior, effects, few, sds, seed)
        if obstacle:
            units.fail(rows, f"its effect cannot be integrated out: {obstacle}")
            return
        _integrate_rows(posterior, units, offsets, effects, sds)
    except WorkbenchError as reason:
        units.fail(units.bad, f"its effect cannot be integrated out: {reason.message}")
    yield


def _find_obstacle(
    posterior: OpenPosterior, effects: Sequence[OwnEffect], few: Floats, sds: Floats, seed: int
) -> str:
    """Return why effects of single rows cannot be integrated out; empty where they can."""
    dimensions = np.array([effect.dimension for effect in effects], dtype=np.int64)
    (proof,) = derive_seeds((seed, _SEED), 1)
    rng = np.random.default_rng(proof)
    for point in few:
        moved = np.repeat(point[None], 4, axis=0)
        moved[1:, dimensions] += rng.normal(0, 0.5, (3, len(dimensions))) * sds[dimensions]
        if not posterior.is_log_lik_the_likelihood(moved):
            return "the log likelihoods of the rows do not add up to the likelihood of the program."

    def slopes(points: Floats) -> Floats:
        return posterior.compute_slopes(points, dimensions)

    if not are_apart(few, sds, dimensions, slopes, proof):
        return "the priors of the effects of different rows depend on each other."
    return ""


def _integrate_rows(
    posterior: OpenPosterior,
    units: _Units,
    offsets: dict[int, float],
    effects: Sequence[OwnEffect],
    sds: Floats,
) -> None:
    rows = np.array([effect.row for effect in effects], dtype=np.int64)
    dimensions = np.array([effect.dimension for effect in effects], dtype=np.int64)
    count = len(posterior.points)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _INTEGRATED_DRAWS)).astype(int))
    found = integrate_effects(
        posterior.points[chosen],
        dimensions,
        sds[dimensions],
        lambda points: posterior.compute_slopes(points, dimensions),
        lambda points: posterior.compute_log_lik(points, rows),
    )
    r_eff = min(1.0, units.r_eff * count / len(chosen)) if len(chosen) < count else units.r_eff
    log_lik = np.ascontiguousarray(found.log_lik.T)
    log_lik = np.where(found.is_exact[:, None], log_lik, 0.0)
    weights, khat = compute_loo_weights(log_lik, r_eff)
    elpd, mcse, influences = average_weighted(weights, log_lik, r_eff)
    limit = khat_limit(len(chosen))
    for place, row in enumerate(rows.tolist()):
        if not found.is_exact[place]:
            units.fail([row], "its effect cannot be integrated out: the quadrature did not settle")
        elif not khat[place] <= limit:
            shown, beside = format_beside_limit(float(khat[place]), limit, 2)
            units.fail([row], f"with its effect integrated out k-hat is {shown}, above {beside}")
        else:
            value = float(elpd[place]) + offsets[row]
            units.settle(row, "integrated", value, float(khat[place]), float(mcse[place]))
            units.influences[chosen] += influences[place]


# --- moment matching --------------------------------------------------------------------------------------


def _match(posterior: OpenPosterior, units: _Units, offsets: dict[int, float]) -> Iterator[None]:
    """Repair rows by moment matching, one after the other."""
    rows, points = units.bad, posterior.points
    if not rows.size:
        return
    if points.size > _MOST_NUMBERS:
        units.fail(rows, f"{len(points):,} draws of {points.shape[1]:,} dimensions are too many to be moved")
        return
    try:
        log_density = posterior.compute_density(points)
        log_lik = posterior.compute_log_lik(points, rows)
    except WorkbenchError as reason:
        units.fail(rows, f"draws cannot be moved: {reason.message}")
        return
    for place, row in enumerate(rows.tolist()):
        own = np.array([row], dtype=np.int64)

        def evaluate(moved: Floats, own: Integers = own) -> tuple[Floats, Floats]:
            return posterior.compute_density(moved), posterior.compute_log_lik(moved, own)[:, 0]

        try:
            found = match_moments(points, log_density, log_lik[:, place], evaluate, units.r_eff)
        except WorkbenchError as reason:
            units.fail([row], f"draws cannot be moved: {reason.message}")
        else:
            if found.khat <= units.limit:
                units.settle(row, "moment matching", found.elpd + offsets[row], found.khat, found.mcse)
                units.influences += 0.0 if found.influences is None else found.influences
            else:
                units.fail([row], "moved draws do not reach the posterior without the row")
        yield


# --- fits without a row -----------------------------------------------------------------------------------


def _refit(
    fit: Fit,
    units: _Units,
    settings: ToolchainSettings | None,
    where: _Refits,
    progress: Progress,
    stage: Stage,
) -> None:
    """Repair rows by a fit without each of them."""
    rows = units.bad
    if rows.size > MOST_ROW_REFITS:
        units.fail(rows, f"more than {MOST_ROW_REFITS} rows would need a fit without them")
        return
    if not rows.size:
        return
    log_lik = np.asarray(read_log_likelihood_of(fit, rows), dtype=np.float64)
    try:
        for found in refit_rows(
            fit,
            rows,
            log_lik,
            settings,
            jobs=where.jobs,
            executor=where.executor,
            folder=where.folder,
            progress=progress,
        ):
            _note_refit(units, found)
            stage.update(float(units.repaired))
    except WorkbenchError as reason:
        units.fail(units.bad, f"it cannot be left out of a fit: {reason.message}")


def _note_refit(units: _Units, found: RefittedRow) -> None:
    if found.scores is None:
        units.fail([found.row], f"the fit without it failed: {found.reason}")
        return
    elpd, error = float(found.scores.elpd[0]), float(found.scores.error[0])
    if not error <= REFIT_ERROR_LIMIT:
        shown, limit = format_beside_limit(error, REFIT_ERROR_LIMIT, 2)
        units.fail([found.row], f"a fit without it leaves a Monte Carlo error of {shown} nats, above {limit}")
        return
    units.settle(found.row, "refit", elpd, np.nan, error)
    units.apart += error**2
    if found.scores.rhat > RHAT_LIMIT or found.scores.divergences:
        units.doubted.append(found.row)


# --- the result -------------------------------------------------------------------------------------------


def _assemble(units: _Units) -> CrossValidation:
    return CrossValidation(
        scheme=LEAVE_ONE_OUT,
        folds="",
        elpd=units.elpd,
        p=units.lppd - units.elpd,
        khat=units.khat,
        khat_limit=units.limit,
        ways=units.ways,
        labels=tuple(units.labels),
        rows=np.ones(len(units.elpd), dtype=np.int64),
        notes=tuple(_list_notes(units)),
        mcse=units.mcse,
        sum_mcse=units.measure_error_of_sum(),
    )


def _list_notes(units: _Units) -> Iterator[str]:
    """Yield which rows were not repaired, and why; rows with the same reasons together."""
    together: dict[str, list[int]] = {}
    for row in units.bad.tolist():
        together.setdefault("; ".join(units.reasons.get(row, ["nothing was tried"])), []).append(row)
    for reason, rows in together.items():
        worst, limit = format_beside_limit(float(units.khat[rows].max()), units.limit, 2)
        names = ", ".join(str(units.labels[row]) for row in rows[:_MOST_NAMED])
        more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
        subject = f"row {names} keeps" if len(rows) == 1 else f"rows {names}{more} keep"
        k_hat = f"k-hat {worst}" if len(rows) == 1 else f"k-hat up to {worst}"
        yield f"{subject} importance weights that cannot be relied on ({k_hat}, above {limit}): {reason}."
    if units.doubted:
        names = ", ".join(str(units.labels[row]) for row in sorted(units.doubted))
        yield f"fits without a row had an R-hat above {RHAT_LIMIT} or divergent transitions: {names}."
    if together:
        yield "K-fold cross-validation does not need these weights: --kfold 10."

"""The fit of the rows outside a fold, and what it says of those inside, as a task."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.errors import RequestError, RunError, RunIncomplete, WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.psis import compute_importance_weights, log_sum_exp
from workbench.execution import Workplace
from workbench.files import make_scratch
from workbench.late_imports import LateModule
from workbench.prediction.growth import NEW, take_rows
from workbench.prediction.monte_carlo import measure_errors
from workbench.prediction.predictor import Parameters, RowPredictor, collect
from workbench.prediction.proof import add_up_rows
from workbench.progress import SILENT
from workbench.provenance import derive_seeds
from workbench.request import Storage
from workbench.results import draws
from workbench.results.stored import PlainArray, read_bytes
from workbench.thresholds import JOINT_ERROR_LIMIT, SAME_JOINT_ERRORS, UNKNOWN_SCORE_ERROR
from workbench.workflow.fold_context import FoldContext
from workbench.workflow.predict_rows import NUMBERS_AT_ONCE

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SMALLEST_CHUNK = 100
"""Rows that are scored together at least. Ours."""

_REDRAWS = (9, 40)
"""How often effects of a group that was left out are drawn again, in turn, until the Monte Carlo error of its
joint density is small. Ours."""

_MOST_CHECKED = 500
"""Elements of parameters whose R-hat is computed, evenly spaced among all. Ours: a millisecond each."""

_AHEAD = 64
"""Rows that are first predicted from a fit of those before them; then twice as many, and so on. Ours."""

_MOST_BYTES = 2**32
"""The longest piece that is read [bytes]. Ours."""


@dataclass(frozen=True)
class FoldScores:
    """What the fit of some rows says of others.

    Attributes
    ----------
    elpd
        Log predictive density of each unit [nats], `(unit,)`.
    error
        Its Monte Carlo standard error [nats], `(unit,)`.
    khat
        Of the importance weights, `(unit,)`; NaN where there are none.
    sum_error
        The Monte Carlo standard error of the sum of all [nats].
    divergences
        Divergent transitions.
    rhat
        The largest R-hat; NaN without any.
    seconds
        How long NUTS took [s].
    has_redraws
        Whether effects of unseen groups were drawn several times for each draw of the posterior.
    """

    elpd: Floats = field(repr=False)
    error: Floats = field(repr=False)
    khat: Floats = field(repr=False)
    sum_error: float = 0.0
    divergences: int = 0
    rhat: float = float("nan")
    seconds: float = 0.0
    has_redraws: bool = False


@dataclass(frozen=True)
class FoldFit:
    """The draws of a fit of some rows, and what scores others by them."""

    predictor: RowPredictor
    parameters: Parameters
    chains: int
    divergences: int
    rhat: float
    seconds: float


def score_fold(place: Workplace, context: FoldContext, fold: int, key: str) -> None:
    """Fit the rows outside a fold and leave the scores of those inside, as a task.

    Raises
    ------
    RunError
        NUTS failed, or the rows cannot be scored; the message is Stan's.
    """
    leave_scores(place, key, lambda: _score_fold(place, context, fold))


def score_future(place: Workplace, context: FoldContext, block: int, key: str) -> None:
    """Fit the rows before a block and leave the scores of it and of those after it, as a task.

    Blocks are scored as far as importance weights reach.

    Raises
    ------
    RunError
        As `score_fold`.
    """
    leave_scores(place, key, lambda: _score_future(place, context, block))


# --- pieces ----------------------------------------------------------------------------------------------


def name_piece(key: str) -> str:
    """Return the name of the file of a fold."""
    return f"{key}.npz"


def read_piece(folder: Path, key: str) -> FoldScores | None:
    """Return the scores that are kept under a key; `None` where there are none, or a damaged file goes."""
    path = folder / name_piece(key)
    if not path.is_file():
        return None
    try:
        with np.load(io.BytesIO(read_bytes(path, _MOST_BYTES)), allow_pickle=False) as kept:
            found = FoldScores(**{item.name: _plain(kept[item.name]) for item in fields(FoldScores)})
        if not found.elpd.shape == found.error.shape == found.khat.shape or found.elpd.ndim != 1:
            raise ValueError("its arrays differ in length.")
    except (RunIncomplete, OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)  # it is made again
        return None
    return found


def _plain(values: NDArray[Any]) -> Any:
    return values.item() if values.ndim == 0 else np.asarray(values, dtype=np.float64)


def leave_scores(place: Workplace, key: str, make: Callable[[], FoldScores]) -> None:
    """Make scores and keep them under a key."""
    try:
        scores = make()
    except (WorkbenchError, MemoryError, OSError):
        raise
    except Exception as reason:  # it is not to end all other folds
        text = f"an error of workbench itself: {type(reason).__name__}: {reason}"
        raise RunError(text, hint="please report it, with the program and the data") from reason
    path = place.folder / name_piece(key)
    with files.explained(path), files.open_replacement(path) as stream:
        np.savez(stream, **{item.name: getattr(scores, item.name) for item in fields(FoldScores)})


# --- a fit of some rows ----------------------------------------------------------------------------------


def fit_rows(place: Workplace, context: FoldContext, rows: Integers, number: int, folder: Path) -> FoldFit:
    """Return the posterior given some rows.

    Raises
    ------
    RunError
        NUTS failed.
    """
    (seed,) = derive_seeds((context.request.seed, number), 1)
    request = replace(context.take(rows), seed=seed, storage=Storage((), 0))
    fit_context = FitContext(request, context.model.exe, context.backend, folder / "fit", SILENT)
    job = fit_context.make_job("nuts", has_replicates=False)
    try:
        run = context.backend.sample(
            job, context.sampler, start=context.start, jobs=place.cores, threads=request.threads
        )
    finally:
        context.backend.release(job)
    if not np.isfinite(run.stats["lp"]).all():
        raise RunError("the log density is not finite at some draws.")
    predictor = context.make_predictor(request, folder)
    names = [item.name for item in request.program.parameters]
    posterior = draws.read_variables(run, request.program, request.data, names, ("chain", "draw"))
    parameters = predictor.read_parameters(
        {
            str(name): PlainArray(tuple(map(str, item.dims)), item.values)
            for name, item in posterior.data_vars.items()
        }
    )
    divergent = run.stats.get("divergent")
    return FoldFit(
        predictor,
        parameters,
        run.draws.shape[0],
        0 if divergent is None else int(divergent.sum()),
        _find_largest_rhat(parameters, run.draws.shape[0]),
        run.seconds,
    )


def _find_largest_rhat(parameters: Parameters, chains: int) -> float:
    """Return the largest R-hat of the parameters, or of some of very many."""
    columns = [values.reshape(parameters.count, -1) for values in parameters.values.values()]
    every = np.concatenate(columns, axis=1) if columns else np.empty((parameters.count, 0))
    chosen = every[:, :: max(1, -(-every.shape[1] // _MOST_CHECKED))]
    chosen = chosen[:, np.ptp(chosen, axis=0) > 0]
    if not chosen.size:
        return float("nan")
    return float(np.nanmax(array_stats.rhat(chosen.reshape(chains, -1, chosen.shape[1]), 0, 1)))


# --- log densities of other rows --------------------------------------------------------------------------


def iterate_densities(
    context: FoldContext,
    predictor: RowPredictor,
    parameters: Parameters,
    rows: Integers,
    *,
    is_fitted: bool = False,
    unseen: dict[str, Integers] | None = None,
) -> Iterator[tuple[slice, Floats]]:
    """Yield which of some rows these are, and their log densities at each draw, `(s, row)`.

    Parameters
    ----------
    context, predictor
        The program and the data of all rows, and the fit that scores.
    parameters
        Its draws.
    rows
        The rows, in any order.
    is_fitted
        Whether the fit has seen them: parameters with an element for each row then have these.
    unseen
        By size: the place of each group, `NEW` for one whose effects are to be drawn again.
    """
    growth, name = context.growth, context.predictive.log_lik
    step = max(_SMALLEST_CHUNK, NUMBERS_AT_ONCE // max(1, parameters.count))
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        data = take_rows(context.request, growth, part)
        places = dict.fromkeys(growth.rows, part if is_fitted else np.full(len(part), NEW, dtype=np.int64))
        places |= unseen or {}
        placed = predictor.place(parameters, places)
        placed = predictor.add_elements(data, places, placed, first)
        found = collect(predictor.run(data, places, placed, wanted=[name], first=first), name)
        assert context.layout is not None  # noqa: S101 - asked before anything is fitted
        log_lik = add_up_rows(found.reshape(parameters.count, -1), context.layout, len(part))
        yield slice(first, first + len(part)), log_lik


def compute_series_densities(
    context: FoldContext, predictor: RowPredictor, parameters: Parameters, known: int, ahead: int
) -> Floats:
    """Return the log densities of rows given those before them, `(s, row)`.

    Parameters
    ----------
    context, predictor, parameters
        As in `iterate_densities`.
    known, ahead
        How many rows the fit has seen, and how many follow: these are what is returned. With `ahead` 0 they
        are all the rows of the fit that have a density.

    Raises
    ------
    RequestError
        The program does not say how likely each row is given those before it.
    """
    name, growth = context.predictive.log_lik, context.growth
    data = take_rows(context.request, growth, np.arange(known + ahead))
    followed = np.concatenate([np.arange(known), np.full(ahead, NEW)]).astype(np.int64)
    places = dict.fromkeys(growth.rows, followed)
    placed = predictor.place(parameters, places)
    placed = predictor.add_elements(data, places, placed, known)
    found = collect(predictor.run(data, places, placed, wanted=[name]), name).reshape(parameters.count, -1)
    if not ahead:
        return found
    own = take_rows(context.request, growth, np.arange(known))
    one = predictor.place(parameters.take(slice(0, 1)), dict.fromkeys(growth.rows, np.arange(known)))
    alone = predictor.run(own, dict.fromkeys(growth.rows, np.arange(known)), one, wanted=[name])
    fitted = collect(alone, name).reshape(1, -1).shape[1]
    if found.shape[1] - fitted != ahead:
        text = (
            f"`{context.request.program.path.name}` does not say how likely each row is given those before."
        )
        raise RequestError(text, hint="write the likelihood so that it splits into rows")
    return found[:, fitted:]


# --- rows and groups that were left out -------------------------------------------------------------------


def _score_fold(place: Workplace, context: FoldContext, fold: int) -> FoldScores:
    kept, left_out = context.division.kept(fold), context.division.left_out(fold)
    with make_scratch() as folder:
        fitted = fit_rows(place, context, kept, fold, folder)
        if context.scheme.scoring == "groups":
            scores = _score_jointly(context, fitted, kept, left_out)
        else:
            scores = _score_rows(context, fitted, left_out)
    return _note_sampler(scores, fitted)


def _note_sampler(scores: FoldScores, fitted: FoldFit) -> FoldScores:
    return replace(scores, divergences=fitted.divergences, rhat=fitted.rhat, seconds=fitted.seconds)


def _score_rows(context: FoldContext, fitted: FoldFit, rows: Integers) -> FoldScores:
    """Return the scores of rows, each by itself."""
    elpd, error = np.empty(len(rows)), np.empty(len(rows))
    relative = np.zeros(fitted.parameters.count)
    for part, log_lik in iterate_densities(context, fitted.predictor, fitted.parameters, rows):
        elpd[part], ratios = average_densities(log_lik)
        error[part] = measure_errors(ratios, fitted.chains)
        relative += ratios.sum(axis=1)
    sum_error = float(measure_errors(relative[:, None], fitted.chains)[0])
    return FoldScores(elpd, error, np.full(len(rows), np.nan), sum_error)


def average_densities(log_lik: Floats) -> tuple[Floats, Floats]:
    """Return the log mean of densities over draws, `(e,)`, and the densities relative to it, `(s, e)`.

    >>> average_densities(np.log([[1.0], [3.0]]))[1].round(6).tolist()
    [[0.5], [1.5]]
    """
    averages = log_sum_exp(np.ascontiguousarray(log_lik.T)) - np.log(len(log_lik))
    with np.errstate(invalid="ignore"):
        ratios = np.exp(log_lik - averages)
    return averages, np.where(np.isfinite(averages), ratios, 0.0)


def _score_jointly(context: FoldContext, fitted: FoldFit, kept: Integers, rows: Integers) -> FoldScores:
    """Return the score of a group: the joint density of its rows.

    The fit keeps the place of the group, whose effects are then drawn from their distribution given all else,
    once for each draw. Where this is too noisy they are drawn again, several times for each draw.
    """
    own = _add_up(context, fitted, rows)
    value, error = _average(own[None], fitted.chains)
    found = FoldScores(np.array([value]), np.array([error]), np.array([np.nan]), error)
    unseen = find_unseen(context, kept)
    if error <= JOINT_ERROR_LIMIT or not unseen or not np.isfinite(value):
        return found
    drawn: list[Floats] = []
    for count in _REDRAWS:
        try:
            for _ in range(count):
                drawn.append(_add_up(context, fitted, rows, unseen, len(drawn) + 1))
        except WorkbenchError:  # the program does not say how further groups are drawn
            return found
        again, error_again = _average(np.stack(drawn), fitted.chains)
        if error_again <= JOINT_ERROR_LIMIT or error_again > UNKNOWN_SCORE_ERROR:
            break
    if not abs(again - value) <= SAME_JOINT_ERRORS * np.hypot(error, error_again):
        return found  # the effects of groups are tied to each other in a way that drawing again does not see
    if error_again > error:
        return found
    return FoldScores(
        np.array([again]), np.array([error_again]), np.array([np.nan]), error_again, has_redraws=True
    )


def _add_up(
    context: FoldContext,
    fitted: FoldFit,
    rows: Integers,
    unseen: dict[str, Integers] | None = None,
    number: int = 0,
) -> Floats:
    """Return the joint log density of rows at each draw, `(s,)`; each number draws other effects."""
    predictor = fitted.predictor
    if unseen:
        (seed,) = derive_seeds((predictor.request.seed, number), 1)
        predictor = replace(predictor, request=replace(predictor.request, seed=seed))
    total = np.zeros(fitted.parameters.count)
    for _, log_lik in iterate_densities(context, predictor, fitted.parameters, rows, unseen=unseen):
        total += log_lik.sum(axis=1)
    return total


def _average(log_densities: Floats, chains: int) -> tuple[float, float]:
    """Return the log mean of densities, `(repetition, s)`, over both, and its Monte Carlo error."""
    by_draw = log_sum_exp(np.ascontiguousarray(log_densities.T)) - np.log(len(log_densities))
    averages, ratios = average_densities(by_draw[:, None])
    return float(averages[0]), float(measure_errors(ratios, chains)[0])


def find_unseen(context: FoldContext, kept: Integers) -> dict[str, Integers]:
    """Return by size the place of each group, `NEW` for one that no kept row has; no size that has none."""
    values = context.request.data.values
    data = take_rows(context.request, context.growth, kept)
    found = {}
    for size in sorted(context.growth.groups & values.keys()):
        count = int(values[size])
        is_seen = np.zeros(count, dtype=bool)
        for declared in context.request.program.data:
            if declared.is_integer and declared.upper is not None and declared.upper.text == size:
                codes = np.asarray(data[declared.name], dtype=np.int64).ravel()
                is_seen[codes - 1] = True
        if not is_seen.all():
            found[size] = np.where(is_seen, np.arange(count), NEW).astype(np.int64)
    return found


# --- rows that follow each other --------------------------------------------------------------------------


def _score_future(place: Workplace, context: FoldContext, block: int) -> FoldScores:
    scheme, total = context.scheme, len(context.division.unit)
    known = scheme.first + block * scheme.step
    with make_scratch() as folder:
        fitted = fit_rows(place, context, np.arange(known, dtype=np.int64), block, folder)
        most = max(scheme.step, NUMBERS_AT_ONCE // fitted.parameters.count // scheme.step * scheme.step)
        ahead = max(scheme.step, _AHEAD // scheme.step * scheme.step)
        while True:
            ahead = min(ahead, most, total - known)
            log_lik = _look_ahead(context, fitted, known, ahead)
            scores = weigh_blocks(log_lik, scheme.step, fitted.chains)
            is_at_end = len(scores.elpd) * scheme.step < ahead
            if is_at_end or ahead in (most, total - known):
                return _note_sampler(scores, fitted)
            ahead *= 2


def _look_ahead(context: FoldContext, fitted: FoldFit, known: int, ahead: int) -> Floats:
    """Return the log densities of the rows that follow, `(s, row)`."""
    if context.is_series:
        return compute_series_densities(context, fitted.predictor, fitted.parameters, known, ahead)
    rows = np.arange(known, known + ahead, dtype=np.int64)
    parts = iterate_densities(context, fitted.predictor, fitted.parameters, rows)
    return np.concatenate([log_lik for _, log_lik in parts], axis=1)


def weigh_blocks(log_lik: Floats, step: int, chains: int) -> FoldScores:
    """Return the scores of blocks of rows, each given all rows before it, as far as weights reach.

    With draws of the posterior given the rows before the first block, the joint density of a block is the
    average of that at each draw, with weights proportional to the joint density of the blocks between:
    Bürkner, Gabry and Vehtari (2020), doi:10.1080/00949655.2020.1783262, section 2.3.

    Parameters
    ----------
    log_lik
        Log density of each row given those before it, `(s, row)`.
    step
        Rows of a block.
    chains
        How many chains the draws are of.
    """
    starts = range(0, log_lik.shape[1], step)
    blocks = np.stack([log_lik[:, start : start + step].sum(axis=1) for start in starts], axis=1)
    before = np.cumsum(blocks, axis=1) - blocks
    elpd, error, khat = [], [], []
    total = np.zeros(len(blocks))
    for place in range(len(starts)):
        found = compute_importance_weights(before[:, place])
        if not found.is_reliable:
            break
        weights = found.weights * len(blocks)
        with np.errstate(divide="ignore"):
            averages, ratios = average_densities((np.log(weights) + blocks[:, place])[:, None])
        residual = ratios[:, 0] - weights  # of a ratio: the weights are known up to their sum
        total += residual
        elpd.append(float(averages[0]))
        error.append(float(measure_errors(residual[:, None], chains)[0]))
        khat.append(found.khat if place else np.nan)
    sum_error = float(measure_errors(total[:, None], chains)[0])
    return FoldScores(np.array(elpd), np.array(error), np.array(khat), sum_error)

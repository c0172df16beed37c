"""Rows that are left out of a fit each, which starts where the fit of all rows ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.comparison.folds import Folds
from workbench.comparison.refitted_row import compare_fits
from workbench.errors import RequestError
from workbench.execution import Executor, LocalExecutor, Task, Workplace, name_function
from workbench.files import make_scratch
from workbench.progress import Progress
from workbench.provenance import hash_bytes, hash_texts
from workbench.results import Fit
from workbench.results.quantities import find_kept_draws
from workbench.toolchain import ToolchainSettings
from workbench.workflow.cross_validate import (
    OpenFolds,
    check_table,
    explain_failure,
    iterate_known,
    open_folds,
)
from workbench.workflow.fold_context import FoldContext, share_context
from workbench.workflow.fold_fit import (
    FoldScores,
    fit_rows,
    iterate_densities,
    leave_scores,
    name_piece,
    read_piece,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ALONE = Folds(kfold=2)
"""Rows are scored by themselves, as in K folds; which are left out is given beside it."""

_COMPARED_DRAWS = 5
"""Draws at which the predictive program must give rows the density that the run holds. Ours."""

_SAME = 0.01
"""Largest difference of these densities [nats]. Ours: stored ones are rounded, mostly by less than 2e-4."""


@dataclass(frozen=True)
class RefittedRow:
    """What came of the fit without a row.

    Attributes
    ----------
    row
        The row, from 0.
    scores
        What it says of the row; `None` where it failed.
    reason
        Why it failed.
    """

    row: int
    scores: FoldScores | None = None
    reason: str = ""


def refit_rows(
    fit: Fit,
    rows: Integers,
    log_lik: Floats,
    settings: ToolchainSettings | None,
    *,
    jobs: int,
    executor: Executor | None,
    folder: Path | None,
    progress: Progress,
) -> Iterator[RefittedRow]:
    """Yield what fits without each of some rows say of them, in any order.

    Parameters
    ----------
    fit
        The run.
    rows
        The rows of its log likelihood, from 0, `(R,)`.
    log_lik
        The log likelihood that the run holds of them, `(R, sample)`.
    settings, jobs, executor, folder, progress
        As in `repair_leave_one_out`.

    Raises
    ------
    WorkbenchError
        The program does not treat the rows of its table one by one.
    """
    check_table(fit)
    with ExitStack() as stack:
        opened = stack.enter_context(open_folds(fit, _ALONE, settings, jobs, progress, rows))
        _check_densities(fit, opened, rows, log_lik)
        if folder is None:
            folder = stack.enter_context(make_scratch())
        files.check_open_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        context, chains = opened.context, fit.tree["posterior"].sizes["chain"]
        shared = (share_context(context),)
        cores = 1 if len(rows) > 1 else context.sampler.chains
        keys = {_make_key(context, place, log_lik[place]): place for place in range(len(rows))}
        for key in keys:
            read_piece(folder, key)  # a damaged one goes
        tasks = (
            Task(
                key,
                name_function(score_alone),
                (place, key, log_lik[place], chains),
                shared,
                (name_piece(key),),
                cores,
            )
            for key, place in keys.items()
        )
        for outcome in (executor or LocalExecutor(jobs)).map(tasks, folder):
            row = int(rows[keys[outcome.key]])
            scores = None if outcome.failure else read_piece(folder, outcome.key)
            reason = explain_failure(outcome.failure) if scores is None else ""
            yield RefittedRow(row, scores, reason)


def score_alone(
    place: Workplace, context: FoldContext, fold: int, key: str, log_lik: Floats, chains: int
) -> None:
    """Fit all rows but one and leave what both fits say of it, as a task.

    Raises
    ------
    RunError
        NUTS failed, or the row cannot be scored.
    """

    def make() -> FoldScores:
        division = context.division
        with make_scratch() as scratch:
            fitted = fit_rows(place, context, division.kept(fold), fold, scratch)
            own = division.left_out(fold)
            ((_, without),) = iterate_densities(context, fitted.predictor, fitted.parameters, own)
            value, error = compare_fits(log_lik, without[:, 0], chains, fitted.chains)
        return FoldScores(
            np.array([value]),
            np.array([error]),
            np.array([np.nan]),
            error,
            fitted.divergences,
            fitted.rhat,
            fitted.seconds,
        )

    leave_scores(place, key, make)


def _make_key(context: FoldContext, place: int, log_lik: Floats) -> str:
    row = int(context.division.left_out(place)[0])
    return hash_texts(context.key, "alone", str(row), hash_bytes(np.ascontiguousarray(log_lik).tobytes()))


def _check_densities(fit: Fit, opened: OpenFolds, rows: Integers, log_lik: Floats) -> None:
    """Refuse rows of the log likelihood that are not the rows of the table, or on another scale.

    Raises
    ------
    RequestError
        The message says so.
    """
    total = len(opened.context.division.fold)
    if len(rows) and (int(rows.max()) >= total or fit.results.data.rows not in (None, total)):
        raise RequestError("the log likelihoods of the run are not those of the rows of its table.")
    predictor, parameters = opened.predictor.predictor, opened.predictor.parameters
    chains, draws = (fit.tree["posterior"].sizes[name] for name in ("chain", "draw"))
    kept = np.arange(chains * draws).reshape(chains, draws)[:, find_kept_draws(fit.tree, "log_likelihood")]
    chosen = np.unique(np.linspace(0, kept.size - 1, _COMPARED_DRAWS).astype(int))
    for place in chosen:
        draw = int(kept.ravel()[place])
        one = parameters.take(slice(draw, draw + 1))
        parts = [found for _, found in iterate_known(opened.context, predictor, one, rows)]
        difference = np.concatenate(parts, axis=1)[0] - log_lik[:, place]
        if not (np.abs(difference) <= _SAME).all():
            raise RequestError("the program that predicts gives the rows other densities than the run holds.")

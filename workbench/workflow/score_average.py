"""Score an average of runs on rows whose outcome is known, and beside it each run alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import tables
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.prediction import Predictions
from workbench.prediction.horizon import check_calendar, count_rows
from workbench.prediction.mixture import METHOD
from workbench.prediction.scores import (
    OutcomeScores,
    ScoredOutcome,
    ScoredSteps,
    ScoredTable,
    UnscoredMethod,
    build_scored_outcome,
    keep_rows,
    score_side_by_side,
)
from workbench.prediction.table_checks import describe_units
from workbench.progress import SILENT, Progress
from workbench.report.score.words import METHODS
from workbench.tables import Table
from workbench.thresholds import CLASSIFICATION_THRESHOLD
from workbench.toolchain import ToolchainSettings
from workbench.workflow.average import Average
from workbench.workflow.average_rows import OpenAverage, join_remarks
from workbench.workflow.predict_rows import open_predictor
from workbench.workflow.score import (
    Scores,
    ScoringOptions,
    check_steps,
    check_threshold,
    keep_rows_with_outcomes,
    predict_scored,
    take_first_method,
    take_next_rows,
)

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

_OWN_ROWS = "the runs have seen them, and so have the weights."
"""Why the runs' own rows do not stand beside new ones."""

_NO_WEIGHT = "it has no weight in the average."
"""Why a run is not scored beside the average."""


def score_average(
    average: Average,
    data: Path | Table,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    *,
    threshold: float = CLASSIFICATION_THRESHOLD,
    options: ScoringOptions | None = None,
    index: pd.Index[Any] | None = None,
) -> Scores:
    """Return how well an average of runs predicts rows whose outcome is known, and each run alone.

    Runs without weight are not scored. Parameters as of `score`.

    Raises
    ------
    WorkbenchError
        As `score`; rows are to be predicted one step ahead, where weights would change from row to row.
    """
    options = options or ScoringOptions()
    check_threshold(threshold)
    check_steps(options)
    if options.is_one_step:
        message = "--one-step updates what a run knew by each row, and the weights of runs would change too."
        raise RequestError(message, hint="score each run with --one-step by itself")
    table = data if isinstance(data, Table) else tables.read(data)
    first = next(iter(average.fits.values()))
    if options.horizon is None:
        kept, left_out = keep_rows_with_outcomes(first, table)
    else:
        kept, left_out = take_next_rows(first, table, options.horizon), 0
        for fit in average.fits.values():
            check_calendar(fit, kept, options.horizon)
    with ExitStack() as stack:
        opened = OpenAverage(
            average,
            {
                name: stack.enter_context(
                    open_predictor(
                        fit,
                        settings=settings,
                        progress=progress,
                        in_order=options.horizon is not None,
                        table=kept,
                        new_groups=options.new_groups,
                    )
                )
                for name, fit in average.fits.items()
                if average.weights[name] > 0
            },
        )
        by_method = score_side_by_side(_predict(opened, kept, options, progress))
        remarks = {
            name: describe_units(one.fit.results.data, one.predictor.request.data, kept)
            for name, one in opened.opened.items()
        }
        steps = None
        if options.horizon is not None:
            leading = next(iter(opened.opened.values()))
            fitted = count_rows(leading.predictor.request, leading.predictor.growth)
            steps = ScoredSteps(fitted, options.horizon, is_one_step=False)
    scored = ScoredTable(
        _combine(average, by_method, list(opened.opened), threshold, steps),
        left_out,
        tuple(UnscoredMethod(name, _NO_WEIGHT) for name, weight in average.weights.items() if not weight),
        row_numbers=kept.row_numbers if options.horizon is None else None,
        is_own=bool(table.sha256)
        and any(table.sha256 == fit.results.data.sha256 for fit in average.fits.values()),
        remarks=(*average.sentences, *join_remarks(remarks)),
        steps=steps,
    )
    return Scores(scored, average.name, table.path.name, index, average.to_dict())


def _predict(
    opened: OpenAverage, table: Table, options: ScoringOptions, progress: Progress
) -> Iterator[Sequence[Predictions]]:
    """Yield the predictions of some rows by the average, and by each run."""
    by_run = [predict_scored(one, table, options, SILENT, opened.most_rows) for one in opened.opened.values()]
    with progress.stage("Predicting", total=table.rows) as stage:
        for parts in zip(*by_run, strict=True):
            mixed = opened.mix(parts)
            yield (mixed, *parts)
            done = min(table.rows, mixed.first_row + len(mixed.labels))
            stage.update(done, f"{done:,} of {table.rows:,} rows")


def _combine(
    average: Average,
    by_method: Sequence[tuple[OutcomeScores, ...]],
    runs: Sequence[str],
    threshold: float,
    steps: ScoredSteps | None,
) -> tuple[ScoredOutcome, ...]:
    """Return each outcome with its scores by the average and by each run alone.

    Raises
    ------
    RequestError
        No outcome was observed.
    """
    columns: Mapping[str, Sequence[str]] = next(iter(average.fits.values())).results.data.rules.get(
        "variables", {}
    )
    outcomes = []
    for mixed in take_first_method(by_method):
        alone = [
            replace(keep_rows(scores, mixed.elements.rows), method=_name_run(name))
            for name, found in zip(runs, by_method[1:], strict=True)
            for scores in found
            if average.outcomes.names[name].get(scores.name) == mixed.name
        ]
        outcomes.append(
            build_scored_outcome(
                [mixed, *alone],
                threshold,
                None,
                _OWN_ROWS,
                columns.get(mixed.name, ()),
                is_path=steps is not None,
            )
        )
    return tuple(outcomes)


def _name_run(name: str) -> str:
    """Return what stands for a run in the place of a method, which no method is called."""
    return f"run {name}" if name in (*METHODS, METHOD) else name

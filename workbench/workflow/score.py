"""Score a fit on rows whose outcome is known: by its posterior, and beside it by its points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import files, tables
from workbench.binding.context import parse_column
from workbench.errors import RequestError, WorkbenchError
from workbench.estimation.sampling.stored_draws import choose_source, select_draws
from workbench.late_imports import LateModule
from workbench.prediction import Predictions
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.forecast import forecast
from workbench.prediction.horizon import check_calendar, count_rows
from workbench.prediction.levels import NewGroups
from workbench.prediction.row_index import index_rows
from workbench.prediction.scores import (
    OutcomeScores,
    OwnRows,
    ScoredOutcome,
    ScoredSteps,
    ScoredTable,
    UnscoredMethod,
    build_scored_outcome,
    keep_rows,
    score_own_rows,
    score_predictions,
    tabulate_rows,
    tabulate_summary,
)
from workbench.prediction.table_checks import describe_units
from workbench.progress import SILENT, Progress
from workbench.report.html import render
from workbench.report.score import build_score_report, describe_table
from workbench.results import Fit
from workbench.results.view import Results
from workbench.tables import Table
from workbench.thresholds import CLASSIFICATION_THRESHOLD
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import iterate_chunks, open_predictor

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

PLUG_IN = ("mle", "map")
"""The points that are scored beside the posterior, where the run has them."""


_NOT_FORECAST = "they were not forecast, and stand in no comparison with rows that were."
"""Why the fit's own rows do not stand beside rows that follow them."""


@dataclass(frozen=True, repr=False)
class Scores:
    """How well a fit predicted rows whose outcome is known.

    Attributes
    ----------
    table
        The scores with types.
    model, data
        The names of the model and of what was scored.
    index
        The index of what was scored, where it is a DataFrame.
    average
        What JSON says of an average of runs; `None` for a single run.
    """

    table: ScoredTable
    model: str
    data: str
    index: pd.Index[Any] | None = None
    average: Mapping[str, Any] | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The scores of each row, in the order of the table."""
        ranked = tabulate_rows(self.table)
        return self._index(ranked.sort_values("row", kind="stable", ignore_index=True))

    @cached_property
    def ranked_rows(self) -> pd.DataFrame:
        """The scores of each row, those in the farthest tails first."""
        return self._index(tabulate_rows(self.table))

    def _index(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the caller's index; those of a forecast are counted on from the fit's."""
        return index_rows(rows, self.index, 1 if self.table.steps is None else self.table.steps.fitted + 1)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The scores of the whole table by method, with standard errors, on new rows and on the fit's own."""
        return tabulate_summary(self.table)

    def __repr__(self) -> str:
        """Return the scores in sentences."""
        return f"<Scores of {self.model} on {self.data}: {' '.join(describe_table(self.table))}>"


@dataclass(frozen=True)
class ScoringOptions:
    """How rows are predicted that are scored.

    Attributes
    ----------
    new_groups
        What happens to groups that the fit has not seen.
    horizon
        How many rows follow those of the fit in time, and are forecast; `None` for rows without an order.
    is_one_step
        Whether each of these is predicted given the rows before it.
    """

    new_groups: NewGroups = "refuse"
    horizon: int | None = None
    is_one_step: bool = False


def check_threshold(threshold: float, name: str = "threshold") -> float:
    """Return a threshold of probabilities.

    Raises
    ------
    RequestError
        It is not between 0 and 1.
    """
    if not 0 < threshold < 1:
        raise RequestError(f"{name} was expected to be between 0 and 1, found {threshold:g}.")
    return threshold


def score(
    fit: Fit,
    data: Path | Table,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    *,
    threshold: float = CLASSIFICATION_THRESHOLD,
    new_groups: NewGroups = "refuse",
    horizon: int | None = None,
    one_step: bool = False,
    index: pd.Index[Any] | None = None,
) -> Scores:
    """Return how well a fit predicts rows whose outcome is known.

    The posterior is scored, by draws of NUTS or else of an approximation, and beside it the points of MLE and
    MAP where the run has them.

    Parameters
    ----------
    fit
        A fit, as a run directory holds it.
    data
        Rows with the columns that the fit used. Those without an outcome are left out.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.
    threshold
        The probability from which on a yes/no outcome or a category is predicted to happen.
    new_groups
        What happens to groups that the fit has not seen, as in `predict`.
    horizon
        How many rows of the table follow those of the fit in time: they are forecast from its last row,
        without seeing the rows between.
    one_step
        Whether each of these rows is predicted given the rows before it instead, new ones too.
    index
        The index of the rows, where they are a DataFrame.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: no row has an outcome, a column is missing, a program does not
        treat rows one by one.
    """
    check_threshold(threshold)
    options = ScoringOptions(new_groups, horizon, one_step)
    check_steps(options)
    table = data if isinstance(data, Table) else tables.read(data)
    if horizon is None:
        kept, left_out = keep_rows_with_outcomes(fit, table)
    else:
        kept, left_out = take_next_rows(fit, table, horizon), 0
        check_calendar(fit, kept, horizon)
    methods, missing = choose_methods(fit.results)
    scored, unscored, remarks, steps = score_methods(fit, kept, methods, settings, progress, options)
    with progress.stage("Scoring the fit's own rows"):
        outcomes = combine_methods(fit, scored, threshold, steps)
    found = ScoredTable(
        outcomes,
        left_out,
        (*missing, *unscored),
        kept.row_numbers if horizon is None else None,
        is_own=bool(table.sha256) and table.sha256 == fit.results.data.sha256,
        remarks=tuple(remarks),
        steps=steps,
    )
    return Scores(found, fit.results.model.name, table.path.name, index)


def keep_rows_with_outcomes(fit: Fit, table: Table) -> tuple[Table, int]:
    """Return a table without the rows that lack an outcome, and their number.

    Raises
    ------
    RequestError
        No row has an outcome.
    """
    columns = list_outcome_columns(fit, table)
    if not columns:
        names = " and ".join(f"`{name}`" for name in _name_outcome_columns(fit)) or "an outcome"
        message = f"`{table.path.name}` was expected to have the outcome in {names}, found no such column."
        raise RequestError(message, hint="`workbench predict` predicts rows whose outcome is not known")
    is_missing = find_unknown_outcomes(fit, table)
    if is_missing.all():
        names = " and ".join(f"`{name}`" for name in columns)
        found = f"all {table.rows:,} cells are empty"
        message = f"`{table.path.name}` was expected to hold the outcome in {names}, but {found}."
        raise RequestError(message, hint="`workbench predict` predicts rows whose outcome is not known")
    left_out = int(is_missing.sum())
    return (tables.drop_rows(table, is_missing) if left_out else table), left_out


def find_unknown_outcomes(fit: Fit, table: Table) -> np.ndarray:
    """Return which rows of a table lack an outcome, `(rows,)`; all of them where no column holds one."""
    columns = list_outcome_columns(fit, table)
    if not columns:
        return np.ones(table.rows, dtype=bool)
    return np.asarray(np.logical_or.reduce([tables.find_missing(table, column) for column in columns]))


def check_steps(options: ScoringOptions) -> None:
    """Refuse steps that are no number of rows, or one step ahead of rows without an order.

    Raises
    ------
    RequestError
        The message names the option.
    """
    if options.horizon is not None and options.horizon < 1:
        raise RequestError(f"--horizon was expected to be at least 1, found {options.horizon}.")
    if options.is_one_step and options.horizon is None:
        message = "--one-step predicts rows that follow those of the fit, and no --horizon says how many do."
        raise RequestError(message, hint="give --horizon H")


def take_next_rows(fit: Fit, table: Table, horizon: int) -> Table:
    """Return the first rows of a table, all of which must have their outcome: the steps would shift.

    Raises
    ------
    RequestError
        The table has fewer rows, or an outcome is missing.
    """
    if table.rows < horizon:
        message = f"`{table.path.name}` has {table.rows} rows, and --horizon asks for {horizon}."
        raise RequestError(message, hint="give as many rows as are to be scored")
    beyond = np.arange(table.rows) >= horizon
    taken = tables.drop_rows(table, beyond) if beyond.any() else table
    kept, left_out = keep_rows_with_outcomes(fit, taken)
    if left_out:
        numbers = kept.row_numbers
        known = set() if numbers is None else {int(number) for number in numbers}
        row = next(number for number in range(1, horizon + 1) if number not in known)
        message = f"row {row} of `{table.path.name}` has no outcome, so that its forecast cannot be scored."
        hint = f"--horizon {row - 1} scores the rows before it" if row > 1 else None
        raise RequestError(message, hint=hint)
    return taken


def _name_outcome_columns(fit: Fit) -> list[str]:
    """Return the columns of the outcomes as the rules of the fit name them; a date stands with its unit."""
    rules: Mapping[str, Sequence[str]] = fit.results.data.rules.get("variables", {})
    outcomes = fit.results.model.outcomes
    names = [name for one in outcomes for name in (one.name, one.variable, *one.columns) if name in rules]
    return list(dict.fromkeys(column for name in names for column in rules[name]))


def list_outcome_columns(fit: Fit, table: Table) -> list[str]:
    """Return the columns of a table that hold outcomes."""
    names = [parse_column(table, column).name for column in _name_outcome_columns(fit)]
    return [name for name in names if table.has_column(name)]


def choose_methods(results: Results) -> tuple[list[str], list[UnscoredMethod]]:
    """Return the methods to score, the posterior first, and the points that the run lacks.

    Without any draws the points are what is scored; without these, an error says how to get draws.
    """
    points = [method for method in PLUG_IN if results.method(method).is_ok]
    missing = [
        UnscoredMethod(method, f"{results.method(method).reason.rstrip('.')}.")
        for method in PLUG_IN
        if method not in points and results.method(method).reason
    ]
    return ([choose_source(results)] if choose_source(results) or not points else []) + points, missing


def score_methods(
    fit: Fit,
    table: Table,
    methods: Sequence[str],
    settings: ToolchainSettings | None,
    progress: Progress,
    options: ScoringOptions,
) -> tuple[list[tuple[OutcomeScores, ...]], list[UnscoredMethod], list[str], ScoredSteps | None]:
    """Return the scores by each method, remarks on the columns of the table, and how its rows follow.

    A method that fails beside the first is left out with its reason.

    Raises
    ------
    WorkbenchError
        The first method cannot predict.
    """
    scored: list[tuple[OutcomeScores, ...]] = []
    unscored: list[UnscoredMethod] = []
    in_order = options.horizon is not None
    with open_predictor(
        fit, methods[0], settings, progress, in_order=in_order, table=table, new_groups=options.new_groups
    ) as first:
        remarks = describe_units(fit.results.data, first.predictor.request.data, table)
        for number, method in enumerate(methods):
            try:
                opened = first if not number else _take_method(first, method)
                scored.append(score_predictions(predict_scored(opened, table, options, progress)))
            except WorkbenchError as reason:
                if not number:
                    raise
                unscored.append(UnscoredMethod(method, reason.message))
        steps = None
        if options.horizon is not None:
            fitted = count_rows(first.predictor.request, first.predictor.growth)
            steps = ScoredSteps(fitted, options.horizon, options.is_one_step)
    return scored, unscored, remarks, steps


def predict_scored(
    opened: OpenPredictor,
    table: Table,
    options: ScoringOptions,
    progress: Progress,
    most: int | None = None,
) -> Iterator[Predictions]:
    """Yield the predictions of the rows that are scored, at most so many at a time."""
    if options.horizon is None:
        groups = options.new_groups
        yield from iterate_chunks(opened, table, new_groups=groups, progress=progress, most=most)
        return
    yield forecast(
        opened,
        table,
        options.horizon,
        new_groups=options.new_groups,
        one_step=options.is_one_step,
        progress=progress,
    )


def _take_method(opened: OpenPredictor, method: str) -> OpenPredictor:
    """Return a run that is open, predicting from the result of another method."""
    stored = select_draws(opened.fit, method)
    return replace(opened, stored=stored, parameters=opened.predictor.read_parameters(stored.draws))


def take_first_method(methods: Sequence[tuple[OutcomeScores, ...]]) -> tuple[OutcomeScores, ...]:
    """Return the scores of each outcome by the method that comes first.

    Raises
    ------
    RequestError
        No outcome was observed.
    """
    if not methods or not methods[0]:
        raise RequestError("no outcome of these rows is known, so that there is nothing to score.")
    return methods[0]


def combine_methods(
    fit: Fit,
    methods: Sequence[tuple[OutcomeScores, ...]],
    threshold: float,
    steps: ScoredSteps | None = None,
) -> tuple[ScoredOutcome, ...]:
    """Return each outcome with its scores by all methods and on the fit's own rows, which no forecast has.

    Raises
    ------
    RequestError
        No outcome was observed.
    """
    outcomes = []
    columns: Mapping[str, Sequence[str]] = fit.results.data.rules.get("variables", {})
    for first in take_first_method(methods):
        alike = [
            keep_rows(scores, first.elements.rows)
            for found in methods[1:]
            for scores in found
            if scores.name == first.name
        ]
        own = _NOT_FORECAST if steps is not None else score_own_rows(fit, first, threshold)
        known = own if isinstance(own, OwnRows) else None
        reason = "" if isinstance(own, OwnRows) else own
        is_path = steps is not None and steps.is_path
        names = columns.get(first.name, ())
        outcomes.append(
            build_scored_outcome([first, *alike], threshold, known, reason, names, is_path=is_path)
        )
    return tuple(outcomes)


def write_score_page(scores: Scores, target: Path) -> None:
    """Write scores as one HTML file.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    document = build_score_report(scores.table, scores.ranked_rows, scores.model, f"scored on {scores.data}")
    files.replace_file(target, render(document))


def describe_scores(scores: Scores) -> dict[str, Any]:
    """Return scores as values that JSON has; those of single rows are left out."""
    return {
        "model": scores.model,
        "data": scores.data,
        "left_out": scores.table.left_out,
        "steps": _describe_steps(scores),
        "conclusion": list(describe_table(scores.table)),
        "outcomes": [_describe_outcome(scored) for scored in scores.table.outcomes],
        "unscored": {one.method: one.reason for one in scores.table.unscored},
        "summary": scores.summary.to_dict("records"),
        **({} if scores.average is None else {"average": scores.average}),
    }


def _describe_steps(scores: Scores) -> dict[str, Any] | None:
    """Return the scores of each row that follows those of the fit; `None` for rows without an order."""
    steps = scores.table.steps
    if steps is None:
        return None
    rows = scores.ranked_rows
    return {
        "horizon": steps.count,
        "given": "all rows before each" if steps.is_one_step else "the rows of the fit",
        "rows": rows.astype(object).where(rows.notna(), None).to_dict("records"),
    }


def _describe_outcome(scored: ScoredOutcome) -> dict[str, Any]:
    leading = scored.leading
    return {
        "name": leading.name,
        "kind": leading.kind,
        "method": leading.method,
        "remark": leading.remark,
        "draws": leading.draws,
        "rows": len(np.unique(leading.elements.rows)),
        "values": len(leading.elements),
        "unobserved": leading.unobserved,
        "impossible": scored.impossible,
        "threshold": scored.threshold,
        "tails": [
            {
                "area": count.area,
                "found": count.found,
                "expected": count.expected,
                "p_value": count.p_value,
            }
            for count in scored.tails
        ],
        "categories": [
            {
                "category": category.category,
                "observed": category.observed,
                "predicted": category.predicted,
                **{measure.name: measure.value for measure in category.measures},
            }
            for category in scored.categories
        ],
        "components": [
            {
                "component": component.name,
                **{measure.name: measure.value for measure in component.measures.values() if measure.count},
            }
            for component in scored.components
        ],
        "own_rows_left_out": None if scored.own is None else scored.own.is_left_out,
    }

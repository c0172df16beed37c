"""Predict new rows by an average of runs: each run predicts by itself, and the mixture is summarised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from workbench import tables
from workbench.errors import RequestError
from workbench.estimation.sampling.stored_draws import POINTS
from workbench.late_imports import LateModule
from workbench.prediction import Predictions
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.draw_files import collect_draws, write_passing
from workbench.prediction.expressions import QuantityExpression
from workbench.prediction.mixture import mix_predictions
from workbench.prediction.quantities import list_used_names, parse_quantities, tabulate_quantities
from workbench.progress import SILENT, Progress
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.average import Average
from workbench.workflow.predict import PredictedRows, summarise_rows
from workbench.workflow.predict_quantities import check_names_of_run
from workbench.workflow.predict_rows import (
    PredictOptions,
    choose_chunk,
    iterate_predictions,
    list_remarks,
    open_table,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
else:
    pd = LateModule("pandas")
    xr = LateModule("xarray")

_CHAINS = 1
"""Chains of the draws of a mixture: those of different runs are not one chain."""


@dataclass(frozen=True)
class OpenAverage:
    """Runs that are ready to predict and to be averaged: those that have any weight.

    Attributes
    ----------
    average
        The average.
    opened
        The runs by name.
    """

    average: Average
    opened: Mapping[str, OpenPredictor]

    @property
    def level(self) -> float:
        """The probability of intervals: that of the first run."""
        return next(iter(self.average.fits.values())).results.interval.level

    @property
    def most_rows(self) -> int:
        """Rows that are predicted at a time: their mixture has at most the draws of all runs together."""
        draws = 2 * sum(one.parameters.count for one in self.opened.values())
        return min(choose_chunk(one, draws) for one in self.opened.values())

    def mix(self, parts: Sequence[Predictions]) -> Predictions:
        """Return the mixture of the predictions of some rows by each run."""
        weights = [self.average.weights[name] for name in self.opened]
        return mix_predictions(parts, weights, [self.average.outcomes.names[name] for name in self.opened])


@contextmanager
def open_average_predictions(
    average: Average,
    data: Path | Table | None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> Iterator[PredictedRows]:
    """Give predictions of new rows by an average; parameters as of `open_predictions`.

    Raises
    ------
    WorkbenchError
        A run cannot predict them, or a point is to be averaged.
    """
    table = tables.read(data) if isinstance(data, Path) else data
    with _open(average, table, settings, progress, options) as opened:
        chunks = _iterate(opened, table, progress, options)
        yield summarise_rows(chunks, opened.level, _list_remarks(opened, table))


def predict_average_quantities(
    average: Average,
    data: Path | Table | None,
    quantities: Sequence[str],
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> pd.DataFrame:
    """Return summaries of quantities of new rows by an average; parameters as of `predict_quantities`.

    Raises
    ------
    WorkbenchError
        As `predict_quantities`; a quantity has a parameter, which an average does not have.
    """
    expressions = parse_quantities(quantities)
    given = tables.read(data) if isinstance(data, Path) else data
    table = tables.no_data() if given is None else given
    _check_names(average, expressions, table)
    with _open(average, given, settings, progress, options) as opened:
        chunks = _iterate(opened, given, progress, options)
        found = tabulate_quantities(chunks, expressions, table=table, chains=_CHAINS)
        found.attrs["level"] = opened.level
        found.attrs["remark"] = " ".join(_list_remarks(opened, given, list_used_names(expressions)))
    return found


def predict_average_draws(
    average: Average,
    data: Path | Table | None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> xr.Dataset:
    """Return predictions by an average draw by draw; parameters as of `predict_draws`.

    Raises
    ------
    WorkbenchError
        As `open_average_predictions`.
    """
    table = tables.read(data) if isinstance(data, Path) else data
    with _open(average, table, settings, progress, options) as opened:
        drawn = collect_draws(_iterate(opened, table, progress, options), _CHAINS)
        return drawn.assign_attrs(remark=" ".join(_list_remarks(opened, table)))


@contextmanager
def _open(
    average: Average,
    table: Table | None,
    settings: ToolchainSettings | None,
    progress: Progress,
    options: PredictOptions,
) -> Iterator[OpenAverage]:
    if options.get("method", "") in POINTS:
        message = (
            "an average is one of predictive distributions, and a point leaves out what a fit is unsure of."
        )
        raise RequestError(message, hint="average predictions by nuts, laplace or pathfinder")
    with ExitStack() as stack:
        yield OpenAverage(
            average,
            {
                name: stack.enter_context(open_table(fit, table, settings, progress, options))
                for name, fit in average.fits.items()
                if average.weights[name] > 0
            },
        )


def _iterate(
    opened: OpenAverage, table: Table | None, progress: Progress, options: PredictOptions
) -> Iterator[Predictions]:
    """Yield the mixture of predictions chunk by chunk."""
    chunks = _mix(opened, table, progress, options)
    draws_file = options.get("draws_file")
    return chunks if draws_file is None else write_passing(chunks, draws_file, _CHAINS)


def _mix(
    opened: OpenAverage, table: Table | None, progress: Progress, options: PredictOptions
) -> Iterator[Predictions]:
    own: PredictOptions = {**options, "draws_file": None}
    by_run = [
        iterate_predictions(one, table, SILENT, own, most=opened.most_rows) for one in opened.opened.values()
    ]
    rows = options.get("horizon") or (0 if table is None else table.rows)
    with progress.stage("Predicting", total=rows) as stage:
        for parts in zip(*by_run, strict=True):
            mixed = opened.mix(parts)
            yield mixed
            done = min(rows, mixed.first_row + len(mixed.labels))
            stage.update(done, f"{done:,} of {rows:,} rows")


def _list_remarks(opened: OpenAverage, table: Table | None, used: Sequence[str] | set[str] = ()) -> list[str]:
    """Return what must be known about the predictions of the runs."""
    columns = {*used}
    for one in opened.opened.values():
        description = one.fit.results.data
        columns |= {*description.columns}
        columns |= {name for own in description.rules.get("variables", {}).values() for name in own}
    by_run = {name: list_remarks(one, table, columns) for name, one in opened.opened.items()}
    return join_remarks(by_run)


def join_remarks(by_run: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the remarks of several runs: those of all once, the others with the name of the run.

    >>> join_remarks({"a": ["One.", "Two."], "b": ["One."]})
    ['One.', '`a`: Two.']
    """
    every = dict.fromkeys(remark for remarks in by_run.values() for remark in remarks)
    found = []
    for remark in every:
        names = [f"`{name}`" for name, remarks in by_run.items() if remark in remarks]
        found.append(remark if len(names) == len(by_run) else f"{' and '.join(names)}: {remark}")
    return found


def _check_names(average: Average, expressions: Sequence[QuantityExpression], table: Table) -> None:
    """Refuse expressions with names that an average does not have.

    Raises
    ------
    RequestError
        The message names a parameter, or the place of a name that is not known.
    """
    first = next(iter(average.fits.values()))
    check_names_of_run(expressions, first, table)
    model = first.results.model
    predicted = {one.replicate or one.name for one in model.outcomes}
    predicted |= {column for one in model.outcomes for column in one.columns}
    used = list_used_names(expressions) - predicted - {*table.columns}
    own = sorted(used & {*first.results.declared})
    if own:
        message = f"`{own[0]}` is a quantity of a program, and an average of programs has predictions alone."
        raise RequestError(message, hint=f"ask for {' or '.join(f'`{name}`' for name in sorted(predicted))}")

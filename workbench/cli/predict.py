"""`workbench predict`: the outcomes of new rows, from a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import console, options, parse
from workbench.cli.open_registry import find_run
from workbench.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

    from workbench.progress import Progress
    from workbench.report.document import Document
    from workbench.report.table_formats import TableFormat
    from workbench.results import Fit
    from workbench.tables import Table
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.average import Average
    from workbench.workflow.predict import PredictedRows
    from workbench.workflow.predict_rows import PredictOptions


@console.guarded
def command(
    run: options.RunOrVersion,
    data: Annotated[
        Path | None,
        typer.Argument(
            help="New rows, - for standard input; columns of outcomes may be missing.", metavar="DATA"
        ),
    ] = None,
    horizon: options.Horizon = None,
    method: Annotated[
        options.PredictedFrom | None,
        typer.Option(
            "--method",
            help="What to predict from: draws, or with map and mle a point, which leaves out that parameters "
            "are uncertain; by default NUTS, else an approximation.",
        ),
    ] = None,
    new_groups: options.NewGroups = "refuse",
    average: options.Average = None,
    weights: options.Weights = "stacking",
    weight: options.Weight = None,
    quantity: Annotated[
        list[str] | None,
        typer.Option(
            "--quantity",
            help="Print this in the place of the outcomes: 'P(y_rep > 500)', 'b[1] - b[2]', 'exp(b[age])', "
            "'mean(y_rep)' over rows, 'E(y_rep)', 'quantile(y_rep, 0.9)', 'return_level(y_rep, 100)'. Repeat "
            "it for more.",
            metavar="EXPRESSION",
        ),
    ] = None,
    draws: Annotated[
        Path | None,
        typer.Option(
            "--draws",
            help="Write each draw of the outcomes too: .parquet has a line for each draw and row, .nc "
            "ArviZ's group `predictions`.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    output: Annotated[
        Path | None, options.describe_output("CSV file for all predictions", metavar="FILE")
    ] = None,
    verbatim: options.Verbatim = False,
    form: options.Format = None,
    unpack_limit: options.UnpackLimit = None,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Predict new rows: they are prepared as the rows of the fit were.

    Each outcome has an interval; its expectation (a probability, a rate, a mean) has an interval of its own.
    With --average the predictive distributions of several runs are averaged; whether that helps is said.
    """
    from workbench.cli.average import choose_weights, find_average
    from workbench.results import run_directory
    from workbench.workflow.output_file import check_output_file

    if output is not None:
        if form:
            raise RequestError("--output writes CSV, and --format prints a table.", hint="give one of them")
        check_output_file(output, [] if data is None else [data])
    _check_draws_file(draws, output, data)
    weighted = choose_weights(average, weights, weight)
    rows = _read_rows(data, horizon, unpack_limit)
    runs = [find_run(one) for one in (run, *(average or ()))]
    for one in runs:
        run_directory.require_run(one)
    table = _check_rows(runs, rows, is_forecast=horizon is not None)
    from workbench.prediction.quantities import parse_quantities

    parse_quantities(quantity or ())
    from workbench.toolchain import ToolchainSettings

    settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
    progress = console.progress(quiet)
    chosen: PredictOptions = {
        "method": method or "",
        "new_groups": new_groups,
        "draws_file": draws,
        "horizon": horizon,
    }
    subject = f"the next {horizon} rows" if data is None else data.name
    into = _Destination(output, verbatim, form, is_shown=not quiet)
    if average:
        averaged = find_average(runs, weighted, settings, quiet=quiet)
        predictor = _RowSource(averaged, table, settings, progress, chosen, averaged.name)
    else:
        fit = run_directory.read(runs[0], run_directory.PREDICTED_FROM)
        predictor = _RowSource(fit, table, settings, progress, chosen, str(runs[0]))
    if quantity:
        found = predictor.predict_quantities(quantity)
        found.attrs["remark"] = predictor.add_sentences(found.attrs["remark"])
        shown = _take_quantities(found, predictor.name, subject, into)
    else:
        with predictor.open_predictions() as predicted:
            shown = _take_outcomes(predicted, predictor, subject, into)
    if draws is not None:
        console.show_note("draws", str(draws))
    _show(shown, into)


@dataclass(frozen=True)
class _RowSource:
    """What predicts the rows of a table: a run, or an average of runs."""

    source: Fit | Average
    table: Table | None
    settings: ToolchainSettings
    progress: Progress
    options: PredictOptions
    name: str

    def open_predictions(self) -> AbstractContextManager[PredictedRows]:
        """Give predictions as they come."""
        from workbench.results import Fit

        if isinstance(self.source, Fit):
            from workbench.workflow.predict import open_predictions

            return open_predictions(self.source, self.table, self.settings, self.progress, **self.options)
        from workbench.workflow.average_rows import open_average_predictions

        return open_average_predictions(self.source, self.table, self.settings, self.progress, **self.options)

    def predict_quantities(self, quantities: Sequence[str]) -> pd.DataFrame:
        """Return summaries of quantities."""
        from workbench.results import Fit

        asked = self.table, quantities, self.settings, self.progress
        if isinstance(self.source, Fit):
            from workbench.workflow.predict_quantities import predict_quantities

            return predict_quantities(self.source, *asked, **self.options)
        from workbench.workflow.average_rows import predict_average_quantities

        return predict_average_quantities(self.source, *asked, **self.options)

    def add_sentences(self, remark: str) -> str:
        """Return a remark after what is to be known of an average."""
        from workbench.results import Fit

        sentences = () if isinstance(self.source, Fit) else self.source.sentences
        return " ".join(text for text in (*sentences, remark) if text)


@dataclass(frozen=True)
class _Destination:
    """Where predictions go: into a file, onto the screen as a table of a format, or as a page."""

    file: Path | None
    is_verbatim: bool
    form: TableFormat | None
    is_shown: bool = True

    @property
    def has_page(self) -> bool:
        """Whether a page is shown: with --quiet the name of a file is, and stdout may be that file."""
        return self.form is None and (
            self.file is None or (self.is_shown and not console.is_stdout(self.file))
        )


@dataclass(frozen=True)
class _Shown:
    """What is shown of predictions: all of them only where a format asks for them."""

    page: Document
    rows: Sequence[Mapping[str, Any]]
    remark: str
    formulas: int


def _take_outcomes(
    predicted: PredictedRows, predictor: _RowSource, subject: str, into: _Destination
) -> _Shown:
    """Write predictions while they come, and keep what is shown."""
    from workbench.prediction.outcome_summaries import COLUMNS
    from workbench.workflow.output_file import write_csv
    from workbench.workflow.pages.predict import FIRST_ROWS, MOST_ROWS, FirstRows, build_predictions_page

    first = FirstRows(None if into.form else FIRST_ROWS if into.file else MOST_ROWS)
    chunks = map(first.add, predicted.chunks)
    formulas = write_csv(into.file, COLUMNS, chunks, is_verbatim=into.is_verbatim)
    remark = predictor.add_sentences(predicted.remark)
    page = build_predictions_page(
        first, predictor.name, subject, level=predicted.level, remark=remark, target=into.file
    )
    return _Shown(page, first.rows, remark, formulas)


def _take_quantities(found: pd.DataFrame, source: str, subject: str, into: _Destination) -> _Shown:
    """Write quantities, and return what is shown of them."""
    from workbench.workflow.output_file import write_csv
    from workbench.workflow.pages.predict import FIRST_ROWS, MOST_ROWS
    from workbench.workflow.pages.quantities import build_quantities_page
    from workbench.workflow.pages.tables import list_rows

    rows = list_rows(found)
    formulas = write_csv(into.file, list(found.columns), [rows], is_verbatim=into.is_verbatim)
    most = len(found) if into.form else FIRST_ROWS if into.file else MOST_ROWS
    page = build_quantities_page(found, source, subject, most, into.file)
    return _Shown(page, rows, str(found.attrs["remark"]), formulas)


def _show(shown: _Shown, into: _Destination) -> None:
    if shown.formulas:
        console.show_note("note", _describe_formulas(shown.formulas))
    if into.has_page:
        console.show(shown.page)
        if into.file is not None:
            console.show_note("predictions", str(into.file))
        return
    if shown.remark:
        console.show_note("note", shown.remark)
    if into.file is not None:
        console.show_path(into.file)
    elif into.form is not None:
        from workbench.workflow.pages.tables import format_page

        console.show_table(format_page(shown.page, shown.rows, into.form), into.form)


def _read_rows(data: Path | None, horizon: int | None, unpack_limit: str | None) -> Path | Table | None:
    """Return the new rows; `None` where a forecast needs none."""
    from workbench.workflow.inputs import check_table_exists

    if data is None:
        if horizon is None:
            hint = "give a table, or --horizon H for the next H"
            raise RequestError("no rows to predict were given.", hint=hint)
        return None
    check_table_exists(options.read_dash(data))
    return options.read_within(parse.parse_size("--unpack-limit", unpack_limit), data)


def _check_rows(runs: Sequence[Path], rows: Path | Table | None, *, is_forecast: bool) -> Table | None:
    """Return the new rows as a table, refused where the record of a run alone says why."""
    from workbench import tables
    from workbench.prediction.new_rows import check_new_rows
    from workbench.results import run_directory

    records = [run_directory.read_without_draws(run) for run in runs]
    table = tables.read(rows) if isinstance(rows, Path) else rows
    for record in records:
        check_new_rows(record.results, table, in_order=is_forecast)
    return table


def _check_draws_file(draws: Path | None, output: Path | None, data: Path | None) -> None:
    """Refuse a file that draws cannot be written to."""
    if draws is None:
        return
    from workbench.prediction.draw_files import check_draws_file
    from workbench.workflow.output_file import check_output_file

    check_draws_file(draws)
    check_output_file(draws, [] if data is None else [data])
    if output is not None and draws.absolute() == output.absolute():
        raise RequestError(f"--draws and --output both name `{draws}`.", hint="give two files")


def _describe_formulas(count: int) -> str:
    labels = "a label begins" if count == 1 else f"{count} labels begin"
    return (
        f"{labels} like a formula of a spreadsheet, and got an apostrophe in front; --verbatim writes labels "
        "as they are."
    )

"""A fit exported as formulas, which are tried on rows before the file is written."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import files, tables
from workbench.binding.phrases import join_remarks
from workbench.errors import RequestError
from workbench.estimation.sampling.stored_draws import POINTS
from workbench.exporting.document import (
    SCHEMA,
    SCORER,
    DrawChoice,
    Origin,
    build_document,
    choose_draws,
    format_document,
)
from workbench.exporting.scorer import ScoringError, read_rows, score
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.predictions import Floats, OutcomePrediction
from workbench.prediction.predictor import Parameters
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_file
from workbench.registry.runs import hash_run, name_content
from workbench.results import Fit
from workbench.tables import Table
from workbench.thresholds import EXPORT_DIFFERENCE_LIMIT
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import iterate_chunks, open_predictor

DRAWS = 200
"""The draws of an export by default. Ours: a mean is off by 0.07 posterior SDs at most as a rule."""

MOST_TRIED_ROWS = 500
"""The most rows on which an export is tried. Ours: seconds of plain Python."""

SCORER_NAME = "workbench_scorer.py"
"""How the scorer is called that is written beside an export."""

SCHEMA_NAME = "workbench_export.schema.json"
"""How the schema is called that is written beside an export."""


@dataclass(frozen=True)
class ExportOptions:
    """How a run is exported.

    Attributes
    ----------
    draws
        How many of its draws.
    plug_in
        `map` or `mle`: the point in the place of draws; empty for draws.
    model, version
        How it is called in a registry.
    """

    draws: int = DRAWS
    plug_in: str = ""
    model: str = ""
    version: str = ""


@dataclass(frozen=True)
class Export:
    """An export, tried on rows.

    Attributes
    ----------
    document
        What is written as JSON.
    rows
        On how many rows it was tried.
    difference
        The largest difference there from what `predict` says, relative to that or to 1.
    thinning_error
        The largest shift of a mean by leaving out draws, in standard deviations of the expectation.
    remark
        What must be said about the draws; empty for those of NUTS.
    """

    document: Mapping[str, Any]
    rows: int
    difference: float
    thinning_error: float
    remark: str = ""

    @property
    def text(self) -> str:
        """The document as JSON."""
        return format_document(self.document)


def export(
    fit: Fit,
    data: Path | Table | None = None,
    options: ExportOptions | None = None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
) -> Export:
    """Return a fit as formulas that need no Stan, after its numbers were compared with those of `predict`.

    Parameters
    ----------
    fit
        A fit, as a run directory holds it.
    data
        Rows on which it is tried; by default those of the fit, where their table is still there.
    options
        Which draws.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.

    Raises
    ------
    RequestError
        The program is no linear predictor with one of the links, its numbers are not those of `predict`, or
        the table is not there.
    WorkbenchError
        The run cannot predict.
    """
    options = options or ExportOptions()
    _check_options(options)
    table = _read_table(fit, data)
    with open_predictor(fit, options.plug_in, settings, progress, scoring=False, table=table) as opened:
        total = 1 if options.plug_in else opened.parameters.count
        choice = DrawChoice(choose_draws(total, options.draws), total, options.plug_in)
        with progress.stage("Reading the formulas"):
            own = table if table.sha256 == fit.results.data.sha256 else None
            document = build_document(opened, choice, _describe_origin(fit, options), own)
        with progress.stage("Comparing with predict"):
            return _try(opened, table, document, choice)


def write_export(made: Export, path: Path, *, with_scorer: bool = False) -> tuple[Path, ...]:
    """Write an export, and beside it the scorer and the schema where they are asked for, all or none.

    Returns
    -------
    The files.

    Raises
    ------
    StoreError
        A file cannot be written; earlier ones are as they were.
    """
    if not with_scorer:
        files.replace_file(path, made.text)
        return (path,)
    with files.replace_files(path.parent) as folder:
        (folder / path.name).write_text(made.text, encoding="utf-8")
        (folder / SCORER_NAME).write_bytes(SCORER.read_bytes())
        (folder / SCHEMA_NAME).write_bytes(SCHEMA.read_bytes())
    return path, path.parent / SCORER_NAME, path.parent / SCHEMA_NAME


def _check_options(options: ExportOptions) -> None:
    if options.draws < 1:
        raise RequestError(f"--draws was expected to be at least 1, found {options.draws}.")
    if options.plug_in and options.plug_in not in POINTS:
        names = " or ".join(POINTS)
        raise RequestError(f"--plug-in was expected to be {names}, found `{options.plug_in}`.")


def _read_table(fit: Fit, data: Path | Table | None) -> Table:
    """Return the rows on which an export is tried: without those that the fit left out."""
    if isinstance(data, Table):
        return data
    known = fit.results.data
    hint = "give rows to try it on with --data TABLE: those of the fit, or others with its columns"
    if data is None and (not known.path or not Path(known.path).is_file()):
        message = f"the table of the fit, `{known.path}`, is not there, and an export is tried on rows first."
        raise RequestError(message, hint=hint)
    table = tables.read(Path(known.path) if data is None else data)
    if data is None and table.sha256 != known.sha256:
        raise RequestError(f"`{known.path}` is not what it was when the fit was made.", hint=hint)
    return table


def _describe_origin(fit: Fit, options: ExportOptions) -> Origin:
    results = fit.results
    run = "" if fit.folder is None else name_content(hash_run(fit.folder))
    return Origin(
        options.model or results.model.name, results.model.sha256, run, results.created, options.version
    )


def _try(opened: OpenPredictor, table: Table, document: Mapping[str, Any], choice: DrawChoice) -> Export:
    """Return an export whose numbers are those of `predict` on rows of a table.

    Raises
    ------
    RequestError
        They are others, or the scorer refuses a row that `predict` does not.
    """
    whole = table
    table, places = _choose_rows(opened, whole)
    exported = [chunk.outcomes for chunk in iterate_chunks(_take_draws(opened, choice.places), table)]
    every: list[tuple[OutcomePrediction, ...]] = []
    if choice.total > len(choice.places):
        every = [chunk.outcomes for chunk in iterate_chunks(opened, table)]
    rows = _read_as_written(whole, places) or _list_rows(table, document)
    numbers = [table.row_number(place) for place in range(table.rows)]
    worst = 0.0
    for outcome in document["outcomes"]:
        expected = _collect(exported, outcome["name"])
        found = _score_rows(document, rows, numbers, outcome["name"])
        wanted = _summarise(expected, document["level"], has_interval=not choice.plug_in)
        worst = max(worst, _compare(outcome, found, wanted))
    names = [outcome["name"] for outcome in document["outcomes"]]
    shift = max(
        (_measure_shift(_collect(every, name), choice.places) for name in names if every), default=0.0
    )
    return Export(document, len(rows), worst, shift, _describe_draws(opened))


def _describe_draws(opened: OpenPredictor) -> str:
    """Return what must be said about the draws: that they are not those of NUTS, or that the fit failed."""
    diagnosis = opened.fit.results.diagnosis
    failed = "the verdict of the fit is fail: do not rely on the numbers of this export."
    is_failed = diagnosis is not None and diagnosis.verdict == "fail"
    return join_remarks(opened.stored.remark, failed if is_failed else "")


def _take_draws(opened: OpenPredictor, places: NDArray[Any]) -> OpenPredictor:
    """Return a predictor with some of its draws."""
    values = {name: drawn[places] for name, drawn in opened.parameters.values.items()}
    stored = {
        name: replace(array, values=array.values.reshape(1, -1, *array.values.shape[2:])[:, places])
        for name, array in opened.stored.draws.items()
    }
    return replace(opened, parameters=Parameters(values), stored=replace(opened.stored, draws=stored))


def _choose_rows(opened: OpenPredictor, table: Table) -> tuple[Table, NDArray[Any]]:
    """Return rows with everything that is needed, at most so many, evenly among all, and their places."""
    used = {
        column
        for name in opened.fit.results.data.rules.get("variables", {})
        for column in opened.fit.results.data.rules["variables"][name]
        if table.has_column(column)
    }
    lacking = np.zeros(table.rows, dtype=bool)
    for column in used:
        lacking |= tables.find_missing(table, column)
    kept = np.flatnonzero(~lacking)
    if not len(kept):
        raise RequestError(
            f"each row of `{table.path.name}` lacks a cell: there is none to try an export on."
        )
    chosen = kept[choose_draws(len(kept), MOST_TRIED_ROWS)]
    left_out = np.ones(table.rows, dtype=bool)
    left_out[chosen] = False
    return (tables.drop_rows(table, left_out) if left_out.any() else table), chosen


def _read_as_written(table: Table, places: NDArray[Any]) -> list[dict[str, Any]]:
    """Return rows of a table as its CSV file has them, read by the scorer; none if it is no such file."""
    wanted, rows, count = set(places.tolist()), [], 0
    with suppress(ScoringError, OSError, ValueError, csv.Error):
        if not table.path.is_file() or hash_file(table.path) != table.sha256:
            return []
        for count, row in enumerate(read_rows(str(table.path)), 1):
            if count - 1 in wanted:
                rows.append(row)
        return rows if count == table.rows else []
    return []


def _list_rows(table: Table, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table that is no CSV file, as the scorer takes them from Python."""
    needed = {rule["column"] for rule in document["features"].values() if "column" in rule}
    needed |= {rule["column"] for rule in document["group_values"]}
    names = [name for name in table.columns if name in needed]
    columns = [table.cells.column(name).to_pylist() for name in names]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)] or [{}] * table.rows


def _collect(chunks: list[tuple[OutcomePrediction, ...]], name: str) -> Floats:
    """Return the expectation of an outcome at each draw and row, `(s, row)`.

    Raises
    ------
    RequestError
        `predict` knows none.
    """
    found = []
    for outcomes in chunks:
        outcome = next((item for item in outcomes if item.name == name), None)
        if outcome is None or outcome.expectation is None or outcome.is_simulated:
            message = f"`predict` knows no formula for the expectation of `{name}` either."
            raise RequestError(message, hint="an export is compared with it before it is written")
        found.append(outcome.expectation)
    return np.concatenate(found, axis=1)


def _summarise(expected: Floats, level: float, *, has_interval: bool) -> Floats:
    """Return mean and interval over draws, `(3, row)`; of a point the mean alone, `(1, row)`."""
    tail = (1 - level) / 2
    mean = expected.mean(axis=0)
    return np.stack([mean, *np.quantile(expected, (tail, 1 - tail), axis=0)] if has_interval else [mean])


def _score_rows(
    document: Mapping[str, Any], rows: list[dict[str, Any]], numbers: list[int], name: str
) -> Floats:
    scored = []
    for number, row in zip(numbers, rows, strict=True):
        try:
            scored.append(score(document, row)[name])
        except ScoringError as reason:
            message = f"the scorer of exports refuses row {number}, which `predict` takes: {reason}"
            raise RequestError(
                message, hint="write its cells as plain numbers, or as the levels are, and fit again"
            ) from reason
    return np.array([[value for value in each.values() if value is not None] for each in scored], float).T


def _compare(outcome: Mapping[str, Any], found: Floats, wanted: Floats) -> float:
    """Return the largest relative difference; sums that are near zero are compared with the others' size.

    Raises
    ------
    RequestError
        It is more than rounding.
    """
    size = np.abs(wanted)
    if outcome["link"] == "identity":
        size = np.maximum(size, size.mean())
    difference = np.abs(found - wanted) / np.maximum(size, np.finfo(float).tiny)
    worst = float(difference.max())
    if not worst <= EXPORT_DIFFERENCE_LIMIT:  # also where it is not a number
        place = int(np.argmax(np.nan_to_num(difference, nan=np.inf).max(axis=0)))
        message = (
            f"the formula of `{outcome['name']}` gives {found[0, place]:g} where `predict` gives "
            f"{wanted[0, place]:g}: nothing was written."
        )
        raise RequestError(
            message, hint="this is a mistake of workbench's: please report it with the program"
        )
    return worst


def _measure_shift(expected: Floats, places: NDArray[Any]) -> float:
    """Return the largest shift of a mean by leaving out draws, in standard deviations of the expectation."""
    sd = expected.std(axis=0)
    shift = np.abs(expected[places].mean(axis=0) - expected.mean(axis=0))
    return float(np.max(np.divide(shift, sd, out=np.zeros_like(shift), where=sd > 0), initial=0.0))


def iterate_files(path: Path, *, with_scorer: bool) -> Iterator[Path]:
    """Yield the files that an export consists of."""
    yield path
    if with_scorer:
        yield path.with_name(SCORER_NAME)
        yield path.with_name(SCHEMA_NAME)

"""What `--format` prints: tables of estimates, runs and predictions, for documents and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import RequestError
from workbench.report.document import Document
from workbench.report.fit.quantity_page import (
    build_quantity_page,
    build_quantity_table,
    choose_quantities,
    find_drawn,
)
from workbench.report.fit.terminal_page import build_fit_page
from workbench.report.table_formats import FORMATS, TableFormat, format_document, format_rows
from workbench.report.terminal import to_text
from workbench.results import Fit
from workbench.results.quantities import draws_of
from workbench.results.store import tabulate_estimates
from workbench.workflow.pages.runs import build_runs_page
from workbench.workflow.run_list import RunEntry

_FOR_PROGRAMS = ("csv", "json")
"""The formats that hold all digits."""


def format_estimates(fit: Fit, wanted: Sequence[str], form: TableFormat) -> str:
    """Return the estimates of chosen quantities, or of all where none is named, as a table.

    Parameters
    ----------
    fit
        The fit.
    wanted
        As in `choose_quantities`.
    form
        `csv` and `json` have the columns of `summary.csv`.

    Raises
    ------
    RequestError
        One of them is not a quantity of the fit.
    """
    names = choose_quantities(fit.results, wanted) if wanted else fit.results.quantities
    if form not in _FOR_PROGRAMS:
        return format_document(build_quantity_table(fit.results, names), form)
    rows = list_rows(tabulate_estimates(fit.record))
    chosen = set(names)
    return format_rows((row for row in rows if row["parameter"] in chosen), form)


def format_fit(fit: Fit, wanted: Sequence[str], form: str | None) -> str:
    """Return what `workbench show` prints of a fit: a page, or a table in a format.

    Raises
    ------
    RequestError
        A quantity or the format is not known.
    """
    if form is None:
        return to_text(_build_quantity_page(fit, wanted) if wanted else build_fit_page(fit))
    known = next((one for one in FORMATS if one == form), None)
    if known is None:
        raise RequestError(f"`{form}` is not a format of tables.", hint=f"there are {', '.join(FORMATS)}")
    return format_estimates(fit, wanted, known).rstrip("\n")


def _build_quantity_page(fit: Fit, wanted: Sequence[str]) -> Document:
    drawn = find_drawn(fit.results, wanted)
    return build_quantity_page(
        fit.results, wanted, None if drawn is None else draws_of(fit.tree, "posterior", drawn)
    )


def format_runs(entries: Sequence[RunEntry], folder: Path, form: TableFormat) -> str:
    """Return the runs and studies of a folder as a table; what could not be read is in it with the reason."""
    if form not in _FOR_PROGRAMS:
        return format_document(build_runs_page(entries, folder), form)
    return format_rows([_describe(entry) for entry in entries], form)


def _describe(entry: RunEntry) -> dict[str, Any]:
    """Return an entry with paths and times as texts."""
    return {
        key: value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, Path)
        else value
        for key, value in asdict(entry).items()
    }


def format_page(page: Document, rows: Sequence[Mapping[str, Any]], form: TableFormat) -> str:
    """Return the tables of a page for documents, and for programs the rows that it is about."""
    return format_rows(rows, form) if form in _FOR_PROGRAMS else format_document(page, form)


def list_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as mappings."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]

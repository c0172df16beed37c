"""The report of one fit, section by section."""

from __future__ import annotations

from pathlib import PurePath

from workbench.diagnostics.loo import LeaveOneOut, compute_leave_one_out
from workbench.report import reading
from workbench.report.document import Document
from workbench.report.fit import (
    check_pages,
    checks,
    convergence,
    data,
    estimates,
    gaps,
    influence,
    methods,
    model,
    modes,
    opening,
    prediction,
    provenance,
    sensitivity,
    verdict,
)
from workbench.report.numbers import plural
from workbench.report.reading import Record
from workbench.results import Fit

MOST_ROWS = 2000
"""Rows up to which pictures rest on leave-one-out; with more, no eye sees what one row does to a fit."""


def fit_report(fit: Fit) -> Document:
    """Return what is to be said about a fit; everything comes from its run directory.

    Parameters
    ----------
    fit
        With `record` as in `run.json` and `tree` as in `fit.nc`.
    """
    record, left = fit.record, _left_out(fit)
    return Document(
        title=record["model"]["name"],
        subtitle=_subtitle(record),
        byline=f"Written {_date(record)} by workbench {record.get('workbench', '')}".rstrip(),
        verdict=verdict.read(record),
        opening=opening.sentences(record),
        sections=(
            estimates.section(record),
            gaps.section(record, fit.tree),
            modes.section(record),
            convergence.section(record, fit.tree),
            prediction.section(fit, left),
            sensitivity.section(record),
            influence.section(record, left),
            checks.section(record),
            model.section(record),
            data.section(record),
            provenance.section(record),
            methods.section(record),
            check_pages.section(record),
        ),
    )


def _left_out(fit: Fit) -> LeaveOneOut | None:
    """Return leave-one-out of each row, worked out anew from the draws where they are not too many."""
    part = reading.part(fit.record, "loo")
    rows = reading.number(part, "observations")
    is_known = reading.is_ok(part) and "log_likelihood" in fit.tree.children
    return compute_leave_one_out(fit) if is_known and rows is not None and rows <= MOST_ROWS else None


def _subtitle(record: Record) -> str:
    table = record["data"]
    return f"fitted to {PurePath(table['path']).name}, {plural(table['rows'], 'row')}"


def _date(record: Record) -> str:
    return str(record.get("created", "at an unknown time")).replace("T", " at ").replace("+00:00", " UTC")

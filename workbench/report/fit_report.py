"""The report of one fit, section by section."""

from __future__ import annotations

from pathlib import PurePath

from workbench.estimation import Fit
from workbench.report.document import Document
from workbench.report.numbers import plural
from workbench.report.reading import Record
from workbench.report.sections import (
    catalogue,
    checks,
    convergence,
    data,
    estimates,
    gaps,
    influence,
    methods,
    model,
    opening,
    prediction,
    provenance,
    sensitivity,
    verdict,
)


def fit_report(fit: Fit) -> Document:
    """Return what is to be said about a fit; everything comes from its run directory.

    Parameters
    ----------
    fit
        With `record` as in `run.json` and `tree` as in `fit.nc`.
    """
    record = fit.record
    return Document(
        title=record["model"]["name"],
        subtitle=_subtitle(record),
        byline=f"Written {_date(record)} by workbench {record.get('workbench', '')}".rstrip(),
        verdict=verdict.read(record),
        opening=opening.sentences(record),
        sections=(
            estimates.section(record),
            gaps.section(record, fit.tree),
            convergence.section(record, fit.tree),
            prediction.section(fit),
            sensitivity.section(record),
            influence.section(fit),
            checks.section(record),
            model.section(record),
            data.section(record),
            provenance.section(record),
            methods.section(record),
            catalogue.section(record),
        ),
    )


def _subtitle(record: Record) -> str:
    table = record["data"]
    return f"fitted to {PurePath(table['path']).name}, {plural(table['rows'], 'row')}"


def _date(record: Record) -> str:
    return str(record.get("created", "at an unknown time")).replace("T", " at ").replace("+00:00", " UTC")

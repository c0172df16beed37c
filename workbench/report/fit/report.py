"""The report of one fit, section by section."""

from __future__ import annotations

from workbench.diagnostics.loo import LeaveOneOut, compute_leave_one_out
from workbench.report.document import Document
from workbench.report.fit import (
    check_pages,
    checks,
    convergence,
    data,
    estimates,
    forest,
    gaps,
    groups,
    influence,
    methods_paragraph,
    model,
    modes,
    opening,
    prediction,
    provenance,
    sensitivity,
    sequences,
    updates,
    verdict,
)
from workbench.report.fit.arrays import PosteriorArrays
from workbench.results import Fit

MOST_ROWS = 2000
"""The most rows for which drawings use leave-one-out; among more, no single row matters to a drawing."""


def build_fit_report(fit: Fit) -> Document:
    """Return the report of a fit; everything in it comes from the run directory.

    Parameters
    ----------
    fit
        The fit, with `record` as in `run.json` and `tree` as in `fit.nc`.
    """
    results, leave_one_out = fit.results, _leave_out_rows(fit)
    arrays = PosteriorArrays(fit)
    return Document(
        title=results.model.name,
        subtitle=data.describe_data(results),
        byline=f"Written {_format_date(results.created)} by workbench {results.workbench}".rstrip(),
        verdict=verdict.build_verdict(results),
        opening=opening.build_opening(results),
        sections=(
            *forest.build_section(fit, arrays),
            estimates.build_section(results),
            *updates.build_section(results),
            *sequences.build_section(fit, arrays),
            *groups.build_section(fit, arrays),
            gaps.build_section(results, fit.tree),
            modes.build_section(results),
            convergence.build_section(results, fit.tree),
            prediction.build_section(fit, leave_one_out),
            sensitivity.build_section(results),
            influence.build_section(results, leave_one_out),
            checks.build_section(results),
            model.build_section(results),
            data.build_section(results),
            provenance.build_section(results),
            methods_paragraph.build_section(results),
            check_pages.build_section(results),
        ),
    )


def _leave_out_rows(fit: Fit) -> LeaveOneOut | None:
    """Return leave-one-out computed from the draws; `None` where it is not possible or takes too long."""
    loo = fit.results.loo
    is_possible = loo.is_ok and "log_likelihood" in fit.tree.children
    is_quick = loo.observations is not None and loo.observations <= MOST_ROWS
    return compute_leave_one_out(fit) if is_possible and is_quick else None


def _format_date(created: str) -> str:
    return created.replace("T", " at ").replace("+00:00", " UTC") or "at an unknown time"

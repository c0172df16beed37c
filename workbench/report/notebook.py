"""A fit in a notebook: its verdict and main estimates, as a small piece of HTML."""

from __future__ import annotations

from pathlib import Path

from workbench.report.fit.data import describe_data
from workbench.report.fit.estimates import build_summary_table
from workbench.report.fit.verdict import build_verdict
from workbench.results import Fit

MAX_ROWS = 15
"""The most quantities shown in a notebook."""


def summary_html(fit: Fit, folder: Path | None = None) -> str:
    """Return the verdict and the main estimates as HTML without scripts; it loads nothing.

    Parameters
    ----------
    fit
        The fit.
    folder
        Its run directory, where the whole report is.
    """
    from workbench.report.html import render_summary  # importing jinja2 takes time; few callers need it

    results = fit.results
    return render_summary(
        title=results.model.name,
        subtitle=describe_data(results),
        verdict=build_verdict(results),
        table=build_summary_table(results, MAX_ROWS),
        report=str(folder / "report.html") if folder else "",
    )

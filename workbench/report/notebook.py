"""A fit as a notebook shows it: the verdict and the estimates, in a small piece of HTML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.report import reading
from workbench.report.fit import estimates, verdict
from workbench.report.numbers import plural
from workbench.results import Fit

MAX_ROWS = 15


@dataclass(frozen=True)
class ShownFit(Fit):
    """A fit that shows itself in Jupyter."""

    def _repr_html_(self) -> str:
        return summary_html(self, self.folder)


def shown(fit: Fit, folder: Path | None = None) -> ShownFit:
    """Return a fit that shows itself in Jupyter."""
    return ShownFit(fit.record, fit.tree, fit.console, folder)


def summary_html(fit: Fit, folder: Path | None = None) -> str:
    """Return verdict and estimates as HTML that a notebook can hold: no script, nothing loaded."""
    from workbench.report.html import render_summary  # jinja2 only when a notebook asks

    record = fit.record
    data = reading.part(record, "data")
    return render_summary(
        title=str(reading.part(record, "model").get("name", "")),
        subtitle=f"fitted to {data.get('path', 'data')}, {plural(data.get('rows') or 0, 'row')}",
        verdict=verdict.read(record),
        table=estimates.brief(record, MAX_ROWS),
        report=str(folder / "report.html") if folder else "",
    )

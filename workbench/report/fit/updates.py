"""A run that updates another: from what it was made, and how its parameters moved with each batch of rows."""

from __future__ import annotations

import numpy as np

from workbench.report import figures
from workbench.report.document import Figure, Figures, Paragraph, Section
from workbench.report.fit.notes import describe_update
from workbench.report.fit.opening import find_main_quantities
from workbench.report.numbers import format_number, format_percentage
from workbench.results.view import Results
from workbench.results.view.estimates import EarlierEstimate, UpdateResult

_MOST_DRAWN = 6
"""The most parameters whose drift is drawn."""


def build_section(results: Results) -> tuple[Section, ...]:
    """Return a picture of each main parameter after each batch; nothing for a run that updates none."""
    updated = results.updated
    if updated is None:
        return ()
    names = find_main_quantities(results)
    drawn = [figure for name in names if (figure := _draw(results, updated, name)) is not None]
    level = format_percentage(results.interval.level)
    explanation = (
        f"Posterior means and {level} intervals after each batch of rows, the first fit at the left. "
        "Intervals become shorter with more rows; a parameter that leaves its earlier intervals has changed, "
        "or the model does not hold for the new rows. Where the program centres or scales by all rows, the "
        "meaning of a parameter moves with them."
    )
    block = (Figures("drift", tuple(drawn[:_MOST_DRAWN]), explanation),) if drawn else ()
    return (Section("updates", "Updates", (Paragraph(describe_update(results)), *block)),)


def _draw(results: Results, updated: UpdateResult, name: str) -> Figure | None:
    """Return the drift of one quantity; `None` where a run of the chain does not have it."""
    now = results.posterior(name)
    estimates = [earlier.estimates.get(name, EarlierEstimate()) for earlier in updated.earlier]
    estimates.append(EarlierEstimate(now.mean, now.lower, now.upper))
    rows = np.array([[estimate.mean, estimate.lower, estimate.upper] for estimate in estimates], dtype=float)
    if len(rows) < 2 or not np.isfinite(rows).all():
        return None
    label, means = results.label(name), ", ".join(format_number(mean) for mean in rows[:, 0])
    drawing = figures.draw_drift(rows[:, 0], rows[:, 1], rows[:, 2])
    unit = f" [{results.unit(name)}]" if results.unit(name) else ""
    return Figure(drawing, f"{label} after each batch: means {means}.", f"`{label}`{unit}")

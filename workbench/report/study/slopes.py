"""How fast posterior means and modes move with each hyperparameter, at the base fit."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.report.document import Block, Cell, Column, TableBlock
from workbench.report.numbers import MISSING, format_number
from workbench.studies import StudyResults
from workbench.studies.view import Slope
from workbench.thresholds import MARGIN_STANDARD_ERRORS

MAX_ROWS = 200
"""Rows of the table. Ours: `study.json` has all slopes."""

_NOTE = (
    "Per doubling: the change of the posterior mean, in posterior SDs, if the hyperparameter doubled, by the "
    "slope at the base fit. The slope of a mean is the covariance of the draws with the slope of the log "
    "density, with its Monte Carlo standard error (MCSE); the slope of the MAP follows from the curvature. "
    f"Slopes of means within {MARGIN_STANDARD_ERRORS:g} MCSE of zero may be chance and come last."
)
"""How to read the table."""

_COLUMNS = (
    Column("Quantity", "name"),
    Column("Hyperparameter", "name"),
    Column("Per doubling", "number", help="In posterior SDs of the base fit"),
    Column("Slope of the mean", "number", "Per unit"),
    Column("MCSE", "number", "Per unit"),
    Column("Slope of the MAP", "number", "Per unit"),
)
"""The columns of the table."""


def build_table(results: StudyResults, names: Sequence[str]) -> tuple[Block, ...]:
    """Return the table of slopes, the steepest first, those within their error last; nothing without slopes.

    Parameters
    ----------
    results
        The study.
    names
        The quantities that move.
    """
    rows = [
        (name, hyperparameter, slopes.estimates[name])
        for hyperparameter, slopes in results.derivatives.items()
        if slopes.is_ok
        for name in names
        if name in slopes.estimates
    ]
    if not rows:
        return ()
    ranked = sorted(rows, key=lambda row: (not row[2].is_clear, -abs(row[2].per_doubling or 0.0)))
    left_out = len(ranked) - MAX_ROWS
    table = TableBlock(
        key="slopes-table",
        caption="How fast posterior means move at the base fit",
        columns=_COLUMNS,
        rows=tuple(_build_row(results, *row) for row in ranked[:MAX_ROWS]),
        note=_NOTE + (f" {left_out} more are in study.json." if left_out > 0 else ""),
        is_interactive=True,
    )
    return (table,)


def format_rounded(value: float | None) -> str:
    """Return a number with three digits: the Monte Carlo error hides all others."""
    return MISSING if value is None else format_number(float(f"{value:.3g}"))


def _build_row(results: StudyResults, name: str, hyperparameter: str, slope: Slope) -> tuple[Cell, ...]:
    return (
        Cell(results.find_label(name)),
        Cell(hyperparameter),
        Cell(format_number(slope.per_doubling, 3)),
        Cell(format_rounded(slope.mean)),
        Cell(format_rounded(slope.mcse)),
        Cell(format_rounded(slope.mode)),
    )

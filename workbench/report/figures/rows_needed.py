"""Widths of intervals and errors of estimates against the number of rows, on logarithmic scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workbench.report.figures.drawing import DASHED, DOTTED, SMALL, Drawing, Palette, add_axes
from workbench.report.numbers import format_count, format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {"nuts": "posterior", "laplace": "normal", "pathfinder": "exact", "map": "prior", "mle": "ink"}
"""The colour of each method, as drawings of estimates have it where there is one."""

_MARKERS = {"nuts": "o", "laplace": "s", "pathfinder": "D", "map": "^", "mle": "v"}
"""The marker of each method, for readers who do not see colours."""

_MOST_TICKS = 5
"""The most numbers of rows that are written below the axis."""

_ROOM = 1.6
"""Factor by which the vertical axis goes beyond what is drawn."""


@dataclass(frozen=True)
class RowsCurve:
    """What one method says of a quantity by number of rows.

    Attributes
    ----------
    method, label
        Its key and its name for people.
    rows, widths, errors
        The numbers of rows, the widths of intervals, and root mean square errors there.
    """

    method: str
    label: str
    rows: Sequence[int]
    widths: Sequence[float]
    errors: Sequence[float]


def draw_rows_needed(curves: Sequence[RowsCurve]) -> Drawing:
    """Draw widths (lines) and errors (dashed) of each method, with a dotted line of slope -1/2."""
    return Drawing(partial(_paint, tuple(curves)), SMALL)


def _paint(curves: tuple[RowsCurve, ...], figure: Figure, palette: Palette) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes = add_axes(figure, left=0.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for curve in curves:
        colour = getattr(palette, _COLOURS.get(curve.method, "ink"))
        marker = _MARKERS.get(curve.method, "o")
        axes.plot(
            curve.rows, curve.widths, marker=marker, color=colour, linewidth=1.5, markersize=4,
            label=curve.label,
        )  # fmt: skip
        axes.plot(
            curve.rows, curve.errors, marker=marker, color=colour, linewidth=1.1, markersize=3,
            linestyle=DASHED,
        )  # fmt: skip
    first = curves[0]
    root = [first.widths[-1] * (first.rows[-1] / rows) ** 0.5 for rows in first.rows]
    axes.plot(first.rows, root, color=palette.soft, linewidth=1.0, linestyle=DOTTED)
    every = [value for curve in curves for value in (*curve.widths, *curve.errors) if value > 0]
    low, high = min(every), max([*every, *root])
    axes.set_ylim(low / _ROOM, high * _ROOM)
    axes.yaxis.set_minor_locator(NullLocator())
    ticks = [float(f"{value:.1g}") for value in (low, (low * high) ** 0.5, high)]
    axes.yaxis.set_major_locator(FixedLocator(sorted(set(ticks))))
    axes.set_yticklabels([format_number(value) for value in sorted(set(ticks))])
    rows = sorted({count for curve in curves for count in curve.rows})
    axes.xaxis.set_minor_locator(NullLocator())
    shown = rows if len(rows) <= _MOST_TICKS else [rows[0], rows[len(rows) // 2], rows[-1]]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.set_xticklabels([format_count(count) for count in shown])
    axes.set_xlabel("rows")
    axes.legend(frameon=False, fontsize=8)

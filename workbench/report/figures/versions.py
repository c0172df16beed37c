"""A quantity through the versions of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import SMALL, Drawing, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMED = 3
"""The most aliases whose names stand above a drawing, each in a line of its own."""

_LONGEST_NAME = 18
"""The most characters of an alias that is drawn."""

_MOST_TICKS = 8
"""The most ticks on the axis of versions."""

_LINE = 0.075
"""The height of a line of text above a drawing [height of the drawing]."""

_WIDTH, _WIDEST = 200.0, 1.6
"""The width of the axes, and the most that the line of an interval may have [points]."""

_DOT, _SMALLEST = 5.0, 1.8
"""The largest and the smallest diameter of an estimate [points]."""


@dataclass(frozen=True)
class VersionPoint:
    """An estimate in one version.

    Attributes
    ----------
    number
        The version.
    estimate
        The estimate.
    lower, upper
        Its interval; `None` where there is none.
    is_reliable
        Whether its fit did not fail its checks: otherwise it is drawn hollow.
    """

    number: int
    estimate: float
    lower: float | None = None
    upper: float | None = None
    is_reliable: bool = True


def draw_versions(
    points: Sequence[VersionPoint], ends: tuple[int, int], named: Mapping[str, int], marked: Sequence[int]
) -> Drawing:
    """Draw a quantity through versions.

    Parameters
    ----------
    points
        The versions that have it, in their order.
    ends
        The first and the last version on the axis.
    named
        Names that stand above their versions, the most important one first, with a line through the version.
    marked
        Versions with a mark below.
    """
    return Drawing(partial(_paint, tuple(points), ends, dict(named), tuple(marked)), SMALL)


def _paint(
    points: tuple[VersionPoint, ...],
    ends: tuple[int, int],
    named: dict[str, int],
    marked: tuple[int, ...],
    figure: Figure,
    palette: Palette,
) -> None:
    axes = add_axes(figure, left=0.2)
    shown = list(named.items())[:MOST_NAMED]
    figure.subplots_adjust(top=0.97 - _LINE * max(1, len(shown)))
    step = _WIDTH / (ends[1] - ends[0] + 1)
    dot, width = min(_DOT, max(_SMALLEST, 0.7 * step)), min(_WIDEST, 0.6 * step)
    for point in points:
        if point.lower is not None and point.upper is not None:
            axes.plot(
                [point.number] * 2, [point.lower, point.upper], color=palette.posterior, linewidth=width
            )
    for is_reliable, face in ((True, palette.posterior), (False, "none")):
        own = [point for point in points if point.is_reliable == is_reliable]
        axes.plot(
            [point.number for point in own], [point.estimate for point in own], "o",
            color=palette.posterior, markerfacecolor=face, markersize=dot,
        )  # fmt: skip
    for line, (name, number) in enumerate(shown):
        _paint_name(axes, name, number, ends, line, palette)
    axes.plot(
        marked, [0.03] * len(marked), "^", color=palette.prior, markersize=max(dot, 3.0),
        transform=axes.get_xaxis_transform(), clip_on=False,
    )  # fmt: skip
    axes.set_xlim(ends[0] - 0.5, ends[1] + 0.5)
    _leave_room(axes, points)
    axes.set_xlabel("version")
    axes.locator_params(axis="y", nbins=5)
    if ends[1] - ends[0] < _MOST_TICKS:
        axes.set_xticks(range(ends[0], ends[1] + 1))
    else:
        axes.locator_params(axis="x", nbins=_MOST_TICKS, integer=True)


def _paint_name(
    axes: Axes, name: str, number: int, ends: tuple[int, int], line: int, palette: Palette
) -> None:
    """Write a name above a version, inside the width of the axes, and draw a line through the version."""
    place = (number - ends[0] + 0.5) / (ends[1] - ends[0] + 1)
    side = "right" if place > 0.65 else "left" if place < 0.35 else "center"
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    colour = palette.normal
    height = 1.0 + 0.11 * line
    axes.plot([number] * 2, [0, 1], color=colour, linewidth=0.8, alpha=0.7, zorder=0,
              transform=axes.get_xaxis_transform(), clip_on=False)  # fmt: skip
    axes.text(
        number, height, f" {short} ", color=colour, fontsize=8.5, ha=side, va="bottom",
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip


def _leave_room(axes: Axes, points: Sequence[VersionPoint]) -> None:
    """Leave room below for the marks."""
    ends = [
        value for point in points for value in (point.lower, point.estimate, point.upper) if value is not None
    ]
    low, high = float(np.min(ends)), float(np.max(ends))
    room = (high - low) or abs(high) or 1.0
    axes.set_ylim(low - 0.14 * room, high + 0.06 * room)

"""Many intervals or dots as one path, which keeps a page small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = tuple[float, float]
"""The lower and upper end of an interval."""


def join_segments(intervals: Sequence[Interval], heights: Sequence[float]) -> tuple[Floats, Floats]:
    """Return the points of a path with a horizontal piece for each interval, and gaps between them.

    >>> x, y = join_segments([(1.0, 2.0), (3.0, 4.0)], [0.0, 1.0])
    >>> x.tolist()
    [1.0, 2.0, nan, 3.0, 4.0, nan]
    """
    x = np.full((len(intervals), 3), np.nan)
    y = np.full((len(intervals), 3), np.nan)
    for row, ((lower, upper), height) in enumerate(zip(intervals, heights, strict=True)):
        x[row, :2] = lower, upper
        y[row, :2] = height
    return x.ravel(), y.ravel()


def paint_dots(axes: Axes, points: Sequence[tuple[float, float]], color: str, diameter: float) -> None:
    """Draw a dot at each point, its diameter in points: pieces of no length with round ends, in one path.

    One path is much smaller than a mark for each point, and takes its colour from the page, as a bitmap
    cannot.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    path = Path(
        np.repeat(np.asarray(points, dtype=float), 2, axis=0),
        np.tile([Path.MOVETO, Path.LINETO], len(points)),
    )
    path.should_simplify = False  # else pieces of no length go
    axes.add_patch(PathPatch(path, fill=False, edgecolor=color, linewidth=diameter, capstyle="round"))

"""Scatter plot of two quantities, with divergent draws marked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import CHAINS, MAX_MARKS, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_SIZE = (4.6, 3.2)
"""Width and height [inches]."""

_MOST_POINTS = 4000
"""The most draws plotted that did not diverge; of more, every n-th."""

_FEW_DECADES = 2.0
"""A logarithmic axis over fewer decades than this has ticks between the powers of ten."""


def draw_pair(
    x: Floats, y: Floats, divergent: Floats, *, is_x_log: bool = False, is_y_log: bool = False
) -> Drawing:
    """Draw the quantity `y` against the quantity `x`, with divergent draws marked by crosses.

    The axis of a scale should be logarithmic, for its draws must be positive: then a funnel shows.
    No drawing contains names that the user chose: they may be in a script that the typeface does not have.
    """
    return Drawing(partial(_paint, x, y, divergent, (is_x_log, is_y_log)), _SIZE)


def _paint(
    x: Floats, y: Floats, divergent: Floats, is_log: tuple[bool, bool], figure: Figure, palette: Palette
) -> None:
    from matplotlib.ticker import MaxNLocator

    marked = divergent.ravel().astype(bool)
    plain = np.nonzero(~marked)[0]
    plain = plain[:: max(1, len(plain) // _MOST_POINTS)]
    axes = add_axes(figure, left=0.14)
    axes.plot(
        x.ravel()[plain],
        y.ravel()[plain],
        ".",
        color=CHAINS[0],
        markersize=1.6,
        alpha=0.5,
        rasterized=True,
    )
    where = np.nonzero(marked)[0][:MAX_MARKS]
    axes.plot(x.ravel()[where], y.ravel()[where], "x", color=palette.ink, markersize=4.5, markeredgewidth=1.1)
    if is_log[0]:
        axes.set_xscale("log")
    if is_log[1]:
        axes.set_yscale("log")
    for axis, draws, is_log_axis in zip((axes.xaxis, axes.yaxis), (x, y), is_log, strict=True):
        if is_log_axis:
            _mark_powers(axis, draws)
        else:
            axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))


def _mark_powers(axis: Axis, draws: Floats) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    decades = float(np.log10(draws.max() / draws.min()))
    axis.set_major_locator(LogLocator(subs=(1.0,) if decades > _FEW_DECADES else (1.0, 2.0, 5.0), numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())

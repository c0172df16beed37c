"""The estimates of one quantity in many groups, as a histogram."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import SMALL, Drawing, Floats, Palette, add_axes, hide_vertical_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_BINS = 40
"""Bars of a histogram at most."""

_FEW_NUMBERS = 20
"""Whole numbers up to which each has a bar of its own."""

_WHOLE = 1e9
"""Range of values up to which those without a fraction are whole numbers."""

_MOST_TICKS = 50
"""The most outlying estimates that are marked."""


def draw_spread(estimates: Floats, outlying: Floats, shared: tuple[float, float] | None = None) -> Drawing:
    """Draw the estimates of a quantity in all groups, `(groups,)`, and mark those that lie far out.

    Parameters
    ----------
    estimates, outlying
        All estimates, and the outlying ones.
    shared
        Mean and SD of a normal prior that was estimated from the groups.
    """
    counts, edges = np.histogram(estimates, choose_edges(estimates))
    return Drawing(partial(_paint, counts, edges, outlying[:_MOST_TICKS], shared), SMALL)


def choose_edges(values: Floats) -> Floats:
    """Return the edges of the bars: of the same number of whole numbers each, where values are these.

    The width is that of Freedman and Diaconis, but where more than half of the values are the same, which
    would make one bar: there it is that of Sturges.

    >>> choose_edges(np.array([0.0, 0.0, 0.0, 0.0, 3.0]))
    array([-0.5,  0.5,  1.5,  2.5,  3.5])
    """
    edges = np.histogram_bin_edges(values, bins="fd")
    if len(edges) == 2:
        edges = np.histogram_bin_edges(values, bins="sturges")
    count = min(len(edges) - 1, _MOST_BINS)
    low, high = edges[0], edges[-1]
    if np.array_equal(values, np.round(values)) and np.isfinite(values).all() and high - low < _WHOLE:
        width = np.ceil((high - low + 1) / max(count, min(high - low + 1, _FEW_NUMBERS)))
        return np.asarray(low - 0.5 + width * np.arange(np.ceil((high - low + 1) / width) + 1))
    return np.linspace(low, high, count + 1)


def _paint(
    counts: Floats,
    edges: Floats,
    outlying: Floats,
    shared: tuple[float, float] | None,
    figure: Figure,
    palette: Palette,
) -> None:
    axes = add_axes(figure, bottom=0.12)
    widths = np.diff(edges)
    axes.bar(edges[:-1], counts, width=widths, align="edge", color=palette.posterior, alpha=0.55)
    top = float(max(counts.max(), 1))
    if len(outlying):
        axes.plot(outlying, np.full(len(outlying), -0.06 * top), "|", color=palette.normal, markersize=7)
    if shared is not None and shared[1] > 0:
        x = np.linspace(edges[0], edges[-1], 200)
        density = np.exp(-0.5 * ((x - shared[0]) / shared[1]) ** 2) / (shared[1] * np.sqrt(2 * np.pi))
        axes.plot(x, density * counts.sum() * widths.mean(), color=palette.prior, linewidth=1.4)
    axes.set_ylim(-0.12 * top, 1.08 * top)
    hide_vertical_scale(axes)

"""Scatter plot of two quantities, with divergent draws marked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import CHAINS, MAX_MARKS, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (4.6, 3.2)
"""Width and height [inches]."""

_MOST_POINTS = 4000
"""The most draws plotted that did not diverge; of more, every n-th."""


def draw_pair(x: Floats, y: Floats, divergent: Floats) -> Drawing:
    """Draw the quantity `y` against the quantity `x`, with divergent draws marked by crosses.

    No drawing contains names that the user chose: they may be in a script that the typeface does not have.
    """
    return Drawing(partial(_paint, x, y, divergent), _SIZE)


def _paint(x: Floats, y: Floats, divergent: Floats, figure: Figure, palette: Palette) -> None:
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
    axes.locator_params(nbins=5)

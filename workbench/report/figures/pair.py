"""Two quantities against each other, divergent draws standing out."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from workbench.report.figures.drawing import CHAINS, MAX_MARKS, Drawing, Inks, single
from workbench.report.reading import Draws

_SIZE = (4.6, 3.2)
_MOST_POINTS = 4000


def pair(x: Draws, y: Draws, divergent: Draws) -> Drawing:
    """Draw one quantity (up) against another (across), divergent draws standing out.

    Like every drawing it holds no name of the user's: names can be in any script, and typefaces cannot.
    """
    return Drawing(partial(_paint, x, y, divergent), _SIZE)


def _paint(x: Draws, y: Draws, divergent: Draws, figure: Figure, inks: Inks) -> None:
    marked = divergent.ravel().astype(bool)
    plain = np.nonzero(~marked)[0]
    plain = plain[:: max(1, len(plain) // _MOST_POINTS)]
    axes = single(figure, left=0.14)
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
    axes.plot(x.ravel()[where], y.ravel()[where], "x", color=inks.ink, markersize=4.5, markeredgewidth=1.1)
    axes.locator_params(nbins=5)

"""The influence of each row of the data."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from workbench.report.figures.drawing import MEDIUM, Drawing, Inks, single
from workbench.report.reading import Draws


def khats(khat: Draws, limit: float) -> Drawing:
    """Draw the k-hat of each row, `(row,)`, with the limit above which its influence cannot be judged.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4.
    """
    return Drawing(partial(_paint, khat, limit), MEDIUM)


def _paint(khat: Draws, limit: float, figure: Figure, inks: Inks) -> None:
    rows, high = np.arange(1, len(khat) + 1), khat > limit
    axes = single(figure, left=0.12)
    axes.axhline(limit, color=inks.normal, linewidth=1.0, linestyle=(0, (4, 2)))
    edge = axes.get_yaxis_transform()
    axes.text(1, limit, f"limit {limit:.2f}", transform=edge, color=inks.normal, ha="right", va="bottom")
    axes.plot(rows[~high], khat[~high], ".", color=inks.posterior, markersize=3.2)
    axes.plot(rows[high], khat[high], "x", color=inks.ink, markersize=5, markeredgewidth=1.2)
    axes.set_ylim(min(-0.1, float(khat.min()) - 0.05), max(limit + 0.2, float(khat.max()) + 0.1))
    axes.set_xlabel("row")
    axes.set_ylabel("k-hat")
    axes.locator_params(axis="y", nbins=4)

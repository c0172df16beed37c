"""Pareto k-hat of each row of the data in leave-one-out cross-validation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import DASHED, MEDIUM, Drawing, Floats, Palette, add_axes
from workbench.report.figures.segments import paint_dots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOT = 2.0
"""Diameter of a dot [points]."""


def draw_khat(khat: Floats, limit: float) -> Drawing:
    """Draw the k-hat of each row `(row,)`, and the limit above which leave-one-out is not reliable.

    Rows without a finite k-hat, whose weights are all equal or all lost, have no dot.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4.
    """
    return Drawing(partial(_paint, khat, limit), MEDIUM)


def _paint(khat: Floats, limit: float, figure: Figure, palette: Palette) -> None:
    rows, high = np.arange(1, len(khat) + 1), khat > limit
    axes = add_axes(figure, left=0.12)
    axes.axhline(limit, color=palette.normal, linewidth=1.0, linestyle=DASHED)
    edge = axes.get_yaxis_transform()
    axes.text(1, limit, f"limit {limit:.2f}", transform=edge, color=palette.normal, ha="right", va="bottom")
    low = np.isfinite(khat) & ~high
    if low.any():
        dots = list(zip(rows[low].tolist(), khat[low].tolist(), strict=True))
        paint_dots(axes, dots, palette.posterior, _DOT)
    axes.plot(rows[high], khat[high], "x", color=palette.ink, markersize=5, markeredgewidth=1.2)
    finite = np.append(khat[np.isfinite(khat)], limit)
    axes.set_ylim(min(-0.1, float(finite.min()) - 0.05), max(limit + 0.2, float(finite.max()) + 0.1))
    room = 0.5 + 0.02 * len(khat)
    axes.set_xlim(1 - room, len(khat) + room)
    axes.set_xlabel("row")
    axes.set_ylabel("k-hat")
    axes.locator_params(axis="y", nbins=4)

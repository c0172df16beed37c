"""Densities of one quantity, one above the other: one per value of a hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OVERLAP = 1.5
"""Height of the tallest density [distances between lines]."""

_NEGLIGIBLE = 0.004
"""Where all densities are lower than this share of the highest, nothing is drawn."""


@dataclass(frozen=True)
class Ridge:
    """A density with its label; the density of the base fit is drawn stronger."""

    label: str
    density: Floats
    is_base: bool = False


def draw_ridges(x: Floats, densities: Sequence[Ridge]) -> Drawing:
    """Draw densities `(x,)` from bottom to top, all on one scale."""
    return Drawing(partial(_paint, x, tuple(densities)), (3.6, min(0.9 + 0.27 * len(densities), 4.4)))


def _paint(x: Floats, densities: tuple[Ridge, ...], figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, left=0.17, bottom=0.14)
    highest = max(float(ridge.density.max()) for ridge in densities)
    is_drawn = np.max([ridge.density for ridge in densities], axis=0) > _NEGLIGIBLE * highest
    for line, ridge in reversed(list(enumerate(densities))):
        height = line + _OVERLAP * ridge.density[is_drawn] / highest
        axes.fill_between(
            x[is_drawn],
            line,
            height,
            color=palette.posterior,
            alpha=0.45 if ridge.is_base else 0.18,
            linewidth=0,
        )
        axes.plot(x[is_drawn], height, color=palette.posterior, linewidth=1.5 if ridge.is_base else 0.9)
    axes.set_yticks(range(len(densities)), [ridge.label for ridge in densities])
    axes.set_ylim(-0.1, len(densities) - 1 + _OVERLAP + 0.1)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)

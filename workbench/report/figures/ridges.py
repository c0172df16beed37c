"""Densities of one quantity, one above the other: one for each value of a hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from workbench.report.figures.drawing import Drawing, Inks, single
from workbench.report.reading import Draws

_OVERLAP = 1.5  # the tallest density reaches this many lines up
_NEGLIGIBLE = 0.004


@dataclass(frozen=True)
class Ridge:
    """A density with its label; the base fit's is drawn stronger."""

    label: str
    density: Draws
    is_base: bool = False


def ridges(x: Draws, densities: Sequence[Ridge]) -> Drawing:
    """Draw densities `(x,)` from the bottom to the top, all on one scale."""
    return Drawing(partial(_paint, x, tuple(densities)), (3.6, min(0.9 + 0.27 * len(densities), 4.4)))


def _paint(x: Draws, densities: tuple[Ridge, ...], figure: Figure, inks: Inks) -> None:
    axes = single(figure, left=0.17, bottom=0.14)
    peak = max(float(one.density.max()) for one in densities)
    shown = np.max([one.density for one in densities], axis=0) > _NEGLIGIBLE * peak
    for line, one in reversed(list(enumerate(densities))):
        height = line + _OVERLAP * one.density[shown] / peak
        axes.fill_between(
            x[shown], line, height, color=inks.posterior, alpha=0.45 if one.is_base else 0.18, linewidth=0
        )
        axes.plot(x[shown], height, color=inks.posterior, linewidth=1.5 if one.is_base else 0.9)
    axes.set_yticks(range(len(densities)), [one.label for one in densities])
    axes.set_ylim(-0.1, len(densities) - 1 + _OVERLAP + 0.1)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)

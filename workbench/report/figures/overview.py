"""The posteriors of several quantities at a glance, each on a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.report.figures.density import density, window_of
from workbench.report.figures.drawing import Drawing, Inks
from workbench.report.reading import Draws

_ROW = 0.62
_LEVEL = 0.95
_STEP = 3  # of the density's grid: small pictures need no more
_WIDTH = 5.2
_LETTER = 0.073  # inches, of the widest usual typeface at the size of labels
_LABELS = (0.3, 0.48)  # share of the width: at least, and at most
_LABEL_SIZE = 9.0


@dataclass(frozen=True)
class Glance:
    """Draws of one quantity, any shape, and its name."""

    label: str
    draws: Draws


def overview(glances: Sequence[Glance]) -> Drawing:
    """Draw the density, the median and the central 95 % interval of each quantity, one below the other."""
    return Drawing(partial(_paint, tuple(glances)), (_WIDTH, 0.1 + _ROW * len(glances)))


def _paint(glances: tuple[Glance, ...], figure: Figure, inks: Inks) -> None:
    grid = figure.add_gridspec(len(glances), 1, hspace=0.75)
    left, size = _room_for_labels(glances)
    figure.subplots_adjust(left=left, right=0.97, top=0.98, bottom=0.3 / len(glances))
    for row, one in enumerate(glances):
        axes = figure.add_subplot(grid[row])
        _row(axes, one, inks)
        axes.text(-0.03, 0.3, one.label, transform=axes.transAxes, ha="right", va="center", size=size)


def _room_for_labels(glances: tuple[Glance, ...]) -> tuple[float, float]:
    """Return the share of the width that the longest label needs, and the size at which it fits there."""
    wanted = 0.03 + _LETTER * max(len(one.label) for one in glances) / _WIDTH
    share = min(max(wanted, _LABELS[0]), _LABELS[1])
    return share, _LABEL_SIZE * min(1.0, share / wanted)


def _row(axes: Axes, one: Glance, inks: Inks) -> None:
    x, height = (curve[::_STEP] for curve in density(one.draws, window_of(one.draws)))
    axes.fill_between(x, height, color=inks.posterior, alpha=0.25, linewidth=0)
    axes.plot(x, height, color=inks.posterior, linewidth=1.0)
    low, middle, high = np.quantile(one.draws, [(1 - _LEVEL) / 2, 0.5, (1 + _LEVEL) / 2])
    axes.plot([low, high], [0, 0], color=inks.posterior, linewidth=2.4, solid_capstyle="butt", clip_on=False)
    axes.plot([middle], [0], "o", color=inks.posterior, markersize=4.5, clip_on=False)
    axes.set_ylim(0, 1.1 * height.max())
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(labelsize=7.5, pad=1.5)

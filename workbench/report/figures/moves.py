"""Posteriors before and after some rows, on the scale of those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import Drawing, Palette

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _LINE, _REST = 4.6, 0.3, 0.75
"""Width of the drawing, height of a line, and that of what is around them [inches]."""

_TWO = 1.96
"""SDs on either side that a line spans: a 95% interval of a normal."""

_LONGEST = 18
"""The most characters of a name that is drawn."""


@dataclass(frozen=True)
class MovedPosterior:
    """A posterior after some rows, on the scale of the one before: mean 0 and SD 1.

    Attributes
    ----------
    name
        The quantity.
    mean, sd
        Its mean and SD after [SDs before].
    by_chance
        The SD of its move if nothing has changed [SDs before].
    """

    name: str
    mean: float
    sd: float
    by_chance: float


def draw_moves(moves: Sequence[MovedPosterior], what: str = "after") -> Drawing:
    """Draw posteriors before and after, a line each, with how far they move by chance.

    `what` names the second.
    """
    return Drawing(partial(_paint, tuple(moves), what), (_WIDTH, _REST + _LINE * len(moves)))


def _paint(moves: tuple[MovedPosterior, ...], what: str, figure: Figure, palette: Palette) -> None:
    height = _REST + _LINE * len(moves)
    figure.subplots_adjust(left=0.25, right=0.97, top=1 - 0.28 / height, bottom=0.45 / height)
    axes = figure.add_subplot()
    places = np.arange(len(moves))[::-1]
    chance = np.array([move.by_chance for move in moves])
    axes.barh(places, 2 * _TWO * chance, left=-_TWO * chance, height=0.7, color=palette.soft, alpha=0.25,
              linewidth=0, label="by chance")  # fmt: skip
    axes.hlines(places + 0.14, -_TWO, _TWO, color=palette.normal, linewidth=1.4)
    axes.plot(np.zeros(len(moves)), places + 0.14, "o", color=palette.normal, markersize=4, label="before")
    mean, sd = (np.array([getattr(move, name) for move in moves]) for name in ("mean", "sd"))
    axes.hlines(places - 0.14, mean - _TWO * sd, mean + _TWO * sd, color=palette.posterior, linewidth=1.8)
    axes.plot(mean, places - 0.14, "o", color=palette.posterior, markersize=4.5, label=what)
    axes.set_yticks(places)
    axes.set_yticklabels([_shorten(move.name) for move in moves])
    axes.set_ylim(-0.6, len(moves) - 0.4)
    axes.set_xlabel("posterior SDs before")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8.5, borderpad=0
    )


def _shorten(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"

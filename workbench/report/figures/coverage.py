"""Coverage: the share of observed values within central predictive intervals, by the probability of these."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from workbench.report.figures.drawing import MEDIUM, Drawing, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ERRORS = 2
"""Standard errors that a bar has on each side."""


def draw_coverage(levels: Sequence[float], shares: Sequence[float], errors: Sequence[float]) -> Drawing:
    """Draw the share of values within intervals against the probability of these.

    Parameters
    ----------
    levels
        The probabilities of the intervals.
    shares
        The share of values within each.
    errors
        Its standard error if the intervals are right.
    """
    return Drawing(partial(_paint, tuple(levels), tuple(shares), tuple(errors)), MEDIUM)


def _paint(
    levels: tuple[float, ...],
    shares: tuple[float, ...],
    errors: tuple[float, ...],
    figure: Figure,
    palette: Palette,
) -> None:
    axes = add_axes(figure, left=0.13)
    ends = (min(*levels, *shares) - 0.05, 1.0)
    axes.plot(ends, ends, color=palette.soft, linewidth=0.8)
    for level, error in zip(levels, errors, strict=True):
        axes.plot(
            (level, level),
            (level - _ERRORS * error, min(1.0, level + _ERRORS * error)),
            color=palette.soft,
            alpha=0.4,
            linewidth=6,
            solid_capstyle="butt",
        )
    axes.plot(levels, shares, "o", color=palette.posterior, markersize=4)
    axes.set_xticks(levels)
    axes.set_xlim(*ends)
    axes.set_xlabel("probability of the interval")
    axes.set_ylabel("share within")
    axes.locator_params(axis="y", nbins=4)

"""How far the ECDF of ranks lies from that of uniform values, with the band that holds everywhere at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workbench.report.figures.drawing import MEDIUM, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class EcdfDifference:
    """The ECDF of some values of the unit interval, and its simultaneous band, at the same points.

    Attributes
    ----------
    points, ecdf, lower, upper
        `(point,)` each.
    """

    points: Floats
    ecdf: Floats
    lower: Floats
    upper: Floats


def draw_ecdf_difference(curve: EcdfDifference, *, x_label: str) -> Drawing:
    """Draw an ECDF minus that of uniform values.

    Parameters
    ----------
    curve
        The ECDF and its band.
    x_label
        What the values are.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity, Statistics and Computing
    32:32, doi:10.1007/s11222-022-10090-6.
    """
    return Drawing(partial(_paint, curve, x_label), MEDIUM)


def _paint(curve: EcdfDifference, x_label: str, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, left=0.15)
    x = _add_ends(curve.points, 0.0, 1.0)
    lower = _add_ends(curve.lower - curve.points, 0.0, 0.0)
    upper = _add_ends(curve.upper - curve.points, 0.0, 0.0)
    axes.fill_between(x, lower, upper, color=palette.soft, alpha=0.25, linewidth=0)
    axes.axhline(0, color=palette.soft, linewidth=0.8)
    difference = _add_ends(curve.ecdf - curve.points, 0.0, 0.0)
    axes.plot(x, difference, color=palette.posterior, linewidth=1.3)
    axes.set_xlim(0, 1)
    axes.set_xlabel(x_label)
    axes.set_ylabel("ECDF − uniform")
    axes.locator_params(axis="y", nbins=4)


def _add_ends(values: Floats, first: float, last: float) -> Sequence[float]:
    return [first, *values.tolist(), last]

"""One quantity by every method on one axis: densities above, points and intervals below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.report.figures.curves import (
    GRID_POINTS,
    Curve,
    Window,
    choose_window,
    estimate_density,
    name_curves,
)
from workbench.report.figures.drawing import DASHED, DOTTED, SMALL, Drawing, Floats, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TALLEST = 2.0
"""Height of the vertical axis at most [heights of the posterior]; an approximation may be a spike."""

Marker = Literal["filled", "open", "diamond", "bar"]
"""How the point of an estimate is marked."""

Role = Literal["ink", "posterior", "normal"]
"""The colour of an estimate, by the name it has in the palette."""


@dataclass(frozen=True)
class EstimateLine:
    """An estimate as one line under the densities: a point and an interval, each of which may be missing.

    Attributes
    ----------
    label
        The name of the method, at the left.
    marker
        How the point is marked.
    value, lower, upper
        The point, and the ends of the interval.
    role
        The curve that the estimate belongs to; they share a colour.
    """

    label: str
    marker: Marker
    value: float | None
    lower: float | None = None
    upper: float | None = None
    role: Role = "ink"


@dataclass(frozen=True)
class KnownDensity:
    """A density in closed form, such as a prior density.

    Attributes
    ----------
    name
        The label beside the curve.
    family
        A frozen continuous distribution of `scipy.stats`.
    truncation
        The probability of the support of the parameter under it.
    role
        Its colour.
    """

    name: str
    family: Any
    truncation: float = 1.0
    role: Literal["prior", "exact"] = "prior"


def draw_marginal(
    posterior: Floats,
    normal: Floats | None,
    estimates: Sequence[EstimateLine],
    known: Sequence[KnownDensity] = (),
) -> Drawing:
    """Draw a marginal posterior, its Laplace approximation, the prior and the estimates on one axis.

    Parameters
    ----------
    posterior
        Draws of one quantity, any shape.
    normal
        Draws of the Laplace approximation of the same quantity.
    estimates
        One line each, from top to bottom.
    known
        Densities in closed form: the prior, and the exact posterior where the model is conjugate.
    """
    window = choose_window(posterior, [estimate.value for estimate in estimates])
    curves = tuple(_collect_curves(posterior, normal, known, window))
    return Drawing(partial(_paint, curves, tuple(estimates), window), SMALL)


def _paint(
    curves: Sequence[Curve],
    estimates: Sequence[EstimateLine],
    window: Window,
    figure: Figure,
    palette: Palette,
) -> None:
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 0.35 * len(estimates) + 0.2), hspace=0.06)
    top = figure.add_subplot(grid[0])
    bottom = figure.add_subplot(grid[1], sharex=top)
    figure.subplots_adjust(left=0.2, right=0.97, top=0.97, bottom=0.1)
    top.set_xlim(*window)
    _paint_curves(top, curves, palette, posterior_height=float(curves[0].y.max()))
    _paint_estimates(bottom, estimates, window, palette)


def _collect_curves(
    posterior: Floats, normal: Floats | None, known: Sequence[KnownDensity], window: Window
) -> list[Curve]:
    curves = [Curve("posterior", *estimate_density(posterior, window), "posterior")]
    if normal is not None and np.ptp(normal) > 0:
        curves.append(Curve("Laplace", *estimate_density(normal, window), "normal"))
    x = np.linspace(*window, GRID_POINTS)
    for density in known:
        y = np.asarray(density.family.pdf(x), dtype=float) / density.truncation
        curves.append(Curve(density.name, x, np.where(np.isfinite(y), y, 0.0), density.role))
    return curves


_LINE_STYLES = {"Laplace": DASHED, "exact": DOTTED, "prior": "-"}
"""Line styles by the name of a curve."""


def _paint_curves(axes: Axes, curves: Sequence[Curve], palette: Palette, *, posterior_height: float) -> None:
    posterior, *others = curves
    axes.fill_between(posterior.x, posterior.y, color=palette.posterior, alpha=0.22, linewidth=0)
    axes.plot(posterior.x, posterior.y, color=palette.posterior, linewidth=1.4)
    tallest = posterior_height
    for curve in others:
        style = _LINE_STYLES.get(curve.name, "-")
        colour = getattr(palette, curve.role)
        axes.plot(curve.x, curve.y, color=colour, linewidth=1.2, linestyle=style)
        tallest = max(tallest, min(float(curve.y.max()), _TALLEST * posterior_height))
    axes.set_ylim(0, 1.06 * tallest)
    axes.set_axis_off()
    name_curves(axes, curves, palette)


def _paint_estimates(axes: Axes, estimates: Sequence[EstimateLine], window: Window, palette: Palette) -> None:
    """Draw one line per estimate; a point outside the window is an arrow at its edge."""
    for line, estimate in enumerate(reversed(estimates)):
        colour = getattr(palette, estimate.role)
        if estimate.lower is not None and estimate.upper is not None:
            width = 2.6 if estimate.marker == "bar" else 1.0
            axes.plot(
                [estimate.lower, estimate.upper],
                [line, line],
                color=colour,
                linewidth=width,
                solid_capstyle="butt",
            )
        if estimate.value is not None:
            is_inside = window[0] <= estimate.value <= window[1]
            arrow = {"marker": ">" if estimate.value > window[1] else "<"}
            mark = _MARKS[estimate.marker] if is_inside else arrow
            axes.plot(np.clip(estimate.value, *window), line, color=colour, clip_on=False, **mark)
    axes.set_xlim(*window)
    axes.set_ylim(-0.6, len(estimates) - 0.4)
    axes.set_yticks(range(len(estimates)), [estimate.label for estimate in reversed(estimates)])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)


_MARKS: dict[str, dict[str, Any]] = {
    "filled": {"marker": "o", "markersize": 5.5},
    "open": {"marker": "o", "markersize": 5.5, "markerfacecolor": "none"},
    "diamond": {"marker": "D", "markersize": 5},
    "bar": {"marker": "|", "markersize": 9, "markeredgewidth": 2.2},
}
"""How matplotlib draws each marker."""

"""One quantity by every method on one axis: densities above, points and intervals below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.report.figures.density import Curve, Window, density, name_curves, window_of
from workbench.report.figures.drawing import DASHED, DOTTED, SMALL, Drawing, Inks
from workbench.report.reading import Draws

_TALLEST = 2.0  # the approximation may be a spike: the posterior must stay visible
_GRID = 160

Form = Literal["filled", "open", "diamond", "bar"]
Role = Literal["ink", "posterior", "normal"]


@dataclass(frozen=True)
class Estimate:
    """A point and an interval around it, on their own line under a density; each may be unknown.

    Attributes
    ----------
    role
        The curve it belongs to, whose colour it takes.
    """

    label: str
    form: Form
    value: float | None
    lower: float | None = None
    upper: float | None = None
    role: Role = "ink"


@dataclass(frozen=True)
class Known:
    """A density known in closed form, such as that of a prior.

    Attributes
    ----------
    name
        Written beside the curve.
    family
        A continuous distribution of `scipy.stats`, frozen.
    truncation
        The share of its mass inside the support of the parameter.
    role
        Whose colour it takes.
    """

    name: str
    family: Any
    truncation: float = 1.0
    role: Literal["prior", "exact"] = "prior"


def marginal(
    posterior: Draws,
    normal: Draws | None,
    estimates: Sequence[Estimate],
    known: Sequence[Known] = (),
) -> Drawing:
    """Draw a marginal posterior, its approximation, its prior, and the estimates on one axis.

    Parameters
    ----------
    posterior
        Draws of one quantity, any shape.
    normal
        Draws of the Laplace approximation of the same quantity.
    estimates
        One line each, from top to bottom.
    known
        Densities known in closed form: the prior, and the posterior itself where it is conjugate.
    """
    return Drawing(partial(_paint, posterior, normal, tuple(estimates), tuple(known)), SMALL)


def _paint(
    posterior: Draws,
    normal: Draws | None,
    estimates: Sequence[Estimate],
    known: Sequence[Known],
    figure: Figure,
    inks: Inks,
) -> None:
    window = window_of(posterior, [one.value for one in estimates])
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 0.35 * len(estimates) + 0.2), hspace=0.06)
    top = figure.add_subplot(grid[0])
    bottom = figure.add_subplot(grid[1], sharex=top)
    figure.subplots_adjust(left=0.2, right=0.97, top=0.97, bottom=0.1)
    top.set_xlim(*window)
    curves = _curves(posterior, normal, known, window, inks)
    _paint_curves(top, curves, posterior_height=float(curves[0].y.max()))
    _paint_estimates(bottom, estimates, window, inks)


def _curves(
    posterior: Draws, normal: Draws | None, known: Sequence[Known], window: Window, inks: Inks
) -> list[Curve]:
    curves = [Curve("posterior", *density(posterior, window), inks.posterior)]
    if normal is not None and np.ptp(normal) > 0:
        curves.append(Curve("Laplace", *density(normal, window), inks.normal))
    x = np.linspace(*window, _GRID)
    for one in known:
        y = np.asarray(one.family.pdf(x), dtype=float) / one.truncation
        curves.append(Curve(one.name, x, np.where(np.isfinite(y), y, 0.0), getattr(inks, one.role)))
    return curves


_LINES = {"Laplace": DASHED, "exact": DOTTED, "prior": "-"}


def _paint_curves(axes: Axes, curves: Sequence[Curve], posterior_height: float) -> None:
    first, *others = curves
    axes.fill_between(first.x, first.y, color=first.colour, alpha=0.22, linewidth=0)
    axes.plot(first.x, first.y, color=first.colour, linewidth=1.4)
    tallest = posterior_height
    for one in others:
        axes.plot(one.x, one.y, color=one.colour, linewidth=1.2, linestyle=_LINES.get(one.name, "-"))
        tallest = max(tallest, min(float(one.y.max()), _TALLEST * posterior_height))
    axes.set_ylim(0, 1.06 * tallest)
    axes.set_axis_off()
    name_curves(axes, curves)


def _paint_estimates(axes: Axes, estimates: Sequence[Estimate], window: Window, inks: Inks) -> None:
    """Draw one line for each estimate; a point outside the window becomes an arrow at the edge."""
    for line, one in enumerate(reversed(estimates)):
        colour = getattr(inks, one.role)
        if one.lower is not None and one.upper is not None:
            width = 2.6 if one.form == "bar" else 1.0
            axes.plot(
                [one.lower, one.upper], [line, line], color=colour, linewidth=width, solid_capstyle="butt"
            )
        if one.value is not None:
            inside = window[0] <= one.value <= window[1]
            mark = _MARKS[one.form] if inside else {"marker": ">" if one.value > window[1] else "<"}
            axes.plot(np.clip(one.value, *window), line, color=colour, clip_on=False, **mark)
    axes.set_xlim(*window)
    axes.set_ylim(-0.6, len(estimates) - 0.4)
    axes.set_yticks(range(len(estimates)), [one.label for one in reversed(estimates)])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)


_MARKS: dict[str, dict[str, Any]] = {
    "filled": {"marker": "o", "markersize": 5.5},
    "open": {"marker": "o", "markersize": 5.5, "markerfacecolor": "none"},
    "diamond": {"marker": "D", "markersize": 5},
    "bar": {"marker": "|", "markersize": 9, "markeredgewidth": 2.2},
}

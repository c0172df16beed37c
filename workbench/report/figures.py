"""Every drawing of a report, as SVG that takes its colours from the page: the only importer of matplotlib.

Colours are drawn as stand-ins and leave as CSS variables, so that one drawing serves a light page, a dark one
and paper. Text stays text, in the page's own typeface.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from arviz_stats.base import array_stats
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from scipy import stats

from workbench.report.reading import Draws

_INK, _SOFT, _POSTERIOR, _NORMAL, _POINT = "#010201", "#010202", "#010203", "#010204", "#010205"
_VARIABLES = {
    _INK: "var(--figure-ink)",
    _SOFT: "var(--figure-soft)",
    _POSTERIOR: "var(--figure-posterior)",
    _NORMAL: "var(--figure-normal)",
    _POINT: "var(--figure-point)",
}

# Middle tones after Paul Tol's bright scheme, told apart by the colour-blind and legible on light and dark:
# traces are small bitmaps, which cannot follow the page.
_CHAINS = ("#4477AA", "#EE6677", "#228833", "#AA8A00")

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "workbench",
    "font.size": 9.0,
    "text.color": _INK,
    "axes.edgecolor": _SOFT,
    "axes.labelcolor": _INK,
    "axes.facecolor": "none",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}

_SMALL = (3.6, 2.5)
_MEDIUM = (4.6, 2.1)
_BITMAP_DPI = 110
_RANK_BINS = 20
_TAIL = 0.005
_TALLEST = 2.0  # the approximation may be a spike: the posterior must stay visible
_MAX_MARKS = 400


Form = Literal["filled", "open", "diamond", "bar"]


@dataclass(frozen=True)
class Estimate:
    """A point and an interval around it, on their own line under a density; each may be unknown."""

    label: str
    form: Form
    value: float | None
    lower: float | None = None
    upper: float | None = None


def marginal(posterior: Draws, normal: Draws | None, estimates: Sequence[Estimate]) -> str:
    """Draw a marginal posterior, the normal approximation, and the estimates on one axis.

    Parameters
    ----------
    posterior
        Draws of one quantity, any shape.
    normal
        Draws of the Laplace approximation of the same quantity.
    estimates
        One line each, from top to bottom.
    """
    window = _window(posterior, [one.value for one in estimates])
    with _figure(_SMALL) as figure:
        grid = figure.add_gridspec(2, 1, height_ratios=(3, 0.35 * len(estimates) + 0.2), hspace=0.06)
        top = figure.add_subplot(grid[0])
        bottom = figure.add_subplot(grid[1], sharex=top)
        figure.subplots_adjust(left=0.2, right=0.97, top=0.98, bottom=0.12)
        x, density = _density(posterior, window)
        top.fill_between(x, density, color=_POSTERIOR, alpha=0.25, linewidth=0)
        top.plot(x, density, color=_POSTERIOR, linewidth=1.4)
        peak = density.max()
        if normal is not None and np.ptp(normal) > 0:
            x, density = _density(normal, window)
            top.plot(x, density, color=_NORMAL, linewidth=1.3, linestyle=(0, (4, 2)))
            peak = max(peak, min(density.max(), _TALLEST * peak))
        top.set_ylim(0, 1.04 * peak)
        top.set_axis_off()
        _estimates(bottom, estimates, window)
        return _svg(figure)


def trace(draws: Draws, divergent: Draws | None) -> str:
    """Draw the path of each chain, `(chain, draw)`, with divergent draws marked under it."""
    with _figure(_MEDIUM) as figure:
        axes = _single(figure, left=0.13)
        for chain, path in enumerate(draws):
            axes.plot(path, color=_CHAINS[chain % len(_CHAINS)], linewidth=0.45, alpha=0.7, rasterized=True)
        if divergent is not None and divergent.any():
            where = np.nonzero(divergent.any(axis=0))[0][:_MAX_MARKS]
            floor = axes.get_ylim()[0]
            axes.plot(where, np.full(len(where), floor), "|", color=_INK, markersize=7, clip_on=False)
        axes.set_xlim(0, draws.shape[1] - 1)
        axes.set_xlabel("draw")
        axes.locator_params(axis="y", nbins=4)
        return _svg(figure)


def ranks(draws: Draws) -> str:
    """Draw how often each chain visits each part of the pooled ranks, against the band of chance.

    References
    ----------
    Vehtari et al. (2021), doi:10.1214/20-BA1221, section 5: rank plots.
    """
    chains, length = draws.shape
    pooled = stats.rankdata(draws, method="ordinal").reshape(draws.shape)
    edges = np.linspace(0, draws.size, _RANK_BINS + 1)
    expected = length / _RANK_BINS
    low, high = np.asarray(stats.binom.ppf([0.025, 0.975], length, 1 / _RANK_BINS))
    with _figure(_MEDIUM) as figure:
        axes = _single(figure, left=0.06)
        axes.axhspan(low, high, color=_SOFT, alpha=0.25, linewidth=0)
        axes.axhline(expected, color=_SOFT, linewidth=0.8)
        for chain in range(chains):
            counts, _ = np.histogram(pooled[chain], edges)
            axes.stairs(counts, edges, color=_CHAINS[chain % len(_CHAINS)], linewidth=1.3, baseline=None)
        axes.set_xlim(0, draws.size)
        axes.margins(y=0.2)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("rank among all draws")
        return _svg(figure)


def energy(energies: Draws) -> str:
    """Draw the distribution of the energy and of its changes between draws, `(chain, draw)`.

    References
    ----------
    Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, section 6.1.
    """
    centred = energies - energies.mean(axis=1, keepdims=True)
    changes = np.diff(energies, axis=1)
    window = _window(np.concatenate([centred.ravel(), changes.ravel()]), [])
    with _figure(_MEDIUM) as figure:
        axes = _single(figure, left=0.06)
        x, density = _density(centred, window)
        axes.fill_between(x, density, color=_POSTERIOR, alpha=0.25, linewidth=0)
        axes.plot(x, density, color=_POSTERIOR, linewidth=1.4)
        axes.plot(*_density(changes, window), color=_NORMAL, linewidth=1.3, linestyle=(0, (4, 2)))
        axes.set_ylim(0, None)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("energy, centred")
        return _svg(figure)


def pair(x: Draws, y: Draws, divergent: Draws) -> str:
    """Draw one quantity (up) against another (across), divergent draws standing out.

    Like every drawing it holds no name of the user's: names can be in any script, and typefaces cannot.
    """
    marked = divergent.ravel().astype(bool)
    with _figure((4.6, 3.2)) as figure:
        axes = _single(figure, left=0.14)
        axes.plot(
            x.ravel()[~marked],
            y.ravel()[~marked],
            ".",
            color=_CHAINS[0],
            markersize=1.6,
            alpha=0.5,
            rasterized=True,
        )
        where = np.nonzero(marked)[0][:_MAX_MARKS]
        axes.plot(x.ravel()[where], y.ravel()[where], "x", color=_INK, markersize=4.5, markeredgewidth=1.1)
        return _svg(figure)


def _estimates(axes: Axes, estimates: Sequence[Estimate], window: tuple[float, float]) -> None:
    """Draw one line for each estimate; a point outside the window becomes an arrow at the edge."""
    for line, one in enumerate(reversed(estimates)):
        if one.lower is not None and one.upper is not None:
            width = 2.6 if one.form == "bar" else 1.0
            axes.plot(
                [one.lower, one.upper], [line, line], color=_POINT, linewidth=width, solid_capstyle="butt"
            )
        if one.value is not None:
            inside = window[0] <= one.value <= window[1]
            mark = _MARKS[one.form] if inside else {"marker": ">" if one.value > window[1] else "<"}
            axes.plot(np.clip(one.value, *window), line, color=_POINT, clip_on=False, **mark)
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


def _window(draws: Draws, points: Sequence[float | None]) -> tuple[float, float]:
    """Return the range to draw: the bulk of the draws, and the points that are not too far from it."""
    low, high = np.quantile(draws, [_TAIL, 1 - _TAIL])
    width = (high - low) or 1.0
    low, high = max(draws.min(), low - 0.2 * width), min(draws.max(), high + 0.2 * width)
    near = [point for point in points if point is not None and low - width < point < high + width]
    return float(min([low, *near])), float(max([high, *near]))


def _density(draws: Draws, window: tuple[float, float]) -> tuple[Draws, Draws]:
    """Return a kernel density estimate over the window, right at its edges too."""
    flat = draws.ravel()
    inside = flat[(flat >= window[0]) & (flat <= window[1])]
    if np.ptp(inside) == 0:
        return np.array(window), np.zeros(2)
    x, density, _ = array_stats.kde(inside, grid_len=200, bound_correction=True)
    return x, density * len(inside) / len(flat)


def _single(figure: Figure, *, left: float) -> Axes:
    figure.subplots_adjust(left=left, right=0.97, top=0.96, bottom=0.2)
    return figure.add_subplot()


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[Figure]:
    with style.context(["default", _STYLE]):  # whatever the user's own matplotlibrc says
        figure = Figure(figsize=size, dpi=_BITMAP_DPI)
        FigureCanvasSVG(figure)
        yield figure


_PROLOGUE = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLESHEET = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)  # would apply to the whole page
_SIZE = re.compile(r' (?:width|height)="[\d.]+pt"')
_UNUSED_IDENTIFIER = re.compile(r' id="(?![mp][0-9a-f]{10}")[^"]*"')
_TYPEFACE = re.compile(r"font-family: [^;\"]*;? ?")
_PATH = re.compile(r' d="[^"]*"')
_SURPLUS_DIGITS = re.compile(r"(?<=\.\d\d)\d+")


def _svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element that takes size, typeface and colours from the page."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing, dpi=_BITMAP_DPI)
    text = buffer.getvalue()
    for pattern in (_PROLOGUE, _METADATA, _STYLESHEET, _UNUSED_IDENTIFIER, _TYPEFACE):
        text = pattern.sub("", text)
    text = _SIZE.sub("", text, count=2)
    text = _PATH.sub(lambda path: _SURPLUS_DIGITS.sub("", path[0]), text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()

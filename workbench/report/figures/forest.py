"""A forest plot: several quantities by every method, in panels of comparable scale."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.report.figures.curves import Window
from workbench.report.figures.drawing import Drawing, Palette
from workbench.report.figures.labels import clean_label, fit_labels
from workbench.report.figures.segments import Interval, join_segments

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ForestMethod = Literal["posterior", "exact", "laplace", "pathfinder", "mle", "map", "map_unconstrained"]
"""A method that a forest plot can show."""

_WIDTH = 4.6
"""Width of the drawing [inches]."""

_LANE = 0.108
"""Height of the line of one method [inches]."""

_ROW_GAP = 0.12
"""Distance between quantities [inches]."""

_AXIS_HEIGHT = 0.27
"""Height of a horizontal scale with its numbers [inches]."""

_PANEL_GAP = 0.1
"""Distance between panels [inches]."""

_LEGEND_LINE = 0.2
"""Height of a line of the legend [inches]."""

_LEGEND_COLUMNS = 5
"""The most methods in a line of the legend."""

_SMALLEST_SHARE = 0.08
"""An interval narrower than this share of a panel goes into another panel."""

_INSET = 0.012
"""How far an arrow lies inside its panel, away from the labels [share of the width]."""

_FAR = 0.5
"""An estimate farther from the posterior intervals than this is an arrow [widths of the panel]."""


@dataclass(frozen=True)
class ForestEstimate:
    """An estimate by one method: a point, its interval, and the central half of the draws.

    Each of them may be missing.
    """

    value: float | None
    interval: Interval | None = None
    half: Interval | None = None


@dataclass(frozen=True)
class ForestRow:
    """A quantity: its label, and its estimates by method; the first one decides its scale."""

    label: str
    estimates: Mapping[ForestMethod, ForestEstimate]

    def list_lanes(self, methods: Collection[ForestMethod]) -> list[ForestMethod]:
        """Return the methods with a line of their own, from top to bottom: those with an estimate."""
        return [method for method in methods if method in self.estimates]

    @property
    def extent(self) -> Interval | None:
        """The interval by the first method that has one; else the point; `None` without either."""
        estimates = list(self.estimates.values())
        interval = next((estimate.interval for estimate in estimates if estimate.interval), None)
        value = next((estimate.value for estimate in estimates if estimate.value is not None), None)
        return interval or (None if value is None else (value, value))


def split_by_scale(rows: Sequence[ForestRow]) -> list[list[ForestRow]]:
    """Return the rows in panels, so that no interval is a dot in its panel; the order is kept in each.

    A row joins the first panel in which neither its interval nor those of the others get narrower than 8% of
    the panel.
    """
    panels: list[list[ForestRow]] = []
    for row in rows:
        if row.extent is None:
            continue
        for panel in panels:
            if _is_comparable([*panel, row]):
                panel.append(row)
                break
        else:
            panels.append([row])
    return panels


def _is_comparable(rows: Sequence[ForestRow]) -> bool:
    extents = np.array([row.extent for row in rows])
    width = extents[:, 1].max() - extents[:, 0].min()
    narrowest = (extents[:, 1] - extents[:, 0]).min()
    return bool(width == 0 or narrowest >= _SMALLEST_SHARE * width)


def has_arrows(rows: Sequence[ForestRow]) -> bool:
    """Return whether some estimate lies beyond the scale of its panel, and is drawn as an arrow there."""
    for panel in split_by_scale(rows):
        low, high = _choose_window(panel)
        values = [estimate.value for row in panel for estimate in row.estimates.values()]
        if any(value is not None and not low <= value <= high for value in values):
            return True
    return False


def draw_forest(rows: Sequence[ForestRow], titles: Mapping[ForestMethod, str]) -> Drawing:
    """Draw quantities one below the other, each with a line for every method.

    Parameters
    ----------
    rows
        The quantities; one without any estimate is left out.
    titles
        What each method is called, from top to bottom; one without any estimate is left out.
    """
    panels = tuple(tuple(panel) for panel in split_by_scale(rows))
    methods = [method for method in _STYLES if any(method in row.estimates for row in rows)]
    shown = {method: titles[method] for method in methods if method in titles}
    return Drawing(partial(_paint, panels, shown), (_WIDTH, _measure_height(panels, shown)))


def _measure_row(row: ForestRow, methods: Collection[ForestMethod]) -> float:
    """Return the height of a quantity [inches]: a gap, and a lane for each method that has an estimate."""
    return _ROW_GAP + _LANE * max(1, len(row.list_lanes(methods)))


def _measure_panel(rows: Sequence[ForestRow], methods: Collection[ForestMethod]) -> float:
    return sum(_measure_row(row, methods) for row in rows)


def _place_rows(rows: Sequence[ForestRow], methods: Collection[ForestMethod]) -> list[float]:
    """Return the middle of each quantity below the upper edge of its panel [inches, negative]."""
    heights = np.array([_measure_row(row, methods) for row in rows])
    return [float(middle) for middle in heights / 2 - np.cumsum(heights)]


def _measure_legend(lanes: int) -> float:
    return _LEGEND_LINE * (1 + (lanes - 1) // _LEGEND_COLUMNS) + 0.06


def _measure_height(panels: Sequence[Sequence[ForestRow]], methods: Collection[ForestMethod]) -> float:
    """Return the height of the drawing [inches]."""
    tall = sum(_measure_panel(panel, methods) + _AXIS_HEIGHT + _PANEL_GAP for panel in panels)
    return _measure_legend(len(methods)) + tall + 0.02


def _paint(
    panels: Sequence[Sequence[ForestRow]],
    titles: Mapping[ForestMethod, str],
    figure: Figure,
    palette: Palette,
) -> None:
    height = _measure_height(panels, titles)
    labels = [clean_label(row.label) for panel in panels for row in panel]
    left, size = fit_labels(labels, _WIDTH)
    top = height - _measure_legend(len(titles))
    for panel in panels:
        tall = _measure_panel(panel, titles)
        place = (left, (top - tall) / height, 0.97 - left, tall / height)
        axes = figure.add_axes(place)
        _paint_panel(axes, panel, list(titles), palette)
        axes.tick_params(axis="y", labelsize=size)
        top -= tall + _AXIS_HEIGHT + _PANEL_GAP
    _paint_legend(figure, titles, palette)


def _paint_panel(
    axes: Axes, rows: Sequence[ForestRow], methods: Sequence[ForestMethod], palette: Palette
) -> None:
    window = _choose_window(rows)
    if window[0] < 0 < window[1]:
        axes.axvline(0, color=palette.soft, linewidth=0.6)
    middles = _place_rows(rows, methods)
    for method in methods:
        known = [
            (row.estimates[method], middle + _shift_lane(row.list_lanes(methods), method))
            for row, middle in zip(rows, middles, strict=True)
            if method in row.estimates
        ]
        _paint_method(axes, known, _STYLES[method], window, palette)
    axes.set_xlim(*window)
    axes.set_ylim(-_measure_panel(rows, methods), 0)
    axes.set_yticks(middles, [clean_label(row.label) for row in rows])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=6)


def _shift_lane(lanes: Sequence[ForestMethod], method: ForestMethod) -> float:
    """Return how far the line of a method lies above the middle of its quantity [inches]."""
    return _LANE * (0.5 * (len(lanes) - 1) - lanes.index(method))


def _paint_method(
    axes: Axes,
    known: Sequence[tuple[ForestEstimate, float]],
    style: _Style,
    window: Window,
    palette: Palette,
) -> None:
    """Draw the estimates by one method; a point outside the window is an arrow at its edge."""
    colour = getattr(palette, style.role)
    for intervals, width in (
        ([(estimate.interval, height) for estimate, height in known], style.width),
        ([(estimate.half, height) for estimate, height in known], 3 * style.width),
    ):
        there = [(interval, height) for interval, height in intervals if interval]
        if there:
            x, y = join_segments([item[0] for item in there], [item[1] for item in there])
            axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="butt")
    points = [(estimate.value, height) for estimate, height in known if estimate.value is not None]
    inset = _INSET * (window[1] - window[0])
    for mark, chosen in (
        (style.mark, [point for point in points if window[0] <= point[0] <= window[1]]),
        ({"marker": "<"}, [(window[0] + inset, height) for value, height in points if value < window[0]]),
        ({"marker": ">"}, [(window[1] - inset, height) for value, height in points if value > window[1]]),
    ):
        if chosen:
            axes.plot(*zip(*chosen, strict=True), color=colour, linestyle="none", clip_on=False, **mark)


def _choose_window(rows: Sequence[ForestRow]) -> Window:
    """Return the range to draw: all posterior intervals, and what is not far from them."""
    extents = [row.extent for row in rows if row.extent]
    low, high = min(extent[0] for extent in extents), max(extent[1] for extent in extents)
    reach = _FAR * ((high - low) or 1.0)
    numbers = [
        number
        for row in rows
        for estimate in row.estimates.values()
        for number in (estimate.value, *(estimate.interval or ()))
        if number is not None
    ]
    near = [number for number in numbers if low - reach <= number <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    room = 0.03 * (high - low) or 0.5 * abs(low) or 0.5
    return low - room, high + room


def _paint_legend(figure: Figure, titles: Mapping[ForestMethod, str], palette: Palette) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [0],
            [0],
            color=getattr(palette, _STYLES[method].role),
            linewidth=_STYLES[method].width * (1 if _STYLES[method].has_interval else 0),
            label=title,
            **_STYLES[method].mark,
        )
        for method, title in titles.items()
    ]
    columns = min(len(handles), _LEGEND_COLUMNS)
    by_column = [handle for column in range(columns) for handle in handles[column::columns]]
    figure.legend(
        handles=by_column, loc="upper left", bbox_to_anchor=(0, 1), ncols=columns,
        frameon=False, fontsize=8, handlelength=1.8, columnspacing=1.2, borderpad=0.1, handletextpad=0.5,
    )  # fmt: skip


@dataclass(frozen=True)
class _Style:
    """How a method is drawn: its colour by the name in the palette, and its mark."""

    role: str
    mark: dict[str, Any]
    width: float = 1.0
    has_interval: bool = True


_STYLES: dict[ForestMethod, _Style] = {
    "posterior": _Style("posterior", {"marker": "o", "markersize": 4.6}, 1.3),
    "exact": _Style("exact", {"marker": "|", "markersize": 6, "markeredgewidth": 1.6}),
    "laplace": _Style("normal", {"marker": "|", "markersize": 6, "markeredgewidth": 1.6}),
    "pathfinder": _Style("prior", {"marker": "|", "markersize": 6, "markeredgewidth": 1.6}),
    "mle": _Style("ink", {"marker": "D", "markersize": 3.6}, 0.8),
    "map": _Style("ink", {"marker": "o", "markersize": 3.8}, has_interval=False),
    "map_unconstrained": _Style(
        "ink", {"marker": "o", "markersize": 3.8, "markerfacecolor": "none"}, has_interval=False
    ),
}
"""The methods from top to bottom."""

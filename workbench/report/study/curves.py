"""How quantities move along each hyperparameter: curves, maps of two hyperparameters, and densities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from workbench.report import figures
from workbench.report.document import Block, Figure, Figures, Notice, Section
from workbench.report.figures import Ridge, SweepPoint, SweepReferences
from workbench.report.numbers import choose_decimals, format_number
from workbench.report.study.slices import Slice, find_slices, name_means
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.table import PRIOR, OutcomeRow, select_outcomes
from workbench.studies.view import AxisResult, PointResult

MAX_QUANTITIES = 3
"""Quantities that are drawn along each hyperparameter. Ours: the table has all."""

_MAX_AXES = 8
"""Hyperparameters that have drawings, those that matter most. Ours: `study.parquet` has all points."""

_MAX_RIDGES = 11
"""Densities above each other in one figure. Ours."""

_TITLE = "Along the hyperparameters"
"""The title of the section."""

Outcomes = Mapping[tuple[int, str], OutcomeRow]


def build_section(study: Study) -> Section:
    """Return curves for each hyperparameter, a map if there are two, and densities."""
    slices = _rank_slices(study.results)
    if not slices or not study.results.conclusion.moves:
        text = (
            "There is no curve to draw: no points differ in one hyperparameter alone. The table of points "
            "and `study.parquet` hold all of them."
        )
        return Section("curves", _TITLE, (Notice(text),))
    drawn = slices[:_MAX_AXES]
    left_out = len(slices) - len(drawn)
    rest = f"The {left_out} hyperparameters that matter least are left out; `study.parquet` has their points."
    blocks = (
        *(_draw_curves(study, each) for each in drawn),
        *_draw_maps(study),
        *(_draw_densities(study.results, each) for each in drawn),
        *((Notice(rest),) if left_out else ()),
    )
    return Section("curves", _TITLE, tuple(block for block in blocks if block is not None))


def _rank_slices(results: StudyResults) -> list[Slice]:
    """Return the slices of a study, along the hyperparameter that matters most first."""
    order = {effect.name: place for place, effect in enumerate(results.conclusion.effects)}
    return sorted(find_slices(results), key=lambda own: order.get(own.name, len(order)))


def _draw_curves(study: Study, own: Slice) -> Block | None:
    names = _choose_drawn(study.results, own.name)
    drawn = draw_along(study, own, names)
    key = f"along-{_make_key(own.name)}"
    return Figures(key, drawn, explain_curves(study, own, names)) if drawn else None


def draw_along(study: Study, own: Slice, names: Sequence[str]) -> tuple[Figure, ...]:
    """Return the curves of some quantities along a hyperparameter; without those that have no points."""
    results = study.results
    posterior = select_outcomes(study.outcomes, results.leading_method)
    prior = select_outcomes(study.outcomes, PRIOR)
    curves = [_draw_curve(results, own, name, posterior, prior) for name in names]
    return tuple(curve for curve in curves if curve is not None)


def explain_curves(study: Study, own: Slice, names: Sequence[str]) -> str:
    """Return how to read curves along a hyperparameter."""
    results, prior = study.results, select_outcomes(study.outcomes, PRIOR)
    references = [_collect_references(results, own, name) for name in names]
    held = f", with {own.held}" if own.held else ""
    base = "; the vertical line is its value in the base fit" if references[0].base is not None else ""
    tipping = "; a dotted line is a tipping point" if any(each.tipping for each in references) else ""
    mean = LEADING_MEANS[results.leading_method]
    sentences = [
        f"Across: `{own.name}`{held}{base}{tipping}.",
        f"Up: {mean} and interval; a filled dot is a full fit, an open one {_name_other_points(results)}.",
    ]
    if any((point.number, name) in prior for point in own.points for name in names):
        sentences.append("Band with dotted edges: the interval of the prior alone.")
    if any(each.likelihood is not None for each in references):
        bar = any(each.interval is not None for each in references)
        sentences.append(
            f"Dashed: the maximum of the likelihood{'; the bar at the right is its interval' if bar else ''}."
        )
    return " ".join(sentences)


def _draw_curve(
    results: StudyResults, own: Slice, name: str, posterior: Outcomes, prior: Outcomes
) -> Figure | None:
    points = [_make_sweep_point(own, point, name, posterior, prior) for point in own.points]
    known = [point for point in points if point is not None]
    if len(known) < 2:
        return None
    drawing = figures.draw_sweep(known, _collect_references(results, own, name), is_log=own.axis.is_log)
    first, last = known[0], known[-1]
    label = results.find_label(name)
    alt = (
        f"{name_means(results)} of {label}: {format_number(first.mean)} at {own.name} = "
        f"{format_number(first.at)}, {format_number(last.mean)} at {format_number(last.at)}."
    )
    return Figure(drawing, alt, f"`{label}` along `{own.name}`")


def _make_sweep_point(
    own: Slice, point: PointResult, name: str, posterior: Outcomes, prior: Outcomes
) -> SweepPoint | None:
    outcome = posterior.get((point.number, name))
    if outcome is None or outcome.mean is None:
        return None
    lower, upper = outcome.lower, outcome.upper
    if lower is None or upper is None:
        lower = upper = outcome.mean
    alone = prior.get((point.number, name))
    interval = None
    if alone is not None and alone.lower is not None and alone.upper is not None:
        interval = alone.lower, alone.upper
    return SweepPoint(own.find_value(point), outcome.mean, lower, upper, point.is_full_fit, interval)


def _collect_references(results: StudyResults, own: Slice, name: str) -> SweepReferences:
    estimate = results.reference.estimates.get(name)
    interval = None
    if estimate is not None and estimate.lower is not None and estimate.upper is not None:
        interval = estimate.lower, estimate.upper
    low, high = own.find_value(own.points[0]), own.find_value(own.points[-1])
    base = own.axis.base
    tips = [
        side.value
        for tip in results.tipping
        for side in (tip.below, tip.above)
        if tip.hyperparameter == own.name and name in tip.about and side.is_found and side.value is not None
    ]
    inside = tuple(value for value in tips if low <= value <= high)
    maximum = None if estimate is None else estimate.value
    return SweepReferences(base if low <= base <= high else None, maximum, interval, inside)


def _choose_drawn(results: StudyResults, hyperparameter: str = "") -> list[str]:
    """Return the quantities that are drawn along a hyperparameter.

    Those that decisions are about come first, then the one that it moves most, and those that move most at
    all.
    """
    moves = results.conclusion.moves
    decided = [name for tip in results.tipping for name in tip.about if name in moves]
    moved = [effect.quantity for effect in results.conclusion.effects if effect.name == hyperparameter]
    return list(dict.fromkeys([*decided, *moved, *results.conclusion.ranked_names]))[:MAX_QUANTITIES]


def _draw_maps(study: Study) -> Iterator[Block]:
    results = study.results
    if len(results.plan.axes) != 2 or results.plan.design != "grid":
        return
    first, second = results.plan.axes
    posterior = select_outcomes(study.outcomes, results.leading_method)
    drawn = [_draw_map(results, first, second, name, posterior) for name in _choose_drawn(results)]
    explanation = (
        f"{name_means(results)} over `{first.name}` (across) and `{second.name}` (up): the darker, the "
        f"larger. A framed cell is a full fit; the others are {_name_other_points(results)}."
    )
    yield Figures("maps", tuple(drawn), explanation, "wide")


def _draw_map(
    results: StudyResults, first: AxisResult, second: AxisResult, name: str, posterior: Outcomes
) -> Figure:
    across, up = first.values, second.values
    values = np.full((len(up), len(across)), np.nan)
    is_full = np.zeros(values.shape, dtype=bool)
    for point in results.points:
        column, row = point.find_value(first), point.find_value(second)
        if point.forms or column not in across or row not in up:
            continue
        cell = up.index(row), across.index(column)
        outcome = posterior.get((point.number, name))
        values[cell] = np.nan if outcome is None or outcome.mean is None else outcome.mean
        is_full[cell] = point.is_full_fit
    base = posterior.get((0, name))
    drawing = figures.draw_heat_map(
        across, up, values, is_full, choose_decimals(None if base is None else base.sd)
    )
    label = results.find_label(name)
    ends = f"from {format_number(float(np.nanmin(values)))} to {format_number(float(np.nanmax(values)))}"
    return Figure(drawing, f"{name_means(results)} of {label} {ends}.", f"`{label}`")


def _draw_densities(results: StudyResults, own: Slice) -> Block | None:
    names = [name for name in _choose_drawn(results, own.name) if name in results.densities]
    figures_or_none = [_draw_ridges(results, own, name) for name in names]
    drawn = tuple(figure for figure in figures_or_none if figure is not None)
    explanation = f"The posterior density at each value of `{own.name}`, all on one scale."
    return Figures(f"densities-{_make_key(own.name)}", drawn, explanation) if drawn else None


def _draw_ridges(results: StudyResults, own: Slice, name: str) -> Figure | None:
    densities = results.densities[name]
    heights = {curve.point: np.array(curve.density, dtype=float) for curve in densities.curves}
    points = [point for point in own.points if point.number in heights]
    if len(points) < 2:
        return None
    if len(points) > _MAX_RIDGES:
        last = len(points) - 1
        points = [points[round(i * last / (_MAX_RIDGES - 1))] for i in range(_MAX_RIDGES)]
    ridges = [
        Ridge(
            format_number(float(f"{own.find_value(point):.3g}")),
            heights[point.number],
            own.find_value(point) == own.axis.base,
        )
        for point in points
    ]
    label = results.find_label(name)
    alt = f"Densities of {label} at {len(ridges)} values of {own.name}."
    return Figure(figures.draw_ridges(np.array(densities.x), ridges), alt, f"`{label}`")


def _name_other_points(results: StudyResults) -> str:
    """Return what points without a full fit are."""
    return "importance weights" if results.leading_method == "nuts" else "a mode"


def _make_key(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)

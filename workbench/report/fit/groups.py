"""Varying effects: in order of size, with the centre of their distribution and estimates without pooling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.report import figures
from workbench.report.document import Figure, Figures, Section
from workbench.report.figures import GroupEffect
from workbench.report.fit.arrays import Array, PosteriorArrays
from workbench.report.fit.pooling import PoolingReference, Unpooled, compare
from workbench.report.fit.sampler import warn_of_unreliable_draws
from workbench.report.numbers import choose_decimals, format_interval, format_number, format_percentage
from workbench.results import Fit

MOST_PICTURES = 4
"""The most arrays drawn."""


def find_groups(arrays: PosteriorArrays) -> list[Array]:
    """Return the arrays of effects of groups, without those from which others of them are made."""
    effects = [
        array
        for array in arrays.all
        if array.axis in arrays.group_axes and arrays.results.is_declared(array.name)
    ]
    return [array for array in effects if not is_ingredient(arrays, array, effects)]


def is_ingredient(arrays: PosteriorArrays, array: Array, effects: list[Array]) -> bool:
    """Return whether another array of the same groups is made from an array, as effects from raw ones."""
    return any(
        other.axis == array.axis and arrays.text.is_made_from(other.name, array.name)
        for other in effects
        if other.name != array.name
    )


def build_section(fit: Fit, arrays: PosteriorArrays) -> tuple[Section, ...]:
    """Return a section with a drawing of each array of effects; none without any."""
    found = find_groups(arrays)
    if not found:
        return ()
    comparisons = [compare(fit, arrays, array) for array in found[:MOST_PICTURES]]
    pictures = tuple(
        _draw(fit, arrays, array, comparison) for array, comparison in zip(found, comparisons, strict=False)
    )
    words = " ".join(_explain(fit, found, comparisons))
    block = Figures("groups", pictures, words, "medium")
    return (Section("varying-effects", "Varying effects", (block,)),)


def _draw(fit: Fit, arrays: PosteriorArrays, array: Array, comparison: PoolingReference) -> Figure:
    effects = _list_effects(fit, arrays, array, comparison.unpooled)
    unit = fit.results.unit(array.name)
    caption = f"`{array.name}`" + (f" [{unit}]" if unit else "")
    drawing = figures.draw_caterpillar(effects, comparison.population)
    return Figure(drawing, _describe(array, effects, comparison), caption)


def _list_effects(
    fit: Fit, arrays: PosteriorArrays, array: Array, unpooled: Unpooled | None
) -> list[GroupEffect]:
    halves = arrays.measure_halves(array)
    mean, lower, upper = (array.read(field) for field in ("mean", "lower", "upper"))
    own = np.full(array.size, np.nan) if unpooled is None else unpooled.values
    reach = np.full(array.size, np.nan)
    if unpooled is not None and unpooled.errors is not None:
        from scipy import stats

        reach = float(stats.norm.isf((1 - fit.results.interval.level) / 2)) * unpooled.errors
    return [
        GroupEffect(
            _name_group(fit, array, place),
            float(mean[place]),
            (float(lower[place]), float(upper[place])),
            (float(halves[0, place]), float(halves[1, place])),
            float(own[place]) if np.isfinite(own[place]) else None,
            _make_interval(own[place], reach[place]),
        )
        for place in range(array.size)
    ]


def _make_interval(value: float, reach: float) -> tuple[float, float] | None:
    return (float(value - reach), float(value + reach)) if np.isfinite(value + reach) else None


def _name_group(fit: Fit, array: Array, place: int) -> str:
    """Return the name of a group: what stands in the brackets of the label of its effect."""
    label = fit.results.label(array.elements[place])
    return label[len(array.name) + 1 : -1] if label.endswith("]") else label


def _explain(fit: Fit, found: list[Array], comparisons: list[PoolingReference]) -> Iterator[str]:
    yield from warn_of_unreliable_draws(fit.results)
    level = format_percentage(fit.results.interval.level)
    yield f"In order of their posterior means, with the central 50% (thick) and {level} (thin) of the draws."
    largest = max(array.size for array in found[:MOST_PICTURES])
    if largest > figures.MOST_GROUPS:
        yield f"Of {largest} effects, {figures.MOST_GROUPS} are drawn, at equal steps in that order."
    for array, comparison in zip(found, comparisons, strict=False):
        unpooled = f" Circles: {comparison.unpooled.words}." if comparison.unpooled else ""
        if comparison.unpooled and comparison.unpooled.errors is not None:
            unpooled = f"{unpooled[:-1]}, with its {level} interval."
        shaded = f" (shaded: {level} interval)" if comparison.population.interval else ""
        yield f"`{array.name}`: dashed is {comparison.center}{shaded}.{unpooled}"
    if any(comparison.unpooled for comparison in comparisons):
        yield "How far an effect lies from its circle towards the dashed line is how much it is pooled."
    if len(found) > MOST_PICTURES:
        others = ", ".join(f"`{array.name}`" for array in found[MOST_PICTURES:])
        yield f"Not drawn: {others}."


def _describe(array: Array, effects: list[GroupEffect], comparison: PoolingReference) -> str:
    """Return what a drawing shows, for a reader who cannot see it."""
    ranked = sorted(range(array.size), key=lambda place: -effects[place].mean)
    largest, smallest = (_describe_group(array, effects, place) for place in (ranked[0], ranked[-1]))
    center = format_number(comparison.population.mean, choose_decimals(array.estimates[ranked[0]].sd))
    spread = _describe_shrinkage(effects)
    return (
        f"{array.name}: {array.size} effects in order of their posterior means. Largest: {largest}. "
        f"Smallest: {smallest}. Dashed line: {comparison.center.replace('`', '')}, {center}.{spread}"
    )


def _describe_group(array: Array, effects: list[GroupEffect], place: int) -> str:
    effect, decimals = effects[place], choose_decimals(array.estimates[place].sd)
    interval = format_interval(*effect.outer, decimals)
    own = "" if effect.unpooled is None else f", without pooling {format_number(effect.unpooled, decimals)}"
    return f"{effect.label}, {format_number(effect.mean, decimals)} ({interval}){own}"


def _describe_shrinkage(effects: list[GroupEffect]) -> str:
    known = [(effect.unpooled, effect.mean) for effect in effects if effect.unpooled is not None]
    if len(known) < 2:
        return ""
    own, pooled = (float(np.std(column)) for column in zip(*known, strict=True))
    return (
        f" The standard deviation of the effects is {format_number(own)} without pooling and "
        f"{format_number(pooled)} with it."
    )

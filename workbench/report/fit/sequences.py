"""Quantities in an order, such as time: level, volatility, trajectory, or an effect along a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from workbench.report import figures
from workbench.report.document import Figure, Figures, Section
from workbench.report.figures import Ribbon
from workbench.report.fit.arrays import Array, Order, PosteriorArrays
from workbench.report.fit.sampler import warn_of_unreliable_draws
from workbench.report.numbers import choose_decimals, format_interval, format_number, format_percentage
from workbench.results import Fit
from workbench.results.quantities import Draws
from workbench.results.view import DrawsEstimate

MOST_PICTURES = 4
"""The most sequences drawn."""

_LOCATIONS: Mapping[str, int] = {
    "normal": 0,
    "student_t": 1,
    "cauchy": 0,
    "double_exponential": 0,
    "logistic": 0,
    "poisson": 0,
    "neg_binomial_2": 0,
}
"""The distributions with an argument that is on the scale of the outcome, and which argument that is."""


def build_section(fit: Fit, arrays: PosteriorArrays) -> tuple[Section, ...]:
    """Return a section with a ribbon for each sequence; none without a sequence."""
    found = arrays.sequences
    if not found:
        return ()
    pictures = tuple(_draw(fit, arrays, array, order) for array, order in found[:MOST_PICTURES])
    level = format_percentage(fit.results.interval.level)
    words = [
        *warn_of_unreliable_draws(fit.results),
        f"Line: the posterior median. Bands: the central 50% and {level} of the posterior of each value.",
    ]
    words += _explain_pictures(arrays, found[:MOST_PICTURES])
    if len(found) > MOST_PICTURES:
        others = ", ".join(f"`{array.name}`" for array, _ in found[MOST_PICTURES:])
        words.append(f"Not drawn: {others}.")
    block = Figures("sequences", pictures, " ".join(words), "medium")
    return (Section("sequences", "Sequences and curves", (block,)),)


def _explain_pictures(arrays: PosteriorArrays, found: Sequence[tuple[Array, Order]]) -> Iterator[str]:
    longest = max((array.size for array, _ in found), default=0)
    if any(_find_observed(arrays, array) for array, _ in found):
        part = f" (some of many: one of {step})" if (step := -(-longest // figures.MOST_DOTS)) > 1 else ""
        yield f"Dots: the observed outcome{part}, where the quantity is its centre."
    covered = -(-longest // figures.MOST_STEPS)
    if covered > 1:
        yield (
            f"Where there are many values, each step covers up to {covered} of them, and shows the lowest "
            "and the highest."
        )


def _draw(fit: Fit, arrays: PosteriorArrays, array: Array, order: Order) -> Figure:
    places = np.argsort(order.at, kind="stable")
    ribbon = Ribbon(
        order.at[places],
        array.read("median")[places],
        np.array([array.read("lower"), array.read("upper")])[:, places],
        arrays.measure_halves(array)[:, places],
        order.is_date,
    )
    outcome = _find_observed(arrays, array)
    observed = outcome[1][places] if outcome else None
    unit = fit.results.unit(array.name)
    caption = f"`{array.name}`" + (f" [{unit}]" if unit else "") + f", {_name_axis(order)}"
    return Figure(figures.draw_ribbon(ribbon, observed), _describe(array, order, outcome), caption)


def _name_axis(order: Order) -> str:
    if order.is_date:
        return "by date"
    return f"along `{order.column}`" if order.column else "by element"


def _find_observed(arrays: PosteriorArrays, array: Array) -> tuple[str, Draws] | None:
    """Return the outcome whose distribution has the array as its centre, with its values; else `None`."""
    for statement in arrays.statements.get("likelihood", ()):
        place = _LOCATIONS.get(statement.distribution)
        if place is None or len(statement.arguments) <= place or statement.arguments[place] != array.name:
            continue
        values = arrays.find_data(statement.outcome)
        if values is not None and values.dims == (array.axis,):
            return statement.outcome, np.asarray(values.values, dtype=float)
    return None


def _describe(array: Array, order: Order, outcome: tuple[str, Draws] | None) -> str:
    """Return what a drawing shows, for a reader who cannot see it."""
    places = np.argsort(order.at, kind="stable")
    median = array.read("median")[places]
    low, high = int(np.argmin(median)), int(np.argmax(median))
    in_order = [array.estimates[place] for place in places]
    start, end = (_describe_estimate(in_order[place]) for place in (0, -1))
    return (
        f"{array.name} {_name_axis(order).replace('`', '')}: {array.size} values. The median is {start} at "
        f"the start and {end} at the end; it is lowest, {_describe_estimate(in_order[low])}, at "
        f"{_name_place(order, int(places[low]))} and highest, {_describe_estimate(in_order[high])}, at "
        f"{_name_place(order, int(places[high]))}.{_describe_outcome(outcome)}"
    )


def _describe_estimate(estimate: DrawsEstimate) -> str:
    decimals = choose_decimals(estimate.sd)
    interval = format_interval(estimate.lower, estimate.upper, decimals)
    return f"{format_number(estimate.median, decimals)} ({interval})"


def _name_place(order: Order, place: int) -> str:
    if order.is_date:
        return str(np.datetime64(int(order.at[place]), "D"))
    return format_number(order.at[place]) if order.column else f"element {place + 1}"


def _describe_outcome(outcome: tuple[str, Draws] | None) -> str:
    if outcome is None:
        return ""
    name, values = outcome
    return f" Dots: the observed {name}, from {format_number(values.min())} to {format_number(values.max())}."

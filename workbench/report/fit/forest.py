"""The first picture: the main quantities by every method."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from workbench.methods import RESULTS
from workbench.report import figures
from workbench.report.document import Figure, Figures, Section
from workbench.report.figures import ForestEstimate, ForestMethod, ForestRow
from workbench.report.fit import groups
from workbench.report.fit.arrays import PosteriorArrays
from workbench.report.fit.sampler import warn_of_unreliable_draws
from workbench.report.numbers import (
    choose_decimals,
    format_interval,
    format_number,
    format_percentage,
    join_with_and,
    pluralise,
)
from workbench.results import Fit
from workbench.results.quantities import draws_of, owner
from workbench.results.view import (
    DrawsEstimate,
    Estimate,
    ExactEstimate,
    LaplaceResult,
    PathfinderResult,
    PointEstimate,
    Results,
)
from workbench.thresholds import KHAT_LIMIT

MOST_ROWS = 16
"""The most quantities drawn."""

_MOST_ELEMENTS = 8
"""The most elements of an array that is drawn before larger ones, and of one drawn elsewhere too."""

_MOST_DESCRIBED = 6
"""The most quantities that the description for readers who cannot see the drawing gives."""

_KEYS: Mapping[ForestMethod, str] = {
    "posterior": "nuts",
    "exact": "exact",
    "laplace": "laplace",
    "pathfinder": "pathfinder",
    "mle": "mle",
    "map": "map",
    "map_unconstrained": "map_unconstrained",
}
"""The results in `run.json` that are drawn."""


def build_section(fit: Fit, arrays: PosteriorArrays) -> tuple[Section, ...]:
    """Return a section with the forest plot; none where no method has an estimate."""
    methods = [method for method in _KEYS if is_reliable(fit.results, method)]
    names = choose_quantities(fit.results, _list_drawn_elsewhere(arrays))
    collected = {name: _collect(fit, name, methods) for name in names}
    rows = {name: row for name, row in collected.items() if row.extent is not None}
    if not rows:
        return ()
    shown = [method for method in methods if any(method in row.estimates for row in rows.values())]
    figure = Figure(
        figures.draw_forest([*rows.values()], {method: _name_method(method) for method in shown}),
        _describe(fit.results, [*rows], shown),
        "Estimates by method",
    )
    words = " ".join(_explain(fit.results, shown, [*rows.values()]))
    block = Figures("forest", (figure,), words, "medium")
    return (Section("overview", "The estimates at a glance", (block,)),)


def choose_quantities(results: Results, elsewhere: Collection[str] = ()) -> list[str]:
    """Return the quantities drawn: of parameters and transformed parameters, then of generated quantities.

    Small arrays come before large ones. Constants are left out, and so are generated arrays, unless there is
    nothing else and they wholly fit. Where nothing is left, the first quantities are drawn.

    Parameters
    ----------
    results
        The results of the fit.
    elsewhere
        Variables that other drawings show.
    """
    variables: dict[str, list[str]] = {}
    for name in results.quantities:
        if owner(name) not in elsewhere and results.posterior(name).sd != 0:
            variables.setdefault(owner(name), []).append(name)
    ordered = sorted(
        variables, key=lambda name: (not results.is_declared(name), len(variables[name]) > _MOST_ELEMENTS)
    )
    chosen: list[str] = []
    has_declared = any(map(results.is_declared, variables))
    for variable in ordered:
        names = variables[variable]
        most = 1 if has_declared else MOST_ROWS
        if results.is_declared(variable) or (len(names) <= most and len(chosen) + len(names) <= MOST_ROWS):
            chosen += names
    return (chosen or list(results.quantities))[:MOST_ROWS]


def _list_drawn_elsewhere(arrays: PosteriorArrays) -> set[str]:
    """Return the variables that other drawings show, or that those drawn there are made from."""
    ordered = [array for array, _ in arrays.sequences]
    grouped = groups.find_groups(arrays)
    made_from = {
        array.name
        for array in arrays.all
        if any(
            other.axis == array.axis and arrays.text.is_made_from(other.name, array.name)
            for other in (*ordered, *grouped)
            if other.name != array.name
        )
    }
    large = {array.name for array in grouped if array.size > _MOST_ELEMENTS}
    return {array.name for array in ordered} | large | made_from


def is_reliable(results: Results, method: ForestMethod) -> bool:
    """Return whether a method may be drawn: an approximation that its own k-hat rejects may not.

    One whose k-hat is not known may be where there is no posterior.
    """
    result = results.method(_KEYS[method])
    if not isinstance(result, LaplaceResult | PathfinderResult):
        return True
    if result.khat is None:
        return not results.estimates("nuts")
    return result.khat <= (KHAT_LIMIT if result.khat_threshold is None else result.khat_threshold)


def _collect(fit: Fit, name: str, methods: Sequence[ForestMethod]) -> ForestRow:
    """Return the estimates of a quantity by the methods that have one."""
    results = fit.results
    estimates = {
        method: _convert(estimate)
        for method in methods
        if (estimate := results.estimates(_KEYS[method]).get(name)) is not None
    }
    if "posterior" in estimates:
        posterior = estimates["posterior"]
        estimates["posterior"] = ForestEstimate(posterior.value, posterior.interval, _halve(fit, name))
    known = {
        method: estimate
        for method, estimate in estimates.items()
        if estimate.value is not None or estimate.interval
    }
    return ForestRow(results.label(name), known)


def _convert(estimate: Estimate) -> ForestEstimate:
    lower, upper = _as_finite(estimate.lower), _as_finite(estimate.upper)
    interval = None if lower is None or upper is None else (lower, upper)
    return ForestEstimate(_as_finite(_read_point(estimate)), interval)


def _read_point(estimate: Estimate) -> float | None:
    return estimate.value if isinstance(estimate, PointEstimate) else estimate.mean


def _as_finite(number: float | None) -> float | None:
    return number if number is not None and np.isfinite(number) else None


def _halve(fit: Fit, name: str) -> tuple[float, float] | None:
    """Return the central half of the draws."""
    draws = draws_of(fit.tree, "posterior", name)
    if draws is None:
        return None
    lower, upper = np.quantile(draws, [0.25, 0.75])
    return float(lower), float(upper)


def _name_method(method: ForestMethod) -> str:
    names = {"posterior": "posterior", "exact": "exact posterior"}
    return names.get(method) or RESULTS[_KEYS[method]].label


def _explain(results: Results, methods: list[ForestMethod], rows: Sequence[ForestRow]) -> Iterator[str]:
    """Yield how to read the drawing, and what is not in it."""
    if "posterior" in methods:
        yield from warn_of_unreliable_draws(results)
        level = format_percentage(results.interval.level)
        yield f"Posterior: the mean, with the central 50% (thick) and {level} (thin) of the draws."
    if "mle" in methods:
        yield "MLE: with its Wald interval, where it has one."
    if len(figures.split_by_scale(rows)) > 1:
        yield "Quantities of different size have scales of their own."
    if figures.has_arrows(rows):
        yield "An arrow is an estimate beyond the scale."
    for method in _KEYS:
        if results.estimates(_KEYS[method]) and not is_reliable(results, method):
            yield f"{_name_method(method)} is left out: {_explain_unreliable(results, method)}."
    left = len(results.quantities) - len(rows)
    if left > 0:
        yield f"{pluralise(left, 'other quantity')} {'is' if left == 1 else 'are'} not drawn here."


def _explain_unreliable(results: Results, method: ForestMethod) -> str:
    result = results.method(_KEYS[method])
    khat = result.khat if isinstance(result, LaplaceResult | PathfinderResult) else None
    if khat is None:
        return "no k-hat says how far it is from the posterior"
    return f"its k-hat of {format_number(khat, 2)} says that it is far from the posterior"


def _describe(results: Results, names: list[str], methods: list[ForestMethod]) -> str:
    """Return what the drawing shows, for a reader who cannot see it."""
    titles = join_with_and([_name_method(method) for method in methods])
    phrases = [_describe_quantity(results, name, methods) for name in names[:_MOST_DESCRIBED]]
    rest = len(names) - len(phrases)
    ending = f"; and {pluralise(rest, 'more quantity')}" if rest > 0 else ""
    return f"{pluralise(len(names), 'quantity')} by {titles}. {'; '.join(phrases)}{ending}."


def _describe_quantity(results: Results, name: str, methods: list[ForestMethod]) -> str:
    posterior = results.posterior(name)
    decimals = choose_decimals(posterior.sd)
    phrases = []
    for method in methods:
        estimate = results.estimates(_KEYS[method]).get(name)
        point = None if estimate is None else _read_point(estimate)
        if estimate is not None and point is not None:
            interval = _describe_interval(estimate, decimals) if _has_interval(estimate) else ""
            phrases.append(f"{_name_method(method)} {format_number(point, decimals)}{interval}")
    return f"{results.label(name)}: {', '.join(phrases)}"


def _has_interval(estimate: DrawsEstimate | PointEstimate | ExactEstimate) -> bool:
    return estimate.lower is not None and estimate.upper is not None


def _describe_interval(estimate: Estimate, decimals: int | None) -> str:
    return f" ({format_interval(estimate.lower, estimate.upper, decimals)})"

"""WB403: does a mode lie on a declared bound?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.results.view import MapResult, MleResult, Results
from workbench.thresholds import BOUND_DISTANCE_LIMIT

_BOUND = re.compile(r"\b(?:lower|upper)=([^,<>]+)(?=[,>])")
"""A bound in a type without spaces."""

_KIND = re.compile(r"^(?:array\[[^\]]*\])?(\w+)")
"""What a variable is, or the elements of an array are, in a type without spaces."""

_BOUNDS_BY_KIND = {
    "positive_ordered": [0.0],
    "simplex": [0.0, 1.0],
    "column_stochastic_matrix": [0.0, 1.0],
    "row_stochastic_matrix": [0.0, 1.0],
}
"""Bounds of elements that a type implies. Those of matrices with constant elements are not among them."""

Bounds = Mapping[str, list[float]]


@dataclass(frozen=True, order=True)
class _Distance:
    """How far an optimum lies from a bound [posterior SD]."""

    distance: float
    label: str
    optimum: str
    bound: float


def _assess(fit: Fit) -> Finding:
    results = fit.results
    optima: dict[str, MleResult | MapResult] = {
        "maximum-likelihood estimate": results.mle,
        "MAP": results.map,
    }
    if not any(optimum.is_ok for optimum in optima.values()):
        message = "There is no point estimate on the scale of the declared parameters."
        is_skipped = all(optimum.status == "skipped" for optimum in optima.values())
        return Finding("skipped" if is_skipped else "n/a", message)
    types = {parameter.name: parameter.type.replace(" ", "") for parameter in results.model.parameters}
    bounds = {name: _read_bounds(fit, type_) for name, type_ in types.items()}
    if not any(bounds.values()):
        is_bounded = any(_BOUND.search(type_) for type_ in types.values())
        return Finding("n/a", f"No parameter has a bound{' that is a known number' if is_bounded else ''}.")
    distances = [
        distance
        for name, optimum in optima.items()
        if optimum.is_ok
        for distance in _measure_distances(results, name, optimum, bounds)
    ]
    if not distances:
        return Finding("n/a", "Without posterior draws, distances from the bounds have no scale.")
    closest = min(distances)
    if closest.distance < BOUND_DISTANCE_LIMIT:
        message = (
            f"The {closest.optimum} of `{closest.label}` lies on its bound, {closest.bound:g}: the density "
            "rises towards the edge."
        )
        return Finding("tip", message, closest.distance)
    message = f"No mode lies on a bound; the closest is {closest.distance:.2g} posterior SDs away."
    return Finding("passed", message, closest.distance)


def _read_bounds(fit: Fit, type_: str) -> list[float]:
    """Return the bounds of the elements of a type without spaces, as far as they are known numbers."""
    kind = _KIND.match(type_)
    implied = _BOUNDS_BY_KIND.get(kind[1], []) if kind else []
    stated = [_evaluate_bound(fit, text) for text in _BOUND.findall(type_)]
    return [*implied, *(number for number in stated if number is not None)]


def _evaluate_bound(fit: Fit, text: str) -> float | None:
    """Return a bound that is a number, or a single number among the data."""
    with suppress(ValueError):
        return float(text)
    if "constant_data" not in fit.tree.children:
        return None
    value = fit.tree["constant_data"].data_vars.get(text)
    return float(value) if value is not None and value.ndim == 0 else None


def _measure_distances(
    results: Results, name: str, optimum: MleResult | MapResult, bounds: Bounds
) -> Iterator[_Distance]:
    """Yield the distance of each estimate from each of its bounds."""
    posterior = results.nuts.estimates
    for parameter, estimate in optimum.estimates.items():
        sd = posterior[parameter].sd if parameter in posterior else None
        if not sd or estimate.value is None:
            continue
        for bound in bounds.get(owner(parameter), []):
            label = estimate.label or parameter
            yield _Distance(abs(estimate.value - bound) / sd, label, name, bound)


CHECK = Check(
    code="WB403",
    title="Modes inside the declared range",
    threshold=f"at least {BOUND_DISTANCE_LIMIT} posterior SDs from every declared bound",
    reference="Chung, Rabe-Hesketh, Dorie, Gelman and Liu (2013), doi:10.1007/s11336-013-9328-2; limit ours",
    meaning=(
        "The best single point is at the edge, such as a variance of zero. The data do not rule out the "
        "edge, but neither do they show that the truth is there; standard errors at an edge mean nothing."
    ),
    advice="Report the posterior mean or median with its interval, or use a prior that is zero at the edge.",
    page=split_paragraphs("""
    Variances of groups are the usual case: with few groups, the likelihood is often largest at zero although
    nearly all of the posterior mass lies away from it. Wald intervals assume a maximum inside the range.

    The distance of the maximum-likelihood estimate and of the MAP from each declared bound is measured in
    posterior standard deviations. Bounds are numbers, single data, or those of simplexes and of positive
    ordered vectors.
    """),
    assess=_assess,
)

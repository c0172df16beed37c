"""WB403: does a mode lie on a declared bound?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.results.view import MapResult, MleResult, Results
from workbench.thresholds import BOUND_DISTANCE_LIMIT

_BOUND = re.compile(r"\b(lower|upper)=(-?[\d.]+(?:e-?\d+)?)(?=[,>])")
"""A bound that is a number, in a type without spaces."""

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
    bounds = {parameter.name: _read_bounds(parameter.type) for parameter in results.model.parameters}
    if not any(bounds.values()):
        return Finding("n/a", "No parameter has a bound.")
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


def _read_bounds(type_: str) -> list[float]:
    return [float(number) for _, number in _BOUND.findall(type_.replace(" ", ""))]


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
    posterior standard deviations.
    """),
    assess=_assess,
)

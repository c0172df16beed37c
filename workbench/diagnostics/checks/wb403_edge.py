"""WB403: does the mode sit on the edge of what is allowed?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.diagnostics.check import Check, Finding, owner, paragraphs
from workbench.results import Fit
from workbench.thresholds import BOUND_DISTANCE_LIMIT

_BOUND = re.compile(r"\b(lower|upper)=(-?[\d.]+(?:e-?\d+)?)(?=[,>])")
_NAMES = {"mle": "maximum-likelihood estimate", "map": "MAP"}


def _examine(fit: Fit) -> Finding:
    parts = {key: fit.record[key] for key in _NAMES if fit.record[key]["status"] == "ok"}
    if not parts:
        message = "There is no point estimate on the scale of the declared parameters."
        is_skipped = all(fit.record[key]["status"] == "skipped" for key in _NAMES)
        return Finding("skipped" if is_skipped else "n/a", message)
    bounds = {one["name"]: _bounds(one["type"]) for one in fit.record["model"]["parameters"]}
    if not any(bounds.values()):
        return Finding("n/a", "No parameter has a bound.")
    found = sorted(_distances(fit.record, parts, bounds))
    if not found:
        return Finding("n/a", "Distances from the bounds need posterior draws to be judged.")
    distance, label, words, bound = found[0]
    if distance < BOUND_DISTANCE_LIMIT:
        message = (
            f"The {words} of `{label}` lies on its bound, {bound:g}: the density rises towards the edge."
        )
        return Finding("tip", message, distance)
    return Finding(
        "passed", f"No mode lies on a bound; the closest is {distance:.2g} posterior SDs away.", distance
    )


def _bounds(type_: str) -> list[float]:
    return [float(number) for _, number in _BOUND.findall(type_.replace(" ", ""))]


def _distances(
    record: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], bounds: Mapping[str, list[float]]
) -> Iterator[tuple[float, str, str, float]]:
    """Yield each distance from a bound in posterior SDs, with the words for it."""
    posterior = record["nuts"].get("estimates") or {}
    for key, part in parts.items():
        for name, numbers in part["estimates"].items():
            sd = posterior.get(name, {}).get("sd")
            for bound in bounds.get(owner(name), []) if sd else []:
                label = str(numbers.get("label", name))
                yield abs(numbers["value"] - bound) / sd, label, _NAMES[key], bound


CHECK = Check(
    code="WB403",
    title="Modes inside the declared range",
    threshold=f"at least {BOUND_DISTANCE_LIMIT} posterior SDs from every declared bound",
    reference="Chung, Rabe-Hesketh, Dorie, Gelman and Liu (2013), doi:10.1007/s11336-013-9328-2; limit ours",
    meaning=(
        "The best single point is at the edge, such as a variance of zero. It says that the data do not rule "
        "the edge out, not that the truth is there; standard errors at an edge mean nothing."
    ),
    advice="Report the posterior mean or median with its interval; or use a prior that is zero at the edge.",
    page=paragraphs("""
    Variances of groups are the usual case: with few groups the likelihood is often largest at zero, although
    the posterior has nearly all of its mass away from it. Wald intervals assume a maximum inside the range.

    The distance of the maximum-likelihood estimate and of the MAP from each declared bound is measured in
    posterior standard deviations.
    """),
    examine=_examine,
)

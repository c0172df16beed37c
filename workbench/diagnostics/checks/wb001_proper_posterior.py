"""WB001: is there a posterior to draw from?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.view import FlatDirection, Results

_MOST_SHOWN = 2
"""Directions that the message describes; of more, it gives the number."""


def _assess(fit: Fit) -> Finding:
    results = fit.results
    model = results.model
    if model.parameter_priors is None:
        return Finding("n/a", "The priors of the program are not known.")
    if not any(prior.flat_names for prior in model.parameter_priors):
        return Finding("passed", "No parameter has a flat prior on an unbounded range.", 0)
    if model.flat_directions is None:
        return Finding("n/a", "Some priors are flat, and the density was not searched for flat directions.")
    if not model.flat_directions:
        message = "Some priors are flat, but the density is constant in no direction: the data inform them."
        return Finding("passed", message, 0)
    count = len(model.flat_directions)
    described = "; ".join(_describe(direction) for direction in model.flat_directions[:_MOST_SHOWN])
    more = f"; and so on, in {count} directions" if count > _MOST_SHOWN else ""
    if _is_posterior_requested(results):
        message = f"The posterior is improper: {described}{more}. No proper prior makes up for it."
        return Finding("issue", message, count, "fail")
    message = f"The likelihood has no single maximum: {described}{more}."
    return Finding("issue", message, count, "caution", "Fix one of the parameters, or leave it out.")


def _describe(direction: FlatDirection) -> str:
    """Return what the data determine, and what changes nothing."""
    if not direction.determined:
        return direction.words
    listed = " and ".join(f"`{name}`" for name in direction.names)
    return f"the data determine only `{direction.determined}`, not {listed} ({direction.words})"


def _is_posterior_requested(results: Results) -> bool:
    requested = (results.map, results.map_unconstrained, results.laplace, results.pathfinder, results.nuts)
    return any(result.status != "skipped" for result in requested)


CHECK = Check(
    code="WB001",
    title="The posterior is proper",
    threshold="no direction in which the density is constant without end",
    reference="Gelfand and Sahu (1999), doi:10.1080/01621459.1999.10473840; search for directions ours",
    meaning=(
        "The integral of the posterior density is infinite: there is no posterior distribution. Draws of "
        "these parameters wander without end, and means, intervals and diagnostics of them say nothing."
    ),
    advice=(
        "Give these parameters proper priors, fix one of them, or write the model in terms of what the data "
        "determine. More draws do not help."
    ),
    page=split_paragraphs("""
    Where some priors are flat, the gradients of the log density are computed at more random points than there
    are parameters. A direction to which all of them are perpendicular is one in which the density does not
    change, however far one goes. Of parameters with one bound, the direction is that of their logarithm.

    Such a direction is a property of the model and not of the sampler. What is constant along it, such as a
    sum, can still be well determined.
    """),
    assess=_assess,
)

"""WB202: did trajectories reach the maximum treedepth?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.diagnostics.predictors import find_raw_predictors, find_scale_problem
from workbench.results import Fit


@requires_draws
def _assess(fit: Fit) -> Finding:
    nuts = fit.results.nuts
    hits, depth = nuts.max_treedepth_hits, nuts.max_treedepth
    if hits is None:
        return Finding("n/a", "A program without parameters has no trajectories.")
    if hits == 0:
        return Finding("passed", f"No transition reached the maximum treedepth of {depth}.", 0)
    message = (
        f"{hits} of {nuts.total_draws} transitions reached the maximum treedepth of {depth}: "
        "sampling is inefficient."
    )
    return Finding("issue", message, hits, "caution", _advise(fit))


def _advise(fit: Fit) -> str:
    """Return advice that begins with the predictors where these are on unequal scales or far from zero."""
    problem = find_scale_problem(fit, find_raw_predictors(fit))
    if problem is None:
        return ""
    if problem.is_for_standardize:
        return f"Fit with --standardize. {problem.message} If that is not enough, raise --max-treedepth."
    return (
        f"{problem.message} Bring the predictors to similar scales around zero in the data; if that is not "
        "enough, raise --max-treedepth by one or two."
    )


CHECK = Check(
    code="WB202",
    title="Maximum treedepth not reached",
    threshold="no transition at the maximum treedepth",
    reference="Stan Development Team, Stan Reference Manual, chapter MCMC Sampling",
    meaning=(
        "Trajectories were stopped before they turned around. Sampling is inefficient, but the draws are not "
        "wrong for that reason alone."
    ),
    advice=(
        "Raise --max-treedepth by one or two, or bring the parameters to similar scales: --standardize does "
        "so where the predictors are on unequal scales or far from zero."
    ),
    page=split_paragraphs("""
    NUTS doubles its trajectory until it turns back on itself, at most as many times as the maximum treedepth
    allows (10 doublings are 1,023 steps). If many transitions reach the maximum, parameters have very
    different scales or are strongly correlated. The coefficients of predictors on unequal scales, or far from
    zero, are; there, --standardize is the cure, and a greater treedepth only makes chains slower.
    """),
    assess=_assess,
)

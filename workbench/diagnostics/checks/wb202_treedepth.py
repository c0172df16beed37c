"""WB202: were trajectories cut short?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.results import Fit


@needs_draws
def _examine(fit: Fit) -> Finding:
    record = fit.record
    nuts = record["nuts"]
    hits = nuts.get("max_treedepth_hits")
    if hits is None:
        return Finding("n/a", "The sampler does not follow trajectories for a program without parameters.")
    total = nuts["chains"] * nuts["draws"]
    depth = nuts["max_treedepth"]
    if hits == 0:
        return Finding("passed", f"No transition reached the maximum treedepth of {depth}.", 0)
    message = f"{hits} of {total} transitions reached the maximum treedepth of {depth}: sampling is slow."
    return Finding("issue", message, hits, "caution")


CHECK = Check(
    code="WB202",
    title="Trajectories not cut short",
    threshold="no transition at the maximum treedepth",
    reference="Stan Development Team, Stan Reference Manual, chapter MCMC Sampling",
    meaning=(
        "Trajectories were stopped before they turned around: sampling is slow, though what it gives is "
        "not wrong for that reason alone."
    ),
    advice="Raise --max-treedepth by one or two, or bring the parameters to similar scales.",
    page=paragraphs("""
    NUTS doubles its trajectory until it turns back on itself, at most the maximum treedepth of times
    (10 doublings are 1,023 steps). Reaching the maximum in many transitions means that parameters
    have very different scales or are strongly correlated.
    """),
    examine=_examine,
)

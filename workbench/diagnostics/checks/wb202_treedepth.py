"""WB202: were trajectories cut short?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record, needs_draws


@needs_draws
def _examine(record: Record) -> Finding:
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
    "WB202",
    "Trajectories not cut short",
    "no transition at the maximum treedepth",
    "Stan Development Team, Stan Reference Manual, chapter MCMC Sampling",
    "Raise --max-treedepth by one or two, or bring the parameters to similar scales.",
    _examine,
)

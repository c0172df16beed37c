"""WB201: did the sampler lose its way?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record, needs_draws

FAIL_SHARE = 0.01
"""Share of divergent draws from which the verdict is `fail`; below it, `caution`. Ours: a handful out of
thousands is often the tip of a narrow region, a percent is that region being cut off."""


@needs_draws
def _examine(record: Record) -> Finding:
    nuts = record["nuts"]
    count = nuts.get("divergences")
    if count is None:
        return Finding("n/a", "The sampler does not follow trajectories for a program without parameters.")
    total = nuts["chains"] * nuts["draws"]
    if count == 0:
        return Finding("passed", f"None of {total} transitions diverged.", 0)
    message = f"{count} of {total} transitions diverged: part of the posterior may be missing."
    return Finding("issue", message, count, "fail" if count >= FAIL_SHARE * total else "caution")


CHECK = Check(
    "WB201",
    "No divergent transitions",
    "none",
    "Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
    "Raise --adapt-delta (0.95, 0.99); if divergences stay, reparameterise (non-centred) or tighten priors.",
    _examine,
)

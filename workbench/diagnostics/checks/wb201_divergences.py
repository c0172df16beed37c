"""WB201: did the sampler lose its way?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.estimation import Fit

FAIL_SHARE = 0.01
"""Share of divergent draws from which the verdict is `fail`; below it, `caution`. Ours: a handful out of
thousands is often the tip of a narrow region, a percent is that region being cut off."""


@needs_draws
def _examine(fit: Fit) -> Finding:
    record = fit.record
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
    code="WB201",
    title="No divergent transitions",
    threshold="none",
    reference="Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
    meaning=(
        "The simulated trajectory left the path that the density prescribes: around such points the "
        "posterior is curved more sharply than the step size can follow, and that region may be missing "
        "from the draws."
    ),
    advice="Raise --adapt-delta (0.95, 0.99); if they stay, reparameterise (non-centred) or tighten priors.",
    page=paragraphs("""
    Hamiltonian Monte Carlo follows a trajectory by small steps. Where the energy error along it
    explodes, the transition is called divergent and the trajectory is cut.

    Divergences gather where the posterior narrows, such as the neck of a funnel in a hierarchical
    model. The check names the parameters whose values differ most between divergent and other draws:
    the difference of their means in standard deviations. These are the ones to look at in the pairs
    plot.

    A few divergences can be false alarms; they then scatter over the posterior. If they gather, more
    draws do not help: a smaller step size (higher --adapt-delta) or another parameterisation does.
    """),
    examine=_examine,
)

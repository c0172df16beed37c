"""WB203: does the sampler explore all energies?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import EBFMI_LIMIT, format_beside_limit


@requires_draws
def _assess(fit: Fit) -> Finding:
    values = [value for value in fit.results.nuts.ebfmi if value is not None]
    if not values:
        return Finding("n/a", "There are no energies to compare.")
    smallest = min(values)
    shown, _ = format_beside_limit(smallest, EBFMI_LIMIT, 2)
    below = sum(value < EBFMI_LIMIT for value in values)
    if below:
        message = (
            f"E-BFMI is below {EBFMI_LIMIT} in {below} of {len(values)} chains (smallest {shown}): "
            "the tails are explored slowly."
        )
        return Finding("issue", message, smallest, "caution")
    return Finding("passed", f"The smallest E-BFMI is {shown}, above {EBFMI_LIMIT}.", smallest)


CHECK = Check(
    code="WB203",
    title="Energy explored (E-BFMI)",
    threshold=f"at least {EBFMI_LIMIT} in each chain",
    reference="Betancourt (2016), Diagnosing suboptimal cotangent disintegrations, arXiv:1604.00695",
    meaning=(
        "The momentum that is resampled before each transition changes the energy too little, so that the "
        "chain explores the tails by a slow random walk."
    ),
    advice="Run a longer warm-up, or reparameterise heavy-tailed or hierarchical parts.",
    page=split_paragraphs("""
    The energy Bayesian fraction of missing information compares how much the energy changes between
    transitions with how much it varies over all draws. It is computed for each chain.

    Heavy tails and strong funnels make it small. Reparameterising helps; more draws help only slowly.
    """),
    assess=_assess,
)

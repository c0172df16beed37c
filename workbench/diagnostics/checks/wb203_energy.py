"""WB203: does the sampler move freely between energy levels?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.results import Fit
from workbench.thresholds import EBFMI_LIMIT, format_beside_limit


@needs_draws
def _examine(fit: Fit) -> Finding:
    record = fit.record
    values = [one for one in record["nuts"].get("ebfmi", []) if one is not None]
    if not values:
        return Finding("n/a", "There are no energies to compare.")
    smallest = min(values)
    shown, _ = format_beside_limit(smallest, EBFMI_LIMIT, 2)
    if smallest < EBFMI_LIMIT:
        message = f"E-BFMI is {shown} in one chain, below {EBFMI_LIMIT}: the tails are explored slowly."
        return Finding("issue", message, smallest, "caution")
    return Finding("passed", f"The smallest E-BFMI is {shown}, above {EBFMI_LIMIT}.", smallest)


CHECK = Check(
    code="WB203",
    title="Energy explored (E-BFMI)",
    threshold=f"at least {EBFMI_LIMIT} in each chain",
    reference="Betancourt (2016), Diagnosing suboptimal cotangent disintegrations, arXiv:1604.00695",
    meaning=(
        "The momentum that is drawn anew at each transition moves the chain too little between levels of "
        "the density, so that the tails are explored by a slow random walk."
    ),
    advice="Run longer warm-up, or reparameterise heavy-tailed or hierarchical parts.",
    page=paragraphs("""
    The energy Bayesian fraction of missing information compares how much the energy changes between
    transitions with how much it varies over all draws. It is computed for each chain.

    Small values come with heavy tails and with strong funnels. Reparameterising helps; more draws
    help only slowly.
    """),
    examine=_examine,
)

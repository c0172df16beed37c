"""WB203: does the sampler move freely between energy levels?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record, needs_draws

LIMIT = 0.3
"""Smallest acceptable E-BFMI: Betancourt (2016), arXiv:1604.00695."""


@needs_draws
def _examine(record: Record) -> Finding:
    values = [one for one in record["nuts"].get("ebfmi", []) if one is not None]
    if not values:
        return Finding("n/a", "There are no energies to compare.")
    smallest = min(values)
    if smallest < LIMIT:
        message = f"E-BFMI is {smallest:.2f} in one chain, below {LIMIT}: the tails are explored slowly."
        return Finding("issue", message, smallest, "caution")
    return Finding("passed", f"The smallest E-BFMI is {smallest:.2f}, above {LIMIT}.", smallest)


CHECK = Check(
    "WB203",
    "Energy explored (E-BFMI)",
    f"at least {LIMIT} in each chain",
    "Betancourt (2016), Diagnosing suboptimal cotangent disintegrations, arXiv:1604.00695",
    "Run longer warm-up, or reparameterise heavy-tailed or hierarchical parts.",
    _examine,
)

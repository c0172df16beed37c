"""WB102: are there enough effective draws?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record, needs_draws, worst

PER_CHAIN = 100
"""Smallest acceptable bulk and tail ESS for each chain: Vehtari et al. (2021), section 4."""


@needs_draws
def _examine(record: Record) -> Finding:
    needed = PER_CHAIN * record["nuts"]["chains"]
    found = [(kind, worst(record, f"ess_{kind}", smallest=True)) for kind in ("bulk", "tail")]
    known = [(kind, *one) for kind, one in found if one is not None]
    if not known:
        return Finding("n/a", "No parameter varies, so there is no effective sample size.")
    kind, name, ess = min(known, key=lambda one: one[2])
    if ess < needed:
        message = f"Too few effective draws: {kind} ESS is {ess:.0f} for `{name}`, below {needed}."
        return Finding("issue", message, ess, "caution")
    return Finding("passed", f"The smallest {kind} ESS is {ess:.0f} (`{name}`), above {needed}.", ess)


CHECK = Check(
    "WB102",
    "Enough effective draws (ESS)",
    f"at least {PER_CHAIN} for each chain, bulk and tail",
    "Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221",
    "Ask for more draws (--draws); a very small ESS points to a posterior that needs reparameterising.",
    _examine,
)

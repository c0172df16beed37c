"""WB101: do the chains agree?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record, needs_draws, worst

LIMIT = 1.01
"""Largest acceptable R-hat: Vehtari et al. (2021), section 4."""


@needs_draws
def _examine(record: Record) -> Finding:
    found = worst(record, "rhat")
    if found is None:
        return Finding("n/a", "No parameter varies, so there is nothing to compare between chains.")
    name, rhat = found
    if rhat > LIMIT:
        message = f"The chains disagree: R-hat is {rhat:.3f} for `{name}`, above {LIMIT}."
        return Finding("issue", message, rhat, "fail")
    return Finding("passed", f"The largest R-hat is {rhat:.3f} (`{name}`), below {LIMIT}.", rhat)


CHECK = Check(
    "WB101",
    "Chains agree (R-hat)",
    f"at most {LIMIT}",
    "Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221",
    "Run longer chains (--warmup, --draws); if R-hat stays high, look for several modes or reparameterise.",
    _examine,
)

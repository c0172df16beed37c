"""WB302: is the Pathfinder approximation close to the posterior?"""

from __future__ import annotations

import math

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit
from workbench.thresholds import format_beside_limit, khat_limit

FEWEST_DRAWS = 1000
"""Draws assumed where the run does not say how many there were: Pathfinder's own number."""


def _examine(fit: Fit) -> Finding:
    part = fit.record.get("pathfinder", {"status": "skipped"})
    if part["status"] == "skipped":
        return Finding("skipped", "No Pathfinder approximation was asked for.")
    if part["status"] != "ok":
        return Finding("tip", f"There is no Pathfinder approximation: {part['reason']}")
    khat, allowed = part.get("khat"), khat_limit(part.get("draws") or FEWEST_DRAWS)
    is_known = khat is not None and math.isfinite(khat)
    found, limit = format_beside_limit(khat, allowed, 2) if is_known else ("not finite", f"{allowed:.2f}")
    if not is_known or khat > allowed:
        message = f"Pathfinder is far from the posterior: its k-hat is {found}, above {limit}."
        return Finding("tip", message, khat)
    return Finding("passed", f"The k-hat of Pathfinder is {found}, below {limit}.", khat)


CHECK = Check(
    code="WB302",
    title="Pathfinder approximation usable (k-hat)",
    threshold="at most min(1 - 1/log10(S), 0.7) for S draws",
    reference=(
        "Zhang, Carpenter, Gelman and Vehtari (2022), JMLR 23(306); "
        "Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72)"
    ),
    meaning=(
        "The approximation found along the optimiser's path does not cover the posterior well enough to "
        "stand in for it, even after reweighting."
    ),
    advice="Use NUTS; Pathfinder's draws may still serve as its starting points.",
    page=paragraphs("""
    Pathfinder follows an optimiser from several starts, fits a normal distribution at each step, and keeps
    the one closest to the posterior. Its draws are then weighted by the ratio of the true density to that of
    the approximation; k-hat describes the tail of these weights.

    Above the limit, a few draws carry nearly all the weight, and means and intervals from them are noise.
    """),
    examine=_examine,
)

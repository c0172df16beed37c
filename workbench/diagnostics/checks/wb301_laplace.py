"""WB301: is the Laplace approximation close to the posterior?"""

from __future__ import annotations

import math

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit
from workbench.thresholds import format_beside_limit, khat_limit

FEWEST_DRAWS = 1000
"""Draws assumed where an older run does not say how many there were."""


def _examine(fit: Fit) -> Finding:
    record = fit.record
    part = record["laplace"]
    if part["status"] == "skipped":
        return Finding("skipped", "No Laplace approximation was asked for.")
    if part["status"] != "ok":
        return Finding("tip", f"There is no Laplace approximation: {part['reason']}")
    khat, allowed = part["khat"], khat_limit(part.get("draws") or FEWEST_DRAWS)
    is_known = khat is not None and math.isfinite(khat)
    found, limit = format_beside_limit(khat, allowed, 2) if is_known else ("not finite", f"{allowed:.2f}")
    if not is_known or khat > allowed:
        message = f"The Laplace approximation is far from the posterior: its k-hat is {found}, above {limit}."
        return Finding("tip", message, khat)
    return Finding("passed", f"The k-hat of the Laplace approximation is {found}, below {limit}.", khat)


CHECK = Check(
    code="WB301",
    title="Laplace approximation usable (k-hat)",
    threshold="at most min(1 - 1/log10(S), 0.7) for S draws",
    reference="Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72)",
    meaning=(
        "The normal approximation around the mode is not close enough to the posterior to stand in for "
        "it, or to be corrected by reweighting its draws."
    ),
    advice="Use the NUTS columns; the normal approximation does not hold here.",
    page=paragraphs("""
    Draws from the approximation are weighted by the ratio of the true density to that of the
    approximation. The k-hat is the shape of a generalised Pareto distribution fitted to the largest
    weights; above the limit a few draws carry everything.

    The k-hat grows with the number of parameters: in high dimensions even a good approximation can exceed
    the limit.
    """),
    examine=_examine,
)

"""WB505: do predictive intervals hold as many observations as they say?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_predictions, paragraphs
from workbench.results import Fit
from workbench.thresholds import COVERAGE_P_VALUE_LIMIT


@needs_predictions
def _examine(fit: Fit) -> Finding:
    found = [
        (row["p_value"], outcome["name"], row)
        for outcome in fit.record["predictive"]["outcomes"]
        for row in outcome["coverage"]
    ]
    if not found:
        return Finding("n/a", "Coverage needs continuous outcomes or counts that can be left out one by one.")
    p_value, name, worst = min(found, key=lambda item: item[0])
    told = f"{worst['level']:.0%} intervals hold {worst['observed']:.0%} of the observations of `{name}`"
    if p_value < COVERAGE_P_VALUE_LIMIT:
        side = "too narrow" if worst["observed"] < worst["level"] else "too wide"
        return Finding("issue", f"Predictive intervals are {side}: {told}.", worst["observed"], "caution")
    return Finding("passed", f"Predictive intervals cover what they say: {told}.", worst["observed"])


CHECK = Check(
    code="WB505",
    title="Predictive intervals cover what they say",
    threshold=f"binomial p-value at least {COVERAGE_P_VALUE_LIMIT} at 50, 80, 90 and 95 %",
    reference="Gneiting, Balabdaoui and Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x; limit ours",
    meaning=(
        "A new observation would fall outside the stated intervals more often, or less often, than it should."
    ),
    advice="Intervals too narrow ask for more spread or heavier tails in the likelihood; too wide, for less.",
    page=paragraphs("""
    For each observation the central predictive interval is taken given all other observations, so that none
    helps to predict itself. The number that lie inside theirs is compared with the binomial distribution.

    In-sample intervals would cover too much, the more so the more flexible the model is.
    """),
    examine=_examine,
)

"""WB507: do counts vary as much as the model says?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_predictions, paragraphs, spoken
from workbench.results import Fit
from workbench.thresholds import P_VALUE_LIMIT


@needs_predictions
def _examine(fit: Fit) -> Finding:
    found = [
        (outcome["dispersion"], outcome["name"])
        for outcome in fit.record["predictive"]["outcomes"]
        if outcome["dispersion"]
    ]
    if not found:
        return Finding("n/a", "There are no counts.")
    worst, name = min(found, key=lambda item: min(item[0]["p_value"], 1 - item[0]["p_value"]))
    told = f"their variance is {worst['ratio']:.2f} times that of replicates ({spoken(worst['p_value'])})"
    if worst["p_value"] < P_VALUE_LIMIT:
        return Finding("issue", f"Counts of `{name}` are overdispersed: {told}.", worst["ratio"], "caution")
    if worst["p_value"] > 1 - P_VALUE_LIMIT:
        return Finding("tip", f"Counts of `{name}` vary less than the model says: {told}.", worst["ratio"])
    return Finding("passed", f"Counts of `{name}` vary as the model says: {told}.", worst["ratio"])


CHECK = Check(
    code="WB507",
    title="Counts dispersed as modelled",
    threshold=f"posterior predictive p between {P_VALUE_LIMIT} and {1 - P_VALUE_LIMIT}",
    reference="Gelman and Hill (2007), Data Analysis Using Regression, section 6.2; limits ours",
    meaning=(
        "Counts vary more around their means than the likelihood allows, so that intervals of all parameters "
        "are too narrow; a Poisson likelihood ties the variance to the mean."
    ),
    advice=(
        "Use a likelihood with a dispersion of its own, such as neg_binomial_2_log or beta_binomial, or add "
        "an effect for each observation."
    ),
    page=paragraphs("""
    Pearson's statistic sums the squared distances of the counts from their predicted means, each divided by
    that mean. It is compared with the same sum over replicated counts: the ratio is 1 when the model is
    right, 2 when the counts vary twice as much.
    """),
    examine=_examine,
)

"""WB507: do counts vary as much as the model says?"""

from __future__ import annotations

from workbench.diagnostics.check import (
    Check,
    Finding,
    format_p_value,
    requires_predictions,
    split_paragraphs,
)
from workbench.results import Fit
from workbench.thresholds import P_VALUE_LIMIT


@requires_predictions
def _assess(fit: Fit) -> Finding:
    dispersions = [
        (outcome.name, outcome.dispersion.p_value, outcome.dispersion.ratio)
        for outcome in fit.results.predictive.outcomes
        if outcome.dispersion is not None and outcome.dispersion.p_value is not None
    ]
    if not dispersions:
        return Finding("n/a", "There are no counts.")
    name, p_value, ratio = min(dispersions, key=lambda item: min(item[1], 1 - item[1]))
    comparison = f"their variance is {ratio:.2f} times that of replicates ({format_p_value(p_value)})"
    if p_value < P_VALUE_LIMIT:
        return Finding("issue", f"Counts of `{name}` are overdispersed: {comparison}.", ratio, "caution")
    if p_value > 1 - P_VALUE_LIMIT:
        return Finding("tip", f"Counts of `{name}` are underdispersed: {comparison}.", ratio)
    return Finding("passed", f"Counts of `{name}` vary as the model says: {comparison}.", ratio)


CHECK = Check(
    code="WB507",
    title="Counts dispersed as modelled",
    threshold=f"posterior predictive p-value between {P_VALUE_LIMIT} and {1 - P_VALUE_LIMIT}",
    reference="Gelman and Hill (2007), Data Analysis Using Regression, section 6.2; limits ours",
    meaning=(
        "Counts vary more around their means than the likelihood allows, so that the intervals of all "
        "parameters are too narrow. A Poisson likelihood ties the variance to the mean."
    ),
    advice=(
        "Use a likelihood with a dispersion parameter, such as neg_binomial_2_log or beta_binomial, or add "
        "an effect for each observation."
    ),
    page=split_paragraphs("""
    Pearson's statistic sums the squared distances of the counts from their predicted means, each divided by
    that mean. It is compared with the same sum for replicated counts: the ratio is 1 if the model is right,
    and 2 if the counts vary twice as much.
    """),
    assess=_assess,
)

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
from workbench.results.view import Dispersion
from workbench.thresholds import FEWEST_COUNTS, P_VALUE_LIMIT

_TOO_LITTLE = (
    "Ask what keeps the counts together: a largest number (use a binomial likelihood), rounding, or rows "
    "that share a total. Otherwise use a likelihood that can vary less than its mean, such as a generalised "
    "Poisson; intervals are wider than need be."
)
"""What to do where counts vary less than the likelihood says."""


@requires_predictions
def _assess(fit: Fit) -> Finding:
    dispersions = {
        outcome.name: (outcome.observations or 0, outcome.dispersion)
        for outcome in fit.results.predictive.outcomes
        if outcome.dispersion is not None and outcome.dispersion.p_value is not None
    }
    if not dispersions:
        return Finding("n/a", "There are no counts.")
    findings = [
        _judge(name, dispersion)
        for name, (observations, dispersion) in dispersions.items()
        if observations >= FEWEST_COUNTS
    ]
    if not findings:
        return Finding("n/a", f"Fewer than {FEWEST_COUNTS} counts do not show how much they vary.")
    order = ("issue", "tip", "passed", "n/a")
    return min(findings, key=lambda finding: order.index(finding.status))


def _judge(name: str, dispersion: Dispersion) -> Finding:
    """Return the finding about one outcome: given all other rows where that is reliable.

    Given all data, predictions of a row adapt to it: too much variation is then still a finding, too little
    is not.
    """
    is_left_out = dispersion.loo_p_value is not None and not dispersion.unreliable
    p_value = dispersion.loo_p_value if is_left_out else dispersion.p_value
    ratio = dispersion.loo_ratio if is_left_out else dispersion.ratio
    assert p_value is not None  # noqa: S101 - the caller has looked
    comparison = (
        f"they vary {ratio:.2f} times as much around predictions from all other rows as the model says"
        if is_left_out
        else f"their variance is {ratio:.2f} times that of replicates"
    )
    comparison = f"{comparison} ({format_p_value(p_value)})"
    if p_value < P_VALUE_LIMIT:
        return Finding("issue", f"Counts of `{name}` are overdispersed: {comparison}.", ratio, "caution")
    if p_value > 1 - P_VALUE_LIMIT and is_left_out:
        message = f"Counts of `{name}` are underdispersed: {comparison}."
        return Finding("tip", message, ratio, advice=_TOO_LITTLE)
    if p_value > 1 - P_VALUE_LIMIT:
        message = (
            f"Whether `{name}` varies as the model says is not known: predictions adapt to single rows, and "
            f"leave-one-out {_describe_reliability(dispersion)}."
        )
        return Finding("n/a", message, ratio)
    return Finding("passed", f"Counts of `{name}` vary as the model says: {comparison}.", ratio)


def _describe_reliability(dispersion: Dispersion) -> str:
    if dispersion.unreliable:
        return f"is unreliable for {dispersion.unreliable} of them"
    return "is not available"


CHECK = Check(
    code="WB507",
    title="Counts dispersed as modelled",
    threshold=f"p-value between {P_VALUE_LIMIT} and {1 - P_VALUE_LIMIT}",
    reference=(
        "Gelman and Hill (2007), Data Analysis Using Regression, section 6.2; Gelman, Meng and Stern (1996), "
        "Statistica Sinica 6(4), 733-760; limits ours"
    ),
    meaning=(
        "Counts vary more around their means than the likelihood allows, so that the intervals of all "
        "parameters are too narrow; or they vary less, and intervals are too wide. A Poisson likelihood ties "
        "the variance to the mean."
    ),
    advice=(
        "Use a likelihood with a dispersion parameter, such as neg_binomial_2_log or beta_binomial, or add "
        "an effect for each observation."
    ),
    page=split_paragraphs("""
    Each count is predicted from all other rows, by leave-one-out. Its squared distance from the predicted
    mean is divided by the predictive variance: the average over the rows is 1 if the model is right, and 2 if
    the counts vary twice as much. Its p-value is that of a scaled chi-squared variable with the same mean and
    variance.

    Where leave-one-out is not reliable for every row, as with an effect for each of them, predictions given
    all data are used instead, by Pearson's statistic relative to that of replicates. Such predictions adapt
    to the row: too much variation still is a finding, but too little is expected and shows nothing.
    """),
    assess=_assess,
)

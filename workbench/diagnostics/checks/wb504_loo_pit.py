"""WB504: are the predictive distributions calibrated?"""

from __future__ import annotations

from workbench.diagnostics.check import (
    Check,
    Finding,
    format_p_value,
    requires_predictions,
    split_paragraphs,
)
from workbench.results import Fit
from workbench.thresholds import PIT_P_VALUE_LIMIT

_CONDITIONS = {
    "loo": "given all other observations",
    "posterior": "given all data, which makes the test lenient",
}
"""What each transform is given, by its source."""


@requires_predictions
def _assess(fit: Fit) -> Finding:
    p_values = {
        outcome.name: outcome.pit.uniform_p
        for outcome in fit.results.predictive.outcomes
        if outcome.pit.uniform_p is not None and outcome.kind != "binary"
    }
    if not p_values:
        return Finding("n/a", "No outcome has ordered values, or more than one of them.")
    name = min(p_values, key=lambda name: p_values[name])
    p_value = p_values[name]
    source = next(outcome.pit.source for outcome in fit.results.predictive.outcomes if outcome.name == name)
    condition = _CONDITIONS[source]
    if p_value < PIT_P_VALUE_LIMIT:
        message = (
            f"Predictions of `{name}` are not calibrated: its probability integral transforms, {condition}, "
            f"are not uniform ({format_p_value(p_value)})."
        )
        return Finding("issue", message, p_value, "caution")
    message = f"Predictions of `{name}` are calibrated overall, {condition} ({format_p_value(p_value)})."
    return Finding("passed", message, p_value)


CHECK = Check(
    code="WB504",
    title="Predictions calibrated (LOO-PIT)",
    threshold=f"p-value of uniformity at least {PIT_P_VALUE_LIMIT}",
    reference=(
        "Gneiting, Balabdaoui and Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x; "
        "Säilynoja, Bürkner and Vehtari (2022), doi:10.1007/s11222-022-10090-6; limit ours"
    ),
    meaning=(
        "The predictive distributions are too narrow, too wide, or shifted: their probabilities cannot be "
        "taken at face value."
    ),
    advice=(
        "Look at the PIT-ECDF: an S shape means a wrong spread, a bow means bias. Change the likelihood "
        "accordingly."
    ),
    page=split_paragraphs("""
    The probability integral transform is the predictive probability of a value below the observed one. If the
    predictions are right, these probabilities are uniform between 0 and 1 over the observations. Each is
    computed given all other observations, by Pareto-smoothed importance sampling; for discrete outcomes it is
    spread at random over its step.

    Uniformity is tested by the Kolmogorov-Smirnov test. The observations share one posterior, so that the
    transforms are slightly dependent. With few observations the test has little power.
    """),
    assess=_assess,
)

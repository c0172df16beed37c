"""WB504: are predictions calibrated as a whole?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_predictions, paragraphs, spoken
from workbench.results import Fit
from workbench.thresholds import PIT_P_VALUE_LIMIT

_OF = {"loo": "given all other observations", "posterior": "given all data, which makes the test lenient"}


@needs_predictions
def _examine(fit: Fit) -> Finding:
    found = [
        (outcome["pit"]["uniform_p"], outcome)
        for outcome in fit.record["predictive"]["outcomes"]
        if outcome["pit"]["uniform_p"] is not None and outcome["kind"] != "binary"
    ]
    if not found:
        return Finding("n/a", "No outcome has values in an order, of which there are several.")
    p_value, worst = min(found, key=lambda item: item[0])
    given = _OF[worst["pit"]["source"]]
    if p_value < PIT_P_VALUE_LIMIT:
        message = (
            f"Predictions of `{worst['name']}` are not calibrated: where it falls in its predictive "
            f"distribution, {given}, is not uniform ({spoken(p_value)})."
        )
        return Finding("issue", message, p_value, "caution")
    message = f"Predictions of `{worst['name']}` are calibrated as a whole, {given} ({spoken(p_value)})."
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
        "Predictive distributions are too narrow, too wide, or shifted: their stated probabilities cannot be "
        "taken at their word."
    ),
    advice=(
        "Look at the PIT-ECDF: an S shape is a wrong spread, a bow a bias. Widen or change the likelihood "
        "accordingly."
    ),
    page=paragraphs("""
    The probability integral transform is the predictive probability of a value below the observed one. If the
    predictions are right, these probabilities are uniform between 0 and 1 over the observations. Each is
    computed given all other observations, by Pareto-smoothed importance sampling; for discrete outcomes it is
    spread at random over the step.

    Uniformity is judged by the Kolmogorov-Smirnov test. Observations share the posterior, so that transforms
    are slightly dependent; with few observations the test has little power.
    """),
    examine=_examine,
)

"""WB506: do probabilities of a binary outcome come true?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_predictions, paragraphs
from workbench.results import Fit
from workbench.thresholds import FEWEST_BINARY_OBSERVATIONS, SPIEGELHALTER_LIMIT


@needs_predictions
def _examine(fit: Fit) -> Finding:
    found = [
        (outcome["scores"]["spiegelhalter_z"], outcome)
        for outcome in fit.record["predictive"]["outcomes"]
        if outcome["scores"] and outcome["scores"]["spiegelhalter_z"] is not None
    ]
    if not found:
        return Finding("n/a", "There is no binary outcome.")
    found = [(z, outcome) for z, outcome in found if outcome["observations"] >= FEWEST_BINARY_OBSERVATIONS]
    if not found:
        return Finding(
            "n/a",
            f"Fewer than {FEWEST_BINARY_OBSERVATIONS} binary observations do not tell whether they are calibrated.",
        )
    found = [(z, outcome) for z, outcome in found if outcome["scores"]["source"] == "loo"]
    if not found:
        return Finding("n/a", "Calibration needs binary outcomes that can be left out one by one.")
    z, worst = max(found, key=lambda item: abs(item[0]))
    error = worst["scores"]["calibration_error"]
    told = f"expected calibration error {error:.3f}, Spiegelhalter's z {z:.1f}"
    if abs(z) > SPIEGELHALTER_LIMIT:
        side = "too extreme" if z > 0 else "too cautious"
        message = f"Probabilities of `{worst['name']}` are {side}: {told}."
        return Finding("issue", message, z, "caution")
    return Finding("passed", f"Probabilities of `{worst['name']}` come true as stated: {told}.", z)


CHECK = Check(
    code="WB506",
    title="Probabilities come true (binary outcomes)",
    threshold=f"Spiegelhalter's z within {SPIEGELHALTER_LIMIT:g}",
    reference=(
        "Spiegelhalter (1986), doi:10.1002/sim.4780050506; Bröcker and Smith (2007), doi:10.1175/WAF993.1"
    ),
    meaning="Among cases given a probability of 30 %, clearly more or fewer than 30 % happen.",
    advice="Look at the reliability diagram: a curve flatter than the diagonal means overconfidence.",
    page=paragraphs("""
    Each probability is that of the outcome given all other observations. Spiegelhalter's z compares the Brier
    score with its expectation under the stated probabilities. The expected calibration error is the mean
    distance between stated probability and observed share over ten bins of equal size.

    A model without the predictor that matters can be well calibrated and still useless: the log loss tells.
    """),
    examine=_examine,
)

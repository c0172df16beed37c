"""WB506: are predicted probabilities of a binary outcome calibrated?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_predictions, split_paragraphs
from workbench.results import Fit
from workbench.results.view import CalibrationScores
from workbench.thresholds import FEWEST_BINARY_OBSERVATIONS, SPIEGELHALTER_LIMIT

Scored = list[tuple[str, int, float, CalibrationScores]]


@requires_predictions
def _assess(fit: Fit) -> Finding:
    scored = _collect_scores(fit)
    if not scored:
        return Finding("n/a", "There is no binary outcome.")
    scored = [item for item in scored if item[1] >= FEWEST_BINARY_OBSERVATIONS]
    if not scored:
        message = f"Fewer than {FEWEST_BINARY_OBSERVATIONS} binary observations cannot show calibration."
        return Finding("n/a", message)
    scored = [item for item in scored if item[3].source == "loo"]
    if not scored:
        return Finding("n/a", "Calibration needs binary outcomes for which leave-one-out is available.")
    name, _, z, scores = max(scored, key=lambda item: abs(item[2]))
    numbers = f"expected calibration error {scores.calibration_error:.3f}, Spiegelhalter's z {z:.1f}"
    if abs(z) > SPIEGELHALTER_LIMIT:
        side = "too extreme" if z > 0 else "too cautious"
        return Finding("issue", f"Probabilities of `{name}` are {side}: {numbers}.", z, "caution")
    return Finding("passed", f"Probabilities of `{name}` are calibrated: {numbers}.", z)


def _collect_scores(fit: Fit) -> Scored:
    """Return name, observations, Spiegelhalter's z and scores of each binary outcome."""
    return [
        (outcome.name, outcome.observations or 0, outcome.scores.spiegelhalter_z, outcome.scores)
        for outcome in fit.results.predictive.outcomes
        if outcome.scores is not None and outcome.scores.spiegelhalter_z is not None
    ]


CHECK = Check(
    code="WB506",
    title="Probabilities calibrated (binary outcomes)",
    threshold=f"Spiegelhalter's z within {SPIEGELHALTER_LIMIT:g}",
    reference=(
        "Spiegelhalter (1986), doi:10.1002/sim.4780050506; Bröcker and Smith (2007), doi:10.1175/WAF993.1"
    ),
    meaning="Of the cases with a predicted probability of 30 %, clearly more or fewer than 30 % happen.",
    advice="Look at the reliability diagram: a curve flatter than the diagonal means overconfidence.",
    page=split_paragraphs("""
    Each probability is given all other observations. Spiegelhalter's z compares the Brier score with its
    expectation under the predicted probabilities. The expected calibration error is the mean distance between
    predicted probability and observed share over ten bins of equal size.

    A model without the predictor that matters can be well calibrated and still useless: the log loss shows
    that.
    """),
    assess=_assess,
)

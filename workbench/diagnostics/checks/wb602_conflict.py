"""WB602: do prior and data disagree?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_power_scaling, split_paragraphs
from workbench.diagnostics.power_scaling import CONFLICT, select_parameters
from workbench.results import Fit
from workbench.thresholds import SENSITIVITY_LIMIT


@requires_power_scaling
def _assess(fit: Fit) -> Finding:
    sensitivities = select_parameters(fit.results)
    if all(sensitivity.likelihood is None for sensitivity in sensitivities.values()):
        return Finding("n/a", "The likelihood of the draws is not known, so it cannot be scaled.")
    weaker = {
        label: min(sensitivity.prior or 0.0, sensitivity.likelihood or 0.0)
        for label, sensitivity in sensitivities.items()
        if sensitivity.diagnosis == CONFLICT
    }
    if not weaker:
        return Finding("passed", "Prior and data do not disagree about any parameter.", 0)
    label = max(weaker, key=lambda label: weaker[label])
    others = f", and {len(weaker) - 1} more" if len(weaker) > 1 else ""
    message = (
        f"Prior and data may disagree about `{label}`{others}: both move its posterior (prior "
        f"{sensitivities[label].prior:.2f}, likelihood {sensitivities[label].likelihood:.2f})."
    )
    return Finding("tip", message, len(weaker))


CHECK = Check(
    code="WB602",
    title="Prior and data agree",
    threshold=f"not both sensitivities, to prior and to likelihood, above {SENSITIVITY_LIMIT}",
    reference="Kallioinen, Paananen, Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5",
    meaning=(
        "The posterior lies between what the prior expects and what the data show, and either would move it: "
        "the prior may be in the wrong place, or the model of the data may be wrong."
    ),
    advice=(
        "Compare the prior with the posterior in the report's figures; widen the prior, or find out which of "
        "the two is wrong."
    ),
    page=split_paragraphs("""
    A posterior that is moved by scaling the prior as well as by scaling the likelihood is a compromise
    between the two. If prior and data agreed, strengthening either would change little but the width of the
    posterior.

    With few data a weak compromise is normal, so this check gives a tip and does not change the verdict: look
    at how far apart the two are.
    """),
    assess=_assess,
)

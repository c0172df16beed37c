"""WB601: does a prior outweigh the data?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_power_scaling, split_paragraphs
from workbench.diagnostics.power_scaling import STRONG_PRIOR, select_parameters
from workbench.results import Fit
from workbench.thresholds import SENSITIVITY_LIMIT


@requires_power_scaling
def _assess(fit: Fit) -> Finding:
    sensitivities = select_parameters(fit.results)
    if not sensitivities:
        return Finding("n/a", "No parameter varies.")
    to_prior = {label: sensitivity.prior or 0.0 for label, sensitivity in sensitivities.items()}
    label = max(to_prior, key=lambda label: to_prior[label])
    largest = to_prior[label]
    dominated = [label for label in sensitivities if sensitivities[label].diagnosis == STRONG_PRIOR]
    if dominated:
        message = (
            f"Priors outweigh the data for {len(dominated)} of {len(sensitivities)} parameters; the most "
            f"sensitive is `{label}` ({largest:.2f})."
        )
        return Finding("tip", message, largest)
    dependence = (
        "depends on its prior and on the data"
        if largest > SENSITIVITY_LIMIT
        else "hardly depends on the priors"
    )
    message = f"No prior outweighs the data; the most sensitive, `{label}`, {dependence} ({largest:.2f})."
    return Finding("passed", message, largest)


CHECK = Check(
    code="WB601",
    title="Priors do not outweigh the data",
    threshold=f"sensitivity to the prior at most {SENSITIVITY_LIMIT}, or that to the likelihood above it",
    reference="Kallioinen, Paananen, Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5",
    meaning=(
        "A slightly stronger or weaker prior would change the posterior, while a change of the likelihood "
        "would not: the data say little about these parameters."
    ),
    advice="Justify the prior when reporting; `workbench sensitivity` shows the results under other priors.",
    page=split_paragraphs("""
    Priors and likelihood are raised to powers slightly below and above one, and the draws are reweighted
    accordingly; nothing is fitted again. The sensitivity is the distance between the posteriors at the two
    powers, per doubling of the power.

    A strong prior is not a mistake where it is intended: the check says that it matters, not that it is
    wrong.
    """),
    assess=_assess,
)

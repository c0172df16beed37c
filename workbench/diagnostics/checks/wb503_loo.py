"""WB503: can leave-one-out be read off the draws?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.results import Fit
from workbench.thresholds import format_beside_limit


@needs_draws
def _examine(fit: Fit) -> Finding:
    entry = fit.record["loo"]
    if entry["status"] != "ok":
        return Finding("n/a", f"Observations cannot be left out one by one: {entry['reason']}")
    bad, count = entry["bad"], entry["observations"]
    khat, limit = format_beside_limit(entry["khat_max"], entry["khat_limit"], 2)
    largest = f"the largest k-hat is {khat}"
    if bad:
        message = f"Leave-one-out is unreliable for {bad} of {count} observations: {largest}, above {limit}."
        return Finding("tip", message, entry["khat_max"])
    return Finding("passed", f"Leave-one-out is reliable: {largest}, below {limit}.", entry["khat_max"])


CHECK = Check(
    code="WB503",
    title="Leave-one-out reliable (Pareto k-hat)",
    threshold="k-hat at most min(1 - 1/log10(S), 0.7) for every observation, S draws",
    reference=(
        "Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4; "
        "Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72)"
    ),
    meaning=(
        "Without some observation the posterior would be so different that reweighting the draws cannot tell "
        "what it would be: elpd is then too optimistic, and the model may be misspecified there."
    ),
    advice="Look at the observations named in the report; refit without them, or use a robust likelihood.",
    page=paragraphs("""
    Leaving an observation out multiplies the posterior by one over its likelihood. Draws are reweighted
    accordingly, and the largest weights smoothed by a generalised Pareto distribution whose shape is k-hat.

    A large k-hat has three usual causes: an outlier under the model, a parameter that only this observation
    informs (one effect for each row), or a model with about as many parameters as observations.
    """),
    examine=_examine,
)

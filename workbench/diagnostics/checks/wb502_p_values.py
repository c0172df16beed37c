"""WB502: do data drawn anew look like those observed?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_predictions, paragraphs, spoken
from workbench.results import Fit
from workbench.thresholds import P_VALUE_LIMIT


@needs_predictions
def _examine(fit: Fit) -> Finding:
    found = [
        (min(one["p_value"], 1 - one["p_value"]), outcome["name"], one)
        for outcome in fit.record["predictive"]["outcomes"]
        for one in outcome["statistics"]
    ]
    tail, name, worst = min(found, key=lambda item: item[0])
    p_value = worst["p_value"]
    told = (
        f"the {worst['name']} of `{name}` is {worst['observed']:.3g}, of replicates "
        f"{worst['lower']:.3g} to {worst['upper']:.3g} (posterior predictive {spoken(p_value)})"
    )
    if tail < P_VALUE_LIMIT:
        return Finding("issue", f"The model does not reproduce its data: {told}.", p_value, "caution")
    return Finding("passed", f"Replicated data look like the observed ones; most apart, {told}.", p_value)


CHECK = Check(
    code="WB502",
    title="Data reproduced (posterior predictive p-values)",
    threshold=f"between {P_VALUE_LIMIT} and {1 - P_VALUE_LIMIT} for every test statistic",
    reference="Gelman, Meng and Stern (1996), Statistica Sinica 6(4), 733-760; limits ours",
    meaning=(
        "Data simulated from the fitted model differ from the observed ones in a simple summary: the model "
        "lacks something that the data have."
    ),
    advice=(
        "Look at the summary that is off: a larger spread asks for a wider or heavier-tailed likelihood, "
        "more zeros for a zero-inflated one, an extreme maximum for heavier tails."
    ),
    page=paragraphs("""
    At every posterior draw a data set is drawn anew: by the program itself, or from the densities of its
    likelihood. A test statistic is computed for each: mean, SD, minimum, maximum, share of zeros, or shares
    of categories, by the kind of outcome. The p-value is the share of replicates in which it is larger than
    in the data, ties counted half.

    Values near 0 or 1 speak against the model; a value near 0.5 is no proof for it, since statistics that the
    model fits directly, such as a mean, are always reproduced.
    """),
    examine=_examine,
)

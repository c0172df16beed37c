"""WB401: would the MAP alone have misled?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit
from workbench.thresholds import SHIFT_LIMIT


def _examine(fit: Fit) -> Finding:
    record = fit.record
    for part in (record["map"], record["nuts"]):
        if part["status"] == "skipped":
            return Finding("skipped", "MAP and posterior were not both asked for.")
        if part["status"] != "ok":
            return Finding("n/a", f"MAP and posterior mean cannot be compared: {part['reason']}")
    gaps = {name: gap["in_sd"] for name, gap in record["gaps"].items() if gap.get("in_sd") is not None}
    if not gaps:
        return Finding("n/a", "There is no parameter to compare.")
    name = max(gaps, key=lambda one: abs(gaps[one]))
    label = record["nuts"]["estimates"][name].get("label", name)
    side = "below" if gaps[name] < 0 else "above"
    message = f"The MAP of `{label}` lies {abs(gaps[name]):.2f} posterior SDs {side} the posterior mean"
    if abs(gaps[name]) > SHIFT_LIMIT:
        return Finding("tip", f"{message}: the mode alone would mislead.", gaps[name])
    return Finding("passed", f"{message}, the largest gap of all.", gaps[name])


CHECK = Check(
    code="WB401",
    title="MAP close to the posterior mean",
    threshold=f"at most {SHIFT_LIMIT} posterior SDs",
    reference="threshold ours; the split of the gap is explained in the report",
    meaning=(
        "The mode lies away from the bulk of the posterior: who reports it alone reports an unusual point."
    ),
    advice="Report the posterior mean or median with its interval instead of the mode.",
    page=paragraphs("""
    The gap is the distance of the mode, on the scale of the declared parameters, from the posterior
    mean, in posterior standard deviations. The report splits it into the part due to the Jacobian of
    the constraining transform, the curvature of that transform, and what is not normal in the
    posterior.
    """),
    examine=_examine,
)

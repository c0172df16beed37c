"""WB401: would the MAP alone mislead?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.modes import list_comparable_modes, list_known_modes
from workbench.thresholds import SHIFT_LIMIT

_DESCRIBE_EACH = (
    "Describe each mode by itself: with several, neither one of them nor the posterior mean is typical."
)
"""What to do about a gap that is due to another mode."""


def _assess(fit: Fit) -> Finding:
    results = fit.results
    for result in (results.map, results.nuts):
        if result.status == "skipped":
            return Finding("skipped", "MAP and posterior were not both requested.")
        if not result.is_ok:
            return Finding("n/a", f"MAP and posterior mean cannot be compared: {result.reason}")
    gaps = {name: gap.in_sd for name, gap in results.gaps.items() if gap.in_sd is not None}
    if not gaps:
        return Finding("n/a", "There is no parameter to compare.")
    name = max(gaps, key=lambda name: abs(gaps[name]))
    gap = gaps[name]
    side = "below" if gap < 0 else "above"
    message = (
        f"The MAP of `{results.label(name)}` lies {abs(gap):.2f} posterior SDs {side} the posterior mean"
    )
    if abs(gap) > SHIFT_LIMIT:
        count = len(list_comparable_modes(list_known_modes(results)))
        if count > 1:
            message = f"{message}, because the posterior has {count} modes."
            return Finding("tip", message, gap, advice=_DESCRIBE_EACH)
        return Finding("tip", f"{message}: the mode alone would mislead.", gap)
    return Finding("passed", f"{message}, the largest gap of all.", gap)


CHECK = Check(
    code="WB401",
    title="MAP close to the posterior mean",
    threshold=f"at most {SHIFT_LIMIT} posterior SDs",
    reference="limit ours; the report splits the gap into its causes",
    meaning="The mode lies away from the bulk of the posterior: reported alone, it is an atypical point.",
    advice="Report the posterior mean or median with its interval instead of the mode.",
    page=split_paragraphs("""
    The gap is the distance between the mode, on the scale of the declared parameters, and the posterior
    mean, in posterior standard deviations. The report splits it into three parts: the Jacobian of the
    constraining transform, the curvature of that transform, and the deviation of the posterior from a normal
    distribution.
    """),
    assess=_assess,
)

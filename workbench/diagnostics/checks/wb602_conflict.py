"""WB602: do prior and data disagree?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, owner, paragraphs, parameter_names
from workbench.results import Fit


@needs_draws
def _examine(fit: Fit) -> Finding:
    entry = fit.record["power_scaling"]
    if entry["status"] != "ok":
        return Finding("n/a", f"Priors cannot be scaled: {entry['reason']}")
    names = parameter_names(fit.record)
    found = {name: one for name, one in entry["parameters"].items() if owner(name) in names}
    if not any(one.get("likelihood") is not None for one in found.values()):
        return Finding("n/a", "The likelihood of the draws is not known, so it cannot be scaled.")
    torn = {name: one for name, one in found.items() if "conflict" in one["diagnosis"]}
    if not torn:
        return Finding("passed", "No parameter is pulled apart by prior and data.", 0)
    name, worst = max(torn.items(), key=lambda item: min(item[1]["prior"], item[1]["likelihood"]))
    others = f", and {len(torn) - 1} more" if len(torn) > 1 else ""
    message = (
        f"Prior and data may pull apart for `{worst.get('label', name)}`{others}: both move its posterior "
        f"(prior {worst['prior']:.2f}, likelihood {worst['likelihood']:.2f})."
    )
    return Finding("tip", message, len(torn))


CHECK = Check(
    code="WB602",
    title="Prior and data agree",
    threshold="not both sensitivities, to prior and to likelihood, above 0.05",
    reference="Kallioinen, Paananen, Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5",
    meaning=(
        "The posterior lies between what the prior expects and what the data show, and either would move it: "
        "the prior may be in the wrong place, or the model of the data wrong."
    ),
    advice=(
        "Compare the prior with the data in the report's pictures; widen it, or find out which of both errs."
    ),
    page=paragraphs("""
    A posterior that is moved by scaling the prior as well as by scaling the likelihood is a compromise
    between the two. If prior and data agreed, strengthening either would leave its place, and little but its
    width would change.

    With few data a weak compromise is normal, so that this is a remark and not a verdict: look at how far
    apart the two are.
    """),
    examine=_examine,
)

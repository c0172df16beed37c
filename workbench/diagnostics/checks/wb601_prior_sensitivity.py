"""WB601: does a prior outweigh the data?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, owner, paragraphs, parameter_names
from workbench.results import Fit
from workbench.thresholds import SENSITIVITY_LIMIT


@needs_draws
def _examine(fit: Fit) -> Finding:
    entry = fit.record["power_scaling"]
    if entry["status"] != "ok":
        return Finding("n/a", f"Priors cannot be scaled: {entry['reason']}")
    names = parameter_names(fit.record)
    found = {name: one for name, one in entry["parameters"].items() if owner(name) in names}
    if not found:
        return Finding("n/a", "No parameter varies.")
    name, most = max(found.items(), key=lambda item: item[1]["prior"])
    label, moved = most.get("label", name), most["prior"]
    strong = [one for one in found.values() if "strong prior" in one["diagnosis"]]
    if strong:
        message = (
            f"Priors outweigh the data for {len(strong)} of {len(found)} parameters; the most sensitive is "
            f"`{label}` ({moved:.2f})."
        )
        return Finding("tip", message, moved)
    words = (
        "is moved by its prior and by the data"
        if moved > SENSITIVITY_LIMIT
        else "hardly depends on the priors"
    )
    return Finding("passed", f"No prior outweighs the data; `{label}` {words} ({moved:.2f}).", moved)


CHECK = Check(
    code="WB601",
    title="Priors do not outweigh the data",
    threshold=f"sensitivity to the prior at most {SENSITIVITY_LIMIT}, or that to the likelihood above it",
    reference="Kallioinen, Paananen, Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5",
    meaning=(
        "A slightly stronger or weaker prior would change the posterior, and a change of the likelihood "
        "would not: the data say little about these parameters."
    ),
    advice=(
        "Say where the prior comes from when reporting; `workbench sensitivity` shows what others would give."
    ),
    page=paragraphs("""
    Priors and likelihood are raised to powers slightly below and above one, and the draws reweighted
    accordingly; nothing is fitted again. The sensitivity is the distance between the posteriors at the two
    powers, for a doubling of the power.

    A strong prior is no mistake where it was meant: the check says that it matters, not that it is wrong.
    """),
    examine=_examine,
)

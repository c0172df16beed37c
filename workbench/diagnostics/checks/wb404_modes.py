"""WB404: is there more than one mode?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit
from workbench.thresholds import SECOND_MODE_LIMIT

_NAMES = {"map_unconstrained": "unconstrained mode", "map": "MAP"}


def _examine(fit: Fit) -> Finding:
    asked = {key: fit.record[key] for key in _NAMES if fit.record[key]["status"] != "skipped"}
    if not asked:
        return Finding("skipped", "No mode was asked for.")
    known = {key: part["modes"] for key, part in asked.items() if part.get("modes")}
    if not known:
        return Finding("n/a", "The optimiser was not started from several points, or found no mode.")
    key = max(known, key=lambda one: len(known[one]))
    modes = known[key]
    if len(modes) == 1:
        return Finding("passed", "All starts of the optimiser that ended at a mode ended at the same one.", 1)
    below = modes[0]["log_density"] - modes[1]["log_density"]
    message = (
        f"The density has {len(modes)} modes; the second is {below:.1f} nats below the first{_far(modes[1])}."
    )
    if below > SECOND_MODE_LIMIT:
        return Finding("tip", message, len(modes))
    return Finding("issue", f"{message} Chains may have seen only one of them.", len(modes), "caution")


def _far(mode: Mapping[str, Any]) -> str:
    distance = mode.get("distance")
    return "" if distance is None else f" and {distance:.1f} posterior SDs away"


CHECK = Check(
    code="WB404",
    title="A single mode",
    threshold=f"no second mode within {SECOND_MODE_LIMIT:g} nats of the first",
    reference="Gelman et al. (2013), Bayesian Data Analysis, section 13.1; limit ours",
    meaning=(
        "The posterior has separate peaks. A mode describes one of them, and chains cross between them "
        "rarely: how often each is visited may then say more about the starts than about the posterior."
    ),
    advice=(
        "Look at R-hat and the traces; order exchangeable components, or give starting values and priors "
        "that tell the peaks apart."
    ),
    page=paragraphs("""
    The optimiser climbs from several random starts. Ends that are modes, judged by gradient and curvature,
    and that are apart by more than rounding count as different.

    Mixtures have as many equal modes as their components can be reordered; that is harmless for quantities
    that do not depend on the order. Other cases, such as a likelihood with two explanations, are a finding
    about the data.
    """),
    examine=_examine,
)

"""WB404: is there more than one mode?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.modes import are_equal
from workbench.results.view import DistinctMode
from workbench.thresholds import SECOND_MODE_LIMIT

_ADVICE_WITHOUT_CHAINS = (
    "Report the modes one by one; order exchangeable components, or use priors that distinguish the modes."
)
"""What to do where there are no chains to look at."""


def _assess(fit: Fit) -> Finding:
    searches = (fit.results.map_unconstrained, fit.results.map)
    if all(search.status == "skipped" for search in searches):
        return Finding("skipped", "No mode was requested.")
    modes = max((search.modes for search in searches), key=len)
    if not modes:
        return Finding("n/a", "The optimiser did not start from several points, or found no mode.")
    if len(modes) == 1:
        return Finding("passed", "All starts of the optimiser that ended at a mode ended at the same one.", 1)
    below = (modes[0].log_density or 0.0) - (modes[1].log_density or 0.0)
    height = "as high as" if are_equal(modes[0], modes[1]) else f"{below:.1f} nats below"
    message = (
        f"The density has {len(modes)} modes; the second is {height} the first{_describe_distance(modes[1])}."
    )
    advice = "" if fit.results.nuts.is_ok else _ADVICE_WITHOUT_CHAINS
    if below > SECOND_MODE_LIMIT:
        return Finding("tip", message, len(modes), advice=advice)
    consequence = (
        "The chains may have visited only one of them."
        if fit.results.nuts.is_ok
        else "An estimate at one of them says nothing about the others."
    )
    return Finding("issue", f"{message} {consequence}", len(modes), "caution", advice)


def _describe_distance(mode: DistinctMode) -> str:
    return "" if mode.distance is None else f" and {mode.distance:.1f} posterior SDs away"


CHECK = Check(
    code="WB404",
    title="A single mode",
    threshold=f"no second mode within {SECOND_MODE_LIMIT:g} nats of the first",
    reference="Gelman et al. (2013), Bayesian Data Analysis, section 13.1; limit ours",
    meaning=(
        "The posterior has separate modes. A point estimate describes one of them, and chains rarely cross "
        "between them: how often each is visited may depend more on the initial values than on the posterior."
    ),
    advice=(
        "Look at R-hat and the traces; order exchangeable components, or use initial values and priors that "
        "distinguish the modes."
    ),
    page=split_paragraphs("""
    The optimiser starts from several random points. End points that are modes, by gradient and curvature, and
    that differ by more than rounding count as different.

    A mixture has an equal mode for every order of its components; that is harmless for quantities that do
    not depend on the order. Other cases, such as a likelihood with two explanations, are a finding about the
    data.
    """),
    assess=_assess,
)

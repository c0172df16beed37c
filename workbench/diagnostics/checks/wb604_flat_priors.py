"""WB604: does every parameter have a prior?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit


def _examine(fit: Fit) -> Finding:
    model = fit.record["model"]
    stated = model.get("parameter_priors")
    if not model["instrumented"] or stated is None:
        return Finding("n/a", "The program could not be taken apart, so its priors are not known.")
    if not stated:
        return Finding("n/a", "The program has no parameters.")
    flat = [one["name"] for one in stated if one["kind"] == "flat"]
    if flat:
        named = ", ".join(f"`{name}`" for name in flat[:5]) + (" ..." if len(flat) > 5 else "")
        message = f"{len(flat)} of {len(stated)} parameters have a flat prior over an endless range: {named}."
        return Finding("tip", message, len(flat))
    return Finding("passed", f"Each of the {len(stated)} parameters has a prior or a bounded range.", 0)


CHECK = Check(
    code="WB604",
    title="Every parameter has a prior",
    threshold="no parameter flat on an unbounded range",
    reference="Gelman, Simpson and Betancourt (2017), doi:10.3390/e19100555",
    meaning=(
        "Without a prior every value is as likely as any other up to infinity. Where the data are weak, the "
        "posterior then reaches values that nobody believes, or has no finite integral at all."
    ),
    advice="Write down the range that you would find surprising to leave, as a normal prior for instance.",
    page=paragraphs("""
    A parameter without a prior statement, and without bounds on both sides, has a flat prior on its declared
    scale. Draws of the prior alone, and prior sensitivity, are then not available.

    Stan's sampler does not notice an improper posterior: chains that wander without end are its only sign.
    """),
    examine=_examine,
)

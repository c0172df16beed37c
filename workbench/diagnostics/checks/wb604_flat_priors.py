"""WB604: does every parameter have a prior?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit

SHOWN = 5
"""Parameters, or groups of elements, that the message names."""


def _assess(fit: Fit) -> Finding:
    model = fit.results.model
    priors = model.parameter_priors
    if not model.instrumented or priors is None:
        return Finding("n/a", "The program could not be taken apart, so its priors are not known.")
    if not priors:
        return Finding("n/a", "The program has no parameters.")
    flat = [name for prior in priors for name in prior.flat_names]
    if flat:
        named = ", ".join(f"`{name}`" for name in flat[:SHOWN]) + (" ..." if len(flat) > SHOWN else "")
        count = sum(bool(prior.flat_names) for prior in priors)
        in_part = ", in whole or in part," if any(prior.flat_elements for prior in priors) else ""
        message = (
            f"{count} of {len(priors)} parameters have{in_part} a flat prior on an unbounded range: {named}."
        )
        return Finding("tip", message, count)
    return Finding("passed", f"Each of the {len(priors)} parameters has a prior or a bounded range.", 0)


CHECK = Check(
    code="WB604",
    title="Every parameter has a prior",
    threshold="no parameter flat on an unbounded range",
    reference="Gelman, Simpson and Betancourt (2017), doi:10.3390/e19100555",
    meaning=(
        "Without a prior, every value is as likely as any other up to infinity. Where the data are weak, the "
        "posterior then extends to implausible values, or is improper."
    ),
    advice="Give the parameter a prior, such as a normal one over the range that would not surprise you.",
    page=split_paragraphs("""
    A parameter without a prior statement, and without bounds on both sides, has a flat prior on its declared
    scale. So have the elements of a vector that no prior statement is about: one for the first element
    says nothing about the second. Draws from the prior alone and prior sensitivity are then not available.

    Stan's sampler does not notice an improper posterior: chains that wander without end are its only sign.
    """),
    assess=_assess,
)

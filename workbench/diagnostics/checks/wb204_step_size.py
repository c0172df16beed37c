"""WB204: did the chains adapt to similar step sizes?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import STEP_SIZE_RATIO_LIMIT

_SHORTEST = 1000
"""Warm-up draws in each chain that are recommended at least: the default. Ours."""


@requires_draws
def _assess(fit: Fit) -> Finding:
    sizes = [size for size in fit.results.nuts.step_size if size]
    if len(sizes) < 2:
        return Finding("n/a", "There are no step sizes of several chains to compare.")
    ratio = max(sizes) / min(sizes)
    if ratio > STEP_SIZE_RATIO_LIMIT:
        message = (
            f"The chains adapted differently: their step sizes range from {min(sizes):.3g} to "
            f"{max(sizes):.3g}, a ratio of {ratio:.1f}."
        )
        longer = max(2 * (fit.results.nuts.warmup or 0), _SHORTEST)
        advice = (
            f"Run a longer warm-up (--warmup {longer}), and look at the chain with the smallest step size."
        )
        return Finding("tip", message, ratio, advice=advice)
    return Finding(
        "passed", f"The step sizes of the chains differ by a factor of at most {ratio:.1f}.", ratio
    )


CHECK = Check(
    code="WB204",
    title="Similar step sizes",
    threshold=f"a ratio of at most {STEP_SIZE_RATIO_LIMIT:g} between chains",
    reference="Hoffman and Gelman (2014), JMLR 15, section 3.2 (how the step size adapts); limit ours",
    meaning="Warm-up ended differently: one chain may have settled in a region of different curvature.",
    advice="Run a longer warm-up (--warmup), and look at the chain with the smallest step size.",
    page=split_paragraphs("""
    During warm-up each chain tunes its step size until the mean acceptance statistic reaches its target.
    Chains that explore the same posterior end at similar values, up to the noise of tuning.

    A chain with a much smaller step size has met a narrow region that the others have not seen, or was in
    one when warm-up ended. R-hat and divergences show whether that matters.
    """),
    assess=_assess,
)

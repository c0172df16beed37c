"""WB204: did the chains adapt alike?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.results import Fit
from workbench.thresholds import STEP_SIZE_RATIO_LIMIT


@needs_draws
def _examine(fit: Fit) -> Finding:
    sizes = [one for one in fit.record["nuts"].get("step_size") or () if one]
    if len(sizes) < 2:
        return Finding("n/a", "There are no step sizes of several chains to compare.")
    ratio = max(sizes) / min(sizes)
    if ratio > STEP_SIZE_RATIO_LIMIT:
        message = (
            f"The chains adapted differently: step sizes go from {min(sizes):.3g} to {max(sizes):.3g}, "
            f"a ratio of {ratio:.1f}."
        )
        return Finding("tip", message, ratio)
    return Finding("passed", f"Step sizes of the chains differ by a factor of at most {ratio:.1f}.", ratio)


CHECK = Check(
    code="WB204",
    title="Chains adapted alike (step size)",
    threshold=f"a ratio of at most {STEP_SIZE_RATIO_LIMIT:g} between chains",
    reference="Hoffman and Gelman (2014), JMLR 15, section 3.2 (how the step size adapts); limit ours",
    meaning="Warm-up ended in different places: one chain may have settled in a region of other curvature.",
    advice="Run a longer warm-up (--warmup 2000); look at the chain with the smallest step size.",
    page=paragraphs("""
    During warm-up each chain tunes its step size until transitions are accepted as often as asked. Chains
    that explore one posterior end at similar values, up to the noise of tuning.

    A chain with a much smaller step size has met a narrow region that the others have not seen, or was caught
    in one when warm-up ended. R-hat and divergences tell whether that matters.
    """),
    examine=_examine,
)

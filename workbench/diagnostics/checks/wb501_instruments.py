"""WB501: is the program that was run the program that was written?"""

from __future__ import annotations

from typing import Any

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit
from workbench.thresholds import TERM_SUM_LIMIT

_UNKNOWN: dict[str, Any] = {"status": "not available", "reason": "the run does not say."}


def _examine(fit: Fit) -> Finding:
    record = fit.record
    proof = record["model"].get("proof") or _UNKNOWN
    if not record["model"]["instrumented"]:
        reason = " ".join(record["model"]["obstacles"]) or "it could not be taken apart."
        return Finding("tip", f"The program was run as it is written: {reason}")
    if proof["status"] != "equal":
        return Finding("skipped", f"The instrumented program was not compared: {proof['reason']}")
    differ = record["nuts"].get("terms_differ")
    if differ is not None and differ > TERM_SUM_LIMIT:
        message = (
            f"The terms of the density do not add up to it: they differ by {differ:.1g} (relative). "
            "Pointwise log-likelihoods are off by as much."
        )
        return Finding("tip", message, differ)
    largest = max(proof["density"], proof["gradient"])
    size = f"within {largest:.0e}" if largest else "to the last digit"
    message = (
        "Density and gradient equal those of the program as written "
        f"{size} at {proof['points']} random points."
    )
    return Finding("passed", message, largest)


CHECK = Check(
    code="WB501",
    title="Instrumented program equals the original",
    threshold="density within 1e-9, gradient within 1e-8, sum of terms within 1e-8",
    reference="compared by Stan's log_prob on both executables",
    meaning=(
        "Everything that switches priors off, changes their constants, or splits the likelihood rests on "
        "a program rewritten by the workbench; this says whether that program is the author's."
    ),
    advice="Look at `workbench inspect MODEL`; estimates stay right, what is named here is lost.",
    page=paragraphs("""
    The instrumented program is compiled beside the author's own, and both densities and gradients are
    compared at random points. At the posterior draws the sum of all terms is held against the log
    density that Stan reports.

    If they differ, the program is run as it was written, and what is lost is named.
    """),
    examine=_examine,
)

"""WB501: is the program that was run the program that was written?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record

IDENTITY = 1e-8
"""Largest relative difference between the sum of all terms and the log density; rounding makes 1e-10."""


def _examine(record: Record) -> Finding:
    proof = record["model"]["proof"]
    if not record["model"]["instrumented"]:
        reason = " ".join(record["model"]["obstacles"]) or "it could not be taken apart."
        return Finding("tip", f"The program was run as it is written: {reason}")
    if proof["status"] != "equal":
        return Finding("skipped", f"The instrumented program was not compared: {proof['reason']}")
    differ = record["nuts"].get("terms_differ")
    if differ is not None and differ > IDENTITY:
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
    "WB501",
    "Instrumented program equals the original",
    "density within 1e-9, gradient within 1e-8, sum of terms within 1e-8",
    "compared by Stan's log_prob on both executables",
    "Look at `workbench inspect MODEL`; estimates stay right, what is named here is lost.",
    _examine,
)

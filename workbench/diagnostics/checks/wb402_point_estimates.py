"""WB402: do the point estimates exist?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, Record

_NAMES = {"mle": "maximum-likelihood estimate", "map": "MAP", "map_unconstrained": "unconstrained mode"}


def _examine(record: Record) -> Finding:
    asked = {key: record[key] for key in _NAMES if record[key]["status"] != "skipped"}
    if not asked:
        return Finding("skipped", "No point estimate was asked for.")
    missing = [
        f"There is no {_NAMES[key]}: {part['reason']}"
        for key, part in asked.items()
        if part["status"] != "ok"
    ]
    if missing:
        return Finding("tip", " ".join(missing), float(len(missing)))
    message = "Every optimiser ended at a mode, judged by gradient and curvature."
    remark = record["mle"].get("remark")
    return Finding("passed", f"{message} Of the MLE: {remark}" if remark else message, 0.0)


CHECK = Check(
    "WB402",
    "Point estimates exist",
    "all that were asked for",
    "judged by the Newton decrement and the eigenvalues of the Hessian at the point",
    "Where a mode does not exist, use the posterior: it may be proper all the same.",
    _examine,
)

"""WB402: do the point estimates exist?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit

_NAMES = {"mle": "maximum-likelihood estimate", "map": "MAP", "map_unconstrained": "unconstrained mode"}


def _examine(fit: Fit) -> Finding:
    record = fit.record
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
    code="WB402",
    title="Point estimates exist",
    threshold="all that were asked for",
    reference="judged by the Newton decrement and the eigenvalues of the Hessian at the point",
    meaning=(
        "The density has no maximum that the optimiser could hold on to: it rises without bound or "
        "towards an edge, or several restarts disagree."
    ),
    advice="Where a mode does not exist, use the posterior: it may be proper all the same.",
    page=paragraphs("""
    A point counts as a mode when the Newton decrement there is negligible and the Hessian on the
    unconstrained scale is negative definite. Hierarchical models often have no joint mode: the
    density grows without bound as a scale goes to zero. The posterior can be proper all the same.
    """),
    examine=_examine,
)

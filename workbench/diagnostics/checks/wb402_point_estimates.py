"""WB402: do the point estimates exist?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit


def _assess(fit: Fit) -> Finding:
    results = fit.results
    optima = {
        "maximum-likelihood estimate": results.mle,
        "MAP": results.map,
        "unconstrained mode": results.map_unconstrained,
    }
    requested = {name: optimum for name, optimum in optima.items() if optimum.status != "skipped"}
    if not requested:
        return Finding("skipped", "No point estimate was requested.")
    missing = [
        f"There is no {name}: {optimum.reason}" for name, optimum in requested.items() if not optimum.is_ok
    ]
    if missing:
        return Finding("tip", " ".join(missing), float(len(missing)))
    message = "Every optimiser ended at a mode, by gradient and curvature."
    remark = results.mle.remark
    return Finding("passed", f"{message} About the MLE: {remark}" if remark else message, 0.0)


CHECK = Check(
    code="WB402",
    title="Point estimates exist",
    threshold="every requested one",
    reference="judged by the Newton decrement and the eigenvalues of the Hessian at the point",
    meaning=(
        "The optimiser found no maximum of the density: it rises without bound or towards an edge, or the "
        "starts disagree."
    ),
    advice="Where a mode does not exist, use the posterior, which may still be proper.",
    page=split_paragraphs("""
    A point counts as a mode when the Newton decrement there is negligible and the Hessian on the
    unconstrained scale is negative definite. Hierarchical models often have no joint mode: the density grows
    without bound as a scale goes to zero. The posterior can still be proper.
    """),
    assess=_assess,
)

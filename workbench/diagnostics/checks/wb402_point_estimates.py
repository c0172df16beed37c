"""WB402: were the point estimates found?"""

from __future__ import annotations

from workbench.diagnostics.approximation import advise_sampling
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
    reasons: dict[str, list[str]] = {}
    for name, optimum in requested.items():
        if not optimum.is_ok:
            reasons.setdefault(optimum.reason, []).append(name)
    if reasons:
        message = " ".join(
            f"No {' or '.join(names)} was found: {reason}" for reason, names in reasons.items()
        )
        missing = float(sum(len(names) for names in reasons.values()))
        if results.nuts.is_ok:
            return Finding("tip", message, missing)
        return Finding("issue", message, missing, "caution", advise_sampling(results.nuts))
    message = "Every optimiser ended at a mode, by gradient and curvature."
    remark = results.mle.remark
    return Finding("passed", f"{message} About the MLE: {remark}" if remark else message, 0.0)


CHECK = Check(
    code="WB402",
    title="Point estimates found",
    threshold="every requested one",
    reference="judged by the Newton decrement and the eigenvalues of the Hessian at the point",
    meaning=(
        "The search did not end at a maximum. There may be none, as where the density rises towards an edge, "
        "or the search stopped too early: the message says what is known."
    ),
    advice="Use the posterior by NUTS, which needs no mode.",
    page=split_paragraphs("""
    A point counts as a mode when the Newton decrement there is negligible and the Hessian on the
    unconstrained scale is negative definite. Hierarchical models often have no joint mode: the density grows
    without bound as a scale goes to zero. The posterior can still be proper.
    """),
    assess=_assess,
)

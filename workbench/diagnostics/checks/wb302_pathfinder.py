"""WB302: is the Pathfinder approximation close to the posterior?"""

from __future__ import annotations

from workbench.diagnostics.approximation import assess_approximation
from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import KHAT_RULE


def _assess(fit: Fit) -> Finding:
    return assess_approximation(fit, fit.results.pathfinder, "Pathfinder approximation")


CHECK = Check(
    code="WB302",
    title="Pathfinder approximation usable (k-hat)",
    threshold=f"at most {KHAT_RULE} for S draws",
    reference=(
        "Zhang, Carpenter, Gelman and Vehtari (2022), JMLR 23(306); "
        "Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72)"
    ),
    meaning=(
        "The approximation along the optimiser's path is too far from the posterior to replace it, even if "
        "its draws are reweighted."
    ),
    advice="Use NUTS; Pathfinder's draws can still serve as its initial values.",
    page=split_paragraphs("""
    Pathfinder follows an optimiser from several starts, fits a normal distribution at each step, and keeps
    the one closest to the posterior. Its draws are then weighted by the ratio of the posterior density to
    that of the approximation; k-hat describes the tail of these weights.

    Above the limit, a few draws carry nearly all the weight, and means and intervals from them are noise.
    """),
    assess=_assess,
)

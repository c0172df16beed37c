"""WB301: is the Laplace approximation close to the posterior?"""

from __future__ import annotations

from workbench.diagnostics.approximation import assess_approximation
from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import KHAT_RULE


def _assess(fit: Fit) -> Finding:
    return assess_approximation(fit, fit.results.laplace, "Laplace approximation")


CHECK = Check(
    code="WB301",
    title="Laplace approximation usable (k-hat)",
    threshold=f"at most {KHAT_RULE} for S draws",
    reference="Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72)",
    meaning=(
        "The normal approximation around the mode is too far from the posterior to replace it, even if its "
        "draws are reweighted."
    ),
    advice="Use the posterior by NUTS; the normal approximation does not hold here.",
    page=split_paragraphs("""
    Draws from the approximation are weighted by the ratio of the posterior density to that of the
    approximation. The k-hat is the shape of a generalised Pareto distribution fitted to the largest weights;
    above the limit, a few draws carry nearly all the weight.

    The k-hat grows with the number of parameters: in high dimensions, even a good approximation can exceed
    the limit.
    """),
    assess=_assess,
)

"""WB701: are the predictors on similar scales?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.diagnostics.predictors import find_raw_predictors, find_scale_problem
from workbench.results import Fit
from workbench.thresholds import MEAN_DISTANCE_LIMIT, SCALE_RATIO_LIMIT

_ADVICE_VECTOR = (
    "Subtract the mean in the table or in transformed data, and divide by the SD; --standardize does so for "
    "a matrix made of columns of a table. Where only differences between rows count, as in a Gaussian "
    "process, the mean does not matter."
)
"""What to do about predictors on which `--standardize` does not act."""


def _assess(fit: Fit) -> Finding:
    predictors = find_raw_predictors(fit)
    if not predictors:
        is_standardized = bool(fit.results.data.standardized.matrices)
        kind = "predictors that were not standardized" if is_standardized else "numeric predictors that vary"
        return Finding("n/a", f"The program has no {kind}.")
    problem = find_scale_problem(fit, predictors)
    if problem is not None:
        advice = "" if problem.is_for_standardize else _ADVICE_VECTOR
        return Finding("tip", problem.message, problem.measured, advice=advice)
    sds = [predictor.sd for predictor in predictors]
    ratio = max(sds) / min(sds)
    return Finding("passed", f"Predictors are on similar scales, within a factor of {ratio:.3g}.", ratio)


CHECK = Check(
    code="WB701",
    title="Predictors on similar scales",
    threshold=(
        f"SDs within a factor of {SCALE_RATIO_LIMIT:g}, means within {MEAN_DISTANCE_LIMIT:g} SDs of zero"
    ),
    reference="Gelman and Hill (2007), Data Analysis Using Regression, section 4.2; limits ours",
    meaning=(
        "Coefficients differ by orders of magnitude or are strongly correlated, which makes sampling slow."
    ),
    advice="Standardise with --standardize, which reports coefficients on the original scale, or centre.",
    page=split_paragraphs("""
    Every vector and every column of a matrix among the data counts as a predictor if it is not an outcome and
    has more than two different values. A common prior width for all coefficients only makes sense if the
    predictors are on similar scales.
    """),
    assess=_assess,
)

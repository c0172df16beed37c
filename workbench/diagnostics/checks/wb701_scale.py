"""WB701: are the predictors on similar scales?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.diagnostics.predictors import Predictor, find_predictors
from workbench.results import Fit
from workbench.thresholds import MEAN_DISTANCE_LIMIT, SCALE_RATIO_LIMIT

_ADVICE_VECTOR = (
    "Subtract the mean in the table or in transformed data, and divide by the SD; --standardize does so for "
    "a matrix of predictors. Where only differences between rows count, as in a Gaussian process, the mean "
    "does not matter."
)
"""What to do about predictors that are no columns of a matrix."""


def _assess(fit: Fit) -> Finding:
    standardized = fit.results.data.standardized.matrices
    predictors = [
        predictor
        for predictor in find_predictors(fit)
        if predictor.sd > 0 and _find_variable(predictor) not in standardized
    ]
    if not predictors:
        kind = "predictors that were not standardized" if standardized else "numeric predictors that vary"
        return Finding("n/a", f"The program has no {kind}.")
    smallest = min(predictors, key=lambda predictor: predictor.sd)
    largest = max(predictors, key=lambda predictor: predictor.sd)
    ratio = largest.sd / smallest.sd
    if ratio > SCALE_RATIO_LIMIT:
        message = (
            f"Predictors are on very different scales: the SD of `{largest.name}` is {ratio:.0f} times that "
            f"of `{smallest.name}`."
        )
        return Finding("tip", message, ratio, advice=_advise(smallest, largest))
    farthest = max(predictors, key=lambda predictor: abs(predictor.mean) / predictor.sd)
    distance = abs(farthest.mean) / farthest.sd
    if distance > MEAN_DISTANCE_LIMIT:
        message = f"`{farthest.name}` lies far from zero: its mean is {distance:.0f} times its SD."
        return Finding("tip", message, distance, advice=_advise(farthest))
    return Finding("passed", f"Predictors are on similar scales, within a factor of {ratio:.3g}.", ratio)


def _find_variable(predictor: Predictor) -> str:
    """Return the variable of a predictor: `X` for `X[age]`, a column of a matrix."""
    return predictor.name.partition("[")[0]


def _advise(*predictors: Predictor) -> str:
    """Return what to do: `--standardize` acts on matrices, and nothing on a vector by itself."""
    is_matrix = all(_find_variable(predictor) != predictor.name for predictor in predictors)
    return "" if is_matrix else _ADVICE_VECTOR


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

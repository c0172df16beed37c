"""WB701: are predictors and posterior on sensible scales?"""

from __future__ import annotations

import numpy as np

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.diagnostics.predictors import predictors
from workbench.results import Fit
from workbench.thresholds import MEAN_DISTANCE_LIMIT, SCALE_RATIO_LIMIT


def _examine(fit: Fit) -> Finding:
    found = [one for one in predictors(fit) if one.sd > 0]
    if not found:
        return Finding("n/a", "The program has no numeric predictors that vary.")
    sds = np.array([one.sd for one in found])
    ratio = float(sds.max() / sds.min())
    if ratio > SCALE_RATIO_LIMIT:
        small, large = found[int(sds.argmin())].name, found[int(sds.argmax())].name
        message = (
            f"Predictors are on very different scales: the SD of `{large}` is {ratio:.0f} times that of "
            f"`{small}`."
        )
        return Finding("tip", message, ratio)
    far = max(found, key=lambda one: abs(one.mean) / one.sd)
    distance = abs(far.mean) / far.sd
    if distance > MEAN_DISTANCE_LIMIT:
        message = f"`{far.name}` lies far from zero: its mean is {distance:.0f} times its SD."
        return Finding("tip", message, distance)
    return Finding("passed", f"Predictors are on similar scales, within a factor of {ratio:.3g}.", ratio)


CHECK = Check(
    code="WB701",
    title="Predictors on similar scales",
    threshold=f"SDs within a factor of {SCALE_RATIO_LIMIT:g}, means within {MEAN_DISTANCE_LIMIT:g} SDs of zero",
    reference="Gelman and Hill (2007), Data Analysis Using Regression, section 4.2; limits ours",
    meaning="Coefficients then differ by orders of magnitude or are strongly correlated: sampling is slow.",
    advice="Standardise with --standardize, which reports coefficients on the original scale; or centre.",
    page=paragraphs("""
    Every vector and every column of a matrix among the data that are no outcome counts as a predictor if it
    holds more than two different values. A prior of one width for all coefficients only makes sense where
    predictors are on similar scales.
    """),
    examine=_examine,
)

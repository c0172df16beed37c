"""WB505: do predictive intervals hold as many observations as they should?"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.diagnostics.check import Check, Finding, requires_predictions, split_paragraphs
from workbench.results import Fit
from workbench.results.view import IntervalCoverage, PredictiveResult
from workbench.thresholds import COVERAGE_P_VALUE_LIMIT


@requires_predictions
def _assess(fit: Fit) -> Finding:
    coverages = list(_iterate_coverages(fit.results.predictive))
    if not coverages:
        message = "Coverage needs continuous outcomes or counts for which leave-one-out is available."
        return Finding("n/a", message)
    name, p_value, coverage = min(coverages, key=lambda item: item[1])
    level, observed = coverage.level or 0.0, coverage.observed or 0.0
    comparison = f"{level:.0%} intervals hold {observed:.0%} of the observations of `{name}`"
    unreliable, rows = fit.results.loo.bad or 0, fit.results.loo.examined or 0
    if p_value < COVERAGE_P_VALUE_LIMIT and 0 < (observed - level) * rows <= unreliable:
        message = (
            f"Whether predictive intervals are too wide is not known: {comparison}, but leave-one-out is "
            f"unreliable for {unreliable} of {rows} observations, whose predictions may adapt to them."
        )
        return Finding("n/a", message, observed)
    if p_value < COVERAGE_P_VALUE_LIMIT:
        side = "too narrow" if observed < level else "too wide"
        return Finding("issue", f"Predictive intervals are {side}: {comparison}.", observed, "caution")
    return Finding("passed", f"Predictive intervals have their nominal coverage: {comparison}.", observed)


def _iterate_coverages(predictive: PredictiveResult) -> Iterator[tuple[str, float, IntervalCoverage]]:
    """Yield the coverage of each interval, with the name of its outcome and its p-value."""
    for outcome in predictive.outcomes:
        for coverage in outcome.coverage:
            if coverage.p_value is not None:
                yield outcome.name, coverage.p_value, coverage


CHECK = Check(
    code="WB505",
    title="Predictive intervals have nominal coverage",
    threshold=f"binomial p-value at least {COVERAGE_P_VALUE_LIMIT} at 50, 80, 90 and 95 %",
    reference="Gneiting, Balabdaoui and Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x; limit ours",
    meaning="New observations would fall outside the intervals more often, or less often, than they should.",
    advice=(
        "If intervals are too narrow, give the likelihood more spread or heavier tails; if they are too "
        "wide, less."
    ),
    page=split_paragraphs("""
    For each observation the central predictive interval is computed given all other observations, so that no
    observation helps to predict itself. The number of observations inside their intervals is compared with
    the binomial distribution.

    In-sample intervals would cover too much, the more so the more flexible the model is. So do those of rows
    for which leave-one-out is unreliable: where these rows alone could make the difference, the check does
    not apply.
    """),
    assess=_assess,
)

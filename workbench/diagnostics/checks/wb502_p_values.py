"""WB502: do replicated data look like the observed ones?"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.diagnostics.check import (
    Check,
    Finding,
    format_p_value,
    requires_predictions,
    split_paragraphs,
)
from workbench.results import Fit
from workbench.results.view import PredictiveResult, StatisticCheck
from workbench.thresholds import P_VALUE_LIMIT

_NARROWER = (
    "The data vary less than the model says: give the likelihood less spread or lighter tails, or a limit "
    "that the data have; counts may need one that can vary less than its mean, such as a binomial. Rows that "
    "depend on each other can look like this, too."
)
"""What to do where the data spread less than replicates do."""

_WIDER = (
    "The data vary more than the model says: a wider or heavier-tailed likelihood, for counts one with a "
    "dispersion parameter, or predictors and group effects that explain the spread."
)
"""What to do where they spread more."""

_ADVICE = {
    ("sd", "below"): _NARROWER,
    ("max", "below"): _NARROWER,
    ("min", "above"): _NARROWER,
    ("sd", "above"): _WIDER,
    ("max", "above"): _WIDER,
    ("min", "below"): _WIDER,
}
"""What to do by the statistic and its side of the replicates; elsewhere, the check's own advice."""


@requires_predictions
def _assess(fit: Fit) -> Finding:
    name, p_value, statistic = min(
        _iterate_statistics(fit.results.predictive), key=lambda item: min(item[1], 1 - item[1])
    )
    comparison = (
        f"the {statistic.name} of `{name}` is {_format(statistic.observed)}, that of replicates "
        f"{_format(statistic.lower)} to {_format(statistic.upper)} "
        f"(posterior predictive {format_p_value(p_value)})"
    )
    if min(p_value, 1 - p_value) < P_VALUE_LIMIT:
        message = f"The model does not reproduce its data: {comparison}."
        side = "below" if p_value > 1 / 2 else "above"
        advice = _ADVICE.get((statistic.name, side), "")
        return Finding("issue", message, p_value, "caution", advice=advice)
    message = f"Replicated data look like the observed ones. The largest deviation: {comparison}."
    return Finding("passed", message, p_value)


def _iterate_statistics(predictive: PredictiveResult) -> Iterator[tuple[str, float, StatisticCheck]]:
    """Yield every test statistic, with the name of its outcome and its p-value."""
    for outcome in predictive.outcomes:
        for statistic in outcome.statistics:
            if statistic.p_value is not None:
                yield outcome.name, statistic.p_value, statistic


def _format(value: float | None) -> str:
    """Return a number as text; one that is infinite or not a number is recorded as `None`.

    >>> _format(1.23456), _format(None)
    ('1.23', 'not finite')
    """
    return "not finite" if value is None else f"{value:.3g}"


CHECK = Check(
    code="WB502",
    title="Data reproduced (posterior predictive p-values)",
    threshold=f"between {P_VALUE_LIMIT} and {1 - P_VALUE_LIMIT} for every test statistic",
    reference="Gelman, Meng and Stern (1996), Statistica Sinica 6(4), 733-760; limits ours",
    meaning=(
        "Data simulated from the fitted model differ from the observed ones in a simple summary: the model "
        "misses a feature of the data."
    ),
    advice=(
        "Look at the statistic: a larger spread calls for a wider or heavier-tailed likelihood, more zeros "
        "for a zero-inflated one, an extreme maximum for heavier tails."
    ),
    page=split_paragraphs("""
    For every posterior draw a data set is simulated: by the program itself, or from the densities of its
    likelihood. A test statistic is computed for each: mean, SD, minimum, maximum, share of zeros, or shares
    of categories, depending on the kind of outcome. The p-value is the share of replicates with a larger
    statistic than the data, ties counted half.

    Values near 0 or 1 speak against the model. A value near 0.5 does not prove it right: statistics that the
    model fits directly, such as a mean, are always reproduced.
    """),
    assess=_assess,
)

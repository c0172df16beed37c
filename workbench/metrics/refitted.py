"""What Prometheus is told of a retraining job."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.metrics import catalogue
from workbench.metrics.fitted import describe_fit
from workbench.metrics.sample import MetricSample, take
from workbench.results.view import Results


def describe_refit(
    results: Results, model: str, number: int, *, is_new: bool, is_champion: bool, is_passed: bool | None
) -> list[MetricSample]:
    """Return what Prometheus is told of a retraining job, and of the fit that has its rows.

    Parameters
    ----------
    results
        The fit of the version with these rows.
    model, number
        The name in the registry, and the number of that version.
    is_new
        Whether the job made it.
    is_champion
        Whether it is the champion.
    is_passed
        Whether it passed its gate; `None` where there was none.
    """
    which = {"model": model, "version": str(number)}
    return [
        *take(catalogue.REFIT_IS_NEW, is_new, model=model),
        *take(catalogue.REFIT_VERSION, number, model=model),
        *take(catalogue.REFIT_GATE_PASSED, is_passed, **which),
        *take(catalogue.REFIT_IS_CHAMPION, is_champion, **which),
        *describe_fit(results, **which),
    ]


def describe_segments(model: str, outcomes: Mapping[str, int]) -> list[MetricSample]:
    """Return what Prometheus is told of the jobs of all segments: how many ended in which way."""
    return [
        sample
        for outcome, count in outcomes.items()
        for sample in take(catalogue.REFIT_SEGMENTS, count, model=model, outcome=outcome)
    ]

"""What Prometheus is told of a fit."""

from __future__ import annotations

from workbench.metrics import catalogue
from workbench.metrics.sample import MetricSample, take
from workbench.results.view import Results

_VERDICTS = ("ok", "caution", "fail")
"""Every verdict: each is a series, so that one which no longer holds becomes 0."""

_METHODS = ("mle", "map", "map_unconstrained", "laplace", "pathfinder", "nuts")
"""The methods that can fail."""


def describe_fit(results: Results, model: str, version: str = "") -> list[MetricSample]:
    """Return what Prometheus is told of a fit.

    Parameters
    ----------
    results
        The fit.
    model, version
        The labels of its samples.
    """
    which = {"model": model, "version": version}
    seconds = [value for value in results.timings.values() if value is not None]
    verdict = None if results.diagnosis is None else results.diagnosis.verdict
    loo, failed = results.loo, sum(results.method(key).status == "failed" for key in _METHODS)
    mean = None if loo.elpd is None or not loo.observations else loo.elpd / loo.observations
    return [
        *take(catalogue.FIT_SECONDS, sum(seconds) if seconds else None, **which),
        *take(catalogue.FIT_ROWS, results.data.rows, **which),
        *_describe_draws(results, which),
        *(
            sample
            for each in _VERDICTS
            if verdict is not None
            for sample in take(catalogue.FIT_VERDICT, each == verdict, **which, verdict=each)
        ),
        *take(catalogue.FIT_FAILED_METHODS, failed, **which),
        *take(catalogue.LOG_SCORE_MEAN, mean, **which, source="fit"),
    ]


def _describe_draws(results: Results, which: dict[str, str]) -> list[MetricSample]:
    """Return what is told of posterior draws; nothing where there are none."""
    nuts = results.nuts
    if not nuts.is_ok:
        return []
    estimates = nuts.estimates.values()
    rhats = [one.rhat for one in estimates if one.rhat is not None]
    sizes = [one.ess_bulk for one in estimates if one.ess_bulk is not None]
    return [
        *take(catalogue.FIT_DRAWS, nuts.total_draws, **which),
        *take(catalogue.FIT_RHAT, max(rhats, default=None), **which),
        *take(catalogue.FIT_ESS, min(sizes, default=None), **which),
        *take(catalogue.FIT_DIVERGENCES, nuts.divergences, **which),
    ]

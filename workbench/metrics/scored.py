"""What Prometheus is told of rows whose outcome is known, and that were scored."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workbench.metrics import catalogue
from workbench.metrics.sample import MetricSample, take
from workbench.prediction.scores import ScoredOutcome, ScoredTable

_COVERAGE = "coverage_"
"""How measures are named that are shares inside predictive intervals; the level in percent follows."""

_ONE_OUTCOME = 1
"""The log score of a row is that of its outcome where it has one; a mean over several would mix them."""


def describe_scored_rows(scored: ScoredTable, model: str, version: str = "") -> list[MetricSample]:
    """Return what Prometheus is told of rows that were scored.

    The mean log score is that of new rows: of the fit's own it is left out, as alerts compare it.

    Parameters
    ----------
    scored
        The scores.
    model, version
        The labels of its samples.
    """
    which = {"model": model, "version": version}
    rows = max(len({*each.leading.elements.rows.tolist()}) for each in scored.outcomes)
    samples = take(catalogue.SCORE_ROWS, rows, **which)
    if len(scored.outcomes) == _ONE_OUTCOME and not scored.is_own:
        first = scored.outcomes[0]
        density = first.leading_measures[first.density]
        samples += take(
            catalogue.LOG_SCORE_MEAN, density.value if density.count else None, **which, source="score"
        )
    for outcome in scored.outcomes:
        samples += _describe_outcome(outcome, which)
    return samples


def _describe_outcome(outcome: ScoredOutcome, which: dict[str, str]) -> Iterator[MetricSample]:
    """Yield what is told of one outcome: its log score and its calibration by each method."""
    for method, measures in outcome.measures.items():
        labels = {**which, "outcome": outcome.leading.name, "method": method}
        for name, measure in measures.items():
            if not measure.count or math.isnan(measure.value):
                continue
            if name == outcome.density:
                yield from take(catalogue.SCORE_LOG_SCORE, measure.value, **labels)
            elif name == "ece":
                yield from take(catalogue.SCORE_CALIBRATION, measure.value, **labels)
            elif name.startswith(_COVERAGE):
                level = float(name.removeprefix(_COVERAGE)) / 100
                gap = measure.value - level
                yield from take(catalogue.SCORE_COVERAGE_GAP, gap, **labels, level=f"{level:g}")

"""A value of a metric, with its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.metrics.catalogue import Metric


@dataclass(frozen=True)
class MetricSample:
    """A value of a metric.

    Attributes
    ----------
    metric
        One of the catalogue.
    value
        The value, in the unit of the metric.
    labels
        A value for each of its labels.
    """

    metric: Metric
    value: float
    labels: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse other labels than those of the metric."""
        if set(self.labels) != set(self.metric.labels):
            raise ValueError(f"{self.metric.name} has the labels {', '.join(self.metric.labels)}")


def take(metric: Metric, value: float | None, **labels: str) -> list[MetricSample]:
    """Return a sample; none where there is no value.

    >>> from workbench.metrics.catalogue import FIT_ROWS
    >>> take(FIT_ROWS, None, model="radon", version="3")
    []
    """
    return [] if value is None else [MetricSample(metric, float(value), labels)]

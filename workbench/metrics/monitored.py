"""What Prometheus is told of a model that is monitored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workbench.metrics import catalogue
from workbench.metrics.sample import MetricSample, take

Family = Literal["outcomes", "predictors"]

MOST_STATISTICS = 10
"""The most statistics that are told one by one: those nearest to an alarm. Ours: a panel of a board."""


@dataclass(frozen=True)
class MonitorReading:
    """Where a monitor stands after a batch.

    Attributes
    ----------
    model, version
        The name in the registry, and the number of the version.
    detectors
        The log of the detector over the log of its threshold, by family.
    alarms
        Whether an alarm is raised, by family.
    statistics
        The same ratio for single statistics, by name.
    batches, rows
        Everything that was monitored so far, as the monitor's state counts it.
    last_batch
        When the last batch was monitored [s since 1970].
    """

    model: str
    version: str
    detectors: Mapping[Family, float]
    alarms: Mapping[Family, bool]
    batches: int
    rows: int
    last_batch: float
    statistics: Mapping[str, float] = field(default_factory=dict)


def describe_monitor(reading: MonitorReading) -> list[MetricSample]:
    """Return what Prometheus is told of a monitor; of its statistics only those nearest to an alarm."""
    which = {"model": reading.model, "version": reading.version}
    leading = sorted(reading.statistics.items(), key=lambda item: -item[1])[:MOST_STATISTICS]
    return [
        *(
            sample
            for family, value in reading.detectors.items()
            for sample in take(catalogue.MONITOR_LOG_DETECTOR, value, **which, family=family)
        ),
        *(
            sample
            for family, is_raised in reading.alarms.items()
            for sample in take(catalogue.MONITOR_ALARM, is_raised, **which, family=family)
        ),
        *(
            sample
            for name, value in leading
            for sample in take(catalogue.MONITOR_STATISTIC, value, **which, statistic=name)
        ),
        *take(catalogue.MONITOR_BATCHES, reading.batches, **which),
        *take(catalogue.MONITOR_ROWS, reading.rows, **which),
        *take(catalogue.MONITOR_LAST_BATCH, reading.last_batch, **which),
    ]

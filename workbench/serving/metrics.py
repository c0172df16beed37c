"""What a service counts and measures, added up over its processes, in the words of Prometheus.

Each process writes its own files in one folder; whoever is asked adds them up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, multiprocess
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from workbench.errors import WorkbenchError
from workbench.metrics import catalogue, make_counter, make_gauge, make_histogram
from workbench.serving.options import FOLDER
from workbench.serving.versions import ServedVersion

_DISTANCES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""The bounds of the histogram of distances between two versions [SD of the prediction]. Ours."""

_SOURCE = "service"
"""Which rows the average log score of a service is of."""


class ServiceMetrics:
    """The metrics of one process of a service."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._requests = make_counter(catalogue.REQUESTS, None)
        self._rows = make_counter(catalogue.ROWS, None)
        self._seconds = make_histogram(catalogue.REQUEST_SECONDS, None)
        self._rejected = make_counter(catalogue.REJECTED, None)
        self._shadowed = make_counter(catalogue.SHADOW_REQUESTS, None)
        self._distance = Histogram(
            catalogue.SHADOW_DISTANCE.name,
            catalogue.SHADOW_DISTANCE.help,
            catalogue.SHADOW_DISTANCE.labels,
            registry=None,
            buckets=_DISTANCES,
        )
        self._restarts = make_counter(catalogue.RESTARTS, None)
        self._changes = make_counter(catalogue.VERSION_CHANGES, None)
        self._in_use = make_gauge(catalogue.VERSION_IN_USE, None)
        self._in_flight = make_gauge(catalogue.IN_FLIGHT, None)
        self._scored = make_counter(catalogue.SCORED_ROWS, None)
        self._log_score = make_gauge(catalogue.LOG_SCORE_ACCUMULATED, None)
        self._restarts.labels(model)
        self._in_flight.labels(model)

    def count_request(self, version: str, route: str, status: int, seconds: float) -> None:
        """Count a request, and measure how long it took [s]."""
        self._requests.labels(self._model, version, route, str(status)).inc()
        self._seconds.labels(self._model, route).observe(seconds)

    def count_rows(self, version: str, route: str, rows: int) -> None:
        """Count rows that were answered."""
        self._rows.labels(self._model, version, route).inc(rows)

    def count_rejected(self, reason: str) -> None:
        """Count a request that was refused."""
        self._rejected.labels(self._model, reason).inc()

    def count_shadowed(self, version: str, outcome: str) -> None:
        """Count a request that a second version answered, failed to answer, or was not given."""
        self._shadowed.labels(self._model, version, outcome).inc()

    def measure_distance(self, version: str, distance: float) -> None:
        """Measure how far the mean of a second version lies from that of the first [SD]."""
        self._distance.labels(self._model, version).observe(distance)

    def count_restart(self) -> None:
        """Count a process that ended by itself."""
        self._restarts.labels(self._model).inc()

    def count_failed_version(self) -> None:
        """Count a version that could not be opened."""
        self._changes.labels(self._model, "failed").inc()

    def show_version(self, served: ServedVersion | None, before: ServedVersion | None) -> None:
        """Show which version answers from now on; `None` for none in the place of the one before."""
        if before is not None:
            self._in_use.labels(self._model, before.origin.alias, before.origin.label).set(0)
        if served is not None:
            self._changes.labels(self._model, "opened").inc()
            self._in_use.labels(self._model, served.origin.alias, served.origin.label).set(1)

    def add_in_flight(self, count: int) -> None:
        """Add requests to those that are being answered."""
        self._in_flight.labels(self._model).inc(count)

    def add_scores(self, version: str, rows: int, log_score: float) -> None:
        """Add scored rows and the sum of their log scores [nats]."""
        self._scored.labels(self._model, version).inc(rows)
        self._log_score.labels(self._model, version, _SOURCE).inc(log_score)


def count_restart(model: str) -> None:
    """Count a process that was started again, from the process that did so."""
    make_counter(catalogue.RESTARTS, None).labels(model).inc()


class _WithMeans:
    """The metrics of all processes, and the average log score, which no single one knows."""

    def __init__(self) -> None:
        self._all = multiprocess.MultiProcessCollector(None)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        counts: dict[tuple[str, str], float] = {}
        sums: dict[tuple[str, str], float] = {}
        for metric in self._all.collect():  # type: ignore[no-untyped-call]
            for sample in metric.samples:
                key = sample.labels.get("model", ""), sample.labels.get("version", "")
                if sample.name == catalogue.SCORED_ROWS.name:
                    counts[key] = sample.value
                elif sample.name == catalogue.LOG_SCORE_ACCUMULATED.name:
                    sums[key] = sample.value
            yield metric
        own = catalogue.LOG_SCORE_MEAN
        mean = GaugeMetricFamily(own.name, own.help, labels=own.labels)
        for key, count in counts.items():
            if count and key in sums:
                mean.add_metric((*key, _SOURCE), sums[key] / count)
        if mean.samples:
            yield mean


def write_metrics(accept: str) -> tuple[bytes, str]:
    """Return the metrics of all processes in the format that a client accepts, and its content type."""
    registry = CollectorRegistry()
    registry.register(_WithMeans())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def forget_process(pid: int) -> None:
    """Leave out what a process that has ended was doing; what it counted stays."""
    folder = os.environ.get(FOLDER)
    if folder and Path(folder).is_dir():
        multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def describe_failure(reason: WorkbenchError) -> dict[str, str | None]:
    """Return an error as a line of a log says it."""
    return {"cause": type(reason).__name__, "message": reason.message, "hint": reason.hint}

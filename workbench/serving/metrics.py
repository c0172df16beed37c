"""What a service counts and measures, added up over its processes, in the words of Prometheus.

Each process writes its own files in one folder; whoever is asked adds them up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, multiprocess
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from workbench.errors import WorkbenchError
from workbench.serving.options import FOLDER
from workbench.serving.versions import ServedVersion

_SECONDS = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of the histogram of requests [s], finest where the stated limit is, 15 ms. Ours."""

_DISTANCES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""The bounds of the histogram of distances between two versions [SD of the prediction]. Ours."""


class ServiceMetrics:
    """The metrics of one process of a service."""

    def __init__(self, model: str) -> None:
        own = CollectorRegistry()
        self._model = model
        self._requests = Counter(
            "workbench_requests", "Requests answered.", ("model", "version", "route", "status"), registry=own
        )
        self._rows = Counter(
            "workbench_rows", "Rows predicted or scored.", ("model", "version", "route"), registry=own
        )
        self._seconds = Histogram(
            "workbench_request_seconds",
            "Time from the last byte of a request to its answer.",
            ("model", "route"),
            buckets=_SECONDS,
            registry=own,
        )
        self._rejected = Counter(
            "workbench_rejected_requests",
            "Requests refused, by reason.",
            ("model", "reason"),
            registry=own,
        )
        self._shadowed = Counter(
            "workbench_shadow_requests",
            "Requests that a second version was to answer unheard.",
            ("model", "version", "outcome"),
            registry=own,
        )
        self._distance = Histogram(
            "workbench_shadow_distance",
            "Distance between the means of both versions, in standard deviations of the first.",
            ("model", "version"),
            buckets=_DISTANCES,
            registry=own,
        )
        self._restarts = _make_restarts(own)
        self._changes = Counter(
            "workbench_version_changes",
            "Versions that were to be opened, by outcome.",
            ("model", "outcome"),
            registry=own,
        )
        self._in_use = Gauge(
            "workbench_version_in_use",
            "1 for each version that answers, 0 for one that did.",
            ("model", "alias", "version"),
            registry=own,
            multiprocess_mode="livemax",
        )
        self._in_flight = Gauge(
            "workbench_requests_in_flight",
            "Requests that are being answered, or wait.",
            ("model",),
            registry=own,
            multiprocess_mode="livesum",
        )
        self._scored = Counter(
            "workbench_scored_rows", "Rows whose outcome was scored.", ("model", "version"), registry=own
        )
        self._log_score = Gauge(
            "workbench_log_score_sum",
            "Sum of the log scores of scored rows [nats].",
            ("model", "version", "source"),
            registry=own,
            multiprocess_mode="sum",
        )
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

    def show_version(self, served: ServedVersion, before: ServedVersion | None) -> None:
        """Show which version answers from now on."""
        self._changes.labels(self._model, "opened").inc()
        if before is not None:
            self._in_use.labels(self._model, before.origin.alias, before.origin.label).set(0)
        self._in_use.labels(self._model, served.origin.alias, served.origin.label).set(1)

    def add_in_flight(self, count: int) -> None:
        """Add requests to those that are being answered."""
        self._in_flight.labels(self._model).inc(count)

    def add_scores(self, version: str, rows: int, log_score: float) -> None:
        """Add scored rows and the sum of their log scores [nats]."""
        self._scored.labels(self._model, version).inc(rows)
        self._log_score.labels(self._model, version, "serve").inc(log_score)


def _make_restarts(registry: CollectorRegistry) -> Counter:
    what = "Processes that ended by themselves, and were started again."
    return Counter("workbench_worker_restarts", what, ("model",), registry=registry)


def count_restart(model: str) -> None:
    """Count a process that was started again, from the process that did so."""
    _make_restarts(CollectorRegistry()).labels(model).inc()


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
                if sample.name == "workbench_scored_rows_total":
                    counts[key] = sample.value
                elif sample.name == "workbench_log_score_sum":
                    sums[key] = sample.value
            yield metric
        mean = GaugeMetricFamily(
            "workbench_log_score_mean",
            "Average log score of scored rows [nats].",
            labels=("model", "version", "source"),
        )
        for key, count in counts.items():
            if count and key in sums:
                mean.add_metric((*key, "serve"), sums[key] / count)
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

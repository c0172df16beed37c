"""The package that speaks to Prometheus, and metrics as its instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import ToolchainMissing
from workbench.metrics.catalogue import LATENCIES, Metric
from workbench.provenance import format_install

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_EXTRA = format_install("metrics")
"""What brings the package."""


def require_package(why: str = "--metrics") -> None:
    """Refuse what needs the package prometheus-client where it is not installed.

    Raises
    ------
    ToolchainMissing
        The message says what needs it, and the hint how to get it.
    """
    try:
        import prometheus_client  # noqa: F401
    except ImportError as reason:
        message = f"{why} needs the package prometheus-client, which is not installed."
        raise ToolchainMissing(message, hint=_EXTRA) from reason


def make_counter(metric: Metric, registry: CollectorRegistry | None) -> Counter:
    """Return what counts in a process that lives on, such as a worker of a service.

    Parameters
    ----------
    metric
        A counter of the catalogue.
    registry
        Where it is registered; `None` for nowhere, as the workers of one service have it.
    """
    from prometheus_client import Counter

    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def make_gauge(metric: Metric, registry: CollectorRegistry | None) -> Gauge:
    """Return what measures a state in a process that lives on, as `make_counter` does."""
    from prometheus_client import Gauge

    mode = metric.across_workers
    return Gauge(metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode=mode)


def make_histogram(metric: Metric, registry: CollectorRegistry | None) -> Histogram:
    """Return what measures times in a process that lives on, as `make_counter` does."""
    from prometheus_client import Histogram

    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=LATENCIES)

"""What Prometheus is told of fits, scores, monitors and services: one catalogue, and textfiles of jobs."""

from workbench.metrics.catalogue import METRICS, Metric
from workbench.metrics.monitored import MonitorReading, describe_monitor
from workbench.metrics.package import make_counter, make_gauge, make_histogram, require_package
from workbench.metrics.sample import MetricSample
from workbench.metrics.textfile import Textfile, format_samples, open_textfile

__all__ = [
    "METRICS",
    "Metric",
    "MetricSample",
    "MonitorReading",
    "Textfile",
    "describe_monitor",
    "format_samples",
    "make_counter",
    "make_gauge",
    "make_histogram",
    "open_textfile",
    "require_package",
]

"""The catalogue keeps to the naming of Prometheus, and promtool has nothing to say against it."""

import re
import subprocess

import pytest

from tests.metrics.programs import need
from workbench.metrics import (
    METRICS,
    MetricSample,
    MonitorReading,
    describe_monitor,
    format_samples,
    make_counter,
    make_gauge,
    make_histogram,
)
from workbench.metrics.catalogue import BY_NAME, FIT_ROWS, REQUEST_SECONDS, REQUESTS, VERSION_IN_USE

LABELS = {
    "model", "version", "route", "status", "reason", "outcome", "alias", "source", "command", "verdict",
    "method", "level", "family", "statistic",
}  # fmt: skip
"""Every label. None has a value for each row, draw, request or parameter."""


def test_each_name_stands_once():
    assert len(BY_NAME) == len(METRICS) > 30


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_and_units_are_those_of_prometheus(metric):
    assert re.fullmatch(r"workbench_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_seconds") == (metric.unit == "seconds")
    assert set(metric.labels) <= LABELS
    assert metric.help.endswith(".")


def test_promtool_finds_no_fault():
    samples = [
        MetricSample(metric, 1.0, dict.fromkeys(metric.labels, "a"))
        for metric in METRICS
        if metric.kind != "histogram"
    ]
    words = [need("promtool"), "check", "metrics"]
    done = subprocess.run(words, input=format_samples(samples), capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_a_sample_has_the_labels_of_its_metric():
    with pytest.raises(ValueError, match="workbench_fit_rows has the labels model, version"):
        MetricSample(FIT_ROWS, 1.0, {"model": "radon"})


def test_instruments_of_a_service_count_and_measure():
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    labels = {"model": "radon", "version": "3", "route": "predict", "status": "200"}
    make_counter(REQUESTS, registry).labels(**labels).inc()
    make_gauge(VERSION_IN_USE, registry).labels(model="radon", alias="champion", version="3").set(2)
    make_histogram(REQUEST_SECONDS, registry).labels(model="radon", route="predict").observe(0.012)
    text = generate_latest(registry).decode()
    assert 'workbench_requests_total{model="radon",route="predict",status="200",version="3"} 1.0' in text
    assert 'workbench_version_in_use{alias="champion",model="radon",version="3"} 2.0' in text
    assert 'workbench_request_seconds_bucket{le="0.01",model="radon",route="predict"} 0.0' in text
    assert 'workbench_request_seconds_bucket{le="0.015",model="radon",route="predict"} 1.0' in text


def test_a_monitor_tells_only_the_leading_statistics():
    reading = MonitorReading(
        "radon",
        "3",
        {"outcomes": 0.4},
        {"outcomes": False},
        7,
        700,
        1.7e9,
        {f"s{k}": k / 100 for k in range(50)},
    )
    samples = describe_monitor(reading)
    told = [one.labels["statistic"] for one in samples if one.metric.name == "workbench_monitor_statistic"]
    assert told == [f"s{k}" for k in range(49, 39, -1)]
    values = {one.metric.name: one.value for one in samples}
    assert values["workbench_monitor_alarm"] == 0
    assert (values["workbench_monitor_batches_total"], values["workbench_monitor_rows_total"]) == (7, 700)

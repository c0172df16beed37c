"""A real Prometheus scrapes a real service: the board shows it, and its alerts see it end."""

import http.client
import json
import subprocess
import sys
import time

import pytest

import workbench as front_door
from tests.metrics.programs import find_port, get, need, running, wait_for
from tests.metrics.test_dashboards import ask, list_expressions
from workbench.metrics.dashboard_files import collect_files

SERVED = (
    "workbench_requests_total", "workbench_request_seconds_bucket", "workbench_rows_total",
    "workbench_version_in_use", "workbench_requests_in_flight", "workbench_rejected_requests_total",
    "workbench_log_score_mean", "workbench_version_changes_total", "workbench_scored_rows_total",
)  # fmt: skip
"""Metrics that a service has told of once it was asked, was asked wrongly, and has scored."""


def post(address, path, rows):
    """Return the status of an answer."""
    body = json.dumps({"rows": rows}).encode()
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.stan
def test_a_service_is_scraped_and_its_end_is_seen(tools, tmp_path):
    server = need("prometheus")
    front_door.fit(
        "linear", output=tmp_path / "run", draws=200, warmup=200, chains=2, report=False, method="nuts"
    )
    ports = find_port(), find_port()
    service = f"http://127.0.0.1:{ports[0]}"
    for name, text in collect_files().items():
        text = text.replace("15s", "1s").replace(":8000", f":{ports[0]}").replace("for: 2m", "for: 2s")
        (tmp_path / name).write_text(text)
    words = [
        server,
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
    ]
    words += [f"--web.listen-address=127.0.0.1:{ports[1]}"]
    address = f"http://127.0.0.1:{ports[1]}"
    serve = [sys.executable, "-m", "workbench", "serve", tmp_path / "run", "--port", ports[0], "--workers", 2]
    row = {"mom_hs": 1, "mom_iq": 100.0, "mom_age": 25}
    with running(words, f"{address}/-/ready", tmp_path / "prometheus.log"):
        with running(serve, f"{service}/ready", tmp_path / "service.log", seconds=60):
            until = time.monotonic() + 6
            while time.monotonic() < until:
                assert post(service, "/predict", [row, row]) == 200
                assert post(service, "/score", [{**row, "kid_score": 90}]) == 200
                assert post(service, "/predict", [{"mom_hs": 1}]) == 422
            wait_for(lambda: all(ask(address, name) for name in SERVED), 15)
            metrics = get(f"{service}/metrics")
            checked = subprocess.run(
                [need("promtool"), "check", "metrics"],
                input=metrics,
                capture_output=True,
                text=True,
                check=False,
            )
            assert checked.returncode == 0, checked.stderr
            for name in SERVED:
                shown = [one for one in list_expressions() if f"{name}{{" in one]
                assert shown, name
                assert all(ask(address, expression) for expression in shown), name
            (rows,) = ask(address, "sum(workbench_rows_total{route='predict'})")
            (answers,) = ask(address, "sum(workbench_requests_total{route='predict',status='200'})")
            assert float(rows["value"][1]) == 2 * float(answers["value"][1]) > 0
            (workers,) = ask(address, "sum(workbench_version_in_use)")
            assert float(workers["value"][1]) == 2
        alerts = wait_for(lambda: _read_firing(address, "WorkbenchServiceDown"), 20)
    assert "cannot be scraped" in alerts[0]["annotations"]["summary"]


def _read_firing(address, name):
    alerts = json.loads(get(f"{address}/api/v1/alerts"))["data"]["alerts"]
    return [one for one in alerts if one["labels"]["alertname"] == name and one["state"] == "firing"]

"""The board and the rules with a real Prometheus: it scrapes a service and node_exporter's textfiles."""

import json
import threading
import time
import urllib.parse

import pytest

from tests.cli.conftest import _restored_signals, workbench  # noqa: F401 - fixtures
from tests.metrics.programs import find_port, get, need, running, wait_for
from workbench.metrics import MonitorReading, describe_monitor, make_counter, make_gauge, make_histogram
from workbench.metrics import catalogue as c
from workbench.metrics.dashboard_files import collect_files
from workbench.metrics.sample import take
from workbench.metrics.textfile import open_textfile

BOARD = json.loads(collect_files()["workbench-board.json"])

SERVICE = {
    "model": "radon", "version": "3", "route": "predict", "status": "200", "reason": "rows",
    "outcome": "answered", "alias": "champion", "source": "service",
}  # fmt: skip
"""The labels of a service's metrics."""


def list_expressions():
    """Return each expression of the board, with what Grafana puts into it."""
    found = [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", ())]
    found += [item["expr"] for item in BOARD["annotations"]["list"]]
    return [expr.replace("$__rate_interval", "10s").replace("$model", ".*") for expr in found]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """A Prometheus that scrapes a service and node_exporter, with the rules; gives its address."""
    from prometheus_client import CollectorRegistry, start_http_server

    server, exporter = need("prometheus"), need("prometheus-node-exporter")
    folder = tmp_path_factory.mktemp("prometheus")
    registry = CollectorRegistry()
    stop = threading.Event()
    service, _ = start_http_server(0, addr="127.0.0.1", registry=registry)
    threading.Thread(target=_serve, args=(registry, stop), daemon=True).start()
    textfiles = folder / "textfiles"
    textfiles.mkdir()
    _write_jobs(textfiles)
    ports = find_port(), find_port()
    (folder / "workbench-rules.yml").write_text(collect_files()["workbench-rules.yml"])
    text = collect_files()["prometheus.yml"].replace("15s", "1s").replace(":9100", f":{ports[0]}")
    (folder / "prometheus.yml").write_text(text.replace(":8000", f":{service.server_port}"))
    node = [exporter, "--collector.disable-defaults", "--collector.textfile"]
    node += [f"--collector.textfile.directory={textfiles}", f"--web.listen-address=127.0.0.1:{ports[0]}"]
    words = [server, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    words += [f"--web.listen-address=127.0.0.1:{ports[1]}"]
    address = f"http://127.0.0.1:{ports[1]}"
    with (
        running(node, f"http://127.0.0.1:{ports[0]}/metrics", folder / "node.log"),
        running(words, f"{address}/-/ready", folder / "prometheus.log"),
    ):
        wait_for(lambda: ask(address, "count_over_time(workbench_rows_total[10s]) > 4"), 30)
        yield address
    stop.set()
    service.shutdown()
    service.server_close()


def _serve(registry, stop):
    """Count and measure as a service does."""
    for metric in c.METRICS[: c.METRICS.index(c.JOB_SUCCESS)]:
        labels = {name: SERVICE[name] for name in metric.labels}
        if metric.kind == "gauge":
            make_gauge(metric, registry).labels(**labels).set(1)
    counters = [
        make_counter(metric, registry).labels(**{name: SERVICE[name] for name in metric.labels})
        for metric in c.METRICS
        if metric.kind == "counter" and "monitor" not in metric.name
    ]
    seconds = make_histogram(c.REQUEST_SECONDS, registry).labels(model="radon", route="predict")
    distance = make_histogram(c.SHADOW_DISTANCE, registry).labels(model="radon", version="3")
    while not stop.is_set():
        for counter in counters:
            counter.inc()
        seconds.observe(0.012)
        distance.observe(0.05)
        stop.wait(0.05)


def _write_jobs(folder):
    """Write the textfiles of jobs: a good and a bad fit, a refit, scores, a monitor."""
    which = {"model": "radon", "version": "3"}
    samples = [
        *take(c.FIT_SECONDS, 12, **which), *take(c.FIT_ROWS, 919, **which), *take(c.FIT_DRAWS, 4000, **which),
        *take(c.FIT_RHAT, 1.2, **which), *take(c.FIT_ESS, 80, **which), *take(c.FIT_DIVERGENCES, 7, **which),
        *take(c.FIT_VERDICT, 1, **which, verdict="fail"), *take(c.FIT_FAILED_METHODS, 0, **which),
        *take(c.LOG_SCORE_MEAN, -1.1, **which, source="fit"), *take(c.REFIT_VERSION, 3, model="radon"),
        *take(c.REFIT_GATE_PASSED, 0, **which), *take(c.REFIT_SEGMENTS, 1, model="radon", outcome="failed"),
    ]  # fmt: skip
    open_textfile(folder / "refit.prom", "refit", "radon").write(0, samples)
    scored = {**which, "outcome": "y", "method": "nuts"}
    samples = [
        *take(c.SCORE_ROWS, 500, **which), *take(c.SCORE_LOG_SCORE, -2, **scored),
        *take(c.LOG_SCORE_MEAN, -2, **which, source="score"), *take(c.SCORE_CALIBRATION, 0.02, **scored),
        *take(c.SCORE_COVERAGE_GAP, -0.3, **scored, level="0.9"),
    ]  # fmt: skip
    open_textfile(folder / "score.prom", "score", "radon").write(0, samples)
    reading = MonitorReading(
        "radon", "3", {"outcomes": 1.2}, {"outcomes": True}, 9, 900, time.time() - 200_000, {"mean": 1.2}
    )
    open_textfile(folder / "monitor.prom", "monitor", "radon").write(5, describe_monitor(reading))
    open_textfile(folder / "fit.prom", "fit", "radon").write(0)


def ask(address, expression):
    """Return what Prometheus answers to an expression."""
    query = urllib.parse.urlencode({"query": expression})
    answer = json.loads(get(f"{address}/api/v1/query?{query}"))
    assert answer["status"] == "success"
    return answer["data"]["result"]


def test_every_expression_of_the_board_finds_something(prometheus):
    empty = [expression for expression in list_expressions() if not ask(prometheus, expression)]
    assert empty == []


def test_alerts_of_the_textfiles_fire_with_all_their_words(prometheus):
    expected = {
        "WorkbenchDrift", "WorkbenchMonitorStale", "WorkbenchMiscalibrated", "WorkbenchJobFailed",
        "WorkbenchGateRefused", "WorkbenchSegmentsFailed", "WorkbenchFitFails", "WorkbenchRhatHigh",
        "WorkbenchDivergences",
    }  # fmt: skip

    def read():
        alerts = json.loads(get(f"{prometheus}/api/v1/alerts"))["data"]["alerts"]
        found = {alert["labels"]["alertname"]: alert for alert in alerts}
        return found if expected <= found.keys() else None

    found = wait_for(read, 30)
    firing = {name for name, alert in found.items() if alert["state"] == "firing"}
    pending = {"WorkbenchLogScoreDropped", "WorkbenchErrors", "WorkbenchRequestsRejected"}
    assert firing - {"WorkbenchWorkersRestart"} == expected  # this one counts restarts as they come
    assert found.keys() - firing <= pending
    for alert in found.values():
        words = [*alert["annotations"].values()]
        assert all(word and "error expanding" not in word and "<no value>" not in word for word in words)
        assert alert["annotations"]["summary"].endswith(".")
    drift = found["WorkbenchDrift"]["annotations"]["summary"]
    assert drift == "New outcomes of radon are not what version 3 says of them."
    failed = found["WorkbenchJobFailed"]["annotations"]["summary"]
    assert failed == "`workbench monitor` of radon failed with exit code 5."


def test_rules_are_all_in_good_health(prometheus):
    groups = json.loads(get(f"{prometheus}/api/v1/rules"))["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    recorded = [rule for group in groups for rule in group["rules"] if rule["type"] == "recording"]
    assert len(recorded) == 3
    for rule in recorded:
        assert ask(prometheus, rule["name"]), rule["name"]
    ((_, p95),) = [item["value"] for item in ask(prometheus, recorded[2]["name"])]
    assert 0.01 < float(p95) <= 0.015  # where 0.012 s lie


def test_the_board_is_laid_out_without_overlaps():
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
            assert panel["title"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert [item["name"] for item in BOARD["templating"]["list"]] == ["datasource", "model"]


def test_files_that_were_changed_are_not_replaced_silently(workbench, tmp_path):  # noqa: F811
    names = ["prometheus.yml", "workbench-board.json", "workbench-rules.yml"]
    done = workbench("export-dashboards", "monitoring")
    assert done.returncode == 0
    assert sorted(line.removeprefix("monitoring/") for line in done.stdout.split()) == names
    folder = tmp_path / "monitoring"
    (folder / "mine.yml").write_text("groups: []\n")
    assert workbench("export-dashboards", "monitoring").returncode == 0  # nothing would be lost
    (folder / "workbench-rules.yml").write_text("groups: []\n")
    (folder / "prometheus.yml").unlink()
    done = workbench("export-dashboards", "monitoring")
    assert done.returncode == 5
    assert "`monitoring/workbench-rules.yml` is there already, and holds something else" in done.stderr
    assert not (folder / "prometheus.yml").exists()  # all of them or none
    assert (folder / "workbench-rules.yml").read_text() == "groups: []\n"
    assert workbench("export-dashboards", "monitoring", "--replace").returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == ["mine.yml", *names]
    assert {name: (folder / name).read_text() for name in names} == dict(sorted(collect_files().items()))
    (tmp_path / "file").touch()
    assert workbench("export-dashboards", "file").returncode == 5

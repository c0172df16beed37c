"""Each alert fires where it must and nowhere else, as promtool computes it."""

import json
import re
import subprocess

import pytest

from tests.metrics.programs import need
from workbench.metrics.catalogue import BY_NAME
from workbench.metrics.dashboard_files import collect_files
from workbench.thresholds import RHAT_LIMIT

RULES = collect_files()["workbench-rules.yml"]


def one(name, values, **labels):
    """Return a series of model radon, of its version 3 unless another one is given."""
    shown = {"model": "radon", **labels}
    return {f"{name}{{{','.join(f'{key}={json.dumps(value)}' for key, value in shown.items())}}}": values}


def requests(good, bad, wrong=0):
    """Return so many requests a minute with each status."""
    counts = {"200": good, "500": bad, "422": wrong}
    found: dict[str, str] = {}
    for status, count in counts.items():
        found |= one("workbench_requests_total", f"0+{count}x30", version="3", status=status)
    return found


def seconds(below):
    """Return 100 requests a minute, so many of them within 0.1 s."""
    found: dict[str, str] = {}
    for le, count in (("0.1", below), ("0.25", 100), ("+Inf", 100)):
        found |= one("workbench_request_seconds_bucket", f"0+{count}x30", route="predict", le=le)
    return found


def rejected(count):
    return one("workbench_rejected_requests_total", f"0+{count}x30", reason="rows")


def in_use(version, workers, alias="champion"):
    return one("workbench_version_in_use", f"{workers}x30", alias=alias, version=version)


def log_score(value, source, version="3"):
    job = "workbench" if source == "service" else "node"
    return one("workbench_log_score_mean", f"{value}x30", version=version, source=source, job=job)


def coverage(gap, rows):
    labels = {"version": "3", "outcome": "y", "method": "nuts", "level": "0.9"}
    scored = one("workbench_score_rows", f"{rows}x30", version="3")
    return one("workbench_score_coverage_gap", f"{gap}x30", **labels) | scored


def exit_code(code, command):
    return one("workbench_job_exit_code", f"{code}x30", command=command)


def ran(hours, command):
    when = f"{-hours * 3600}x30"
    return one("workbench_job_last_run_timestamp_seconds", when, command=command)


def monitored(hours):
    return one("workbench_monitor_last_batch_timestamp_seconds", f"{-hours * 3600}x30", version="3")


def alarm(value):
    return one("workbench_monitor_alarm", f"{value}x30", version="3", family="outcomes")


def segments(failed, refused):
    found = one("workbench_refit_segments", f"{failed}x30", outcome="failed")
    return found | one("workbench_refit_segments", f"{refused}x30", outcome="refused")


def verdict(fail, caution):
    found = one("workbench_fit_verdict", f"{fail}x30", version="3", verdict="fail")
    return found | one("workbench_fit_verdict", f"{caution}x30", version="3", verdict="caution")


def fitted(name, value):
    return one(f"workbench_fit_{name}", f"{value}x30", version="3")


def gated(value):
    return one("workbench_refit_gate_passed", f"{value}x30", version="3")


def scraped(service, node):
    return {'up{job="workbench",instance="a"}': f"{service}x20", 'up{job="node",instance="a"}': f"{node}x20"}


RESTARTS, CHANGES = "workbench_worker_restarts_total", "workbench_version_changes_total"

CASES = {
    "WorkbenchServiceDown": (scraped(0, 1), scraped(1, 0)),
    "WorkbenchErrors": (requests(98, 2), requests(995, 5, wrong=500)),
    "WorkbenchSlow": (seconds(90), seconds(96)),
    "WorkbenchRequestsRejected": (requests(100, 0) | rejected(6), requests(100, 0) | rejected(4)),
    "WorkbenchWorkersRestart": (one(RESTARTS, "0x10 1 2 3 4x10"), one(RESTARTS, "0x10 1x20")),
    "WorkbenchVersionsDiffer": (
        in_use("2", 1) | in_use("3", 1),
        in_use("2", 0) | in_use("3", 2) | in_use("4", 2, alias="challenger"),
    ),
    "WorkbenchVersionNotOpened": (
        one(CHANGES, "0x10 1x20", outcome="failed"),
        one(CHANGES, "0x10 1x20", outcome="opened"),
    ),
    "WorkbenchDrift": (alarm(1), alarm(0)),
    "WorkbenchMonitorStale": (monitored(50), monitored(40)),
    "WorkbenchLogScoreDropped": (
        log_score(-1.2, "fit") | log_score(-1.8, "service"),
        log_score(-1.2, "fit") | log_score(-1.5, "service") | log_score(-9, "score", version="2"),
    ),
    "WorkbenchMiscalibrated": (coverage(-0.2, 200), coverage(-0.2, 20)),
    "WorkbenchJobFailed": (exit_code(4, "refit"), exit_code(1, "refit") | exit_code(0, "fit")),
    "WorkbenchJobStale": (ran(37, "refit"), ran(30, "refit") | ran(2000, "fit")),
    "WorkbenchGateRefused": (gated(0), gated(1)),
    "WorkbenchSegmentsFailed": (segments(2, 0), segments(0, 2)),
    "WorkbenchTextfileUnread": (
        {"node_textfile_scrape_error": "1x30"},
        {"node_textfile_scrape_error": "0x30"},
    ),
    "WorkbenchFitFails": (verdict(1, 0), verdict(0, 1)),
    "WorkbenchRhatHigh": (fitted("rhat_max", RHAT_LIMIT + 0.001), fitted("rhat_max", RHAT_LIMIT)),
    "WorkbenchDivergences": (fitted("divergences", 1), fitted("divergences", 0)),
    "WorkbenchMethodsFailed": (fitted("failed_methods", 1), fitted("failed_methods", 0)),
}
"""By alert: series, a value a minute, under which it fires, and others under which it does not."""


def list_alerts():
    return re.findall(r"- alert: (\w+)", RULES)


def test_each_alert_is_tried():
    assert list_alerts() == list(CASES)


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_where_it_must_and_nowhere_else(tmp_path, alert):
    promtool = need("promtool")
    (tmp_path / "rules.yml").write_text(RULES)
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})',
                    "eval_time": "20m",
                    "exp_samples": [{"labels": "{}", "value": 1}] if is_firing else [],
                },
                *(
                    {
                        "expr": f'count(ALERTS{{alertname="{other}", alertstate="firing"}})',
                        "eval_time": "20m",
                        "exp_samples": [],
                    }
                    for other in CASES
                    if other != alert
                ),
            ],
        }
        for series, is_firing in zip(CASES[alert], (True, False), strict=True)
    ]
    written = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yml").write_text(json.dumps(written))
    done = subprocess.run(
        [promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_waits_does_not_fire_at_once(tmp_path):
    promtool = need("promtool")
    (tmp_path / "rules.yml").write_text(RULES)
    series = {"series": 'up{job="workbench",instance="a"}', "values": "1x5 0x20"}
    tries = [
        {"expr": f'count(ALERTS{{alertstate="{state}"}})', "eval_time": time, "exp_samples": found}
        for time, state, found in (
            ("5m", "firing", []),
            ("7m", "pending", [{"labels": "{}", "value": 1}]),
            ("7m", "firing", []),
            ("9m", "firing", [{"labels": "{}", "value": 1}]),
        )
    ]
    tests = [{"interval": "1m", "input_series": [series], "promql_expr_test": tries}]
    written = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yml").write_text(json.dumps(written))
    words = [promtool, "test", "rules", "test.yml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_configuration_are_valid(tmp_path):
    for name, text in collect_files().items():
        (tmp_path / name).write_text(text)
    for words in (["check", "rules", "workbench-rules.yml"], ["check", "config", "prometheus.yml"]):
        done = subprocess.run(
            [need("promtool"), *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "SUCCESS" in done.stdout


def test_thresholds_are_the_products_own():
    assert f"workbench_fit_rhat_max > {RHAT_LIMIT}\n" in RULES


def test_files_and_catalogue_name_the_same_metrics():
    named = set(re.findall(r"\bworkbench_[a-z_]+", "".join(collect_files().values())))
    plain = {name.removesuffix("_bucket") for name in named} - {
        "workbench_requests",
        "workbench_request_errors",
    }  # fmt: skip  the names of recording rules
    assert plain - BY_NAME.keys() == set()
    told_otherwise = {  # by other metrics on the board, or of use beside it
        "workbench_job_success", "workbench_refit_is_new", "workbench_refit_is_champion",
    }  # fmt: skip
    assert BY_NAME.keys() - plain == told_otherwise

"""`--metrics FILE` of fit, score and refit: what is told of success, and of each way to fail."""

import json
import signal
import subprocess
import sys

import arviz_stats
import numpy as np
import pandas as pd
import pytest

import workbench as front_door
from tests.cli.conftest import _restored_signals, workbench  # noqa: F401 - fixtures
from tests.conftest import DATA
from tests.metrics.programs import wait_for
from workbench.metrics.fitted import describe_fit
from workbench.results import run_directory

SMALL = ("--draws", "200", "--warmup", "200", "--chains", "2", "--no-report", "-q")
"""A fit of a second."""

NEVER = 'data { int N; vector[N] y; } parameters { real m; } model { y ~ normal(m, 1); reject("never"); }'
"""A program that no chain can start."""


def read(path):
    """Return the values of a file by name and labels; of a label only its value, in order."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    parts = [line.rpartition(" ") for line in lines]
    return {
        name.replace('version="",', "").replace(',version=""', ""): float(value) for name, _, value in parts
    }


def read_summary(text):
    """Return the scores of new rows by method and name, as `workbench score --json` prints them."""
    rows = json.loads(text)["summary"]
    return {(row["method"], row["score"]): row["value"] for row in rows if row["rows"] == "new"}


@pytest.fixture(scope="module")
def fitted(tools, tmp_path_factory):
    """A run of the linear regression, and its folder."""
    folder = tmp_path_factory.mktemp("metrics")
    fit = front_door.fit("linear", output=folder / "run", draws=200, warmup=200, chains=2, report=False)
    return fit, folder / "run"


def test_a_fit_tells_what_its_draws_say(fitted):
    fit, folder = fitted
    found = {
        (one.metric.name, one.labels.get("verdict")): one.value
        for one in describe_fit(run_directory.read(folder).results, "linear")
    }
    posterior = fit.data["posterior"]
    rhat = arviz_stats.rhat(fit.data, var_names=list(posterior.data_vars))
    worst = max(float(np.nanmax(values)) for values in rhat.data_vars.values())
    assert found["workbench_fit_rhat_max", None] == pytest.approx(worst, abs=5e-4)
    assert found["workbench_fit_draws", None] == 400
    assert found["workbench_fit_rows", None] == 434
    assert found["workbench_fit_divergences", None] == fit.data["sample_stats"]["diverging"].sum()
    assert found["workbench_fit_failed_methods", None] == 0
    loo = arviz_stats.loo(fit.data)
    assert found["workbench_log_score_mean", None] == pytest.approx(loo.elpd / 434, abs=1e-6)
    verdicts = {verdict: value for (name, verdict), value in found.items() if name == "workbench_fit_verdict"}
    assert sorted(verdicts.values()) == [0, 0, 1]
    assert max(verdicts, key=lambda one: verdicts[one]) == fit.results.diagnosis.verdict


@pytest.mark.stan
def test_fit_writes_its_metrics_and_a_later_failure_says_so(workbench, tmp_path):  # noqa: F811
    path = tmp_path / "linear.prom"
    assert workbench("fit", "linear", *SMALL, "--metrics", path).returncode == 0
    found = read(path)
    assert found['workbench_job_success{command="fit",model="linear"}'] == 1
    assert found['workbench_fit_draws{model="linear"}'] == 400
    succeeded = found['workbench_job_last_success_timestamp_seconds{command="fit",model="linear"}']
    assert workbench("fit", "linear", "nothing.csv", *SMALL, "--metrics", path).returncode == 2
    found = read(path)
    assert found['workbench_job_success{command="fit",model="linear"}'] == 0
    assert found['workbench_job_exit_code{command="fit",model="linear"}'] == 2
    assert found['workbench_job_last_success_timestamp_seconds{command="fit",model="linear"}'] == succeeded
    assert not any(name.startswith("workbench_fit") for name in found)


@pytest.mark.stan
def test_a_fit_without_a_posterior_is_a_failure(workbench, tmp_path):  # noqa: F811
    (tmp_path / "never.stan").write_text(NEVER, encoding="utf-8")
    (tmp_path / "y.csv").write_text("y\n1\n2\n", encoding="utf-8")
    words = ("fit", "never.stan", "y.csv", "--method", "nuts", *SMALL, "--metrics", "never.prom")
    assert workbench(*words).returncode == 4
    found = read(tmp_path / "never.prom")
    assert found['workbench_job_exit_code{command="fit",model="never"}'] == 4
    assert found['workbench_fit_failed_methods{model="never"}'] == 1
    assert 'workbench_fit_rhat_max{model="never"}' not in found


@pytest.mark.stan
def test_strict_tells_the_exit_code_and_the_fit(workbench, tmp_path):  # noqa: F811
    words = ("fit", "eight_schools_centred", *SMALL, "--strict", "--metrics", "schools.prom")
    code = workbench(*words).returncode
    found = read(tmp_path / "schools.prom")
    assert found['workbench_job_exit_code{command="fit",model="eight_schools_centred"}'] == code == 1
    assert found['workbench_fit_verdict{model="eight_schools_centred",verdict="fail"}'] == 1


def test_scores_are_those_of_the_page(workbench, fitted, tmp_path):  # noqa: F811
    pd.read_csv(DATA / "kidiq.csv")[:60].to_csv(tmp_path / "new.csv", index=False)
    done = workbench("score", fitted[1], "new.csv", "--json", "-q", "--metrics", "score.prom")
    told = json.loads(done.stdout)["outcomes"][0]
    by_name = read_summary(done.stdout)
    found = read(tmp_path / "score.prom")
    labels = '{method="nuts",model="run",outcome="y"}'
    assert found[f"workbench_score_log_score_mean{labels}"] == by_name["nuts", "log_density"]
    assert found['workbench_log_score_mean{model="run",source="score"}'] == by_name["nuts", "log_density"]
    assert found['workbench_score_rows{model="run"}'] == 60
    gap = found['workbench_score_coverage_gap{level="0.95",method="map",model="run",outcome="y"}']
    assert gap == pytest.approx(by_name["map", "coverage_95"] - 0.95)
    assert told["method"] == "nuts"


@pytest.mark.stan
def test_a_yes_no_outcome_tells_its_calibration_error(workbench, tmp_path):  # noqa: F811
    assert workbench("fit", "logistic", *SMALL, "--output", "run").returncode == 0
    table = json.loads((tmp_path / "run" / "run.json").read_text())["data"]["path"]
    done = workbench("score", "run", table, "--json", "-q", "--metrics", "score.prom")
    by_name = read_summary(done.stdout)
    found = read(tmp_path / "score.prom")
    name = next(
        name for name in found if name.startswith("workbench_score_calibration_error") and "nuts" in name
    )
    assert found[name] == by_name["nuts", "ece"]
    assert not any("coverage" in name for name in found)


def test_refit_tells_the_version_and_its_gate(workbench, fitted, tmp_path):  # noqa: F811
    workbench("registry", "add", "kid", fitted[1], "--alias", "champion")
    frame = pd.read_csv(DATA / "kidiq.csv")
    frame[:100].to_csv(tmp_path / "few.csv", index=False)
    words = ("refit", "kid", "few.csv", "--promote", "--no-report", "--metrics", "kid.prom")
    for is_new in (1, 0):  # too few rows for the gate; what it said stays
        assert workbench(*words).returncode == 1
        found = read(tmp_path / "kid.prom")
        assert found['workbench_job_exit_code{command="refit",model="kid"}'] == 1
        assert found['workbench_refit_is_new{model="kid"}'] == is_new
        assert found['workbench_refit_version{model="kid"}'] == 2
        assert found['workbench_refit_gate_passed{model="kid",version="2"}'] == 0
        assert found['workbench_refit_is_champion{model="kid",version="2"}'] == 0
        assert found['workbench_fit_rows{model="kid",version="2"}'] == 100
    done = workbench("score", "kid@champion", "few.csv", "-q", "--metrics", "score.prom")
    assert done.returncode == 0
    assert read(tmp_path / "score.prom")['workbench_score_rows{model="kid",version="1"}'] == 100
    assert workbench("refit", "kid", "gone.csv", "--metrics", "kid.prom").returncode == 2
    assert read(tmp_path / "kid.prom")['workbench_job_exit_code{command="refit",model="kid"}'] == 2


def test_what_cannot_be_is_said_first(workbench, tmp_path):  # noqa: F811
    done = workbench("fit", "linear", "--dry-run", "--metrics", "a.prom")
    assert (done.returncode, (tmp_path / "a.prom").exists()) == (2, False)
    assert "--dry-run fits nothing" in done.stderr
    (tmp_path / "rows.csv").write_text("y\n1\n", encoding="utf-8")
    done = workbench("fit", "linear", "rows.csv", "--metrics", "rows.csv")
    assert done.returncode == 5
    assert "is no file of metrics that workbench wrote" in done.stderr
    assert (tmp_path / "rows.csv").read_text() == "y\n1\n"
    done = workbench("fit", "linear", "gone.csv", "--metrics", "a.txt")
    assert "reads no file whose name does not end in `.prom`" in " ".join(done.stderr.split())


@pytest.mark.stan
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_job_that_is_ended_says_so(tools, tmp_path, number, code):
    words = [sys.executable, "-m", "workbench", "fit", "linear", "--draws", "2000000", "--no-report"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*words, "--metrics", "linear.prom"],
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored here
        )
        try:
            wait_for(lambda: "Sampling" in (tmp_path / "log").read_text(), 60, tmp_path / "log")
            process.send_signal(number)
            assert process.wait(30) == code
        finally:
            process.kill()
            process.wait()
    found = read(tmp_path / "linear.prom")
    assert found['workbench_job_exit_code{command="fit",model="linear"}'] == code
    assert found['workbench_job_success{command="fit",model="linear"}'] == 0


@pytest.mark.stan
def test_metrics_can_go_to_a_pipe(workbench):  # noqa: F811
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "fit", "linear", "gone.csv", "--metrics", "/dev/stdout"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert 'workbench_job_exit_code{command="fit",model="linear"} 2.0' in done.stdout
    assert "node_exporter" not in done.stderr


WRONG_CALLS = {
    "an unknown option": (("fit", "linear", "--dras", "200"), "fit", "linear"),
    "a value that is none": (("fit", "folder/mine.stan", "--draws", "many"), "fit", "mine"),
    "an argument that is missing": (("refit", "radon"), "refit", "radon"),
    "one too many": (("monitor", "radon", "a.csv", "b.csv"), "monitor", "radon"),
    "a version": (("score", "radon@3", "rows.csv", "--levl", "0.9"), "score", "radon"),
}
"""Calls that the parser refuses, each with its command and its model."""


@pytest.mark.parametrize("words", [("--metrics", "a.prom"), ("--metrics=a.prom",)])
@pytest.mark.parametrize("case", WRONG_CALLS)
def test_a_wrong_call_is_told_too(workbench, tmp_path, case, words):  # noqa: F811
    call, command, model = WRONG_CALLS[case]
    done = workbench(*call, *words)
    assert (done.returncode, "Usage: " in done.stderr) == (2, True)
    found = read(tmp_path / "a.prom")
    labels = f'{{command="{command}",model="{model}"}}'
    assert found[f"workbench_job_exit_code{labels}"] == 2
    assert found[f"workbench_job_success{labels}"] == 0


@pytest.mark.parametrize(
    "call",
    [
        ("fit", "--metrics", "a.prom"),
        ("fit", "--dras", "200", "linear", "--metrics", "a.prom"),
        ("fit", "linear", "--dras", "200", "--metrics"),
        ("predict", "run", "rows.csv", "--metrics", "a.prom"),
        ("fit", "--help", "--metrics", "a.prom"),
    ],
)
def test_a_wrong_call_that_leaves_open_which_job_it_is_writes_nothing(workbench, tmp_path, call):  # noqa: F811
    workbench(*call)
    assert not list(tmp_path.iterdir())


def test_a_wrong_call_never_replaces_the_file_of_another_job(workbench, tmp_path):  # noqa: F811
    workbench("fit", "linear", "gone.csv", "--metrics", "a.prom")
    before = (tmp_path / "a.prom").read_bytes()
    done = workbench("fit", "logistic", "--dras", "200", "--metrics", "a.prom")
    assert (done.returncode, (tmp_path / "a.prom").read_bytes()) == (2, before)
    assert "No such option" in done.stderr
    assert "which would be lost" in " ".join(done.stderr.split())

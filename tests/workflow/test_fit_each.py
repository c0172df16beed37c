"""A fit to each group of a table: the numbers of `workbench fit`, failures as rows, and what continues."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import workbench
from tests.conftest import DATA, ROOT
from workbench.cli.app import app
from workbench.errors import RequestError, StoreError
from workbench.segments import folder as segments

pytestmark = pytest.mark.usefixtures("tools")

LINE = """data { int<lower=1> N; vector[N] x; vector[N] y; }
parameters { real alpha; real beta; real<lower=0> sigma; }
model {
  alpha ~ normal(0, 10);
  beta ~ normal(0, 5);
  sigma ~ exponential(1);
  y ~ normal(alpha + beta * x, sigma);
}
generated quantities { array[N] real y_rep = normal_rng(alpha + beta * x, sigma); }
"""
QUICK: dict[str, Any] = {"draws": 200, "warmup": 200, "progress": False}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "line.stan"
    path.write_text(LINE, encoding="utf-8")
    return path


@pytest.fixture
def table():
    """Three shops of 12 rows each, in a random order."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=36).round(3)
    y = (1 + 2 * x + rng.normal(size=36)).round(3)
    return pd.DataFrame({"shop": rng.permutation(["a", "B", "c/../d"] * 12), "x": x, "y": y})


@pytest.fixture
def workbench_command(tmp_path, monkeypatch):
    """Run `workbench ARGUMENTS` in an empty folder."""

    def run(*words):
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)

    return run


def read_times(folder):
    return {
        row.values: (folder / row.run / "run.json").stat().st_mtime_ns for row in segments.read(folder).rows
    }


def test_the_numbers_are_those_of_a_fit_to_the_rows_of_the_group(model, tmp_path):
    radon = pd.read_csv(DATA / "radon.csv")
    some = radon[radon["county"].isin(["ANOKA", "BECKER", "DAKOTA"])].sample(frac=1, random_state=1)
    some.to_csv(tmp_path / "some.csv", index=False)
    columns = {"x": "floor", "y": "log_radon"}
    found = workbench.fit_each(
        model, tmp_path / "some.csv", "county", columns=columns, output=tmp_path / "out", seed=7, **QUICK
    )
    assert [row.status for row in found.rows] == ["ok"] * 3
    for row in found.rows:
        own = tmp_path / "group.csv"
        some[some["county"] == row.label].to_csv(own, index=False)
        alone = workbench.fit(model, own, columns=columns, output=False, seed=7, **QUICK)
        run = workbench.load(tmp_path / "out" / row.run)
        for method in (
            "nuts",
            "mle",
            "map",
            "map_unconstrained",
            "laplace",
            "loo",
            "power_scaling",
            "diagnosis",
        ):
            before, after = alone.record[method], run.record[method]
            assert json.dumps(before, default=str) == json.dumps(after, default=str), method
        np.testing.assert_array_equal(run.tree["posterior"]["beta"], alone.tree["posterior"]["beta"])
        assert row.estimates["beta"].mean == alone.record["nuts"]["estimates"]["beta"]["mean"]


def test_a_run_of_a_group_is_a_run(model, table, tmp_path, workbench_command):
    found = workbench.fit_each(model, table, "shop", output=tmp_path / "out", **QUICK)
    run = tmp_path / "out" / found.rows[0].run
    assert not (run / "report.html").exists()
    for words in (
        ("report", run),
        ("check", run),
        ("show", run),
        ("replay", run),
        ("predict", run, run / f"{found.rows[0].label}.arrow"),
        ("continue", run, "--draws", "100"),
        ("runs", tmp_path / "out"),
        ("sensitivity", run, "--vary", "beta.sigma=4,6", "--methods", "nuts", "--no-prior-predictive"),
    ):
        done = workbench_command(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert (run / "report.html").is_file()
    shown = workbench_command("show", tmp_path / "out")
    assert "line for each of 3 groups by shop" in shown.stdout
    assert workbench_command("report", tmp_path / "out").returncode == 0


def test_failures_are_rows_and_a_second_command_has_nothing_to_do(model, table, tmp_path):
    table.loc[table.index[table["shop"] == "B"][:1], "x"] = np.nan
    out = tmp_path / "out"
    found = workbench.fit_each(model, table, "shop", output=out, **QUICK)
    failed = {row.label: row.failure for row in found.rows if row.failure}
    assert list(failed) == ["B"]
    position = int(np.flatnonzero(table["x"].isna())[0]) + 1
    assert f"an empty cell at row {position}" in failed["B"]
    assert found.frame.loc[found.frame["shop"] == "B", "status"].tolist() == ["failed"]
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    again = workbench.fit_each(model, table, "shop", output=out, **QUICK)
    assert again.fitted == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    pd.testing.assert_frame_equal(again.frame, found.frame)


def test_changed_rows_of_one_group_fit_that_group_again(model, table, tmp_path):
    out = tmp_path / "out"
    workbench.fit_each(model, table, "shop", output=out, **QUICK)
    before = read_times(out)
    table.loc[table.index[table["shop"] == "a"][0], "y"] += 1
    again = workbench.fit_each(model, table, "shop", output=out, **QUICK)
    after = read_times(out)
    assert again.fitted == 1
    assert [key for key in after if after[key] != before[key]] == [("a",)]
    assert len(segments.list_runs(out)) == 3  # the earlier run of the group is gone
    other = workbench.fit_each(model, table, "shop", output=out, **{**QUICK, "seed": 2})
    assert other.fitted == 3


def test_a_damaged_run_and_one_with_another_time_limit_are_fitted_again(model, table, tmp_path):
    out = tmp_path / "out"
    slow = {**QUICK, "timeout": 0.001}
    with pytest.raises(workbench.WorkbenchError):
        workbench.fit_each(model, table, "shop", output=out, **slow)  # stanc itself takes longer
    found = workbench.fit_each(model, table, "shop", output=out, **QUICK)
    (out / found.rows[0].run / "run.json").write_text("{}")
    again = workbench.fit_each(model, table, "shop", output=out, **QUICK)
    assert (again.fitted, [row.status for row in again.rows]) == (1, ["ok"] * 3)


def test_what_no_group_has_is_refused_before_anything_is_compiled(model, table, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.toolchain.build_all", lambda *_, **__: pytest.fail("compiled"))
    with pytest.raises(RequestError, match=r"none of the 3 largest groups can be fitted; .*`x`"):
        workbench.fit_each(model, table.rename(columns={"x": "z"}), "shop", output=tmp_path / "out", **QUICK)
    with pytest.raises(RequestError, match=r"^groups were to be made by `store`"):
        workbench.fit_each(model, table, "store", output=tmp_path / "out", **QUICK)
    with pytest.raises(RequestError, match="groups by was expected: by="):
        workbench.fit_each(model, table, output=tmp_path / "out", **QUICK)
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("notes")
    with pytest.raises(StoreError, match=r"notes.txt"):
        workbench.fit_each(model, table, "shop", output=tmp_path / "mine", **QUICK)


def test_a_killed_command_continues(model, tmp_path):
    rng = np.random.default_rng(8)
    x = rng.normal(size=240)
    frame = pd.DataFrame({"g": np.arange(240) % 24, "x": x, "y": x + rng.normal(size=240)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    whole = workbench.fit_each(model, tmp_path / "t.csv", "g", output=tmp_path / "whole", **QUICK)
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-m", "workbench", "fit-each", model, tmp_path / "t.csv", "--by", "g"),
        *("--draws", "200", "--warmup", "200", "--quiet", "--output", out),
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for wanted, number in ((2, signal.SIGKILL), (8, signal.SIGKILL), (14, signal.SIGINT)):
        child = subprocess.Popen(
            command,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored here
        )
        deadline = time.monotonic() + 120
        while len(segments.list_runs(out)) < wanted and time.monotonic() < deadline:
            assert child.poll() is None
            time.sleep(0.02)
        child.send_signal(number)
        child.communicate()
        # On a busy machine the last groups may be done before it is ended.
        assert wanted > 2 or not segments.read_record(out).is_finished
    kept = len(segments.list_runs(out))
    assert kept >= 14
    found = workbench.fit_each(model, tmp_path / "t.csv", "g", output=out, **QUICK)
    assert found.fitted <= 24 - kept
    columns = [name for name in found.frame.columns if name != "seconds"]
    pd.testing.assert_frame_equal(found.frame[columns], whole.frame[columns])
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {
        *segments.FILES,
        *(row.run for row in found.rows),
    }
    torn = out / found.rows[3].run / "fit.nc"
    torn.write_bytes(torn.read_bytes()[:1000])
    again = workbench.fit_each(model, tmp_path / "t.csv", "g", output=out, **QUICK)
    assert again.fitted == 1, "a damaged run is made again"
    pd.testing.assert_frame_equal(again.frame[columns], whole.frame[columns])

"""Fits to groups in helper processes and on the workers of a Dask scheduler: the numbers of this machine."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.execution.clusters import DaskProcesses, needs_dask
from tests.workflow.test_fit_each import LINE, QUICK
from workbench.execution.dask_worker import MARK
from workbench.execution.processes import ProcessExecutor
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.segments import folder as segments
from workbench.workflow import fit_each as fit_each_module

pytestmark = [needs_dask, pytest.mark.usefixtures("tools")]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A program with a card and an include, and a table of six groups, one of which cannot be fitted."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "priors.stan").write_text("alpha ~ normal(0, centre_sd);\nbeta ~ normal(0, 5);\n")
    program = LINE.replace("vector[N] y;", "vector[N] y; real<lower=0> centre_sd;")
    program = program.replace(
        "  alpha ~ normal(0, 10);\n  beta ~ normal(0, 5);\n", '#include "priors.stan"\n'
    )
    (folder / "line.stan").write_text(program, encoding="utf-8")
    (folder / "line.toml").write_text('title = "A line"\n[set]\ncentre_sd = 3.0\n')
    rng = np.random.default_rng(6)
    x = rng.normal(size=90)
    frame = pd.DataFrame({"g": np.repeat(list("abcdef"), 15), "x": x, "y": 1 + x + rng.normal(size=90)})
    frame.loc[frame["g"] == "c", "x"] = np.nan
    frame.to_csv(folder / "t.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def here(files, tmp_path_factory):
    return fit(files, tmp_path_factory.mktemp("here") / "out")


def fit(files, output, **options: Any):
    return workbench.fit_each(
        files / "line.stan", files / "t.csv", "g", output=output, **{**QUICK, **options}
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers; the second has a build cache of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    processes = DaskProcesses(folder)
    processes.start_worker("first")
    processes.start_worker("second", WORKBENCH_CACHE=str(folder / "cache"))
    yield processes
    processes.close()


@pytest.fixture(scope="module")
def executor(cluster):
    with open_executor(parse_scheduler(cluster.address), 2) as opened:
        yield opened


def assert_same(found, known):
    columns = [name for name in known.frame.columns if name != "seconds"]
    pd.testing.assert_frame_equal(found.frame[columns], known.frame[columns], check_exact=True)
    assert [row.failure for row in found.rows].count("") == 5
    for row in found.rows:
        if row.run:
            one, other = (workbench.load(place.folder / row.run) for place in (found, known))
            np.testing.assert_array_equal(one.tree["posterior"]["alpha"], other.tree["posterior"]["alpha"])
            assert [one.record[part] == other.record[part] for part in ("nuts", "map", "loo")] == [True] * 3
            assert one.results.model.title == "A line"
            assert one.results.model.path == other.results.model.path
            assert one.record["request"] == other.record["request"]
            assert (found.folder / row.run / f"{row.label}.arrow").is_file()
            assert one.results.data.path == str(found.folder / row.run / f"{row.label}.arrow")


def test_helper_processes(files, here, tmp_path, monkeypatch):
    assert_same(fit(files, tmp_path / "out", executor=ProcessExecutor(2)), here)


@pytest.mark.parametrize("large", [0, 100_000])
def test_workers_that_share_the_folder(files, here, executor, cluster, tmp_path, monkeypatch, large):
    monkeypatch.setattr(fit_each_module, "_LARGE", large)  # rows are sent with the task, or as a shared value
    found = fit(files, tmp_path / "out", executor=executor)
    assert_same(found, here)
    assert not (cluster.folder / "cache" / "models").exists()  # executables were sent, not built
    again = fit(files, tmp_path / "out", executor=executor)
    assert again.fitted == 0


def test_workers_that_do_not(files, here, executor, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.execution.dask.name_folder", lambda folder: "of another machine")
    found = fit(files, tmp_path / "out", executor=executor)
    assert_same(found, here)
    assert not (tmp_path / "out" / MARK).exists()


def test_a_killed_worker_loses_nothing(files, here, cluster, executor, tmp_path):
    import threading

    out = tmp_path / "out"

    def kill():
        while len(segments.list_runs(out)) < 1:
            pass
        cluster.kill_worker("first")

    thread = threading.Thread(target=kill)
    thread.start()
    found = fit(files, out, executor=executor)
    thread.join()
    assert_same(found, here)

"""Runs that are continued, replayed and retried, and fits by some methods alone."""

import json

import numpy as np
import pytest
import xarray as xr

from tests.cli.conftest import SCHOOLS
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("tools")

FAST = ("--draws", "150", "--warmup", "300", "--method", "nuts", "-q")


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def test_a_run_is_continued_in_its_place_and_replayed_to_the_last_digit(workbench, tmp_path):
    """Chain by chain the first draws stay; a replay with other jobs gives the same; another seed agrees."""
    run = tmp_path / "run"
    assert workbench("fit", *SCHOOLS, *FAST, "-o", run, "--jobs", "1").returncode == 0
    with xr.open_datatree(run / "fit.nc", engine="h5netcdf") as tree:
        before = tree["posterior"]["mu"].to_numpy()
    done = workbench("continue", run, "--draws", "250", "-q")
    assert done.returncode == 0, done.stderr
    with xr.open_datatree(run / "fit.nc", engine="h5netcdf") as tree:
        after = tree["posterior"]["mu"].to_numpy()
        assert tree["log_likelihood"].sizes["draw"] == 400
        step_size = tree["sample_stats"]["step_size"].to_numpy()
        assert step_size == pytest.approx(np.tile(step_size[:, :1], 400), rel=1e-5)
    assert after.shape == (4, 400)
    assert (after[:, :150] == before).all()
    record = record_of(run)
    assert record["nuts"]["draws"] == 400
    assert record["nuts"]["estimates"]["mu"]["mean"] == pytest.approx(after.mean())
    assert [one["draws"] for one in record["continued"]] == [250]
    assert record["continued"][0]["seed"] != record["seed"]

    done = workbench("replay", run, "-q", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "verdict: ok." in done.stdout
    assert "to the last digit" in done.stdout

    done = workbench("replay", run, "-q", "--seed", "99", "--json")
    found = json.loads(done.stdout)
    assert not found["identical"]
    # Errors of standard deviations are themselves uncertain with so few draws of a heavy tail: means are not.
    assert not [one for one in found["differences"] if one["quantity"] == "mean" and one["is_far"]]
    assert done.returncode == int(found["disagreeing"] > 0)


def test_arrays_of_tuples_and_complex_numbers_come_to_their_places_and_go_on(workbench, tmp_path):
    """Each cell's mean is the one that data and program give it, in the fit and in the draws added to it."""
    run, indices = tmp_path / "run", [(i, j) for i in (1, 2) for j in (1, 2, 3)]
    rows = [[{"1": 10 * i + j, "2": 0} for j in (1, 2, 3)] for i in (1, 2)]
    (tmp_path / "data.json").write_text(json.dumps({"d": rows}))
    expected = {f"p[{i},{j}].1": 10 * i + j for i, j in indices}
    expected |= {f"p[{i},{j}].2[{k}]": 100 * i + j for i, j in indices for k in (1, 2)}
    expected |= {f"z[{i},{part}]": sign * i for i in (1, 2) for part, sign in (("real", 1), ("imag", -1))}
    done = workbench(
        "fit", ROOT / "tests" / "models" / "tuple_arrays.stan", tmp_path / "data.json", *FAST, "-o", run
    )
    assert done.returncode == 0, done.stderr
    for more in (150, 0):
        means = {name: one["mean"] for name, one in record_of(run)["nuts"]["estimates"].items()}
        assert means == pytest.approx(expected, abs=0.02)
        sds = [one["sd"] for one in record_of(run)["nuts"]["estimates"].values()]
        assert max(sds) < 0.02  # chains that went on elsewhere would have to come back from far away
        if more:
            done = workbench("continue", run, "--draws", str(more), "-q")
            assert done.returncode == 0, done.stderr
    assert record_of(run)["nuts"]["draws"] == 300


def test_a_replay_that_disagrees_says_so_and_exits_with_1(workbench, tmp_path):
    run = tmp_path / "run"
    workbench("fit", *SCHOOLS, *FAST, "-o", run)
    record = record_of(run)
    record["nuts"]["estimates"]["mu"]["mean"] += 100
    (run / "run.json").write_text(json.dumps(record))
    done = workbench("replay", run, "-q")
    assert done.returncode == 1
    assert "verdict: fail. 1 disagree" in done.stdout
    assert done.stdout.splitlines()[2].startswith("mu ")


def test_only_the_requested_methods_run(workbench, tmp_path):
    done = workbench("fit", *SCHOOLS, "--method", "mle,pathfinder", "--starts", "2", "--json", "-q")
    record = json.loads(done.stdout)
    assert record["pathfinder"]["status"] == "ok"
    assert len(record["mle"]["starts"]) == 2
    assert {record[name]["status"] for name in ("map", "laplace", "nuts")} == {"skipped"}


def test_a_run_without_a_posterior_cannot_be_continued(workbench, tmp_path):
    workbench("fit", *SCHOOLS, "--method", "laplace", "-q", "-o", tmp_path / "run")
    done = workbench("continue", tmp_path / "run", "-q")
    assert done.returncode == 5
    assert "no chains to continue: NUTS was skipped" in " ".join(done.stderr.split())


def test_retrying_acts_on_the_advice_and_keeps_both(workbench, tmp_path):
    """Far too few draws: the second try has more, and both are in the record."""
    options = ("--method", "nuts", "--draws", "20", "--warmup", "100", "--retry", "--json", "-q")
    record = json.loads(workbench("fit", *SCHOOLS, *options).stdout)
    first, second = record["attempts"][:2]
    assert second["settings"]["draws"] > first["settings"]["draws"]
    assert sum(one["kept"] for one in record["attempts"]) == 1
    assert first["advice"]

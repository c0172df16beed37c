"""The main job on real data with real Stan: what it prints, what it leaves, how it exits."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
import xarray as xr

from tests.cli.conftest import ENTRY, SCHOOLS
from tests.report.simulated import simulate_fit
from workbench import process
from workbench.results import store

pytestmark = pytest.mark.usefixtures("tools")

FAST = ("--draws", "250", "--warmup", "250")


@pytest.fixture(scope="module")
def schools(tmp_path_factory):
    """One fit of eight schools that several tests look at."""
    folder = tmp_path_factory.mktemp("schools")
    argv = [sys.executable, "-P", "-c", ENTRY, "fit", *map(str, SCHOOLS), "-o", "run", "--seed", "7"]
    done = process.run(argv, cwd=folder, timeout=600)
    assert done.returncode == 0, done.stderr
    return done, folder / "run"


def test_results_go_to_stdout_and_progress_to_stderr(schools):
    done, _ = schools
    assert "eight_schools on eight_schools.csv (8 rows)" in done.stdout
    assert "theta[A]" in done.stdout
    assert "R-hat" in done.stdout
    assert "verdict: " in done.stdout
    assert done.stdout.rstrip().endswith("report: run/report.html")
    assert "Sampling" in done.stderr
    assert "Sampling" not in done.stdout


def test_point_estimates_that_do_not_exist_are_explained(schools):
    """Both are theorems: the joint likelihood rises with tau, the joint density peaks at tau = 0."""
    done, run = schools
    record = json.loads((run / "run.json").read_text())
    assert record["mle"]["status"] == "failed"
    assert "`tau`" in record["mle"]["reason"]
    assert "it keeps rising as `tau`" in record["map"]["reason"]
    said = " ".join(done.stdout.split())
    assert "No maximum-likelihood estimate: `tau` grows without end; no joint mode: `tau` runs to its" in said


def test_the_run_directory_is_what_the_contract_says(schools):
    _, run = schools
    assert {path.name for path in run.iterdir()} == {
        "run.json", "fit.nc", "summary.csv", "console.log", "report.html",
    }  # fmt: skip
    record = json.loads((run / "run.json").read_text())
    assert record["schema"] == 1
    assert record["seed"] == 7
    assert record["data"]["rows"] == 8
    assert record["priors"]["tau_prior_scale"] == 5.0
    assert record["toolchain"]["stan"] == "2.39.0"
    assert set(record["timings"]) >= {"compile", "mle", "map", "laplace", "nuts"}
    assert record["command"].startswith("workbench fit ")
    with xr.open_datatree(run / "fit.nc", engine="h5netcdf") as tree:
        assert set(tree["posterior"].data_vars) == {"mu", "tau", "theta_raw", "theta"}
        assert tree["posterior"].sizes == {"chain": 4, "draw": 1000, "J": 8}
        assert tree["posterior"].to_dataset()["J"].values.tolist() == list("ABCDEFGH")
        assert {"sample_stats", "laplace", "log_likelihood", "posterior_predictive"} <= set(tree.children)
    summary = pd.read_csv(run / "summary.csv")
    assert summary["parameter"].tolist()[:2] == ["mu", "tau"]


def test_a_report_is_redrawn_from_the_run_alone(schools, workbench):
    _, run = schools
    before = (run / "report.html").read_text()
    (run / "report.html").unlink()
    done = workbench("report", run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(run / "report.html")
    assert (run / "report.html").read_text() == before


def test_a_report_can_be_left_out_and_made_later(schools, workbench, tmp_path):
    done = workbench("fit", *SCHOOLS, *FAST, "--method", "nuts", "--no-report", "-o", "run")
    assert done.stdout.rstrip().endswith("run: run")
    assert "Writing" not in done.stderr
    assert not (tmp_path / "run" / "report.html").exists()
    assert workbench("report", "run").stdout.strip() == "run/report.html"
    assert (tmp_path / "run" / "report.html").exists()


def test_a_reader_who_has_seen_enough_still_gets_the_report(schools, tmp_path):
    argv = [
        sys.executable,
        "-P",
        "-c",
        ENTRY,
        "fit",
        *map(str, SCHOOLS),
        *FAST,
        "--method",
        "nuts",
        "-o",
        "run",
    ]
    read, write = os.pipe()
    with subprocess.Popen(argv, cwd=tmp_path, stdout=write, stderr=subprocess.DEVNULL):
        os.close(read)
        os.close(write)
    assert (tmp_path / "run" / "report.html").exists()


def test_the_second_run_compiles_nothing(schools, workbench):
    done = workbench("fit", *SCHOOLS, *FAST)
    assert done.returncode == 0, done.stderr
    assert "Compiling" not in done.stderr
    assert "Building" not in done.stderr


def test_json_is_all_that_stdout_holds(schools, workbench, tmp_path):
    done = workbench("fit", *SCHOOLS, *FAST, "--json", "--quiet", "-o", tmp_path / "run")
    record = json.loads(done.stdout)
    assert record == json.loads((tmp_path / "run" / "run.json").read_text())
    assert done.stderr == ""


def test_a_seed_decides_the_numbers_and_jobs_do_not(schools, workbench):
    def estimates(*options):
        done = workbench("fit", *SCHOOLS, *FAST, "--json", "-q", *options)
        return json.loads(done.stdout)["nuts"]["estimates"]

    first = estimates("--seed", "3", "--jobs", "1")
    assert first == estimates("--seed", "3", "--jobs", "2")
    assert first != estimates("--seed", "4")


def test_a_prior_is_moved_without_compiling(schools, workbench):
    done = workbench("fit", *SCHOOLS, *FAST, "--prior", "tau_prior_scale=0.01", "--json")
    record = json.loads(done.stdout)
    assert "Compiling" not in done.stderr
    assert record["priors"]["tau_prior_scale"] == 0.01
    assert record["nuts"]["estimates"]["tau"]["median"] < 0.1


def test_strict_turns_a_failing_verdict_into_an_exit_code(schools, workbench):
    """Twenty warm-up draws and a huge target make R-hat or ESS fail; the run is kept all the same."""
    poor = ("--warmup", "20", "--draws", "5", "--adapt-delta", "0.5")
    done = workbench("fit", *SCHOOLS, *poor, "--strict", "-o", "run")
    assert done.returncode == 1, done.stdout
    assert "verdict: fail" in done.stdout
    assert workbench("report", "run").returncode == 0


def test_a_program_whose_density_cannot_be_evaluated_exits_with_4_and_keeps_its_run(workbench, tmp_path):
    (tmp_path / "never.stan").write_text(
        "data { int N; vector[N] y; } parameters { real mu; }\n"
        'model { reject("no value of mu is good enough"); y ~ normal(mu, 1); }\n'
    )
    (tmp_path / "y.csv").write_text("y\n1\n2\n")
    done = workbench("fit", "never.stan", "y.csv", "-o", "run", "-q")
    assert done.returncode == 4
    assert "no value of mu is good enough" in done.stderr
    assert "Traceback" not in done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["nuts"]["status"] == "failed"
    assert record["diagnosis"]["verdict"] == "fail"
    store.write(simulate_fit(draws=40), "", tmp_path / "good")
    earlier = (tmp_path / "good" / "run.json").read_bytes()
    done = workbench("fit", "never.stan", "y.csv", "-o", "good", "-q")
    assert done.returncode == 4
    assert "with this fit in `good.failed`, and the earlier run stays in `good`" in " ".join(
        done.stderr.split()
    )
    assert (tmp_path / "good" / "run.json").read_bytes() == earlier
    assert workbench("report", "good.failed").returncode == 0


def test_tips_on_the_data_come_once_and_before_the_program_is_run(workbench, tmp_path):
    rows = "".join(f"{i},{1e5 * ((7 * i) % 30)},{i % 3}\n" for i in range(30))
    (tmp_path / "far.csv").write_text(f"a,b,y\n{rows}")
    options = ("--column", "y=y", "--columns", "X=a,b", "--method", "mle", "--no-report")
    done = workbench("fit", "linear", "far.csv", *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("are on very different scales") == 1
    assert done.stderr.index("are on very different scales") < done.stderr.index("Finding modes")

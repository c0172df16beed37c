"""Fits by nutpie: what they leave, and what can be done with them."""

import json
from importlib.util import find_spec

import pytest
import xarray as xr

from tests.cli.conftest import SCHOOLS
from tests.cli.test_bad_input import assert_refused

pytestmark = [
    pytest.mark.usefixtures("tools"),
    pytest.mark.skipif(find_spec("nutpie") is None, reason="nutpie is not installed"),
]

NUTPIE = ("--sampler", "nutpie", "--draws", "300", "--warmup", "200", "--method", "nuts", "-q")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nutpie") / "run"


def test_a_fit_is_whole_names_its_sampler_and_is_replayed(workbench, folder):
    """All checks, leave-one-out and the report are there; the same sampler runs again, with other jobs."""
    done = workbench("fit", *SCHOOLS, *NUTPIE, "--metric", "low_rank", "--jobs", "1", "-o", folder)
    assert done.returncode == 0, done.stderr
    assert "the chains are of nutpie 0.16" in done.stdout
    nuts = json.loads((folder / "run.json").read_text())["nuts"]
    assert nuts["sampler"].startswith("nutpie 0.16")
    assert nuts["settings"]["sampler"] == "nutpie"
    assert (len(nuts["step_size"]), len(nuts["ebfmi"]), nuts["max_treedepth_hits"]) == (4, 4, 0)
    with xr.open_datatree(folder / "fit.nc", engine="h5netcdf") as tree:
        assert set(tree["sample_stats"].data_vars) == {
            "lp", "acceptance_rate", "step_size", "tree_depth", "n_steps", "diverging", "energy",
        }  # fmt: skip
        assert {"log_likelihood", "posterior_predictive", "observed_data"} <= set(tree.children)
    report = (folder / "report.html").read_text()
    assert "nutpie 0.16" in report
    assert "arXiv:2603.18845" in report
    assert "nutpie 0.16" in (folder / "console.log").read_text()
    done = workbench("replay", folder, "-q", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "to the last digit" in done.stdout


def test_it_is_not_continued(workbench, folder):
    """nutpie takes no step size and no metric; the run stays as it is."""
    before = (folder / "run.json").read_bytes()
    assert_refused(workbench("continue", folder, "--draws", "100", "-q"), 5, "nutpie", hint="workbench fit")
    assert (folder / "run.json").read_bytes() == before


def test_priors_are_varied_with_the_same_sampler(workbench, folder):
    done = workbench(
        "sensitivity", folder, "--vary", "tau_prior_scale=20", "--refit", "all", "--methods", "nuts", "-q",
        "--no-prior-predictive", "-o", folder.with_name("study"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    plan = json.loads((folder.with_name("study") / "study.json").read_text())["plan"]
    assert plan["sampler"]["sampler"] == "nutpie"

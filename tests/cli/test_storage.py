"""What a run stores of its draws: pointwise values of some of them, and the quantities that are named."""

import json
from itertools import pairwise

import arviz_stats
import numpy as np
import pytest
import xarray as xr

import workbench
from tests.cli.conftest import SCHOOLS

pytestmark = pytest.mark.usefixtures("tools")

FAST = ("--draws", "200", "--warmup", "300", "--method", "nuts", "-q", "--seed", "5")


def open_run(folder):
    with xr.open_datatree(folder / "fit.nc", engine="h5netcdf") as tree:
        return json.loads((folder / "run.json").read_text()), tree.load()


@pytest.fixture
def run_workbench(request):
    """The command line, under a name beside the package's."""
    return request.getfixturevalue("workbench")


@pytest.fixture(scope="module")
def thinned(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("thinned") / "run"
    workbench.fit(
        *SCHOOLS,
        draws=200,
        warmup=300,
        seed=5,
        method="nuts",
        progress=False,
        output=folder,
        pointwise_draws=40,
    )
    return folder


def test_pointwise_values_are_those_of_the_draws_that_keep_them(run_workbench, thinned, tmp_path):
    """Everything else of the run is as if they had been kept for all draws."""
    done = run_workbench("fit", *SCHOOLS, *FAST, "-o", tmp_path / "whole")
    assert done.returncode == 0, done.stderr
    (record, whole), (small_record, small) = open_run(tmp_path / "whole"), open_run(thinned)
    kept = small["log_likelihood"]["draw"].to_numpy()
    assert kept.tolist() == list(range(4, 200, 5))
    for name in ("log_likelihood", "posterior_predictive"):
        for variable, array in small[name].data_vars.items():
            expected = whole[name][variable].isel(draw=kept)
            # Rounding is chosen by the values that are stored.
            np.testing.assert_allclose(array, expected, atol=5e-3 * float(expected.std()))
    xr.testing.assert_identical(small["posterior"].to_dataset(), whole["posterior"].to_dataset())
    assert small_record["nuts"]["estimates"] == record["nuts"]["estimates"]
    assert small_record["nuts"]["terms_differ"] == pytest.approx(0, abs=1e-8)
    scaling, expected = (one["power_scaling"]["parameters"] for one in (small_record, record))
    assert scaling == expected
    assert "pointwise_draws" not in record["nuts"]


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto distribution")
def test_leave_one_out_is_arviz_s_of_these_draws(thinned):
    record, tree = open_run(thinned)
    kept = tree["log_likelihood"]["draw"].to_numpy()
    at_kept = xr.DataTree.from_dict(
        {
            "/posterior": tree["posterior"].to_dataset().isel(draw=kept),
            "/log_likelihood": tree["log_likelihood"].to_dataset(),
        }
    )
    loo = arviz_stats.loo(at_kept)
    assert record["loo"]["elpd"] == pytest.approx(loo.elpd, abs=1e-6)
    assert record["loo"]["khat_max"] == pytest.approx(float(loo.pareto_k.max()), abs=1e-6)
    assert arviz_stats.loo(tree).elpd == pytest.approx(loo.elpd, abs=0.1)  # as a user calls it


def test_pages_say_of_which_draws_they_are(run_workbench, thinned, tmp_path):
    sentence = "for 40 of the 200 draws of each chain"
    done = run_workbench("fit", *SCHOOLS, *FAST, "-o", tmp_path / "run", "--pointwise-draws", "40")
    assert sentence in " ".join(done.stdout.split())
    assert (thinned / "report.html").read_text().count(sentence) == 2


def test_further_draws_keep_as_large_a_share(run_workbench, thinned, tmp_path):
    done = run_workbench("continue", thinned, "--draws", "100", "-q", "-o", tmp_path / "longer")
    assert done.returncode == 0, done.stderr
    record, tree = open_run(tmp_path / "longer")
    assert tree["log_likelihood"]["draw"].to_numpy().tolist() == list(range(4, 300, 5))
    assert record["nuts"]["pointwise_draws"] == 60
    assert record["loo"]["status"] == "ok"
    replayed = run_workbench("replay", thinned, "-q")
    assert "to the last digit" in replayed.stdout


def test_only_named_quantities_are_stored(run_workbench, tmp_path):
    names = {}
    for words in (("theta",), ("none",)):
        folder = tmp_path / words[0]
        options = ("--method", "mle,map,laplace,nuts", "--pointwise-draws", "0", "--keep", *words)
        done = run_workbench("fit", *SCHOOLS, *FAST[:4], "-q", "-o", folder, *options)
        assert done.returncode == 0, done.stderr
        record, tree = open_run(folder)
        names[words] = set(tree["posterior"].data_vars)
        estimates = [record[part]["estimates"] for part in ("mle", "map", "nuts", "laplace")]
        assert all({name.partition("[")[0] for name in one} <= names[words] for one in estimates)
        assert not {"log_likelihood", "posterior_predictive"} & set(tree.children)
        assert "`--pointwise-draws 0`" in record["loo"]["reason"]
        assert record["nuts"]["terms_differ"] == pytest.approx(0, abs=1e-8)
    assert all(small <= large for large, small in pairwise(names.values()))
    done = run_workbench("fit", *SCHOOLS, *FAST, "-o", tmp_path / "x", "--keep", "nonsense")
    assert done.returncode == 2
    assert "found `nonsense`" in done.stderr


def test_what_is_not_stored_is_not_checked_and_the_verdict_says_so(run_workbench, tmp_path):
    """Silence is no pass: neither without pointwise values, nor with too few to leave rows out."""
    for number in ("0", "5"):
        folder = tmp_path / number
        done = run_workbench("fit", *SCHOOLS, *FAST, "-o", folder, "--pointwise-draws", number)
        assert done.returncode == 0, done.stderr
        unchecked = open_run(folder)[0]["diagnosis"]["not_checked"]
        assert "the influence of single rows" in unchecked
        assert ("the predictions" in unchecked) is (number == "0")
        assert "The checks found no problem" not in done.stdout

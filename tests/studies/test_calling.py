"""A study from Python: of a fit, of its run directory, of data in memory."""

from typing import Any

import pandas as pd
import pytest

import workbench
from tests.studies import normal_mean as exact
from workbench.errors import RequestError, RunNotFound

pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture(scope="module")
def run(normal_files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    return workbench.fit(normal_files[0], normal_files[1], output=folder, jobs=2), folder


def assert_right(study, sigma):
    frame = study.frame
    row = frame[(frame["method"] == "nuts") & (frame["mu.sigma"] == sigma)].iloc[0]
    mean, _ = exact.posterior(sd=sigma)
    assert abs(row["mean"] - mean) < 4 * row["mcse_mean"]
    assert row["how"] == "weights"


def test_of_a_fit(run, tmp_path):
    study = workbench.sensitivity(
        run[0],
        vary={"mu.sigma": [0.5, 2]},
        scenarios={"sceptical": {"mu.sigma": 0.3}},
        decisions=["P(mu>0)>0.5"],
        methods=["nuts"],
        prior_predictive=False,
        output=tmp_path / "study",
    )
    assert isinstance(study.frame, pd.DataFrame)
    assert_right(study, 0.5)
    assert_right(study, 2)
    assert "sceptical" in set(study.frame["scenario"])
    assert study.frame["P(mu>0)>0.5"].all()
    assert not study.frame.duplicated(["point", "method", "parameter"]).any()
    words = workbench.sensitivity.__doc__ or ""
    told = {"mu.sigma", "P(mu>0)>0.5", "margin: P(mu>0)>0.5"}  # in the words of this study
    assert [name for name in study.frame if f"`{name}`" not in words and name not in told] == []


def test_of_a_run_directory_with_what_is_usual(run):
    study = workbench.sensitivity(run[1], methods=["map", "nuts"], prior_predictive=False)
    assert study.folder == run[1] / "study"
    assert_right(study, 4.0)
    assert sorted(study.frame["mu.sigma"].unique()) == [0.25, 0.5, 1, 2, 4]


def test_of_data_in_memory(normal_files, tmp_path):
    frame = pd.read_csv(normal_files[1])
    fit = workbench.fit(normal_files[0], frame, output=tmp_path / "run", jobs=2)
    asked: dict[str, Any] = {"vary": ["mu.sigma=0.5,2"], "methods": ["nuts"], "prior_predictive": False}
    with pytest.raises(RunNotFound, match="the table of this fit was expected at"):
        workbench.sensitivity(fit, **asked, output=tmp_path / "none")
    assert_right(workbench.sensitivity(fit, frame, **asked, output=tmp_path / "study"), 2)
    with pytest.raises(RequestError, match="is not what it was when this fit was made"):
        workbench.sensitivity(fit, frame.assign(y=0.0), **asked, output=tmp_path / "none")

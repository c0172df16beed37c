"""A study from Python: of a fit, of its run directory, of data in memory."""

from typing import Any

import pandas as pd
import pytest

import workbench
from tests.studies import normal_mean as exact
from workbench.errors import RequestError, RunNotFound

pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture(scope="module")
def fit(normal_files, tmp_path_factory):
    return workbench.fit(*normal_files, output=tmp_path_factory.mktemp("run") / "run", jobs=2)


def assert_exact(study, sigma):
    """Check the point of a study at which the prior has a standard deviation."""
    frame = study.frame
    row = frame[(frame["method"] == "nuts") & (frame["mu.sigma"] == sigma)].iloc[0]
    mean, _ = exact.posterior(sd=sigma)
    assert abs(row["mean"] - mean) < 4 * row["mcse_mean"]
    assert row["how"] == "weights"


def test_a_fit_is_studied(fit, tmp_path):
    study = workbench.sensitivity(
        fit,
        vary={"mu.sigma": [0.5, 2]},
        scenarios={"sceptical": {"mu.sigma": 0.3}},
        decision=["P(mu>0)>0.5"],
        method=["nuts"],
        prior_predictive=False,
        output=tmp_path / "study",
    )
    assert isinstance(study.frame, pd.DataFrame)
    assert_exact(study, 0.5)
    assert_exact(study, 2)
    assert "sceptical" in set(study.frame["scenario"])
    assert study.frame["P(mu>0)>0.5"].all()
    assert not study.frame.duplicated(["point", "method", "parameter"]).any()


def test_every_column_is_explained(study):
    explanation = workbench.sensitivity.__doc__ or ""
    texts = study.results.plan.decisions
    own = {
        *study.results.priors,
        *texts,
        *(f"{name}: {text}" for text in texts for name in ("margin", "mcse of margin")),
    }
    assert [name for name in study.frame if f"`{name}`" not in explanation and name not in own] == []


def test_a_run_directory_is_studied_with_default_options(fit):
    study = workbench.sensitivity(fit.folder, method=["map", "nuts"], prior_predictive=False)
    assert study.folder == fit.folder / "study"
    assert_exact(study, 4.0)
    assert sorted(study.frame["mu.sigma"].unique()) == [0.25, 0.5, 1, 2, 4]


def test_data_in_memory_are_given_again(normal_files, tmp_path):
    frame = pd.read_csv(normal_files[1])
    fit = workbench.fit(normal_files[0], frame, output=tmp_path / "run", jobs=2)
    options: dict[str, Any] = {"vary": ["mu.sigma=0.5,2"], "method": ["nuts"], "prior_predictive": False}
    with pytest.raises(RunNotFound, match="the table of this fit"):
        workbench.sensitivity(fit, **options, output=tmp_path / "none")
    assert_exact(workbench.sensitivity(fit, frame, **options, output=tmp_path / "study"), 2)
    with pytest.raises(RequestError, match="has changed since this fit was made"):
        workbench.sensitivity(fit, frame.assign(y=0.0), **options, output=tmp_path / "none")

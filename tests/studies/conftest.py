"""A study of a program whose every answer is known in closed form."""

from dataclasses import replace

import pytest

from tests.studies import normal_mean
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.studies import parse_axis
from workbench.workflow.options import FitOptions
from workbench.workflow.study_options import StudyOptions

STUDY_OPTIONS = StudyOptions(
    axes=(parse_axis("mu.mu=-1,0,1"), parse_axis("mu.sigma=0.1:10:log:3")),
    decisions=("P(mu>0)>0.95", "mean(mu)<5"),
    above=0.25,
    jobs=2,
)
"""Nine points, of which some need refits, and two decisions, of which one tips."""


@pytest.fixture(scope="session")
def normal_files(tmp_path_factory):
    """The program and its table."""
    folder = tmp_path_factory.mktemp("normal")
    model, data = folder / "normal_mean.stan", folder / "normal.csv"
    model.write_text(normal_mean.STAN)
    data.write_text(normal_mean.TABLE)
    return model, data


@pytest.fixture(scope="session")
def fit_options():
    """Every method for the base fit."""
    methods = (Mle(), Map(), Map(jacobian=True), Laplace(), Nuts())
    return FitOptions(methods=methods, seed=4, jobs=2)


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory):
    """Where the study is written."""
    return tmp_path_factory.mktemp("study") / "study"


@pytest.fixture(scope="session")
def study(tools, normal_files, fit_options, study_folder):
    """The study."""
    return normal_mean.run_study(normal_files, fit_options, replace(STUDY_OPTIONS, output=study_folder))

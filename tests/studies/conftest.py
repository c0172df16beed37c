"""A study of a program whose every answer is known."""

import pytest

from tests.studies import normal_mean
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.studies import parse_axis
from workbench.workflow import sensitivity, study_options
from workbench.workflow.options import FitOptions

PLAN = study_options.StudyOptions(
    axes=(parse_axis("mu.mu=-1,0,1"), parse_axis("mu.sigma=0.1:10:log:3")),
    decisions=("P(mu>0)>0.95", "mean(mu)<5"),
    above=0.25,
    jobs=2,
)


@pytest.fixture(scope="session")
def normal_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normal")
    model, data = folder / "normal_mean.stan", folder / "normal.csv"
    model.write_text(normal_mean.STAN)
    data.write_text(normal_mean.TABLE)
    return model, data


@pytest.fixture(scope="session")
def options():
    methods = (Mle(), Map(), Map(jacobian=True), Laplace(), Nuts())
    return FitOptions(methods=methods, seed=4, jobs=2)


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study") / "study"


@pytest.fixture(scope="session")
def study(tools, normal_files, options, study_folder):
    from dataclasses import replace

    return sensitivity.study_files(
        normal_files[0], normal_files[1], options, replace(PLAN, output=study_folder)
    )

"""A study on the workers of a Dask scheduler has the numbers of the same study on this machine."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.execution.clusters import DaskProcesses, needs_dask
from tests.studies import normal_mean
from tests.studies.conftest import STUDY_OPTIONS
from workbench.execution.dask_worker import MARK
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.studies import store

pytestmark = [needs_dask, pytest.mark.usefixtures("tools")]


@pytest.fixture(scope="module")
def executor(tmp_path_factory):
    """Two workers; one has a build cache of its own."""
    processes = DaskProcesses(tmp_path_factory.mktemp("cluster"))
    processes.start_worker("first")
    processes.start_worker("second")
    with open_executor(parse_scheduler(processes.address), 2) as opened:
        yield opened
    processes.close()


def test_the_numbers_are_the_same_to_the_last_digit(study, normal_files, fit_options, executor, tmp_path):
    options = replace(STUDY_OPTIONS, output=tmp_path / "study", executor=executor)
    elsewhere = normal_mean.run_study(normal_files, fit_options, options)
    pd.testing.assert_frame_equal(elsewhere.frame, study.frame, check_exact=True)
    here, there = study.results, elsewhere.results
    for name in ("derivatives", "tipping", "power_scaling", "conclusion", "densities", "reweighting"):
        assert getattr(here, name) == getattr(there, name), name
    assert [path.name for path in (tmp_path / "study" / store.CACHE).glob(".*")] == [MARK]

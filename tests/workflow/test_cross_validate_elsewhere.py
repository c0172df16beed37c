"""Folds on the workers of a Dask scheduler: the numbers of this machine."""

from typing import Any

import numpy as np
import pytest

import workbench as wb
from tests.comparison import cross_validated as known
from tests.execution.clusters import DaskProcesses, needs_dask
from workbench.comparison.folds import Folds
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.workflow.cross_validate import cross_validate

pytestmark = [needs_dask, pytest.mark.usefixtures("tools")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    processes = DaskProcesses(tmp_path_factory.mktemp("cluster"))
    processes.start_worker("only")
    yield processes
    processes.close()


def test_folds_on_a_worker_are_those_of_this_machine(tools, cluster, tmp_path):
    (tmp_path / "line.stan").write_text(known.LINE)
    known.make_line(40).to_csv(tmp_path / "line.csv", index=False)
    options: dict[str, Any] = {"method": ["nuts"], "draws": 200, "progress": False, "report": False}
    run = wb.fit(tmp_path / "line.stan", tmp_path / "line.csv", output=tmp_path / "run", **options)
    here = cross_validate(run, Folds(kfold=4), jobs=2, folder=tmp_path / "here")
    with open_executor(parse_scheduler(cluster.address), 1) as executor:
        there = cross_validate(run, Folds(kfold=4), executor=executor, folder=tmp_path / "there")
        in_time = cross_validate(run, Folds(first=30, step=5), executor=executor, folder=tmp_path / "there")
    np.testing.assert_array_equal(there.elpd, here.elpd)
    assert there.folds == here.folds
    assert not there.failures
    assert np.isfinite(in_time.elpd).all()
    names = [sorted(path.name for path in (tmp_path / place).iterdir()) for place in ("here", "there")]
    assert set(names[0]) <= set(names[1])

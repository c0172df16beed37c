"""Work that is ended from outside ends with its processes, and is no failure of Stan."""

import threading
import time
from dataclasses import replace

import psutil
import pytest

from tests.backends.test_time_limits import CALLS, job  # noqa: F401 - a fixture
from workbench import process
from workbench.backends.stan import StanBackend


def count_sleepers():
    return sum(child.name() in ("sleep", "endless") for child in psutil.Process().children(recursive=True))


@pytest.mark.parametrize("activity", CALLS)
def test_a_step_of_work_that_is_ended(job, activity):  # noqa: F811 - the fixture
    started, work = time.monotonic(), process.Work()
    ending = threading.Timer(0.5, work.end)
    ending.start()
    with pytest.raises(process.WorkEnded), work.begin():
        CALLS[activity](StanBackend(), replace(job, timeout=None))
    ending.join()
    assert time.monotonic() - started < 20
    with pytest.raises(process.WorkEnded), work.begin():
        CALLS[activity](StanBackend(), replace(job, timeout=None))
    time.sleep(0.2)
    assert count_sleepers() == 0

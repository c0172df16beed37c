"""Without a scheduler: shared values are opened once, and the memory of Stan's processes counts."""

import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from workbench import process
from workbench.errors import ChainFailed, RunError
from workbench.execution import Workplace
from workbench.execution.dask_worker import MARK, Packed, _State, measure_memory, watch_over
from workbench.execution.task import Task, run_task
from workbench.execution.versions import describe_difference, read_versions

MEBIBYTE = 1 << 20

opened: list[int] = []
"""What was opened."""


def open_value(place, packed):
    opened.append(packed)
    return packed + 1


@pytest.fixture
def state():
    state = _State()
    yield state
    state._scratch.__exit__(None, None, None)


def test_a_shared_value_is_opened_once(state, tmp_path):
    opened.clear()
    packed = Packed("key", f"{__name__}:open_value", pickle.dumps(1))
    place = Workplace(tmp_path, state.scratch)
    assert [state.open(packed, place) for _ in range(3)] == [2, 2, 2]
    assert opened == [1]
    for at in range(10):
        state.open(replace(packed, key=str(at)), place)
    assert state.open(packed, place) == 2
    assert len(opened) == 12  # it had made room for others


def test_a_folder_is_shared_if_its_mark_is_read(state, tmp_path):
    assert not state.sees(tmp_path, "a")
    (tmp_path / MARK).write_text("b")
    assert state.sees(tmp_path, "b")
    assert not state.sees(tmp_path, "c")
    assert state.make_folder("c").parent == state.scratch


def fill_memory(place, size):
    """Start a process that takes memory, as Stan may."""
    code = f"import time; kept = b'x' * {size}; time.sleep(60)"
    done = process.run([sys.executable, "-c", code], timeout=60)
    raise ChainFailed(f"it ended with {done.returncode}.")


def test_memory_of_processes_counts(tmp_path):
    """In a process of its own: that of the tests may give memory back while it is measured."""
    code = f"from {__name__} import check_memory; check_memory({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def check_memory(folder):
    tmp_path = Path(folder)
    task = Task("big", f"{__name__}:fill_memory", (300 * MEBIBYTE,))
    place, started = Workplace(tmp_path, tmp_path), time.monotonic()
    with (
        pytest.raises(RunError) as caught,
        watch_over(sum(measure_memory().values()) + 150 * MEBIBYTE, lambda: True),
    ):
        run_task(task, place, {})
    assert caught.value.message.startswith("it needs more memory than its worker may have: ")
    assert caught.value.message.endswith("were in use, Stan's processes included.")
    assert time.monotonic() - started < 30
    with watch_over(None, lambda: True):
        outcome = run_task(replace(task, function=f"{__name__}:refuse"), place, {})
    assert str(outcome.failure) == "no."


def refuse(place, size):
    """Fail as Stan does."""
    raise ChainFailed("no.")


def test_what_nobody_waits_for_is_ended_and_leaves_no_failure(tmp_path):
    task = Task("unwanted", f"{__name__}:wait_or_note", (str(tmp_path / "failure"),))
    started = time.monotonic()
    with (
        pytest.raises(RunError, match="nobody waited"),
        watch_over(None, lambda: time.monotonic() - started < 1),
    ):
        run_task(task, Workplace(tmp_path, tmp_path), {})
    assert time.monotonic() - started < 20
    assert not (tmp_path / "failure").exists()


def wait_or_note(place, note):
    """Wait for a process as for Stan's, in a thread as cmdstanpy does; keep a failure as a result."""
    with suppress(ChainFailed), ThreadPoolExecutor(1) as pool:
        done = pool.submit(process.keep_work(process.run), ["sleep", "60"]).result()
        raise ChainFailed(f"it ended with {done.returncode}.")
    Path(note).touch()


def test_versions_differ_in_words():
    ours = read_versions()
    assert describe_difference(ours, ours) == ""
    other = replace(ours, workbench="9", stan="1")
    assert describe_difference(ours, other) == (
        f"has workbench 9, not {ours.workbench} and Stan 1, not {ours.stan}"
    )
    assert describe_difference(ours, replace(ours, sources="x")).startswith("has another state of workbench")
    assert len(ours.sources) == 64

"""An executable that answers requests: what it says to wrong ones, and how it ends."""

import json
import os
import signal
import struct
import time
from types import SimpleNamespace

import numpy as np
import pytest

from tests.conformance.executables import MODELS
from tests.toolchain.fake_compilers import write_script
from workbench import toolchain
from workbench.backends import Job
from workbench.backends.evaluator import Evaluator, Flag, UnsupportedExecutable
from workbench.backends.evaluators import Evaluators
from workbench.errors import ChainFailed, RunTimedOut
from workbench.process import Companion

REQUEST, ANSWER = struct.Struct("=IIQQQQ"), struct.Struct("=qQQQ")


@pytest.fixture(scope="module")
def throws(tools):
    source = MODELS / "driver_throws.stan"
    return toolchain.build(source.stem, source.read_text(), tools).exe


@pytest.fixture
def job(throws, tmp_path):
    (tmp_path / "data.json").write_text(json.dumps({"where": 0}))
    return Job(throws, tmp_path / "data.json", tmp_path / "calls", seed=1, timeout=60)


@pytest.fixture
def companion(throws):
    started = Companion((str(throws), "evaluate"))
    assert receive(started) == (0, 0, b"", "workbench 1")
    yield started
    started.close()


def receive(companion):
    deadline = time.monotonic() + 60
    status, failures, numbers, characters = ANSWER.unpack(companion.receive(ANSWER.size, deadline))
    rows = companion.receive(8 * numbers, deadline)
    return status, failures, rows, companion.receive(characters, deadline).decode(errors="replace")


def ask(companion, task, flags=0, count=0, width=0, seed=1, first=0, payload=b""):
    companion.send(REQUEST.pack(task, flags, count, width, seed, first) + payload)
    return receive(companion)


def open_data(companion, path):
    text = str(path).encode()
    return ask(companion, 0, Flag.TEXT, len(text), payload=text)


WRONG = {
    "no such task": (99, 0, 0, 0, b""),
    "rows of another width": (1, 0, 2, 3, bytes(48)),
    "rows without numbers": (1, 0, 5, 0, b""),
    "generated quantities of another width": (2, 16, 1, 2, bytes(16)),
    "parameters of another width": (3, 0, 1, 5, bytes(40)),
    "a file that is not there": (0, Flag.TEXT, 8, 0, b"/no/file"),
    "a folder as a file": (0, Flag.TEXT, 4, 0, b"/tmp"),
    "an unknown argument": (4, Flag.TEXT, 9, 0, b"method=xx"),
    "an argument of no kind": (4, Flag.TEXT, 3, 0, b"\xff\x00="),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_answered_and_the_next_one_works(companion, job, name):
    assert open_data(companion, job.data)[0] == 0
    task, flags, count, width, payload = WRONG[name]
    status, _, rows, text = ask(companion, task, flags, count, width, payload=payload)
    assert (status != 0, rows) == (True, b"")
    assert text.startswith("Error: ")
    assert open_data(companion, job.data)[0] == 0
    status, failures, rows, _ = ask(companion, 1, 0, 1, 1, payload=struct.pack("=d", 2.0))
    assert (status, failures, struct.unpack("=d", rows)) == (0, 0, (-2.0,))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, 5e-324])
@pytest.mark.parametrize("task", [1, 2, 3])
def test_numbers_of_every_kind_are_taken(companion, job, task, value):
    open_data(companion, job.data)
    status, _, rows, _ = ask(companion, task, 31, 1, 1, payload=struct.pack("=d", value))
    assert status == 0
    assert rows


def test_no_rows_are_no_rows(companion, job):
    open_data(companion, job.data)
    for task in (1, 2, 3):
        assert ask(companion, task, 0, 0, 1)[:3] == (0, 0, b"")


def test_it_ends_with_its_input(companion):
    companion.send(REQUEST.pack(1, 0, 1000, 1000, 1, 0) + bytes(80))
    companion._socket.shutdown(1)
    with pytest.raises(EOFError):
        receive(companion)
    assert companion._child.wait(60) == 0


def test_too_much_is_refused(companion):
    companion.send(REQUEST.pack(1, 0, 2**62, 2, 1, 0))
    with pytest.raises(EOFError):
        receive(companion)
    assert companion._child.wait(60) > 0


def test_an_executable_without_our_driver_is_recognised(tmp_path):
    exe = write_script(tmp_path / "other", "echo not a word of ours >&2", "exit 1")
    with pytest.raises(UnsupportedExecutable):
        Evaluator(exe, tmp_path)
    (tmp_path / "data.json").write_text("{}")
    evaluators = Evaluators()
    for _ in range(2):
        with evaluators.borrow(Job(exe, tmp_path / "data.json", tmp_path, 1), "trying") as evaluator:
            assert evaluator is None


def test_a_killed_process_is_named_and_replaced(job):
    evaluators = Evaluators()
    with evaluators.borrow(job, "trying") as evaluator:
        assert evaluator is not None
        evaluator.describe(job)
        os.kill(evaluator._companion._child.pid, signal.SIGKILL)
        with pytest.raises(ChainFailed, match="ended by SIGKILL; that can mean that the machine ran out"):
            evaluator.compute_log_density(job, np.zeros((1, 1)), Flag.NONE)
    with evaluators.borrow(job, "trying") as evaluator:
        assert evaluator is not None
        assert evaluator.compute_log_density(job, np.zeros((1, 1)), Flag.NONE).numbers == [0]


def test_what_takes_too_long_is_ended(tools, tmp_path):
    source = "parameters { real x; } model { real y = 1; while (x > 1) y += 1; x ~ normal(y, 1); }"
    (tmp_path / "data.json").write_text("{}")
    job = Job(toolchain.build("endless", source, tools).exe, tmp_path / "data.json", tmp_path, 1, timeout=2.0)
    evaluators = Evaluators()
    with evaluators.borrow(job, "trying") as evaluator:
        assert evaluator is not None
        assert evaluator.compute_log_density(job, np.zeros((1, 1)), Flag.NONE).numbers == [-0.5]
        child = evaluator._companion._child
        with pytest.raises(RunTimedOut, match="evaluating the log density took longer than the 2 s"):
            evaluator.compute_log_density(job, np.full((1, 1), 2.0), Flag.NONE)
    assert child.returncode == -signal.SIGKILL


def test_evaluators_end_with_their_owner(job):
    evaluators = Evaluators()
    with evaluators.borrow(job, "trying") as evaluator:
        assert evaluator is not None
        child = evaluator._companion._child
    assert child.poll() is None
    del evaluators, evaluator
    assert child.wait(10) in (-signal.SIGKILL, 0)  # it may see the end of its input first


def test_only_a_few_stay_idle(throws, tmp_path):
    evaluators, children = Evaluators(), []
    for number in range(6):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"where": 0}))
        with evaluators.borrow(Job(throws, path, tmp_path, 1), "trying") as evaluator:
            assert evaluator is not None
            children.append(evaluator._companion._child)
    assert [child.poll() is None for child in children] == [False, False, True, True, True, True]


def test_evaluators_of_a_job_are_ended_when_it_is_released(tmp_path):
    evaluators, ended = Evaluators(), []

    def hold(name):
        evaluator = SimpleNamespace(close=lambda: ended.append(name))
        evaluators._idle.append(((tmp_path / name, tmp_path / "data.json", 1, 1), evaluator))  # type: ignore[arg-type]

    for name in ("a", "b", "a"):
        hold(name)
    evaluators.release(Job(tmp_path / "a", tmp_path / "other.json", tmp_path, 1))
    assert ended == []
    evaluators.release(Job(tmp_path / "a", tmp_path / "data.json", tmp_path, 1))
    assert ended == ["a", "a"]
    assert [key[0].name for key, _ in evaluators._idle] == ["b"]

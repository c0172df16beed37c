"""Child processes: their output, order, time limit, and end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from workbench import process

PYTHON = sys.executable

HEED_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Python code that makes a process react to interrupts; one started in the background ignores them."""


def test_output_and_exit_code():
    done = process.run([PYTHON, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"])
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)


def test_results_are_in_the_order_of_the_commands():
    slow = process.ProcessCommand((PYTHON, "-c", "import time; time.sleep(0.3); print('slow')"))
    fast = process.ProcessCommand((PYTHON, "-c", "print('fast')"))
    finished = []
    done = process.run_many([slow, fast], jobs=2, on_done=lambda result: finished.append(result.stdout))
    assert [result.stdout for result in done] == ["slow\n", "fast\n"]
    assert finished == ["fast\n", "slow\n"]


def test_after_a_failure_nothing_new_starts(tmp_path):
    marker = tmp_path / "started"
    failing = process.ProcessCommand((PYTHON, "-c", "raise SystemExit(1)"))
    later = process.ProcessCommand((PYTHON, "-c", f"open({str(marker)!r}, 'w')"))
    done = process.run_many([failing, later], jobs=1)
    assert [result.returncode for result in done] == [1]
    assert not marker.exists()


def test_a_time_limit_ends_the_child():
    done = process.run([PYTHON, "-c", "import time; time.sleep(60)"], timeout=0.2)
    assert done.timed_out
    assert done.returncode == -signal.SIGTERM


def test_a_missing_program_raises():
    with pytest.raises(FileNotFoundError):
        process.run(["/no/such/program"])


def test_an_interrupt_ends_grandchildren_too(tmp_path):
    """The child starts a grandchild in the same group; after Ctrl-C both are gone."""
    pid_file = tmp_path / "grandchild.pid"
    child = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(p.pid))\n"
        "time.sleep(60)\n"
    )
    code = f"{HEED_SIGINT}\nfrom workbench import process\nprocess.run([{PYTHON!r}, '-c', {child!r}])\n"
    parent = subprocess.Popen([PYTHON, "-c", code], stderr=subprocess.DEVNULL)
    grandchild = int(_wait_for(pid_file))
    os.kill(parent.pid, signal.SIGINT)
    parent.wait(10)
    _wait_until(lambda: not psutil.pid_exists(grandchild) or _is_zombie(grandchild))


def _wait_for(path: Path) -> str:
    _wait_until(lambda: path.exists() and bool(path.read_text()))
    return path.read_text()


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _wait_until(is_true) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_what_a_child_prints_needs_no_room_on_a_disk(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert process.run([PYTHON, "-c", "print('out')"]).stdout == "out\n"


def test_grandchildren_that_heed_no_signal_end_at_the_time_limit(tmp_path):
    """The child itself ends when it is asked to; what it started does not."""
    pid_file = tmp_path / "grandchild.pid"
    child = f"(trap '' TERM; sleep 600 & echo $! > {pid_file}; wait) & sleep 600"
    assert process.run(["sh", "-c", child], timeout=2).timed_out
    grandchild = int(pid_file.read_text())
    _wait_until(lambda: not psutil.pid_exists(grandchild) or _is_zombie(grandchild))


def test_lines_are_passed_on_while_a_child_runs_and_errors_in_their_place():
    lines: list[str] = []
    code = "echo one; echo two >&2; sleep 0.1; printf three"
    done = process.run(["sh", "-c", code], is_merged=True, on_line=lines.append)
    assert done.stdout == "one\ntwo\nthree"
    assert lines == ["one", "two"]

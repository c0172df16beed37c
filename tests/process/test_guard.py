"""Children end with their parent, whatever ends it, and so does everything that they started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PYTHON = sys.executable

GRANDPARENT = """
import subprocess, sys, time
code = "import time; time.sleep(600)"
children = [
    subprocess.Popen([sys.executable, "-c", code]),
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True),
    subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; sleep 600 & wait"]),
]
open(sys.argv[1], "w").write(" ".join(str(child.pid) for child in children))
time.sleep(600)
"""
"""A child that starts three processes: one in its group, one in a session of its own, one deaf to signals."""


@pytest.fixture
def start(tmp_path):
    """Starts a parent that runs code; at the end it is killed."""
    parents = []

    def begin(code):
        parent = subprocess.Popen([PYTHON, "-c", code], cwd=tmp_path)
        parents.append(parent)
        return parent

    yield begin
    for parent in parents:
        if parent.poll() is None:
            parent.kill()
            parent.wait()


def wait_for(file: Path) -> list[int]:
    wait_until(lambda: file.exists() and bool(file.read_text()))
    return [int(word) for word in file.read_text().split()]


def wait_until(is_true) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline, "nothing happened within 20 seconds"
        time.sleep(0.02)


def has_ended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
def test_nothing_outlives_a_parent_that_was_ended(start, tmp_path, number):
    file = tmp_path / "pids"
    code = (
        "import signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # under `nohup` it is ignored
        f"from workbench import process\nprocess.run([{PYTHON!r}, '-c', {GRANDPARENT!r}, {str(file)!r}])"
    )
    parent = start(code)
    pids = wait_for(file)
    marked = psutil.Process(parent.pid).children(recursive=True)
    os.kill(parent.pid, number)
    parent.wait(20)
    wait_until(lambda: all(has_ended(pid) for pid in (*pids, *(process.pid for process in marked))))


def test_children_of_threads_end_with_the_process_and_not_with_their_thread(start, tmp_path):
    """Linux's own signal at the death of a parent would come when the thread ends that started the child."""
    file = tmp_path / "pids"
    child = f"import os, time; open({str(file)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(600)"
    code = (
        "import threading, time\n"
        "from workbench import process\n"
        "from workbench.process import start\n"
        f"command = process.ProcessCommand(({PYTHON!r}, '-c', {child!r}))\n"
        "children = []\n"
        "thread = threading.Thread(target=lambda: children.append(start._Child(command, None, None)))\n"
        "thread.start(); thread.join(); time.sleep(600)"
    )
    parent = start(code)
    (pid,) = wait_for(file)
    time.sleep(0.2)
    assert not has_ended(pid)
    parent.kill()
    parent.wait()
    wait_until(lambda: has_ended(pid))


def test_a_parent_that_ends_by_itself_leaves_no_guard(start):
    parent = start(WAIT)
    wait_until(lambda: guards_of(parent.pid))
    (guard,) = guards_of(parent.pid)
    parent.terminate()
    parent.wait()
    wait_until(lambda: has_ended(guard))


WAIT = (
    "import time; from workbench import process; process.run(['true']); process.run(['true']); time.sleep(60)"
)
"""A parent that has started two children and waits."""


def guards_of(pid: int) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(pid) in (process.info["cmdline"] or []) and "guard.py" in " ".join(process.info["cmdline"])
    ]


def test_a_guard_ends_nothing_of_another_process(start, tmp_path):
    """Two parents at a time, one started by the other, and a fork: each guard ends its own children alone."""
    file = tmp_path / "pids"
    other = tmp_path / "other"
    sleeper = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    run = "from workbench import process; process.run([{python!r}, '-c', {code!r}, {file!r}])"
    first = start(run.format(python=PYTHON, code=sleeper, file=str(file)))
    second = start(run.format(python=PYTHON, code=sleeper, file=str(other)))
    (mine,), (yours,) = wait_for(file), wait_for(other)
    first.kill()
    first.wait()
    wait_until(lambda: has_ended(mine))
    time.sleep(0.5)
    assert not has_ended(yours)
    assert second.poll() is None


def test_a_guard_starts_quickly_and_once(start):
    """A child costs a few milliseconds, the first one too."""
    code = (
        "import time\nfrom workbench import process\nstarted = time.monotonic()\n"
        "for _ in range(50): process.run(['true'])\n"
        "raise SystemExit(time.monotonic() - started > 2)"
    )
    parent = start(code)
    assert parent.wait(20) == 0

"""An interrupt ends the child processes of a call, then reaches the caller."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from workbench.backends.interrupt import run_interruptibly


def test_results_and_errors_are_passed_on():
    assert run_interruptibly(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        run_interruptibly(lambda: 1 // 0)


def test_an_interrupt_ends_the_children_first(monkeypatch):
    code = "import time; time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code])
    monkeypatch.setattr("psutil.Process.children", lambda self, recursive: [child])
    interrupt = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_interruptibly(child.wait)
    finally:
        signal.signal(signal.SIGINT, previous)
        interrupt.join()
    assert child.returncode == -signal.SIGKILL

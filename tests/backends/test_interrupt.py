"""An interrupt ends the child processes of a call, then reaches the caller."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from workbench import process
from workbench.backends.interrupt import run_interruptibly


def test_results_and_errors_are_passed_on():
    assert run_interruptibly(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        run_interruptibly(lambda: 1 // 0)


def test_an_interrupt_ends_our_children_first_and_no_others():
    code = "import time; time.sleep(60)"
    others = subprocess.Popen([sys.executable, "-c", code])
    ended = []
    interrupt = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_interruptibly(lambda: ended.append(process.run([sys.executable, "-c", code])))
    finally:
        signal.signal(signal.SIGINT, previous)
        interrupt.join()
        is_untouched = others.poll() is None
        others.kill()
        others.wait()
    assert [done.returncode for done in ended] == [-signal.SIGKILL]
    assert is_untouched

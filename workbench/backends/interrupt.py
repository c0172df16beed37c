"""An interrupt that ends the processes we wait for before it travels on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import psutil

T = TypeVar("T")


def run_interruptibly(call: Callable[[], T]) -> T:
    """Run a cmdstanpy call so that an interrupt ends its children before it travels on.

    cmdstanpy waits for its chains in threads, which an interrupt does not reach; a chain that waits for its
    turn would even start afterwards. So the call runs in a thread, and on an interrupt its children are
    ended until it returns.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(call())
        except BaseException as reason:  # handed to the caller below
            failure.append(reason)
        finally:
            is_over.set()

    # An event, not Thread.join: before Python 3.13 an interrupted join takes the thread for ended.
    is_over = threading.Event()
    threading.Thread(target=work, daemon=True).start()
    try:
        while not is_over.wait(0.1):
            pass
    except BaseException:
        while not is_over.wait(0.05):
            _kill_children()
        raise
    if failure:
        raise failure[0]
    return result[0]


def _kill_children() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()

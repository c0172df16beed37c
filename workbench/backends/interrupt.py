"""Interrupts: the processes that we wait for end before an interrupt is passed on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from workbench import process

T = TypeVar("T")


def run_interruptibly(call: Callable[[], T]) -> T:
    """Run a call of cmdstanpy; on an interrupt, end its processes before passing the interrupt on.

    cmdstanpy waits for its chains in threads that an interrupt does not reach; it would even start the chains
    that still wait for their turn. So the call runs in a thread of its own. After an interrupt our child
    processes, and no others, are killed until the call returns.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(call())
        except BaseException as reason:  # raised below, in the caller's thread
            failure.append(reason)
        finally:
            is_over.set()

    # An event, not Thread.join: before Python 3.13 a thread counts as ended once its join is interrupted.
    is_over = threading.Event()
    threading.Thread(target=process.keep_work(work), daemon=True).start()
    try:
        while not is_over.wait(0.1):
            pass
    except BaseException:
        while not is_over.wait(0.05):
            process.kill_running()
        raise
    process.refuse_ended()  # cmdstanpy takes it for a failure
    if failure:
        raise failure[0]
    return result[0]

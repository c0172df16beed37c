"""The command line: it reads arguments, shows progress, prints results, and knows no statistics."""

from __future__ import annotations

import os
import sys
from _signal import (  # type: ignore[import-not-found]  # `signal` itself takes time to import
    SIGINT,
    default_int_handler,
    getsignal,
    signal,
)

__all__ = ["main"]


def main() -> None:
    """Run the command line. While it starts, Ctrl-C ends it at once: there is nothing to be put in order."""
    if getsignal(SIGINT) is default_int_handler:  # in the background it is ignored
        signal(SIGINT, _leave)
    _open_closed_streams()
    from workbench.cli.app import main as run

    run()


def _leave(_number: int, _frame: object) -> None:
    try:
        os.write(2, b"\ninterrupted: nothing was written; earlier results are as they were\n")
    finally:
        os._exit(128 + SIGINT)


def _open_closed_streams() -> None:
    """Lead streams that the caller has closed nowhere: another file would take their number and text."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        try:
            os.fstat(number)
        except OSError:  # the number is free
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: PTH123, SIM115

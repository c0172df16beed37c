"""Wait until a process has ended, however it ended, then kill everything that it had started.

`children.py` starts this file as a program of its own, with nothing but the standard library. Its arguments
are the number of that process, and the mark in the environment of its children. The mark is inherited, so the
compilers that `make` or `clang` start are found as well, whatever group or session they are in.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

_POLL_SECONDS = 0.1
"""How often a system without process descriptors is asked whether the process still exists [s]."""

_SCANS = 3
"""How many looks in a row must find nothing: a program that is just being started bears no mark yet."""

_BETWEEN_SCANS = 0.1
"""The time between two looks [s]."""


def main(parent: int, mark: str) -> None:
    """Wait for the end of the process that started this one, then kill what bears the mark."""
    _wait_for_end(parent)
    quiet = 0
    while quiet < _SCANS:
        quiet = 0 if kill_marked(mark) else quiet + 1
        time.sleep(_BETWEEN_SCANS)


def _wait_for_end(parent: int) -> None:
    try:
        descriptor = os.pidfd_open(parent)
    except (AttributeError, OSError):  # an old kernel, or the process has ended already
        descriptor = None
    if descriptor is not None and os.getppid() == parent:  # still ours: the number was not given away
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
        return
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)


def kill_marked(mark: str) -> int:
    """Kill every process that has the mark in its environment; return how many there were."""
    killed = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _is_marked(folder, os.fsencode(mark)):
            try:
                os.kill(int(folder.name), signal.SIGKILL)
                killed += 1
            except (ProcessLookupError, PermissionError):  # it has just ended, or is not ours to end
                continue
    return killed


def _is_marked(folder: Path, mark: bytes) -> bool:
    try:
        return mark in (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # it has just ended, or belongs to somebody else
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

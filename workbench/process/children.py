"""Children that end with us: each bears a mark, and a guard kills what bears it once we are gone."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_VARIABLE = "WORKBENCH_CHILD_OF"
"""The environment variable that marks everything we start."""

_GUARD = Path(__file__).with_name("guard.py")
"""The program that outlives us for a moment."""


@dataclass(frozen=True)
class _Mark:
    """What the children of one process bear: the process, and a word that no other process uses."""

    pid: int
    word: str


_marks: list[_Mark] = []
"""The mark of this process, once it has started a child. A fork of it inherits the list, and adds its own."""

_lock = threading.Lock()
"""Held while the guard is started: several threads may start children at a time."""


def mark_environment(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment for a child, which then ends with us at the latest; our guard is started."""
    with _lock:
        if not _marks or _marks[-1].pid != os.getpid():
            mark = _Mark(os.getpid(), secrets.token_hex(8))
            _start_guard(mark)
            _marks.append(mark)
        return {**environment, _VARIABLE: _marks[-1].word}


def _start_guard(mark: _Mark) -> None:
    """Start the guard, in a session of its own that no interrupt reaches; nobody waits for it.

    It is isolated: neither the folder we are in nor the user's settings of Python change what it runs.
    """
    if not sys.executable:  # Python is embedded in another program
        return
    argv = [sys.executable, "-I", "-S", str(_GUARD), str(mark.pid), f"{_VARIABLE}={mark.word}"]
    environment = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    actions = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    with suppress(OSError):  # without a guard, children are ended by us alone
        os.posix_spawn(sys.executable, argv, environment, file_actions=actions, setsid=True)

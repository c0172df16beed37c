"""What Stan said was wrong, found in what it printed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import ChainFailed, DrawsCorrupt, RunTimedOut

ITERATIONS_USED_UP = "Maximum number of iterations hit"
"""What Stan prints where an optimiser used up its iterations."""

_FRAME = re.compile(r"Error during \w+[:!]")
"""How cmdstanpy introduces what Stan said."""

_EXIT_CODES = re.compile(r"retcodes=\[([-\d, ]+)\]")
_UNFINISHED = -1
"""What cmdstanpy says of a process whose end it did not see."""


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Turn cmdstanpy's errors into ours, keeping what Stan said."""
    try:
        yield
    except TimeoutError as reason:
        hint = "allow more with --timeout, or ask for less"
        raise RunTimedOut(f"{what} took longer than the time allowed.", hint=hint) from reason
    except RuntimeError as reason:
        said = extract_error(str(reason))
        raise ChainFailed(f"{what} stopped: {said}", hint="console.log has all that Stan printed") from reason
    except ValueError as reason:
        raise DrawsCorrupt(f"the output of {what} cannot be read: {reason}") from reason


def extract_error(text: str) -> str:
    """Return what Stan said was wrong: its last lines that begin with Error or Exception, else its last."""
    body, _, files = text.partition("Command and output files:")
    lines = [line.strip() for line in body.splitlines() if line.strip() and not _FRAME.match(line)]
    said = [line for line in lines if line.startswith(("Error", "Exception"))] or lines
    return " ".join(dict.fromkeys(said[-3:])) or _ended_by_signal(files)


def _ended_by_signal(files: str) -> str:
    """Return which signal ended a process that had nothing to say, from cmdstanpy's list of exit codes."""
    codes = _EXIT_CODES.search(files)
    ends = [int(code) for code in codes[1].split(",") if int(code) < 0] if codes else []
    if not ends:
        return "no reason was given."
    if ends[0] == _UNFINISHED:
        return "a chain did not come to its end, and no reason was given."
    name = signal.Signals(-ends[0]).name
    return f"a chain was ended from outside by {name}; SIGKILL can mean that the machine ran out of memory."

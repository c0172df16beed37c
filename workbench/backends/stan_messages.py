"""Stan's error messages, found in what it printed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import ChainFailed, DrawsCorrupt, RunTimedOut

ITERATIONS_USED_UP = "Maximum number of iterations hit"
"""What Stan prints when an optimiser has used up its iterations."""

_CMDSTANPY_PREFIX = re.compile(r"Error during \w+[:!]")
"""The line with which cmdstanpy introduces Stan's message."""

_EXIT_CODES = re.compile(r"retcodes=\[([-\d, ]+)\]")
"""cmdstanpy's list of exit codes, one for each chain."""

_UNFINISHED = -1
"""cmdstanpy's exit code of a process whose end it did not see."""


@contextmanager
def translate_errors(activity: str) -> Iterator[None]:
    """Turn cmdstanpy's errors into ours, with Stan's message."""
    try:
        yield
    except TimeoutError as reason:
        hint = "allow more time with --timeout, or request less"
        raise RunTimedOut(f"{activity} took longer than the time allowed.", hint=hint) from reason
    except RuntimeError as reason:
        message = f"{activity} stopped: {extract_error(str(reason))}"
        raise ChainFailed(message, hint="console.log holds everything that Stan printed") from reason
    except ValueError as reason:
        raise DrawsCorrupt(f"the output of {activity} cannot be read: {reason}") from reason


def extract_error(text: str) -> str:
    """Return Stan's error message: the last lines that begin with Error or Exception, else the last lines."""
    body, _, files = text.partition("Command and output files:")
    lines = [line.strip() for line in body.splitlines() if line.strip() and not _CMDSTANPY_PREFIX.match(line)]
    errors = [line for line in lines if line.startswith(("Error", "Exception"))] or lines
    return " ".join(dict.fromkeys(errors[-3:])) or _describe_signal(files)


def _describe_signal(files: str) -> str:
    """Return which signal ended a process that printed nothing, from cmdstanpy's list of exit codes."""
    codes = _EXIT_CODES.search(files)
    signals = [int(code) for code in codes[1].split(",") if int(code) < 0] if codes else []
    if not signals:
        return "no reason was given."
    if signals[0] == _UNFINISHED:
        return "a chain did not finish, and no reason was given."
    name = signal.Signals(-signals[0]).name
    return f"a chain was ended from outside by {name}; SIGKILL can mean that the machine ran out of memory."

"""Stan's error messages, found in what it printed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import ChainFailed, DrawsCorrupt, RunTimedOut

ITERATIONS_USED_UP = "Maximum number of iterations hit"
"""What Stan prints when an optimiser has used up its iterations."""

_CMDSTANPY_PREFIX = re.compile(r"Error during \w+[:!]")
"""The line with which cmdstanpy introduces Stan's message."""

_FAILED_COMMAND = re.compile(r"Error during \w+[:!] Command '.*' failed:")
"""What cmdstanpy writes before Stan's message, on the same line."""

_EXIT_CODES = re.compile(r"retcodes=\[([-\d, ]+)\]")
"""cmdstanpy's list of exit codes, one for each chain."""

_UNFINISHED = -1
"""cmdstanpy's exit code of a process whose end it did not see."""


@contextmanager
def translate_errors(activity: str, folder: Path | None = None) -> Iterator[None]:
    """Turn cmdstanpy's errors into ours, with Stan's message and everything that Stan printed.

    Parameters
    ----------
    activity
        What Stan was doing.
    folder
        Where cmdstanpy keeps what Stan printed; it may also hold it in its message.
    """
    try:
        yield
    except TimeoutError as reason:
        hint = "allow more time with --timeout, or request less"
        message = f"{activity} took longer than the time allowed."
        raise RunTimedOut(message, hint=hint, console=_read_printed(folder)) from reason
    except RuntimeError as reason:
        message = f"{activity} stopped: {extract_error(str(reason))}"
        console = _read_printed(folder) or str(reason)
        hint = "console.log holds everything that Stan printed"
        raise ChainFailed(message, hint=hint, console=console) from reason
    except ValueError as reason:
        raise DrawsCorrupt(f"the output of {activity} cannot be read: {reason}") from reason


def _read_printed(folder: Path | None) -> str:
    """Return what the processes of one call have printed, one after the other; empty without files."""
    files = [] if folder is None else sorted(folder.glob("*.txt"))
    return "\n".join(path.read_text(errors="replace") for path in files)


def extract_error(text: str) -> str:
    """Return Stan's error message: the last lines that begin with Error or Exception, else the last lines."""
    body, _, files = text.partition("Command and output files:")
    body = _FAILED_COMMAND.sub("", body)
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

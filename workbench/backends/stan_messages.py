"""Stan's error messages, found in what it printed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
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

_PLACE = re.compile(
    r"\s*\(in '[^']*', line (?P<line>\d+), column \d+"
    r"(?: to (?:line \d+, )?column \d+)?(?:, included from[^)]*)?\)"
)
"""The place in the compiled program that Stan names."""

_UNFINISHED = -1
"""cmdstanpy's exit code of a process whose end it did not see."""


@contextmanager
def translate_errors(
    activity: str, folder: Path | None = None, places: Mapping[int, str] | None = None
) -> Iterator[None]:
    """Turn cmdstanpy's errors into ours, with Stan's message and everything that Stan printed.

    Parameters
    ----------
    activity
        What Stan was doing.
    folder
        Where cmdstanpy keeps what Stan printed; it may also hold it in its message.
    places
        By line of the compiled program, the author's line.
    """
    places = places or {}
    try:
        yield
    except TimeoutError as reason:
        hint = "allow more time with --timeout, or request less"
        message = f"{activity} took longer than the time allowed."
        console = name_places(_read_printed(folder), places)
        raise RunTimedOut(message, hint=hint, console=console) from reason
    except RuntimeError as reason:
        message = f"{activity} stopped: {extract_error(str(reason), places)}"
        console = name_places(_read_printed(folder) or str(reason), places)
        hint = "console.log holds everything that Stan printed"
        raise ChainFailed(message, hint=hint, console=console) from reason
    except ValueError as reason:
        raise DrawsCorrupt(f"the output of {activity} cannot be read: {reason}") from reason


def _read_printed(folder: Path | None) -> str:
    """Return what the processes of one call have printed, one after the other; empty without files."""
    files = [] if folder is None else sorted(folder.glob("*.txt"))
    return "\n".join(path.read_text(errors="replace") for path in files)


def name_places(text: str, places: Mapping[int, str]) -> str:
    """Return Stan's messages with the author's lines in place of those of the compiled program.

    >>> name_places("Scale is 0 (in 'm.stan', line 26, column 2 to column 9)", {26: "line 9: `y ~ f(s);`"})
    'Scale is 0 (line 9: `y ~ f(s);`)'
    """

    def change(match: re.Match[str]) -> str:
        place = places.get(int(match["line"]))
        return match[0] if place is None else f" ({place})"

    return _PLACE.sub(change, text) if places else text


def extract_error(text: str, places: Mapping[int, str] | None = None) -> str:
    """Return Stan's error message: the last lines that begin with Error or Exception, else the last lines.

    Parameters
    ----------
    text
        What Stan, or cmdstanpy, printed.
    places
        By line of the compiled program, the author's line.
    """
    text = name_places(text, places or {})
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

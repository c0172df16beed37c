"""Stan's error messages, found in what it printed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import ChainFailed, DrawsCorrupt, RunTimedOut
from workbench.files import refuse_full

ITERATIONS_USED_UP = "Maximum number of iterations hit"
"""What Stan prints when an optimiser has used up its iterations."""

_CMDSTANPY_PREFIX = re.compile(r"Error during \w+[:!]")
"""The line with which cmdstanpy introduces Stan's message."""

_NAMESPACE = re.compile(r"\b\w+_namespace::\w+: ")
"""Where Stan's generated code says that a check of transformed data or a bound failed."""

_FAILED_COMMAND = re.compile(r"Error during \w+[:!] Command '.*' failed:")
"""What cmdstanpy writes before Stan's message, on the same line."""

_EXIT_CODES = re.compile(r"retcodes=\[([-\d, ]+)\]")
"""cmdstanpy's list of exit codes, one for each chain."""

_PLACE = re.compile(
    r"\s*\(in '[^']*', line (?P<line>\d+), column \d+"
    r"(?: to (?:line \d+, )?column \d+)?(?:, included from[^)]*)?\)"
)
"""The place in the compiled program that Stan names."""

_NO_STEP_SIZE = re.compile(r"Exception initializing step size\.\s*\n(?P<reason>[^\n]+)")
"""What Stan prints before it ends without draws, and without an exit code that says so."""

_UNFINISHED = -1
"""cmdstanpy's exit code of a process whose end it did not see."""


@contextmanager
def translate_errors(
    activity: str,
    folder: Path | None = None,
    places: Mapping[int, str] | None = None,
    timeout: float | None = None,
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
    timeout
        The longest time that each process may run [s].
    """
    places = places or {}
    try:
        with _name_full_disk(folder):
            yield
    except TimeoutError as reason:
        raise make_timeout(activity, timeout, name_places(_read_printed(folder), places)) from reason
    except RuntimeError as reason:
        message = f"{activity} stopped: {extract_error(str(reason), places)}"
        console = name_places(_read_printed(folder) or str(reason), places)
        hint = "console.log holds everything that Stan printed"
        raise ChainFailed(message, hint=hint, console=console) from reason
    except ValueError as reason:
        console = name_places(_read_printed(folder), places)
        stopped = _NO_STEP_SIZE.search(console)
        if stopped is not None:
            message = f"{activity} stopped before its first step: {_explain_step_size(stopped['reason'])}"
            raise ChainFailed(message, console=console) from reason
        message = f"the output of {activity} cannot be read: {reason}"
        raise DrawsCorrupt(message, console=console) from reason


@contextmanager
def _name_full_disk(folder: Path | None) -> Iterator[None]:
    """Say that a disk is full, where that is why something else fails."""
    try:
        yield
    except (RuntimeError, ValueError, OSError) as reason:
        refuse_full(folder, reason)
        raise


def _explain_step_size(message: str) -> str:
    """Return what it means that Stan finds no step size, with its message."""
    if "improper" in message:
        cause = "the log density stays as it is however far the sampler goes, so the posterior is improper"
    else:
        cause = (
            "the log density does not follow its gradient, however small the step: it jumps, or is only as "
            "precise as a solver of differential equations, whose tolerances are then too large"
        )
    return f"no step size fits. Probably {cause}. Stan says: {message.strip()}"


def make_timeout(activity: str, timeout: float | None, console: str = "") -> RunTimedOut:
    """Return the error for a process that was ended at the time limit [s]."""
    allowed = "time" if timeout is None else f"{timeout:g} s"
    message = f"{activity} took longer than the {allowed} allowed."
    hint = "allow more time with --timeout, or request less; transformed data are computed in this time, too"
    return RunTimedOut(message, hint=hint, console=console)


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
    body = _NAMESPACE.sub("", body)
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

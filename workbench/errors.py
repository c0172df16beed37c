"""Every error that a user can meet, and the exit codes.

::

    WorkbenchError            a message, a hint, and an exit code
    ├─ RequestError      2    the question is wrong
    │  ├─ ProgramError        the Stan program: file, line, column, and stanc's message
    │  ├─ BindingError        table and program do not fit: column, row, Stan variable, bound
    │  │  └─ UnseenLevel      new rows have a level that the fit has not seen
    │  ├─ BadRequest          a request to a service cannot be read at all: its status of HTTP
    │  ├─ PriorError          a hyperparameter is unknown or out of range
    │  └─ MethodError         a setting of an estimation method is out of range
    ├─ ToolchainError    3    Stan or the compiler cannot be used
    │  ├─ ToolchainMissing    no Stan or no compiler, and none can be fetched
    │  ├─ PinMismatch         a file does not have the pinned hash
    │  └─ BuildFailed         a compiler failed: its command and log file
    ├─ ClusterError      3    the machines of a cluster cannot be used
    ├─ TrackingError     3    a tracking server, such as MLflow's, cannot be used
    ├─ RunError          4    Stan did not finish
    │  ├─ ChainFailed         it stopped with an error: Stan's message
    │  ├─ RunTimedOut         it, or its compiler, took longer than the time allowed
    │  ├─ WorkerLost          the machines that it ran on were lost, each time
    │  └─ DrawsCorrupt        its output cannot be read
    ├─ JobRunning        6    the same job runs already
    └─ StoreError        5    stored results cannot be read or written
       ├─ RunNotFound         there is no run
       ├─ RunIncomplete       a run lacks a file or a result
       ├─ RegistryNotFound    there is no registry
       ├─ RegistryDamaged     a registry is not as it was written
       ├─ MonitorNotFound     nothing was ever monitored
       └─ MonitorDamaged      the state of a monitor is not as it was written

From Python, what a prediction's reader must know is a `PredictionWarning`; the command line prints a note.

Other exit codes: 0, done; 1, the answer is no (`--strict` and the verdict is `fail`, a gate that is not
passed, an alarm ...); 130, interrupted; 141, nobody reads the output any more; 70, an error of ours.

A message is one sentence: what was expected, what was found, and where. A hint says what to do next.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LONG_QUOTE = re.compile(r"`([^`]{300})[^`]{4096,}([^`]{300})`")
"""What a message quotes, where it is longer than a path can be: a cell of megabytes, a number of a mile."""

_QUOTE = re.compile(r"`(?:[^`\n]|\n(?! *(?:\d+:|\^)))*`")
"""A name that a message quotes, which may hold line ends: an excerpt of a program ends it."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that act on a terminal, end a line, or reverse the direction of text."""


def neutralise(text: str, kept: str = "") -> str:
    r"""Return text with each control character replaced by its code point: all that people read goes here.

    Names of columns, levels and files are anybody's, and a terminal obeys what is written in them.

    Parameters
    ----------
    text
        The text.
    kept
        Control characters that stay, such as line ends.

    >>> neutralise("a\x1b[31mb\u202ec"), neutralise("a\nb", "\n")
    ('a<U+001B>[31mb<U+202E>c', 'a\nb')
    """
    return _CONTROL.sub(lambda match: match[0] if match[0] in kept else f"<U+{ord(match[0]):04X}>", text)


EXIT_STRICT = 1
"""The exit code of an answer that is no: `--strict` and the verdict is `fail`, a gate not passed ..."""

EXIT_FAULT = 70
"""The exit code of an error of ours, as `sysexits.h` has it for software: no answer, not even a no."""

EXIT_INTERRUPTED = 130
"""The exit code after an interrupt, as shells have it: 128 and the number of the signal."""

EXIT_UNREAD = 141
"""The exit code once nobody reads the output any more (`| head -1`): 128 and the number of `SIGPIPE`."""


class WorkbenchError(Exception):
    """The base of all errors: the user sees a message and a hint, never a traceback."""

    exit_code = EXIT_FAULT
    has_lines = False
    """Whether messages may have several lines, those of Stan or of a compiler."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        message = _LONG_QUOTE.sub(lambda match: f"`{match[1]}...{match[2]}`", message)
        message = _QUOTE.sub(lambda match: neutralise(match[0]), message.replace("\r\n", "\n"))
        message = neutralise(message, "\n\t" if self.has_lines else "")
        hint = None if hint is None else neutralise(hint)
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # shown below the message where Python prints the error

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process makes the same error of."""
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[WorkbenchError], args: tuple[Any, ...], state: dict[str, Any]) -> WorkbenchError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class RequestError(WorkbenchError):
    """The question is wrong, and the caller can correct it."""

    exit_code = 2


class ProgramError(RequestError):
    """The Stan program cannot be read.

    Parameters
    ----------
    message
        What is wrong; stanc's own message if it comes from stanc.
    path, line, column
        Where, as far as it is known; lines and columns count from 1.
    hint
        What to do next.
    """

    has_lines = True

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.column = column


class BindingError(RequestError):
    """The table and the program do not fit together."""


class UnseenLevel(BindingError):
    """New rows have a level that did not occur in the data of the fit."""


class PriorError(RequestError):
    """A hyperparameter is unknown or its value is out of range."""


class MethodError(RequestError):
    """A setting of an estimation method is out of range."""


class PredictionWarning(UserWarning):
    """What must be known about predictions of new rows, where Python asks for them.

    An approximation or a point predicts in the place of the posterior, a column seems to be in another unit
    than that of the fit, or a column is used by nothing.
    """


class ToolchainError(WorkbenchError):
    """Stan or a C++ compiler cannot be used on this machine."""

    exit_code = 3


class ToolchainMissing(ToolchainError):
    """There is no Stan or no compiler, and none can be fetched."""


class PinMismatch(ToolchainError):
    """A downloaded or stored file does not have the pinned hash."""


class BuildFailed(ToolchainError):
    """A compiler failed.

    Parameters
    ----------
    message
        What is wrong.
    command
        The command line that failed, ready to be pasted into a shell.
    log
        The file with everything that the compiler printed.
    hint
        What to do next.
    """

    has_lines = True

    def __init__(
        self, message: str, *, command: str, log: Path | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.command = command
        self.log = log


class ClusterError(WorkbenchError):
    """The machines of a cluster, or the packages that reach them, cannot be used."""

    exit_code = 3


class TrackingError(WorkbenchError):
    """A tracking server, or the package that reaches it, cannot be used."""

    exit_code = 3


class RunError(WorkbenchError):
    """A Stan executable did not finish.

    Parameters
    ----------
    message
        What is wrong.
    hint
        What to do next.
    console
        Everything that Stan printed, as far as it is known.
    """

    exit_code = 4
    has_lines = True

    def __init__(self, message: str, *, hint: str | None = None, console: str = "") -> None:
        super().__init__(message, hint=hint)
        self.console = console


class ChainFailed(RunError):
    """A Stan executable stopped with an error; the message is Stan's own."""


class RunTimedOut(RunError):
    """A Stan executable, stanc or a compiler took longer than the time allowed."""


class WorkerLost(RunError):
    """Every worker that ran a piece of work was lost before it was finished."""


class DrawsCorrupt(RunError):
    """The output of a Stan executable cannot be read."""


class JobRunning(WorkbenchError):
    """The same job runs already: this one would do its work twice."""

    exit_code = 6


class StoreError(WorkbenchError):
    """Stored results cannot be read or written."""

    exit_code = 5


class RunNotFound(StoreError):
    """There is no run in the folder that the user named."""


class RunIncomplete(StoreError):
    """A run lacks a file or a result that is needed."""


class RegistryNotFound(StoreError):
    """There is no registry in the folder that the user named."""


class RegistryDamaged(StoreError):
    """A registry is not as it was written: an event, a run or a signature does not fit."""


class MonitorNotFound(StoreError):
    """Nothing was ever monitored in the folder that the user named."""


class MonitorDamaged(StoreError):
    """The state of a monitor is not as it was written."""

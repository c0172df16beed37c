"""Every error a user can meet, drawn once.

::

    WorkbenchError            message + hint; knows its exit code
    ├─ RequestError      2    the question is wrong
    │  ├─ ProgramError        the Stan program: file, line, column, stanc's words
    │  ├─ BindingError        the table against the program: column, row, Stan variable, bound
    │  ├─ PriorError          a hyperparameter that is unknown or out of its range
    │  └─ MethodError         a setting of an estimation method
    ├─ ToolchainError    3    Stan or the compiler is not usable here
    │  ├─ ToolchainMissing    nothing to work with: no wheel, no network, no compiler
    │  ├─ PinMismatch         a file is not the one whose hash we pinned
    │  └─ BuildFailed         a compiler said no: command and log file
    ├─ RunError          4    a Stan executable did not finish its work
    │  ├─ ChainFailed         non-zero exit, with Stan's words
    │  ├─ RunTimedOut         longer than the time the user allowed
    │  └─ DrawsCorrupt        output that cannot be what Stan wrote
    └─ StoreError        5    a run directory cannot be read or written
       ├─ RunNotFound         no run there
       └─ RunIncomplete       a run without all of its files

    `--strict` and the verdict is `fail`: 1          interrupted: 130

A message is one sentence: what was expected, what was found, where. A hint says what to do next.
"""

from __future__ import annotations

from pathlib import Path

EXIT_STRICT = 1
EXIT_INTERRUPTED = 130


class WorkbenchError(Exception):
    """The base of all errors meant for the user: a sentence and a hint, never a traceback."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RequestError(WorkbenchError):
    """The question itself is wrong: the caller can mend it."""

    exit_code = 2


class ProgramError(RequestError):
    """The Stan program cannot be read; carries the place stanc names.

    Parameters
    ----------
    message
        The sentence; stanc's own words where stanc spoke.
    path, line, column
        Where, as far as known; lines and columns count from 1.
    hint
        What to do next.
    """

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


class PriorError(RequestError):
    """A hyperparameter is unknown or its value is out of range."""


class MethodError(RequestError):
    """A setting of an estimation method is out of range."""


class ToolchainError(WorkbenchError):
    """Stan or a C++ compiler cannot be used on this machine as it stands."""

    exit_code = 3


class ToolchainMissing(ToolchainError):
    """There is nothing to build with: no Stan sources or no compiler."""


class PinMismatch(ToolchainError):
    """A downloaded or stored file does not have the pinned hash."""


class BuildFailed(ToolchainError):
    """A compiler refused; carries the command and the log file.

    Parameters
    ----------
    message
        The sentence.
    command
        The command line that failed, ready to paste into a shell.
    log
        The file that holds everything the compiler printed.
    hint
        What to do next.
    """

    def __init__(
        self, message: str, *, command: str, log: Path | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.command = command
        self.log = log


class RunError(WorkbenchError):
    """A Stan executable did not finish its work."""

    exit_code = 4


class ChainFailed(RunError):
    """A Stan executable stopped with an error; the message holds Stan's own words."""


class RunTimedOut(RunError):
    """A Stan executable took longer than the time the user allowed."""


class DrawsCorrupt(RunError):
    """A file of draws is not what Stan writes."""


class StoreError(WorkbenchError):
    """A run directory cannot be read or written."""

    exit_code = 5


class RunNotFound(StoreError):
    """There is no run at the place the user named."""


class RunIncomplete(StoreError):
    """A run directory lacks one of its files."""

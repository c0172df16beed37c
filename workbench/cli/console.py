"""What a person sees: results on stdout; progress, errors and tips on stderr."""

from __future__ import annotations

import errno
import functools
import io
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console

from workbench import files
from workbench.errors import (
    EXIT_INTERRUPTED,
    EXIT_UNREAD,
    RequestError,
    RunError,
    StoreError,
    WorkbenchError,
    neutralise,
)
from workbench.progress import Progress, Timed, choose_display
from workbench.report.document import Document
from workbench.report.terminal import print_document, print_message

if TYPE_CHECKING:
    from typing_extensions import Buffer

P = ParamSpec("P")
T = TypeVar("T")

_UNSHOWN = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7e]")
"""What JSON escapes though it need not: what acts on a terminal; all but ASCII where stdout is not UTF-8."""

_LEAST_ADDRESS_SPACE = 10**9
"""The memory that we must be allowed to take [bytes]. Ours: a small run needs 0.8e9, mostly for libraries."""

_STDERR = 2
"""The number of stderr among the open files of a process."""

_PIPE_WIDTH = 100_000
"""Columns where stdout is not a terminal: enough for every row of a table on one line."""


class _Output(io.FileIO):
    """A standard stream for readers that leave early.

    Without a reader of stdout, the command ends in silence, as `SIGPIPE` ends others: Python ignores that
    signal, and the packages that print for us have exit codes of their own for it. Without one of stderr, the
    command goes on: its exit code says how it ended.
    """

    def write(self, data: Buffer, /) -> int:
        """Write, or do without a reader; what is still buffered then goes nowhere."""
        try:
            return super().write(data)
        except BrokenPipeError:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - it has no path
                os.dup2(nowhere.fileno(), self.fileno())
            if self.fileno() == _STDERR:
                return memoryview(data).nbytes
            raise SystemExit(EXIT_UNREAD) from None


def prepare_streams() -> None:
    """Prepare stdout and stderr for readers that leave early, and for characters that they cannot show.

    Such characters, in ASCII or in a file's name, are shown as their code points.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, _open_output(stream))


def _open_output(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """Return a standard stream that writes to the same place, with the same encoding and buffering."""
    output = _Output(stream.fileno(), "wb", closefd=False)
    buffer = output if stream.write_through else io.BufferedWriter(output)
    return io.TextIOWrapper(
        buffer,
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def show(document: Document) -> None:
    """Print a page of results to stdout."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    print_document(document, Console(highlight=False, emoji=False, width=width))


def show_line(text: str) -> None:
    """Print a sentence to stdout."""
    typer.echo(neutralise(text))


def show_source(text: str) -> None:
    """Print a Stan program or a table to stdout; control characters in it reach a file, but no terminal."""
    typer.echo(neutralise(text, "\n\t") if sys.stdout.isatty() else text, nl=False)


def show_table(text: str, form: str) -> None:
    """Print a table to stdout in a format of `--format`."""
    if form == "json":
        show_json(text)
    else:
        show_source(text)


def show_path(path: Path) -> None:
    """Print a path to stdout: as it is for a program that reads it, without control characters for people."""
    if sys.stdout.isatty():
        show_line(str(path))
    else:
        typer.echo(os.fsencode(path))


def is_stdout(path: Path) -> bool:
    """Return whether a path is that of standard output, such as `/dev/stdout`."""
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # it has no file
        return False


def show_json(text: str) -> None:
    """Print JSON to stdout; where the stream is not UTF-8, characters beyond ASCII are written as escapes."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    beyond = _UNSHOWN if encoding == "utf8" else _BEYOND_ASCII
    typer.echo(beyond.sub(_escape, text.removesuffix("\n")))


def show_values(values: Any) -> None:
    """Print values as JSON; numbers that JSON does not have are null."""
    from workbench.results.json_values import to_json_values

    show_json(json.dumps(to_json_values(values), indent=1, ensure_ascii=False, allow_nan=False))


def _escape(match: re.Match[str]) -> str:
    """Return a character as JSON escapes it: a code unit of UTF-16 at a time."""
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def show_error(reason: WorkbenchError) -> None:
    """Print an error and its hint to stderr."""
    print_message(_stderr(), "error", reason.message, "bold red")
    if reason.hint:
        print_message(_stderr(), "hint", reason.hint)


def show_tips(tips: Iterable[str]) -> None:
    """Print tips about the data to stderr."""
    for tip in tips:
        print_message(_stderr(), "tip", neutralise(tip))


def show_note(label: str, text: str) -> None:
    """Print to stderr what is not a result, such as what to do next."""
    print_message(_stderr(), label, neutralise(text))


def _stderr() -> Console:
    return Console(stderr=True, highlight=False, emoji=False)


def guarded(command: Callable[P, T]) -> Callable[P, T]:
    """Wrap a command so that our errors become a sentence, a hint and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        signal.signal(signal.SIGTERM, _exit_by_signal)
        if callable(signal.getsignal(signal.SIGINT)):  # in the background it is ignored
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            _require_address_space()
            return command(*args, **kwargs)
        except (WorkbenchError, MemoryError, OSError) as reason:
            if isinstance(reason.__cause__ or reason, BrokenPipeError):  # of `--output /dev/stdout`
                raise typer.Exit(EXIT_UNREAD) from None
            error = explain_error(reason)
            show_error(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as reason:
            text = str(reason) or "nothing was written; earlier results are as they were"
            print_message(_stderr(), "\ninterrupted", text, "yellow")
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return wrapped


def _require_address_space() -> None:
    """Refuse to start where a limit leaves too little memory for the libraries that we import.

    They would not end with a `MemoryError`: OpenBLAS waits without end for memory, others crash.

    Raises
    ------
    RunError
        The message says how much is allowed.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < _LEAST_ADDRESS_SPACE:
        message = f"1 GB of memory is needed, but a limit allows {limit / 1e9:.2g} GB."
        raise RunError(message, hint="raise the limit: `ulimit -v`")


def explain_error(reason: WorkbenchError | MemoryError | OSError) -> WorkbenchError:
    """Return an error of the computer as one of ours."""
    if isinstance(reason, WorkbenchError):
        return reason
    if isinstance(reason, MemoryError):
        hint = "use fewer rows or draws, or a computer with more memory"
        return RunError("this takes more memory than the computer has.", hint=hint)
    if reason.errno in (errno.ENOSPC, errno.EDQUOT):
        return _explain_full_disk(reason)
    place = "" if reason.filename is None else f"`{os.fsdecode(reason.filename)}` cannot be used: "
    return RequestError(f"{place}{reason.strerror or reason}.", hint="check the path")


def _explain_full_disk(reason: OSError) -> StoreError:
    """Return which disk is full: that of the temporary folder, or the one that the error names."""
    try:
        files.refuse_full(reason=reason)
    except StoreError as full:
        return full
    if reason.filename is None:  # of what is written, only standard output has no name
        full_output = "the output could not be written: the disk that it goes to is full."
        return StoreError(full_output, hint="free space there, or send the output elsewhere")
    message, hint = files.describe_failure(reason, Path(os.fsdecode(reason.filename)))
    return StoreError(message, hint=hint)


def _exit_by_signal(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def progress(is_quiet: bool) -> Progress:
    """Return where stages are shown: bars in a terminal, a line for each elsewhere."""
    return choose_display(is_quiet=is_quiet, in_logs=True)


def show_times(times: Timed) -> None:
    """Print to stderr how long this command has taken, stage by stage."""
    import psutil

    show_note("time", times.describe(psutil.Process().create_time()))

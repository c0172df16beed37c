"""What a person sees: results on stdout; progress, errors and tips on stderr."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console

from workbench.errors import EXIT_INTERRUPTED, WorkbenchError
from workbench.progress import Progress, choose_display
from workbench.report.document import Document
from workbench.report.terminal import print_document, print_message

P = ParamSpec("P")
T = TypeVar("T")

_PIPE_WIDTH = 100_000
"""Columns where stdout is not a terminal: enough for every row of a table on one line."""


def show(document: Document) -> None:
    """Print a page of results to stdout."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    print_document(document, Console(highlight=False, emoji=False, width=width))


def show_error(reason: WorkbenchError) -> None:
    """Print an error and its hint to stderr."""
    print_message(_stderr(), "error", reason.message, "bold red")
    if reason.hint:
        print_message(_stderr(), "hint", reason.hint)


def show_tips(tips: Iterable[str]) -> None:
    """Print tips about the data to stderr."""
    for tip in tips:
        print_message(_stderr(), "tip", tip)


def show_note(label: str, text: str) -> None:
    """Print to stderr what is not a result, such as what to do next."""
    print_message(_stderr(), label, text)


def _stderr() -> Console:
    return Console(stderr=True, highlight=False, emoji=False)


def guarded(command: Callable[P, T]) -> Callable[P, T]:
    """Wrap a command so that our errors become a sentence, a hint and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        signal.signal(signal.SIGTERM, _exit_by_signal)
        try:
            return command(*args, **kwargs)
        except WorkbenchError as reason:
            show_error(reason)
            raise typer.Exit(reason.exit_code) from None
        except KeyboardInterrupt as reason:
            text = str(reason) or "nothing was written; earlier results are as they were"
            print_message(_stderr(), "\ninterrupted", text, "yellow")
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return wrapped


def _exit_by_signal(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def progress(is_quiet: bool) -> Progress:
    """Return where stages are shown: bars in a terminal, a line for each elsewhere."""
    return choose_display(is_quiet=is_quiet, in_logs=True)

"""What a person sees: progress and errors on stderr, results on stdout."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from workbench.errors import EXIT_INTERRUPTED, WorkbenchError
from workbench.progress import Progress, choose_display

P = ParamSpec("P")
T = TypeVar("T")

_WIDTH = 160
"""Columns of a table where no terminal says how wide it is."""


def stdout() -> Console:
    """Return the console for results."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else _WIDTH)


def stderr() -> Console:
    """Return the console for everything else."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def guarded(command: Callable[P, T]) -> Callable[P, T]:
    """Wrap a command so that our errors become a sentence, a hint and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        signal.signal(signal.SIGTERM, _terminate)
        try:
            return command(*args, **kwargs)
        except WorkbenchError as reason:
            show_error(reason)
            raise typer.Exit(reason.exit_code) from None
        except KeyboardInterrupt as reason:
            kept = str(reason) or "nothing was written; earlier results are as they were"
            stderr().print(f"\n[yellow]interrupted[/]: {kept}")
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return wrapped


def _terminate(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def show_error(reason: WorkbenchError) -> None:
    """Print an error and its hint to stderr."""
    console = stderr()
    console.print(f"[bold red]error[/]: {escape(reason.message)}")
    if reason.hint:
        console.print(f"[bold]hint[/]: {escape(reason.hint)}")


def progress(is_quiet: bool) -> Progress:
    """Return where stages are shown: bars in a terminal, a line for each otherwise."""
    return choose_display(is_quiet=is_quiet, in_logs=True)

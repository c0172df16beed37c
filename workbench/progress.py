"""The progress of long work: libraries report it, the command line and the Python API show it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from workbench.errors import neutralise

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Stage(Protocol):
    """A piece of work in progress."""

    def update(self, done: float, detail: str = "") -> None:
        """Report that `done` of the stage's total is finished; `detail` says briefly what is happening."""


class Progress(Protocol):
    """Where stages are shown."""

    def stage(self, title: str, total: float | None = None) -> AbstractContextManager[Stage]:
        """Open a stage; `total` is `None` where the amount of work is not known."""


class _SilentStage:
    def update(self, done: float, detail: str = "") -> None:
        """Say nothing."""


class Silent:
    """Shows nothing: the default of every library call."""

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage that is not shown."""
        del title, total
        yield _SilentStage()


SILENT = Silent()
"""Shows nothing."""


class Bars:
    """Shows a live bar for each stage, on stderr of a terminal or in a notebook."""

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage with a bar that moves as its work is reported."""
        from rich.markup import escape
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description:<32}"),
            BarColumn(bar_width=28),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim"),
        )
        with RichProgress(*columns, console=_stderr()) as bars:
            task = bars.add_task(escape(neutralise(title)), total=total, detail="")
            yield _Bar(bars, task)
            done = total if total is not None else 1.0
            bars.update(task, total=done, completed=done, detail="")


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def update(self, done: float, detail: str = "") -> None:
        from rich.markup import escape

        self._bars.update(self._task, completed=done, detail=escape(neutralise(detail)))


class Lines:
    """Prints a line on stderr when a stage ends, with the time it took: for logs."""

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage that is printed when it ends."""
        from rich.markup import escape

        del total
        started = time.monotonic()
        with SILENT.stage(title) as silent:
            yield silent
        _stderr().print(f"{escape(neutralise(title))}: {time.monotonic() - started:.1f} s")


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def choose_display(*, is_quiet: bool = False, in_logs: bool = False) -> Progress:
    """Return how progress is shown: bars in a terminal or a notebook, elsewhere nothing or lines.

    Parameters
    ----------
    is_quiet
        Whether nothing is to be shown at all.
    in_logs
        Whether stages are printed as lines where there is neither a terminal nor a notebook.
    """
    if is_quiet:
        return SILENT
    if sys.stderr.isatty() or _has_widgets():
        return Bars()
    return Lines() if in_logs else SILENT


def _has_widgets() -> bool:
    """Return whether this is a notebook that can move a bar: rich needs `ipywidgets` for that."""
    return "ipykernel" in sys.modules and find_spec("ipywidgets") is not None

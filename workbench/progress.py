"""The progress of long work: libraries report it, the command line and the Python API show it."""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from workbench.errors import neutralise

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


HEARTBEAT = 30.0
"""How often a long stage says in a log that it goes on [s]."""

BRIEF = (
    "Reading program and table",
    "Preparing the fit",
    "Importing packages",
    "Comparing with the program as written",
    "Explaining the results",
    "Collecting the results",
)
"""Stages that a log leaves out where they are short."""

_SHORT = 2.0
"""How long a short stage takes at most [s]."""

_MINUTE, _HOUR = 60.0, 3600.0
"""In seconds."""


def describe_seconds(seconds: float) -> str:
    """Return a time that is not known exactly as text.

    >>> describe_seconds(0.4), describe_seconds(42.2), describe_seconds(125), describe_seconds(7260)
    ('1 s', '43 s', '3 min', '2.1 h')
    """
    if seconds < _MINUTE:
        return f"{max(1, math.ceil(seconds))} s"
    return f"{math.ceil(seconds / _MINUTE)} min" if seconds < _HOUR else f"{seconds / _HOUR + 0.05:.1f} h"


def write_log_line(event: str, level: str = "info", **values: Any) -> None:
    """Write a line of JSON to stderr, for programs that read logs: `time`, `level`, `event`, and more.

    Where stderr is closed, or its disk is full, the work goes on without a log.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps({"time": now, "level": level, "event": event, **values}, ensure_ascii=True, default=str)
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


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
        from rich.text import Text

        columns = (
            TextColumn("{task.description:<32}"),
            BarColumn(bar_width=28),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim"),
        )
        lines: list[str] = []

        class BarsAboveLines(RichProgress):
            def get_renderables(self) -> Iterator[RenderableType]:
                yield from super().get_renderables()
                yield from (
                    Text(f"  {line}", style="dim", overflow="ellipsis", no_wrap=True) for line in lines
                )

        with BarsAboveLines(*columns, console=_stderr()) as bars:
            task = bars.add_task(escape(neutralise(title)), total=total, detail="")
            yield _Bar(bars, task, lines)
            lines.clear()
            done = total if total is not None else 1.0
            bars.update(task, total=done, completed=done, detail="")


class _Bar:
    """A bar, and below it a line for each further line of the detail."""

    def __init__(self, bars: RichProgress, task: TaskID, lines: list[str]) -> None:
        self._bars = bars
        self._task = task
        self._lines = lines

    def update(self, done: float, detail: str = "") -> None:
        from rich.markup import escape

        first, *rest = detail.split("\n")
        self._lines[:] = [neutralise(line) for line in rest]
        self._bars.update(self._task, completed=done, detail=escape(neutralise(first)))


class Lines:
    """Prints lines on stderr, for logs: the time that a stage took, and in a long one that it goes on.

    Parameters
    ----------
    heartbeat
        How often a long stage is printed [s].
    """

    def __init__(self, heartbeat: float = HEARTBEAT) -> None:
        self._heartbeat = heartbeat

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage that is printed when it ends."""
        started = time.monotonic()
        state = _LatestState(total)
        ended = threading.Event()

        def print_while_it_lasts() -> None:
            while not ended.wait(self._heartbeat):
                _print_line(f"{title}: {time.monotonic() - started:.0f} s so far{state.describe()}")

        printer = threading.Thread(target=print_while_it_lasts, daemon=True, name="progress")
        printer.start()
        try:
            yield state
        finally:
            ended.set()
            printer.join()
        seconds = time.monotonic() - started
        if title not in BRIEF or seconds > _SHORT:
            _print_line(f"{title}: {seconds:.1f} s")


class _LatestState:
    """A stage that keeps what was reported last."""

    def __init__(self, total: float | None) -> None:
        self._total = total
        self._latest = (0.0, "")

    def update(self, done: float, detail: str = "") -> None:
        """Keep a report."""
        self._latest = done, detail

    def describe(self) -> str:
        """Return the last report on one line; no share where nothing is counted yet."""
        done, detail = self._latest
        share = f"{done / self._total:.0%}" if self._total and done else ""
        return "".join(f", {part}" for part in (share, detail.replace("\n", "; ")) if part)


def _print_line(text: str) -> None:
    from rich.markup import escape

    _stderr().print(escape(neutralise(text)))


class Timed:
    """Shows stages elsewhere, and keeps how long each took.

    Parameters
    ----------
    display
        Where stages are shown.
    """

    def __init__(self, display: Progress) -> None:
        self._display = display
        self._lock = threading.Lock()
        self._depth = 0
        self._first: float | None = None
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage; of stages within others only the outer one counts."""
        started = time.time()
        with self._lock:
            self._depth += 1
            is_outer = self._depth == 1
            self._first = started if self._first is None else self._first
        try:
            with self._display.stage(title, total) as stage:
                yield stage
        finally:
            with self._lock:
                self._depth -= 1
                if is_outer:
                    self.seconds[title] = self.seconds.get(title, 0.0) + time.time() - started

    def describe(self, began: float) -> str:
        """Return the wall time since `began` [s since 1970] and the stages that it consists of.

        What came before the first stage is called starting, and what no stage covers is other work.
        """
        total = time.time() - began
        before = total if self._first is None else self._first - began
        parts = {"starting": before, **{_lower(title): seconds for title, seconds in self.seconds.items()}}
        parts["other work"] = max(total - sum(parts.values()), 0.0)
        shown = ", ".join(f"{title} {seconds:.1f}" for title, seconds in parts.items() if seconds >= _LEAST)
        return f"{total:.1f} s: {shown}"


_LEAST = 0.05
"""Times below are not printed: they would be 0.0 [s]."""


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


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

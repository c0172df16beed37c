"""How long work reports on itself: libraries say it here, the command line decides how to show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Stage(Protocol):
    """One piece of work under way."""

    def update(self, done: float, detail: str = "") -> None:
        """Report that `done` of the stage's total is finished, with a few words on what is going on."""


class Progress(Protocol):
    """Where stages are shown."""

    def stage(self, title: str, total: float | None = None) -> AbstractContextManager[Stage]:
        """Open a stage; `total` is `None` where the amount of work is not known."""


class _SilentStage:
    def update(self, done: float, detail: str = "") -> None:
        """Say nothing."""


class Silent:
    """A progress that shows nothing: the default of every library call."""

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage nobody sees."""
        del title, total
        yield _SilentStage()


SILENT = Silent()

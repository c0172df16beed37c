"""Pieces of work that can be ended from outside, with the processes that they wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkEnded(BaseException):
    """A piece of work was ended from outside: no failure of Stan, and nothing to keep as one."""


class _Killable(Protocol):
    def kill_at_once(self) -> None:
        """Kill the process, whoever waits for it."""


class Work:
    """A piece of work that can be ended.

    Whatever it runs raises `WorkEnded` then. Threads that it starts belong to it if `keep_work` says so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: set[_Killable] = set()
        self.is_ended = False

    @contextmanager
    def begin(self) -> Iterator[None]:
        """Do what follows as this work."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def end(self) -> None:
        """End it, and the processes that it waits for."""
        with self._lock:
            self.is_ended = True
            for companion in self._asked:
                companion.kill_at_once()

    @contextmanager
    def ask(self, companion: _Killable) -> Iterator[None]:
        """Wait for an answer of a companion, which is killed if this work is ended meanwhile."""
        with self._lock:
            self._refuse()
            self._asked.add(companion)
        try:
            yield
        except EOFError:
            self._refuse()
            raise
        finally:
            with self._lock:
                self._asked.discard(companion)

    def _refuse(self) -> None:
        if self.is_ended:
            raise WorkEnded


_current: ContextVar[Work | None] = ContextVar("work", default=None)
"""The work that this thread does."""


def find_work() -> Work | None:
    """Return the work that this thread does; `None` for work that nobody ends."""
    return _current.get()


def refuse_ended() -> None:
    """Stop work that was ended.

    Raises
    ------
    WorkEnded
        It was.
    """
    work = find_work()
    if work is not None and work.is_ended:
        raise WorkEnded


def keep_work(call: Callable[P, T]) -> Callable[P, T]:
    """Return a function that does the work of this thread, whichever thread calls it."""
    work = find_work()

    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        if work is None:
            return call(*args, **kwargs)
        with work.begin():
            return call(*args, **kwargs)

    return called

"""What runs on a worker of Dask: tasks, what they share, and a watch on each.

A task is ended, with Stan's processes, where nobody waits for it any more or memory runs out.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from workbench import files, process
from workbench.errors import ClusterError, RunError, WorkbenchError
from workbench.execution.executor import is_kept
from workbench.execution.pieces import pack
from workbench.execution.task import Shared, Task, TaskOutcome, Workplace, find_function, run_task
from workbench.execution.versions import Versions, describe_difference, read_versions
from workbench.files import format_bytes

_MOST_OPEN = 8
"""How many shared values a worker keeps: each may hold data and processes. Ours."""

_BETWEEN_LOOKS = 0.25
"""How often we look whether tasks are still wanted, and how much memory they take [s]. Ours."""

MARK = ".workbench-folder"
"""The file by which a worker sees that it shares a folder with the machine that asks."""


@dataclass(frozen=True)
class Packed:
    """A shared value on its way to a worker.

    Attributes
    ----------
    key, unpack
        As in `Shared`.
    content
        What was packed, pickled.
    """

    key: str
    unpack: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class SentTask:
    """A task on its way to a worker.

    Attributes
    ----------
    task
        The task without its shared values.
    folder
        The folder of its pieces on the machine that asks.
    folder_name
        What the file `MARK` in it holds; a worker that shares the folder reads the same.
    versions
        The versions on the machine that asks.
    topic, number
        Where the scheduler notes that a task was begun, and how often it had been handed in before.
    """

    task: Task
    folder: Path
    folder_name: str
    versions: Versions
    topic: str
    number: int


@dataclass(frozen=True)
class Reply:
    """What a worker returns.

    Attributes
    ----------
    outcome
        What came of the task.
    content
        Its pieces, where the folder is not shared.
    """

    outcome: TaskOutcome
    content: bytes | None = field(default=None, repr=False)


def run_sent(call: SentTask, *packed: Packed) -> Reply:
    """Run a task on this worker."""
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(call.topic, [call.task.key, call.number])
    outcome, content = TaskOutcome(call.task.key), None
    try:
        _check_versions(call.versions)
        state = _get_state()
        is_shared = state.sees(call.folder, call.folder_name)
        folder = call.folder if is_shared else state.make_folder(call.folder_name)
        place = Workplace(folder, state.scratch, call.task.cores)
        if is_kept(call.task, folder):  # by a worker whose reply was lost
            outcome = replace(outcome, was_kept=True)
        else:
            key = worker.get_current_task()
            with watch_over(worker.memory_manager.memory_limit, lambda: _is_wanted(worker, key)):
                shared = {value.key: state.open(value, place) for value in packed}
                task = replace(call.task, shared=tuple(Shared(value.key, None) for value in packed))
                outcome = run_task(task, place, shared)
        if not is_shared and outcome.failure is None:
            content = pack(folder, call.task.pieces)
    except WorkbenchError as reason:
        outcome = replace(outcome, failure=reason)
    return Reply(replace(outcome, worker=worker.address), content)


def _check_versions(ours: Versions) -> None:
    """Refuse to work for another version.

    Raises
    ------
    ClusterError
        The versions differ.
    """
    difference = describe_difference(ours, read_versions())
    if difference:
        hint = "install the same versions on all machines"
        raise ClusterError(f"a worker {difference}: its results might differ.", hint=hint)


class _State:
    """What a worker keeps between tasks."""

    def __init__(self) -> None:
        self._scratch = files.make_scratch()
        self.scratch = self._scratch.__enter__()  # for as long as the worker lives
        self._lock = threading.Lock()
        self._opened: dict[str, Any] = {}
        self._seen: dict[tuple[Path, str], bool] = {}

    def sees(self, folder: Path, name: str) -> bool:
        """Return whether this worker shares a folder with the machine that asks."""
        with self._lock:
            if (folder, name) not in self._seen:
                self._seen[folder, name] = _holds(folder / MARK, name)
            return self._seen[folder, name]

    def make_folder(self, name: str) -> Path:
        """Return a folder of this worker for pieces that are sent back."""
        folder = self.scratch / f"pieces-{name}"
        folder.mkdir(exist_ok=True)
        return folder

    def open(self, packed: Packed, place: Workplace) -> Any:
        """Return a shared value, unpacked once."""
        with self._lock:
            if packed.key not in self._opened:
                value = pickle.loads(packed.content)  # noqa: S301 - from the client that sends the code too
                if packed.unpack:
                    value = find_function(packed.unpack)(place, value)
                while len(self._opened) >= _MOST_OPEN:
                    del self._opened[next(iter(self._opened))]
                self._opened[packed.key] = value
            return self._opened[packed.key]


_making_state = threading.Lock()
"""Held while the state is made: threads of one worker share it."""


def _get_state() -> _State:
    with _making_state:
        return _make_state()


@cache
def _make_state() -> _State:
    return _State()


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


def _is_wanted(worker: Any, key: str) -> bool:
    """Return whether anybody waits for a task of this worker, and the worker itself goes on."""
    known = worker.state.tasks.get(key)
    return known is not None and known.state != "cancelled" and worker.status.name not in _CLOSED


_CLOSED = ("closing", "closed", "failed")
"""How a worker stands that ends at once: its scheduler is gone, or somebody ended it."""


class _Watch:
    """Ends a task that nobody waits for any more, and the largest one where all take too much memory."""

    def __init__(self, limit: int, is_wanted: Callable[[], bool]) -> None:
        self.limit = limit
        self.is_wanted = is_wanted
        self.work = process.Work()
        self.used = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Look until the task ends."""
        while not self.over.wait(_BETWEEN_LOOKS):
            if not self.is_wanted():
                self.work.end()
            elif self.limit:
                with _watching:
                    _end_largest(self.limit)

    def explain(self) -> WorkbenchError:
        """Return why the task was ended."""
        if not self.used:
            return RunError("nobody waited for it any more.")
        return RunError(
            f"it needs more memory than its worker may have: {format_bytes(self.used)} of "
            f"{format_bytes(self.limit)} were in use, Stan's processes included.",
            hint="raise the limit of the workers, or give each fewer chains at a time",
        )


_watches: list[_Watch] = []
"""Those of the tasks that run on this worker now."""

_watching = threading.RLock()
"""Held while that list changes, and while memory is measured: one task is ended at a time."""


def _end_largest(limit: int) -> None:
    """End the task with the largest process, if this worker and all processes take too much memory."""
    sizes = measure_memory()
    used = sum(sizes.values())
    largest = max(sizes, key=lambda one: sizes[one])
    if used <= limit or largest.pid == os.getpid():
        return
    owner = process.find_owner(largest.pid)
    for watch in _watches:
        if watch.work is owner:
            watch.used = watch.used or used
            watch.work.end()
            return
    with suppress(psutil.Error):  # it has just ended
        largest.kill()


@contextmanager
def watch_over(limit: int | None, is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Do what follows as work that ends when nobody wants it, or when it takes too much memory.

    Parameters
    ----------
    limit
        The memory that this process and those that it starts may take [bytes].
    is_wanted
        Whether anybody waits for the work.

    Raises
    ------
    RunError
        It was ended.
    """
    watch = _Watch(limit or 0, is_wanted)
    thread = threading.Thread(target=watch.run, daemon=True, name="watch")
    with _watching:
        _watches.append(watch)
    thread.start()
    try:
        with watch.work.begin():
            yield
    except process.WorkEnded:
        raise watch.explain() from None
    finally:
        watch.over.set()
        thread.join()
        with _watching:
            _watches.remove(watch)


def measure_memory() -> dict[psutil.Process, int]:
    """Return the memory of this process and of each that it started [bytes]."""
    own = psutil.Process()
    sizes = {}
    for one in (own, *own.children(recursive=True)):
        with suppress(psutil.Error):  # it has just ended
            sizes[one] = int(one.memory_info().rss)
    return sizes

"""Work on this machine's cores in helper processes: many short tasks, whose Python would share one core."""

from __future__ import annotations

import os
import pickle
import struct
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from workbench import process
from workbench.errors import WorkerLost
from workbench.execution.local import LocalExecutor
from workbench.execution.task import Shared, Task, TaskOutcome, Workplace, run_task

MOST_LOST = 3
"""How many helpers may be lost under a task before it counts as failed: as on a cluster. Ours."""

_MOST_OPEN = 4
"""How many shared values a helper keeps. Ours."""

_LENGTH = struct.Struct("<Q")
"""What stands before each message: its length [bytes]."""


class ProcessExecutor(LocalExecutor):
    """Runs tasks in helper processes of this machine, each of which imports packages once.

    A helper that is lost, for want of memory, is replaced; a task that loses three has failed.

    Parameters
    ----------
    cores
        Helpers at a time.
    """

    def __init__(self, cores: int = 1) -> None:
        super().__init__(cores)
        self._idle: list[_Helper] = []
        self._lock = threading.Lock()

    def map(self, tasks: Iterable[Task], folder: Path) -> Iterator[TaskOutcome]:
        """Run tasks in helpers; yield what comes of each as it finishes. The helpers end with it."""
        try:
            yield from super().map(tasks, folder)
        finally:
            for helper in self._idle:
                helper.close()
            self._idle.clear()

    def _run(
        self, work: process.Work, task: Task, place: Workplace, shared: Mapping[str, Any]
    ) -> TaskOutcome:
        """Run a task in a helper, and in another one if that is lost."""
        with work.begin():
            for _ in range(MOST_LOST):
                helper = self._borrow()
                try:
                    outcome = helper.run(task, place, shared)
                except (EOFError, OSError):
                    helper.close()
                    continue
                with self._lock:
                    self._idle.append(helper)
                return outcome
        message = f"{MOST_LOST} processes were lost while they ran it."
        failure = WorkerLost(message, hint="it may need more memory than there is: give fewer --jobs")
        return TaskOutcome(task.key, failure=failure)

    def _borrow(self) -> _Helper:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Helper()


class _Helper:
    """A process that runs tasks, one at a time."""

    def __init__(self) -> None:
        self._companion = process.Companion((sys.executable, "-P", "-m", __name__))
        self._sent: list[str] = []

    def run(self, task: Task, place: Workplace, shared: Mapping[str, Any]) -> TaskOutcome:
        """Send a task with the shared values that the helper lacks; return what came of it."""
        lacking = {key: value for key, value in shared.items() if key not in self._sent}
        self._sent = [*(key for key in self._sent if key not in shared), *shared][-_MOST_OPEN:]
        keys = tuple(value.key for value in task.shared)
        content = pickle.dumps((replace(task, shared=()), keys, place, lacking), pickle.HIGHEST_PROTOCOL)
        with self._companion.ask():
            self._companion.send(_LENGTH.pack(len(content)), content)
            (size,) = _LENGTH.unpack(self._companion.receive(_LENGTH.size))
            answer = pickle.loads(self._companion.receive(size))  # noqa: S301 - from our own helper
        if isinstance(answer, TaskOutcome):
            return answer
        raise answer

    def close(self) -> None:
        """End it."""
        self._companion.close()


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Run the tasks that are sent, until there is nothing more to read."""
    opened: dict[str, Any] = {}
    while head := requests.read(_LENGTH.size):
        message = requests.read(*_LENGTH.unpack(head))
        task, keys, place, lacking = pickle.loads(message)  # noqa: S301 - from our parent
        task = replace(task, shared=tuple(Shared(key, None) for key in keys))
        opened |= lacking
        needed = {key: opened.pop(key) for key in keys}
        opened |= needed  # the last one is the one used last
        while len(opened) > max(_MOST_OPEN, len(needed)):
            del opened[next(iter(opened))]
        content = pickle.dumps(_answer(task, place, needed), pickle.HIGHEST_PROTOCOL)
        answers.write(_LENGTH.pack(len(content)) + content)
        answers.flush()


def _answer(task: Task, place: Workplace, shared: Mapping[str, Any]) -> TaskOutcome | Exception:
    """Return what came of a task, or the mistake of ours that it met, as far as that can be sent."""
    try:
        return run_task(task, place, shared)
    except Exception as reason:  # it is raised where it is known what to do
        try:
            pickle.loads(pickle.dumps(reason))  # noqa: S301 - our own
        except Exception:  # some exceptions cannot be sent
            return RuntimeError(f"{type(reason).__name__}: {reason}")
        return reason


def _main() -> None:
    """Serve on standard input and output; what tasks print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    from workbench.execution import processes  # not as `__main__`, under which nobody else finds its classes

    processes._main()

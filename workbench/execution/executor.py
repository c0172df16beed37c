"""What runs tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from workbench.execution.task import Task, TaskOutcome


class Executor(Protocol):
    """Runs tasks somewhere; which executor it is changes no number."""

    def map(self, tasks: Iterable[Task], folder: Path) -> Iterator[TaskOutcome]:
        """Run tasks and yield what comes of each as it finishes, in any order.

        A task whose pieces are all in the folder is not run. Failures are outcomes. Tasks are taken from the
        iterable as there is room for them, so that there may be a million. Two that run at a time must
        not write the same pieces.

        Parameters
        ----------
        tasks
            The tasks.
        folder
            Where their pieces are kept. A piece is there before its outcome is yielded.

        Raises
        ------
        ClusterError
            The machines that do the work are gone; what is finished is kept.
        """


def is_kept(task: Task, folder: Path) -> bool:
    """Return whether an earlier run left all pieces of a task; a task without pieces runs each time."""
    return bool(task.pieces) and all((folder / name).exists() for name in task.pieces)

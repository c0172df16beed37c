"""Where work runs: this machine's cores, or a Dask cluster.

The way through this room::

    task         a piece of work: a function by name, its arguments, and a key of what decides its numbers
    executor     what an executor does, and `local`, the one of this machine's cores
    processes    an executor of this machine for many short tasks: helper processes
    scheduler    what `--scheduler` may name, and the executor that it stands for
    cluster      a cluster to start for the work, as a file describes it
    pieces       finished files on their way to a machine that shares no folder with the worker
    dask         an executor whose tasks run on the workers of a Dask scheduler
    dask_worker  what runs on such a worker
    executables  Stan's executables on other machines: sent, tried, and built there where they do not run
    versions     what must be the same on both sides
"""

from workbench.execution.executor import Executor, is_kept
from workbench.execution.local import LocalExecutor, map_here
from workbench.execution.task import Shared, Task, TaskOutcome, Workplace, name_function

__all__ = [
    "Executor",
    "LocalExecutor",
    "Shared",
    "Task",
    "TaskOutcome",
    "Workplace",
    "is_kept",
    "map_here",
    "name_function",
]

"""Every other program we start. Whatever becomes of us, none of them is left behind."""

from workbench.process.companion import Companion
from workbench.process.memory import measure_available_memory
from workbench.process.start import (
    CompletedProcess,
    ProcessCommand,
    WorkerProcess,
    count_usable_cores,
    find_owner,
    kill_running,
    run,
    run_many,
    start_worker,
)
from workbench.process.work import Work, WorkEnded, find_work, keep_work, refuse_ended

__all__ = [
    "Companion",
    "CompletedProcess",
    "ProcessCommand",
    "Work",
    "WorkEnded",
    "WorkerProcess",
    "count_usable_cores",
    "find_owner",
    "find_work",
    "keep_work",
    "kill_running",
    "measure_available_memory",
    "refuse_ended",
    "run",
    "run_many",
    "start_worker",
]

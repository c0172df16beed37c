"""Every other program we start. Whatever becomes of us, none of them is left behind."""

from workbench.process.companion import Companion
from workbench.process.start import (
    CompletedProcess,
    ProcessCommand,
    count_usable_cores,
    kill_running,
    run,
    run_many,
    start_worker,
)

__all__ = [
    "Companion",
    "CompletedProcess",
    "ProcessCommand",
    "count_usable_cores",
    "kill_running",
    "run",
    "run_many",
    "start_worker",
]

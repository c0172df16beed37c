"""A client that a test kills: `python -m tests.execution.client ADDRESS FOLDER COUNT`.

Without a number of tasks there is a single one, which waits for a process.
"""

import sys
from pathlib import Path

from tests.execution import work
from workbench.execution import Task, name_function
from workbench.execution.scheduler import open_executor, parse_scheduler


def main(address: str, folder: Path, count: int) -> None:
    """Run all tasks."""
    endless = Task("endless", name_function(work.wait_for_process), (str(folder / "started"),))
    tasks = work.make_tasks(count, 0.2) if count else [endless]
    with open_executor(parse_scheduler(address), 1) as executor:
        failed = [outcome.failure for outcome in executor.map(tasks, folder) if outcome.failure]
    if failed:
        raise failed[0]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

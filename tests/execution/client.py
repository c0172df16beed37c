"""A client that a test kills: `python -m tests.execution.client ADDRESS FOLDER COUNT`."""

import sys
from pathlib import Path

from tests.execution import work
from workbench.execution.scheduler import open_executor, parse_scheduler


def main(address: str, folder: Path, count: int) -> None:
    """Run all tasks."""
    with open_executor(parse_scheduler(address), 1) as executor:
        failed = [
            outcome.failure
            for outcome in executor.map(work.make_tasks(count, 0.2), folder)
            if outcome.failure
        ]
    if failed:
        raise failed[0]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

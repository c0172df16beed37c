"""A log for jobs: a line of JSON on stderr for each thing that happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.errors import WorkbenchError, neutralise
from workbench.progress import Silent, Stage, write_log_line


class JsonLog:
    """Writes stages of work, and what else happens, as lines of JSON: `time`, `level`, `event`, and more."""

    def write(self, event: str, level: str = "info", **values: Any) -> None:
        """Write a line."""
        write_log_line(event, level, **values)

    def write_error(self, reason: WorkbenchError, **values: Any) -> None:
        """Write an error with its cause and its exit code, and more."""
        self.write(
            "failed",
            "error",
            cause=type(reason).__name__,
            message=neutralise(reason.message, "\n"),
            hint=reason.hint,
            exit_code=reason.exit_code,
            **values,
        )

    @contextmanager
    def stage(self, title: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage that is written when it ends."""
        started = time.monotonic()
        with Silent().stage(title, total) as stage:
            yield stage
        self.write("stage", stage=title, seconds=round(time.monotonic() - started, 2))

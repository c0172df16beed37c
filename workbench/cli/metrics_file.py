"""`--metrics FILE`: what a command tells Prometheus, also when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workbench.cli import console
from workbench.errors import EXIT_INTERRUPTED, StoreError, WorkbenchError

if TYPE_CHECKING:
    from workbench.metrics import MetricSample, Textfile

_EXIT_OTHER = 70
"""The exit code of an error of ours, as `sysexits.h` has it for software."""


@dataclass
class Found:
    """What a command has found so far for its file of metrics."""

    samples: list[MetricSample] = field(default_factory=list)


@contextmanager
def write_metrics(path: Path | None, command: str, model: str) -> Iterator[Found]:
    """Give what gathers the metrics of a command, and write them when it ends, however it ends.

    Parameters
    ----------
    path
        The file; without one nothing is written.
    command, model
        The job that the file belongs to.

    Raises
    ------
    WorkbenchError
        The file cannot be written, or is that of another job.
    """
    found = Found()
    if path is None:
        yield found
        return
    from workbench.files.write import is_stream
    from workbench.metrics import open_textfile
    from workbench.metrics.textfile import SUFFIX

    textfile = open_textfile(path, command, model)
    if path.suffix != SUFFIX and not is_stream(path):
        console.show_note("metrics", f"node_exporter reads no file whose name does not end in `{SUFFIX}`")
    try:
        yield found
    except BaseException as reason:
        _write_failure(textfile, _find_exit_code(reason), found)
        raise
    textfile.write(0, found.samples)


def _write_failure(textfile: Textfile, exit_code: int, found: Found) -> None:
    """Write how a command failed; where that fails too, the first failure is the one to be told."""
    try:
        textfile.write(exit_code, found.samples)
    except StoreError as reason:
        console.show_note("metrics", reason.message)


def _find_exit_code(reason: BaseException) -> int:
    """Return the exit code with which a command ends."""
    if isinstance(reason, WorkbenchError | typer.Exit):
        return reason.exit_code
    if isinstance(reason, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(reason, SystemExit) and isinstance(reason.code, int):
        return reason.code
    if isinstance(reason, MemoryError | OSError):
        return console.explain_error(reason).exit_code
    return _EXIT_OTHER

"""`--metrics FILE`: what a command tells Prometheus, also when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from workbench.cli import console
from workbench.cli.help_page import Command
from workbench.cli.open_registry import name_model
from workbench.errors import EXIT_FAULT, EXIT_INTERRUPTED, StoreError, WorkbenchError

if TYPE_CHECKING:
    from workbench.metrics import MetricSample, Textfile

SUBJECTS = {"fit": "model", "score": "run", "refit": "name", "monitor": "name"}
"""The commands with a file of metrics, and the argument that names the model of each."""


@dataclass
class Found:
    """What a command has found so far for its file of metrics."""

    samples: list[MetricSample] = field(default_factory=list)


@contextmanager
def write_metrics(path: Path | None, command: str, subject: str | Path) -> Iterator[Found]:
    """Give what gathers the metrics of a command, and write them when it ends, however it ends.

    Parameters
    ----------
    path
        The file; without one nothing is written.
    command, subject
        The job that the file belongs to: the command, and the program, run or name that it is about.

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

    textfile = open_textfile(path, command, name_subject(command, subject))
    if path.suffix != SUFFIX and not is_stream(path):
        console.show_note("metrics", f"node_exporter reads no file whose name does not end in `{SUFFIX}`")
    try:
        yield found
    except BaseException as reason:
        _write_failure(textfile, _find_exit_code(reason), found)
        raise
    textfile.write(0, found.samples)


class MeasuredCommand(Command):
    """A command with a file of metrics, which is written too when the command is called in a wrong way."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **options: Any) -> Any:
        """Return the parsed arguments; where they are wrong, tell Prometheus, if it is clear of which job."""
        given = list(args)  # parsing takes them away
        try:
            return super().make_context(info_name, args, *more, **options)
        except Exception as reason:
            exit_code = getattr(reason, "exit_code", 0)
            if exit_code:
                _tell_wrong_call(info_name or "", self._read_leniently(info_name, given), exit_code)
            raise

    def _read_leniently(self, info_name: str | None, args: list[str]) -> Mapping[str, Any]:
        """Return what can be read of wrong arguments, by name."""
        lenient: dict[str, Any] = {"ignore_unknown_options": True, "allow_extra_args": True}
        found: Mapping[str, Any] = (
            super().make_context(info_name, args, resilient_parsing=True, **lenient).params
        )
        return found


def _tell_wrong_call(command: str, given: Mapping[str, Any], exit_code: int) -> None:
    path, subject = given.get("metrics"), str(given.get(SUBJECTS[command]) or "-")
    if path is None or subject.startswith("-"):  # an option that is not known hides what the model is
        return
    from workbench.metrics import open_textfile

    try:
        textfile = open_textfile(Path(path), command, name_subject(command, subject))
    except WorkbenchError as reason:
        console.show_note("metrics", reason.message)
        return
    _write_failure(textfile, exit_code, Found())


def name_subject(command: str, subject: str | Path) -> str:
    """Return what metrics call the model that a command is about: a program, a run, or a name."""
    if command == "fit":
        return Path(subject).stem
    return name_model(Path(subject)) if command == "score" else str(subject)


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
    return EXIT_FAULT

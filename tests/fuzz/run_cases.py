"""Run command lines in this process, and count what must never happen: tracebacks, hangs, memory."""

import contextlib
import os
import re
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from tests.fuzz.command_lines import Case, make_case
from workbench.cli.app import app
from workbench.errors import RunError

LONGEST = 60
"""Seconds after which a command counts as one that does not end."""

MOST_TEXT = 20_000
"""Characters that errors and tips may have."""

MOST_MEMORY = 1.5e9
"""Bytes by which no input may make the process grow."""

_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
"""Characters that act on a terminal."""


class TooLong(BaseException):
    """A command did not end in time."""


@dataclass
class Report:
    """What a campaign found."""

    cases: int = 0
    by_code: dict[int, int] = field(default_factory=dict)
    tracebacks: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    wordless: list[str] = field(default_factory=list)
    longest: float = 0.0
    memory: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.tracebacks or self.hangs or self.wordless)

    def describe(self) -> str:
        """Return the counts, and what was found."""
        counts = (
            f"{self.cases} inputs: {len(self.tracebacks)} tracebacks, {len(self.hangs)} hangs, "
            f"{len(self.wordless)} without fit words; exit codes {dict(sorted(self.by_code.items()))}; "
            f"longest {self.longest:.1f} s; memory grew to {self.memory / 1e6:.0f} MB"
        )
        return "\n- ".join([counts, *self.tracebacks, *self.hangs, *self.wordless])


def run_cases(seed: int, numbers: Sequence[int], folder: Path) -> Report:
    """Run cases one after the other, each in a folder of its own."""
    report = Report()
    for number in numbers:
        place = folder / str(number)
        place.mkdir()
        case = make_case(seed, number, place)
        run_case(case, f"{seed}/{number} {case.kind}: {_shorten(case.argv)}", place, report)
    report.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return report


def run_case(case: Case, label: str, folder: Path, report: Report) -> None:
    """Run one command line and add what it did to a report."""
    report.cases += 1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    begun = time.monotonic()
    try:
        with _within(LONGEST), _without_sampling(), contextlib.chdir(folder):
            done = CliRunner().invoke(app, case.argv, env={"WORKBENCH_CACHE": _cache(case, folder)})
    except TooLong:
        report.hangs.append(label)
        return
    finally:
        report.longest = max(report.longest, time.monotonic() - begun)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    report.by_code[done.exit_code] = report.by_code.get(done.exit_code, 0) + 1
    if isinstance(done.exception, TooLong):
        report.hangs.append(label)
    elif done.exception is not None and not isinstance(done.exception, SystemExit):
        where = "".join(traceback.format_exception(done.exception)[-2:])
        report.tracebacks.append(f"{label}\n{where[-1500:]}")
    else:
        report.wordless += [f"{label}: {fault}" for fault in _find_faults(done, grown)]


def _find_faults(done, grown: float) -> Iterator[str]:
    """Yield what is wrong with how a command ended, though it ended in order."""
    if done.exit_code not in (0, 1, 2, 3, 4, 5):
        yield f"exit code {done.exit_code}"
    is_json = done.stdout.startswith("{")  # then the problems are in there
    if done.exit_code and not is_json and not re.search("error: |Error|Usage", done.stderr):
        yield f"nothing was said: {done.stderr[:200]!r}"
    if len(done.stderr) > MOST_TEXT:
        yield f"{len(done.stderr)} characters were said"
    if "Traceback" in done.stderr:
        yield "a traceback was printed"
    for text in (done.stdout, done.stderr):
        if raw := _RAW.search(text):
            yield f"raw {raw[0]!r} in {text[max(0, raw.start() - 60) : raw.start() + 20]!r}"
    if grown > MOST_MEMORY:
        yield f"memory grew by {grown / 1e6:.0f} MB"


def _cache(case: Case, folder: Path) -> str | None:
    """Return another cache for commands that would empty it."""
    return (
        str(folder / "cache")
        if case.argv[:2] == ("toolchain", "prune")
        else os.environ.get("WORKBENCH_CACHE")
    )


@contextlib.contextmanager
def _without_sampling() -> Iterator[None]:
    """Stop each fit and study where it would compile."""
    stop = mock.Mock(side_effect=RunError("stopped before anything is compiled."))
    with (
        mock.patch("workbench.workflow.fit.estimate_request", stop),
        mock.patch("workbench.workflow.sensitivity.fit_base", stop),
    ):
        yield


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)
    }
    signal.signal(signal.SIGALRM, _raise)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _raise(_number: int, _frame: object) -> None:
    raise TooLong


def _shorten(argv: Sequence[str]) -> str:
    return " ".join(repr(word[-80:]) for word in argv)

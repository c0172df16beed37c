"""An executable of ours that keeps its data loaded, and evaluates the program at many points at a time."""

from __future__ import annotations

import enum
import signal
import struct
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from workbench import process
from workbench.backends.base import Floats, Job
from workbench.backends.cmdstan import name_in_stan
from workbench.backends.stan_messages import extract_error, make_timeout, name_places
from workbench.errors import ChainFailed

EVALUATING, GENERATING = "evaluating the log density", "computing generated quantities"
"""What an evaluator does, for messages."""

DRAWS_PER_GENERATOR = 10
"""Draws that share a generator of random numbers, as the driver has it: a request begins at a multiple."""

_REQUEST = struct.Struct("=IIQQQQ")
"""Task, flags, rows, numbers in each, seed, position of the first row: as `evaluate.cpp` has it."""

_ANSWER = struct.Struct("=qQQQ")
"""Status, rejected rows, numbers, characters of text."""

_GREETING = "workbench 1"
"""What an executable with our driver says first."""

_JOINED = 1 << 14
"""Bytes up to which header and payload are sent together."""

_SECONDS_TO_GREET = 60.0
"""How long an executable may take to start [s]; a loaded machine is slow, and one of CmdStan ends at once."""


class _Task(enum.IntEnum):
    OPEN = 0
    LOG_DENSITY = 1
    GENERATE = 2
    UNCONSTRAIN = 3
    CALL = 4


class Flag(enum.IntFlag):
    """What is computed: constants and Jacobian of a log density, its gradients; blocks of quantities.

    `TEXT` marks a request of text.
    """

    NONE = 0
    NORMALISED = 1
    JACOBIAN = 2
    GRADIENTS = 4
    TRANSFORMED = 8
    GENERATED = 16
    TEXT = 32


@dataclass(frozen=True)
class Columns:
    """The names that a program gives its quantities under its data.

    Attributes
    ----------
    parameters, transformed, generated
        Stan's names of the parameters, transformed parameters and generated quantities, with brackets.
    stan_names
        The parameters' names as Stan's files have them, with dots.
    free
        Names of the unconstrained dimensions.
    """

    parameters: tuple[str, ...]
    transformed: tuple[str, ...]
    generated: tuple[str, ...]
    stan_names: tuple[str, ...]
    free: tuple[str, ...]

    def list_names(self, flags: Flag) -> tuple[str, ...]:
        """Return the names of parameters, and of the blocks that the flags add, in Stan's order."""
        transformed = self.transformed if flags & Flag.TRANSFORMED else ()
        generated = self.generated if flags & Flag.GENERATED else ()
        return self.parameters + transformed + generated


@dataclass(frozen=True)
class Answer:
    """What a request is answered with.

    Attributes
    ----------
    status
        0 unless the request failed.
    failures
        Rows that the program rejects: they hold NaN, where it computed nothing before.
    numbers
        Rows of numbers; empty if they were written elsewhere.
    text
        What was printed, then the reason of the first failure.
    """

    status: int
    failures: int
    numbers: Floats
    text: str


class UnsupportedExecutable(Exception):
    """An executable was not built with our driver."""


class Evaluator:
    """A process that evaluates one program under one set of data.

    Every request raises `ChainFailed` with Stan's message, or `RunTimedOut`; the process is ended then.
    """

    def __init__(self, exe: Path, data: Path, timeout: float | None = None, threads: int = 1) -> None:
        """Start the executable.

        `threads` is the most that its optimisers use, if it was built for several.

        Raises
        ------
        UnsupportedExecutable
            It was not built with our driver.
        TimeoutError
            It says nothing within the time limit [s].
        """
        self.data = data
        self._companion = process.Companion((str(exe), "evaluate"), {"STAN_NUM_THREADS": str(threads)})
        self._columns: Columns | None = None
        try:
            deadline = time.monotonic() + min(timeout or _SECONDS_TO_GREET, _SECONDS_TO_GREET)
            with self._companion.ask():
                status, *_, length = self._receive_header(deadline)
            greeting = self._companion.receive(length).decode() if status == 0 and length < 100 else ""
        except EOFError:
            greeting = ""
        except BaseException:
            self.close()
            raise
        if greeting != _GREETING:
            self.close()
            raise UnsupportedExecutable(exe)

    def close(self) -> None:
        """End the process."""
        self._companion.close()

    def is_alive(self) -> bool:
        """Return whether it can take a request."""
        return self._companion.is_alive()

    @property
    def descriptor(self) -> int:
        """Its socket, for another process that asks it while we do not; that one reads every answer."""
        return self._companion.descriptor

    def load(self, data: Path) -> None:
        """Take other data: the next request has the process read them in the place of its own."""
        self.data = data
        self._columns = None

    def describe(self, job: Job) -> Columns:
        """Return the names of all quantities; the data are read then."""
        if self._columns is None:
            answer = self._request(job, "reading the data", _Task.OPEN, text=str(self.data))
            parameters, with_transformed, all_, _ = (int(size) for size in answer.numbers)
            self._columns = _read_columns(answer.text, parameters, with_transformed, all_)
        return self._columns

    def compute_log_density(self, job: Job, points: Floats, flags: Flag) -> Answer:
        """Return log densities at unconstrained points, each followed by its gradient if requested."""
        self.describe(job)
        return self._request(job, EVALUATING, _Task.LOG_DENSITY, flags, points)

    def generate(
        self, job: Job, points: Floats, flags: Flag, first: int = 0, out: Floats | None = None
    ) -> Answer:
        """Return parameters, and what the flags add, at unconstrained points.

        Parameters
        ----------
        job
            The call; its seed decides the random numbers.
        points
            `(P, U)`.
        flags
            `TRANSFORMED`, `GENERATED` or both.
        first
            The position of the first among all draws.
        out
            Where to write the rows; they are returned if it is missing.
        """
        self.describe(job)
        return self._request(job, GENERATING, _Task.GENERATE, flags, points, first=first, out=out)

    def unconstrain(self, job: Job, values: Floats) -> Answer:
        """Return unconstrained points of parameter values, `(P, column)`."""
        self.describe(job)
        return self._request(job, "unconstraining parameter values", _Task.UNCONSTRAIN, rows=values)

    def call(self, job: Job, activity: str, arguments: list[str]) -> Answer:
        """Run a method of the command line; its output holds unconstrained parameters, whatever its names."""
        return self._request(job, activity, _Task.CALL, text="\n".join(arguments), is_failure_returned=True)

    def _request(
        self,
        job: Job,
        activity: str,
        task: _Task,
        flags: Flag = Flag.NONE,
        rows: Floats | None = None,
        *,
        text: str = "",
        first: int = 0,
        out: Floats | None = None,
        is_failure_returned: bool = False,
    ) -> Answer:
        payload, shape = _encode(rows, text)
        kind = flags | Flag.TEXT if rows is None else flags
        header = _REQUEST.pack(task, kind, *shape, job.seed, first)
        deadline = None if job.timeout is None else time.monotonic() + job.timeout
        try:
            if len(payload) < _JOINED:
                header, payload = header + bytes(payload), b""
            with self._companion.ask():
                self._companion.send(header, payload, deadline=deadline)
                answer = self._receive_answer(job, deadline, out)
        except TimeoutError as reason:
            self.close()
            raise make_timeout(activity, job.timeout) from reason
        except EOFError as reason:
            raise self.explain_end(job, activity) from reason
        except BaseException:  # an interrupt in the middle of an answer
            self.close()
            raise
        if answer.status != 0 and not is_failure_returned:
            raise ChainFailed(f"{activity} stopped: {extract_error(answer.text)}", console=answer.text)
        return answer

    def _receive_header(self, deadline: float | None) -> tuple[int, int, int, int]:
        status, failures, numbers, characters = _ANSWER.unpack(
            self._companion.receive(_ANSWER.size, deadline)
        )
        return status, failures, numbers, characters

    def _receive_answer(self, job: Job, deadline: float | None, out: Floats | None) -> Answer:
        status, failures, count, characters = self._receive_header(deadline)
        numbers = np.empty(count) if out is None or out.size != count else out
        if count:
            self._companion.receive_into(numbers.data.cast("B"), deadline)
        text = self._companion.receive(characters, deadline).decode("utf-8", "replace")
        return Answer(status, failures, numbers, name_places(text, job.places))

    def explain_end(self, job: Job, activity: str) -> ChainFailed:
        """Return the error for a process that ended in the middle of a request."""
        code = self._companion.kill()
        printed = name_places(self._companion.read_errors(), job.places).strip()
        self.close()
        if code < 0:
            name = signal.Signals(-code).name
            ended = f"its process was ended by {name}"
            if name == "SIGKILL":
                ended += "; that can mean that the machine ran out of memory"
        else:
            ended = f"its process ended with code {code}"
        reason = f" {extract_error(printed)}" if printed else ""
        return ChainFailed(f"{activity} stopped: {ended}.{reason}")


def call_method(
    evaluator: Evaluator, job: Job, activity: str, method: list[str], folder: Path, digits: int
) -> tuple[Answer, Path]:
    """Run a method of the command line; return its answer and its output file."""
    output = folder / "output.csv"
    arguments = [
        *(part for part in method if not part.startswith("init=")),
        "data",
        f"file={job.data}",
        *(part for part in method if part.startswith("init=")),
        "random",
        f"seed={job.seed}",
        "output",
        f"file={output}",
        f"sig_figs={digits}",
        f"profile_file={folder / 'profile.csv'}",
    ]
    return evaluator.call(job, activity, arguments), output


@lru_cache(maxsize=16)
def _read_columns(text: str, parameters: int, with_transformed: int, all_: int) -> Columns:
    """Return the names that a text has, one a line: of parameters, with transformed ones, and of all."""
    lines = text.splitlines()
    names = [name_in_stan(name) for name in lines[:all_]]
    return Columns(
        tuple(names[:parameters]),
        tuple(names[parameters:with_transformed]),
        tuple(names[with_transformed:]),
        tuple(lines[:parameters]),
        tuple(name_in_stan(name) for name in lines[all_:]),
    )


def _encode(rows: Floats | None, text: str) -> tuple[bytes | memoryview, tuple[int, int]]:
    """Return what follows a request's header, and its shape."""
    if rows is None:
        encoded = text.encode()
        return encoded, (len(encoded), 0)
    contiguous = np.ascontiguousarray(rows, dtype=np.float64)
    if contiguous.size == 0:  # a view of no bytes cannot be cast
        return b"", (len(contiguous), contiguous.shape[1])
    return contiguous.data.cast("B"), (contiguous.shape[0], contiguous.shape[1])

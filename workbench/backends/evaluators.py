"""The evaluators of a fit: started when they are needed, used again, ended with the fit."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from workbench import process
from workbench.backends.base import Floats, Job
from workbench.backends.draw_table import ChosenColumns, DrawTable
from workbench.backends.evaluator import (
    DRAWS_PER_GENERATOR,
    EVALUATING,
    GENERATING,
    Evaluator,
    Flag,
    UnsupportedExecutable,
)
from workbench.backends.stan_messages import make_timeout
from workbench.errors import ChainFailed
from workbench.progress import SILENT, Progress

_MOST_IDLE = 4
"""Evaluators that are kept for a next request: each holds its data. Ours."""

_BLOCK_BYTES = 1 << 23
"""Bytes of output that one request returns, at most or for a single block of draws: a bound of memory."""

_BLOCK_POINTS = 100
"""Points whose log densities are requested together. Ours."""

_WORTH_SHARING = 0.5
"""Time from which log densities are shared out among processes, each of which reads the data [s]. Ours."""

_Key = tuple[Path, Path, int, int]
"""Which program with which data: the executable, and the data file with its size and time of change [ns]."""


class Evaluators:
    """Evaluators by program and data; several threads may use them at a time."""

    def __init__(self) -> None:
        self._idle: list[tuple[_Key, Evaluator]] = []
        self._free: dict[Path, list[Evaluator]] = {}
        self._unsupported: set[Path] = set()
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle, self._free)

    def __reduce__(self) -> tuple[type[Evaluators], tuple[()]]:
        """Return what another process makes evaluators of its own of: processes do not travel."""
        return Evaluators, ()

    @contextmanager
    def borrow(self, job: Job, activity: str) -> Iterator[Evaluator | None]:
        """Lend an evaluator of a program with its data; `None` if the executable has none."""
        key = _make_key(job)
        evaluator = self._take(key, job, activity)
        try:
            yield evaluator
        finally:
            if evaluator is not None:
                self._put_back(key, evaluator)

    def _take(self, key: _Key, job: Job, activity: str) -> Evaluator | None:
        with self._lock:
            if key[0] in self._unsupported:
                return None
            for position, (other, evaluator) in enumerate(self._idle):
                if other == key:
                    del self._idle[position]
                    return evaluator
            if self._free.get(job.exe):
                evaluator = self._free[job.exe].pop()
                evaluator.load(job.data)
                return evaluator
        try:
            return Evaluator(job.exe, job.data, job.timeout, job.threads)
        except TimeoutError as reason:
            raise make_timeout(activity, job.timeout) from reason
        except UnsupportedExecutable:
            with self._lock:
                self._unsupported.add(key[0])
            return None

    def _put_back(self, key: _Key, evaluator: Evaluator) -> None:
        """Keep an evaluator that is alive; end those unused for longest if there are many."""
        if not evaluator.is_alive():
            evaluator.close()
            return
        with self._lock:
            self._idle.append((key, evaluator))
            surplus = [self._idle.pop(0)[1] for _ in range(len(self._idle) - _MOST_IDLE)]
        for old in surplus:
            old.close()

    def release(self, job: Job) -> None:
        """End the evaluators of a program with its data that are not needed any more."""
        with self._lock:
            released = [item for item in self._idle if item[0][:2] == (job.exe, job.data)]
            self._idle[:] = [item for item in self._idle if item not in released]
        for _, evaluator in released:
            evaluator.close()

    def free(self, exe: Path) -> None:
        """Keep the evaluators of a program for other data: those that they have loaded are not needed."""
        with self._lock:
            freed = [evaluator for key, evaluator in self._idle if key[0] == exe]
            self._idle[:] = [item for item in self._idle if item[0][0] != exe]
            self._free.setdefault(exe, []).extend(freed)

    def end_idle(self) -> None:
        """End all evaluators that nobody uses; they are started again where they are needed."""
        with self._lock:
            idle = [evaluator for _, evaluator in self._idle]
            idle += [evaluator for evaluators in self._free.values() for evaluator in evaluators]
            self._idle.clear()
            self._free.clear()
        for evaluator in idle:
            evaluator.close()

    def compute_log_density(self, job: Job, points: Floats, flags: Flag) -> Floats:
        """Return log densities at unconstrained points, `(P,)`: NaN where the program rejects one.

        Where they take long, they are shared out among several processes.
        """
        output = np.empty(len(points))
        starts = range(0, len(points), _BLOCK_POINTS)

        def work(start: int) -> None:
            part = slice(start, start + _BLOCK_POINTS)
            with self.borrow(job, EVALUATING) as evaluator:
                if evaluator is None:
                    raise ChainFailed(f"{EVALUATING} stopped: {job.exe} does not answer.")
                output[part] = evaluator.compute_log_density(job, points[part], flags).numbers

        began = time.monotonic()
        for start in starts[:1]:
            work(start)
        left = starts[1:]
        is_long = (time.monotonic() - began) * len(left) > _WORTH_SHARING
        _share_out(work, left, process.count_usable_cores() if is_long else 1)
        return output

    def generate(
        self,
        job: Job,
        points: Floats,
        table: DrawTable | ChosenColumns,
        flags: Flag,
        *,
        jobs: int | None = None,
        progress: Progress = SILENT,
    ) -> str:
        """Compute parameters and the quantities that the flags add at many points; return what was printed.

        The rows are shared out among several processes; they are the same however many those are.

        Parameters
        ----------
        job
            The call; its seed decides the random numbers.
        points
            `(P, U)`: unconstrained points.
        table
            What receives them.
        flags
            `TRANSFORMED`, `GENERATED` or both.
        jobs
            The most processes; `None` takes this machine's processors.
        progress
            Where to report.
        """
        rows = choose_rows(table.width)
        starts = range(0, len(points), rows)
        printed: dict[int, str] = {}
        with progress.stage("Computing generated quantities", total=float(len(points))) as stage:

            def work(start: int) -> None:
                part = points[start : start + rows]
                with self.borrow(job, GENERATING) as evaluator:
                    if evaluator is None:
                        raise ChainFailed(f"{GENERATING} stopped: {job.exe} does not answer.")
                    place = table.find_place(start, start + len(part))
                    answer = evaluator.generate(job, part, flags, start, place)
                if place is None:
                    table.take(start, answer.numbers.reshape(len(part), -1))
                printed[start] = answer.text
                stage.update(float(min(len(printed) * rows, len(points))))

            _share_out(work, starts, jobs or process.count_usable_cores())
        return "\n".join(printed[start] for start in starts if printed[start])


def _share_out(work: Callable[[int], None], starts: Sequence[int], workers: int) -> None:
    """Do work on several blocks, in so many threads at most."""
    workers = min(workers, len(starts))
    if workers <= 1:
        for start in starts:
            work(start)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(process.keep_work(work), starts))


def _make_key(job: Job) -> _Key:
    state = job.data.stat()
    return job.exe, job.data, state.st_size, state.st_mtime_ns


def choose_rows(width: int) -> int:
    """Return how many draws one request computes: whole blocks that share a generator."""
    blocks = _BLOCK_BYTES // (8 * max(width, 1) * DRAWS_PER_GENERATOR)
    return DRAWS_PER_GENERATOR * max(1, blocks)


def _close_all(idle: list[tuple[_Key, Evaluator]], free: dict[Path, list[Evaluator]]) -> None:
    while idle:
        idle.pop()[1].close()
    while free:
        for evaluator in free.popitem()[1]:
            evaluator.close()

"""Stan for a few rows at a time: one process that stays, and reads the rows of each request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workbench.backends.base import Floats, Job, RawRun, Selection
from workbench.backends.draw_table import DrawTable
from workbench.backends.evaluator import GENERATING, Columns, Evaluator, Flag, UnsupportedExecutable
from workbench.backends.evaluators import choose_rows
from workbench.backends.stan import StanBackend, unconstrain
from workbench.backends.stan_messages import make_timeout
from workbench.errors import RunTimedOut, WorkerLost
from workbench.request import FitRequest


class LoadedStan(StanBackend):
    """Generates the same quantities as `StanBackend`, without starting a process for each table.

    For one thread at a time.

    Attributes
    ----------
    deadline
        The time of `time.monotonic` [s] by which the next calls must be over; `None` sets no limit.
    """

    def __init__(self, request: FitRequest, on_crash: Callable[[], None] = lambda: None) -> None:
        """Prepare for the draws of a fit; `on_crash` is called when a process ended by itself."""
        super().__init__()
        self.deadline: float | None = None
        self._on_crash = on_crash
        self._evaluator: Evaluator | None = None
        self._is_supported = True
        self._are_points_fixed = has_fixed_transforms(request)
        self._points: tuple[Floats, Floats] | None = None

    def close(self) -> None:
        """End the process."""
        if self._evaluator is not None:
            self._evaluator.close()
            self._evaluator = None

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return generated quantities of parameter values.

        Raises
        ------
        RunError
            As `StanBackend.generate`; `WorkerLost` where the process ended by itself.
        """
        job = replace(job, timeout=self._find_timeout())
        evaluator = self._load(job)
        if evaluator is None:
            return super().generate(job, columns, draws)
        try:
            names = evaluator.describe(job)
            points = self._find_points(evaluator, job, draws)
            return _generate(evaluator, job, names, points)
        except RunTimedOut:
            raise
        except Exception as reason:
            if evaluator.is_alive():
                raise
            self._on_crash()
            raise WorkerLost(f"the process that computes ended by itself: {reason}") from reason
        finally:
            if not evaluator.is_alive():
                self.close()

    def _find_timeout(self) -> float | None:
        if self.deadline is None:
            return None
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise make_timeout(GENERATING, 0)
        return left

    def _load(self, job: Job) -> Evaluator | None:
        """Return a process that will read the data of a call; `None` if the executable has none."""
        if self._evaluator is not None and not self._evaluator.is_alive():
            self._on_crash()
            self.close()
        if self._evaluator is None and self._is_supported:
            try:
                self._evaluator = Evaluator(job.exe, job.data, job.timeout)
            except TimeoutError as reason:
                raise make_timeout(GENERATING, job.timeout) from reason
            except UnsupportedExecutable:
                self._is_supported = False
        if self._evaluator is not None:
            self._evaluator.load(job.data)
        return self._evaluator

    def _find_points(self, evaluator: Evaluator, job: Job, draws: Floats) -> Floats:
        """Return unconstrained points of parameter values, which are mostly those of the call before."""
        if self._points is not None and np.array_equal(self._points[0], draws):
            return self._points[1]
        points = unconstrain(evaluator, job, draws)
        if self._are_points_fixed:
            self._points = draws, points
        return points


def has_fixed_transforms(request: FitRequest) -> bool:
    """Return whether the unconstrained point of parameters is the same whatever the data are."""
    program = request.program
    data = {item.name for item in (*program.data, *program.transformed_data)}
    bounds = [
        bound
        for item in program.parameters
        for bound in (item.lower, item.upper, item.offset, item.multiplier)
        if bound is not None
    ]
    return not any(data & set(bound.names) for bound in bounds)


def _generate(evaluator: Evaluator, job: Job, names: Columns, points: Floats) -> RawRun:
    """Return the generated quantities at unconstrained points, computed block by block."""
    kept = Selection(left_out=job.selection.left_out)
    table = DrawTable(kept, names.parameters + names.generated, 1, len(points))
    step = choose_rows(table.width)
    printed = []
    for start in range(0, len(points), step):
        part = points[start : start + step]
        place = table.find_place(start, start + len(part))
        answer = evaluator.generate(job, part, Flag.GENERATED, start, place)
        if place is None:
            table.take(start, answer.numbers.reshape(len(part), -1))
        printed.append(answer.text)
    run = table.fill(RawRun((), points, console="\n".join(filter(None, printed))))
    count = len(names.parameters)
    return replace(run, columns=run.columns[count:], draws=run.draws[:, :, count:])

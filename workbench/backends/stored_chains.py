"""Draws of an earlier run in place of new chains: what else a program computes is computed from them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from workbench.backends.base import DEFAULT_START, Floats, Job, RawRun, Start
from workbench.backends.draw_table import check_memory
from workbench.backends.evaluator import Columns, Flag
from workbench.backends.stan import StanBackend, unconstrain
from workbench.errors import ChainFailed
from workbench.methods import Nuts
from workbench.progress import SILENT, Progress


@dataclass(frozen=True)
class ChainDraws:
    """Draws of the parameters of a program, and how their sampler was adapted.

    Attributes
    ----------
    draws
        Every parameter in Stan's order, `(chain, draw, column)`.
    stats
        Stan's own columns, each `(chain, draw)`; the log density is computed anew.
    step_size, inv_metric
        As in `RawRun`; `None` where they are not known.
    """

    draws: Floats
    stats: Mapping[str, Floats]
    step_size: Floats | None = None
    inv_metric: Floats | None = None


class StoredChains(StanBackend):
    """Stan, but its sampler returns given draws."""

    def __init__(self, chains: ChainDraws) -> None:
        super().__init__()
        self._chains = chains

    def measure(self, job: Job, *, jacobian: bool = False) -> Floats:
        """Return the log density of the draws under the data of a job, `(chain * draw,)`.

        Parameters
        ----------
        job
            The program and its data.
        jacobian
            Whether the Jacobian of the constraints is part of the density.

        Raises
        ------
        ChainFailed
            The executable was not built with our driver, or a draw is outside the support.
        """
        points, _ = self.unconstrain(job)
        return self.measure_points(job, points, jacobian=jacobian)

    def measure_points(self, job: Job, points: Floats, *, jacobian: bool) -> Floats:
        """Return the log density at unconstrained points, `(P,)`: NaN where the program rejects one."""
        flags = Flag.JACOBIAN if jacobian else Flag.NONE
        return self._evaluators.compute_log_density(job, points, flags)

    def unconstrain(self, job: Job) -> tuple[Floats, Columns]:
        """Return the draws on the unconstrained scale, `(chain * draw, U)`, and names of all quantities."""
        count, length, size = self._chains.draws.shape
        with self._evaluators.borrow(job, "sampling") as evaluator:
            if evaluator is None:
                raise ChainFailed("stored draws need an executable built with the Stan of the package index.")
            points = unconstrain(evaluator, job, self._chains.draws.reshape(count * length, size))
            return points, evaluator.describe(job)

    def sample(
        self,
        job: Job,
        method: Nuts,
        *,
        start: Start = DEFAULT_START,
        jobs: int = 1,
        threads: int = 1,
        progress: Progress = SILENT,
    ) -> RawRun:
        """Return the given draws with their transformed and generated quantities under the data of the job.

        Raises
        ------
        ChainFailed
            The executable was not built with our driver, or a draw is outside the support.
        """
        del method, start, threads
        started, chains = time.monotonic(), self._chains
        count, length, _ = chains.draws.shape
        points, names = self.unconstrain(job)
        check_memory(job.selection, names.parameters + names.transformed + names.generated, count, length)
        log_density = self._evaluators.compute_log_density(job, points, Flag.JACOBIAN)
        stats = {**chains.stats, "lp": np.asarray(log_density).reshape(count, length)}
        run = RawRun(
            (),
            points.reshape(count, length, -1),
            stats,
            step_size=chains.step_size,
            inv_metric=chains.inv_metric,
        )
        complete = self._add_quantities(job, run, Flag.TRANSFORMED | Flag.GENERATED, jobs, progress)
        return replace(complete, seconds=time.monotonic() - started)

"""A backend whose log density can be chosen: any function of the unconstrained scale, with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.estimation.minimal import NAMES, make_curvature, make_run
from workbench.backends.base import DEFAULT_START, RawRun
from workbench.backends.fake import FakeBackend
from workbench.errors import ChainFailed


@dataclass(frozen=True)
class ChosenDensity(FakeBackend):
    """A backend with a chosen density; the curvature it reports is the unit matrix.

    Attributes
    ----------
    density
        From a point `(U,)` to its log density and gradient.
    ends
        Where the optimiser stops, one point for each seed in turn.
    is_log
        Which dimensions are logarithms of what the program declares.
    failing_algorithms
        Optimisers that fail.
    converged
        Whether the others converge.
    message
        What an optimiser that does not converge prints.
    dimensions
        The number of unconstrained parameters that it reports.
    names
        The parameters' elements.
    """

    means: dict[str, float] = field(default_factory=dict)
    sds: dict[str, float] = field(default_factory=dict)
    density: Callable[[np.ndarray], tuple[float, np.ndarray]] = lambda point: (0.0, point * 0)
    ends: tuple[tuple[float, ...], ...] = ((0.1, 0.2, 0.3),)
    is_log: tuple[bool, ...] = (False, False, False)
    failing_algorithms: frozenset[str] = frozenset()
    converged: bool = True
    message: str = "Optimization terminated with error:\n  Line search failed"
    dimensions: int = 3
    names: tuple[str, ...] = NAMES

    def dimension(self, job):
        return self.dimensions

    def log_density(self, job, at, *, jacobian):
        values, gradients = zip(*(self.density(point) for point in at), strict=True)
        return np.array(values), np.array(gradients)

    def optimize(self, job, *, jacobian, algorithm="lbfgs", start=DEFAULT_START):
        if algorithm in self.failing_algorithms:
            raise ChainFailed(f"{algorithm} was told to fail.")
        free = np.array(self.ends[job.seed % len(self.ends)])
        console = "" if self.converged else self.message
        declared = make_curvature(free, is_log=self.is_log, names=self.names).values
        return make_run(
            declared, self.density(free)[0], self.names, console=console, converged=self.converged
        )

    def laplace(self, job, mode, method, *, jacobian):
        declared = mode.draws[0, 0]
        free = np.where(self.is_log, np.log(np.where(self.is_log, declared, 1.0)), declared)
        curvature = make_curvature(free, is_log=self.is_log, names=self.names)
        noise = np.random.default_rng(job.seed).standard_normal((1, method.draws, len(free)))
        flat = np.zeros((1, method.draws))
        return RawRun(self.names, declared + noise, {"log_p": flat, "log_q": flat}, curvature=curvature)

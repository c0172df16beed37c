"""A Stan whose log density can be chosen: any function of the unconstrained scale, with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tests.estimation.conftest import MEANS, SDS
from workbench.backends.base import DEFAULT_START, Curvature, RawRun
from workbench.backends.fake import FakeBackend
from workbench.errors import ChainFailed

NAMES = ("alpha", "beta[1]", "beta[2]")
"""The parameters of the program in `conftest`."""


@dataclass(frozen=True)
class Sculpted(FakeBackend):
    """Optimisers end at the given points; the curvature they report is the unit matrix.

    Attributes
    ----------
    density
        From a point `(U,)` to its log density and gradient.
    ends
        Where the optimiser stops, start by start, in turn.
    is_log
        Which dimensions are logarithms of what the program declares.
    stubborn
        Algorithms that fail.
    words
        What an optimiser that does not converge prints.
    dimensions
        How many free parameters it says there are.
    """

    density: Callable[[np.ndarray], tuple[float, np.ndarray]] = lambda point: (0.0, point * 0)
    ends: tuple[tuple[float, ...], ...] = ((0.1, 0.2, 0.3),)
    is_log: tuple[bool, ...] = (False, False, False)
    stubborn: frozenset[str] = frozenset()
    converged: bool = True
    words: str = "Optimization terminated with error:\n  Line search failed"
    dimensions: int = 3

    def dimension(self, job):
        return self.dimensions

    def log_density(self, job, at, *, jacobian):
        pairs = [self.density(point) for point in at]
        return np.array([one for one, _ in pairs]), np.array([one for _, one in pairs])

    def optimize(self, job, *, jacobian, algorithm="lbfgs", start=DEFAULT_START):
        if algorithm in self.stubborn:
            raise ChainFailed(f"{algorithm} was told to fail.")
        free = np.array(self.ends[job.seed % len(self.ends)])
        return RawRun(
            NAMES,
            self._declared(free)[None, None, :],
            {"lp": np.array([[self.density(free)[0]]])},
            "" if self.converged else self.words,
            converged=self.converged,
        )

    def laplace(self, job, mode, method, *, jacobian):
        declared = mode.draws[0, 0]
        logs = np.array(self.is_log)
        free = np.where(logs, np.log(np.where(logs, declared, 1.0)), declared)
        height, slope = self.density(free)
        slopes = np.where(logs, declared, 1.0)
        curvature = Curvature(
            height, slope, -np.eye(len(free)), NAMES, free, NAMES, declared, np.diag(slopes)
        )
        noise = np.random.default_rng(job.seed).standard_normal((1, method.draws, len(free)))
        flat = np.zeros((1, method.draws))
        return RawRun(NAMES, declared + noise, {"log_p": flat, "log_q": flat}, curvature=curvature)

    def _declared(self, free):
        return np.where(self.is_log, np.exp(np.where(self.is_log, free, 0.0)), free)


def sculpted(density, **options):
    """Return a backend with a density of the three free parameters of the program."""
    return replace(Sculpted(MEANS, SDS), density=density, **options)

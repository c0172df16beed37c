"""A mode found by climbing, and what its curvature says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.backends import Curvature, RawRun
from workbench.backends.base import Floats
from workbench.errors import RunError
from workbench.estimation.setting import Setting
from workbench.methods import Laplace

STARTS = 4
"""Random starts of L-BFGS for each mode; the highest is kept."""

SAME_MODE = 1e-4
"""Two starts reached the same height when their log densities [nats] differ by less."""

DECREMENT = 1e-6
"""Newton decrement [nats]: what a further Newton step would still gain; below it a point is a mode.
Boyd and Vandenberghe (2004), Convex Optimization, section 9.5.1."""

FLAT = 1e-10
"""Smallest eigenvalue of the negative Hessian, scaled to a unit diagonal; below it a direction is flat."""

RUNAWAY_SD = 20.0
"""Standard error on a log or logit scale beyond which a parameter runs to its bound: a factor of exp(20)."""

CURVATURE_ONLY = Laplace(draws=100)
"""What to ask of Stan's Laplace method where its Hessian is wanted and its draws are not."""


@dataclass(frozen=True)
class Mode:
    """The highest point found.

    Attributes
    ----------
    run
        The optimiser's own result.
    log_density
        Stan's `lp__` there.
    starts, reached, failed
        Starts made; those that ended at this height; those that stopped with an error.
    curvature
        Around the point; `None` where the Stan in use does not report it.
    approximation
        Normal draws around the point.
    problem
        Why the point is no mode, in a sentence; empty where it is one.
    """

    run: RawRun
    log_density: float
    starts: int
    reached: int
    failed: int
    curvature: Curvature | None
    approximation: RawRun | None
    problem: str

    @property
    def facts(self) -> dict[str, Any]:
        """What `run.json` says about the climb; where there is no mode, also where it stopped."""
        counts = {"starts": self.starts, "reached": self.reached, "failed_starts": self.failed}
        return counts | ({"stopped_at": self.values} if self.problem else {})

    @property
    def values(self) -> dict[str, float]:
        """Where the climb ended, by Stan name."""
        return dict(zip(self.run.columns, self.run.draws[0, 0].tolist(), strict=True))


def find(setting: Setting, method: str, *, jacobian: bool, prior_weight: float, laplace: Laplace) -> Mode:
    """Climb from several random points and judge the highest by gradient and curvature.

    Raises
    ------
    RunError
        Every start failed; Stan's words of the last.
    """
    runs, failures = _climb(setting, method, jacobian=jacobian, prior_weight=prior_weight)
    if not runs:
        raise failures[-1]
    best = max(runs, key=_height)
    reached = sum(_height(best) - _height(run) < SAME_MODE for run in runs)
    job = setting.job(method, prior_weight=prior_weight)
    try:
        around = setting.backend.laplace(job, best, laplace, jacobian=jacobian)
    except RunError:
        around = None
    curvature = around.curvature if around is not None else None
    problem = _problem(curvature, best)
    return Mode(best, _height(best), STARTS, reached, len(failures), curvature, around, problem)


def standard_errors(curvature: Curvature) -> dict[str, float]:
    """Return the standard error of each named value, by the delta method.

    References
    ----------
    Observed information on the unconstrained scale; van der Vaart (1998), Asymptotic Statistics, chapter 3.
    """
    jacobian = curvature.constrain_jacobian
    covariance = jacobian @ np.linalg.inv(-curvature.hessian) @ jacobian.T
    sds = np.sqrt(np.clip(np.diag(covariance), 0, None))
    return dict(zip(curvature.names, sds.tolist(), strict=True))


def _climb(
    setting: Setting, method: str, *, jacobian: bool, prior_weight: float
) -> tuple[list[RawRun], list[RunError]]:
    runs: list[RawRun] = []
    failures: list[RunError] = []
    for start in range(STARTS):
        job = setting.job(method, start=start, prior_weight=prior_weight)
        try:
            run = setting.backend.optimize(job, jacobian=jacobian)
        except RunError as reason:
            failures.append(reason)
            continue
        if np.isfinite(_height(run)):
            runs.append(run)
        else:
            failures.append(RunError("the optimiser ended where the log density is not finite."))
    return runs, failures


def _height(run: RawRun) -> float:
    return float(run.stats["lp"][0, 0])


def _problem(curvature: Curvature | None, run: RawRun) -> str:
    """Return why a point is not a mode, or an empty string."""
    if curvature is None:
        return "" if run.converged else "Stan's optimiser did not converge."
    information = -curvature.hessian
    if not np.isfinite(information).all():
        return "the curvature at the point where the optimiser stopped is not finite."
    diagonal = np.diag(information)
    if (diagonal <= 0).any():
        return _flat(curvature, run, int(np.argmin(diagonal)))
    scaled = information / np.sqrt(np.outer(diagonal, diagonal))
    eigenvalues, eigenvectors = np.linalg.eigh(scaled)
    if eigenvalues[0] < FLAT:
        return _flat(curvature, run, int(np.argmax(np.abs(eigenvectors[:, 0]))))
    spread = np.sqrt(np.diag(np.linalg.inv(information)))
    runaway = _transformed(curvature) & (spread > RUNAWAY_SD)
    if runaway.any():
        return _at_the_edge(curvature, run, int(np.argmax(np.where(runaway, spread, 0))))
    return _unfinished(curvature.gradient, information)


def _unfinished(gradient: Floats, information: Floats) -> str:
    decrement = 0.5 * float(gradient @ np.linalg.solve(information, gradient))
    if decrement <= DECREMENT:
        return ""
    return f"the optimiser stopped {decrement:.2g} nats below where a Newton step leads."


def _flat(curvature: Curvature, run: RawRun, index: int) -> str:
    where = _reached(curvature, run, index)
    return f"the log density has no maximum: it is flat or still rising along {where}."


def _at_the_edge(curvature: Curvature, run: RawRun, index: int) -> str:
    where = _reached(curvature, run, index)
    return f"the log density has no maximum inside the support: it rises to the edge of the range of {where}."


def _reached(curvature: Curvature, run: RawRun, index: int) -> str:
    name = curvature.free_names[index]
    stopped = dict(zip(run.columns, run.draws[0, 0], strict=True)).get(name)
    return f"`{name}`" if stopped is None else f"`{name}` (it had reached {stopped:.3g})"


def _transformed(curvature: Curvature) -> np.ndarray:
    """Return which unconstrained dimensions belong to a parameter with bounds: its derivative is not 1."""
    rows = {name: row for row, name in enumerate(curvature.names)}
    found = []
    for column, name in enumerate(curvature.free_names):
        row = rows.get(name)
        own = None if row is None else curvature.constrain_jacobian[row, column]
        found.append(own is None or abs(own - 1) > 1e-6)
    return np.array(found)

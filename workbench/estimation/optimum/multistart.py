"""Climbs from several random points: which optimiser reached what, and which had to be replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.backends import RawRun
from workbench.backends.base import ANYWHERE, Algorithm, Job, Start
from workbench.backends.words import ENDLESS
from workbench.errors import RunError
from workbench.estimation.context import FitContext

OPTIMISERS: dict[Algorithm, str] = {"lbfgs": "L-BFGS", "bfgs": "BFGS", "newton": "Newton"}
"""Stan's optimisers in the order in which they are tried."""

MOST_REPEATED = 300
"""Unconstrained dimensions up to which further starts follow a climb that used up its iterations; above, such
a climb takes long, and a density without an end from one point seldom has one from another."""

SKIPPED = (
    "it was not tried: an earlier climb used up all its iterations without an end, which takes long among "
    "more than {most} parameters."
)


@dataclass(frozen=True)
class StartResult:
    """One start.

    Attributes
    ----------
    seed
        Stan's seed, which decides the point it began at.
    status
        `converged`; `stopped` where the optimiser gave up at a point, which is judged for itself; `failed`;
        `skipped` where it was not tried.
    optimizer
        Which optimiser's end it is; the last that was tried where all failed.
    reason
        Stan's words, unless it converged.
    run
        Its end, unless it failed.
    """

    seed: int
    status: str
    optimizer: str
    reason: str = ""
    run: RawRun | None = None

    @property
    def height(self) -> float:
        """The log density at its end [nats]."""
        return -np.inf if self.run is None else float(self.run.stats["lp"][0, 0])

    @property
    def record(self) -> dict[str, Any]:
        """The start as it stands in `run.json`."""
        height = None if self.run is None else self.height
        return {
            "seed": self.seed,
            "status": self.status,
            "optimizer": self.optimizer,
            "log_density": height,
            "reason": self.reason,
        }


def run_multistart(
    setting: FitContext,
    method: str,
    *,
    jacobian: bool,
    prior_weight: float,
    starts: int,
    at: Start = ANYWHERE,
) -> tuple[StartResult, ...]:
    """Climb from several points; where L-BFGS fails, BFGS and then Newton are tried from it.

    The points are random; a known one, `at`, is the only start.
    """
    attempts: list[StartResult] = []
    for start in range(1 if at.inits else starts):
        job = setting.job(method, start=start, prior_weight=prior_weight)
        if attempts and _is_hopeless(setting, job, attempts[-1]):
            attempts.append(StartResult(job.seed, "skipped", "none", SKIPPED.format(most=MOST_REPEATED)))
        else:
            attempts.append(_attempt(setting, job, at, jacobian=jacobian))
    return tuple(attempts)


def _is_hopeless(setting: FitContext, job: Job, before: StartResult) -> bool:
    """Return whether the climb before, among many parameters, had no end, or was skipped for that reason."""
    if before.status == "skipped":
        return True
    is_endless = before.run is not None and ENDLESS in before.run.console
    return is_endless and setting.backend.dimension(job) > MOST_REPEATED


def _attempt(setting: FitContext, job: Job, at: Start, *, jacobian: bool) -> StartResult:
    reasons: dict[str, str] = {}
    for algorithm, name in OPTIMISERS.items():
        try:
            run = setting.backend.optimize(job, jacobian=jacobian, algorithm=algorithm, start=at)
        except RunError as error:
            reasons[name] = error.message
            continue
        if np.isfinite(run.stats["lp"][0, 0]):
            before = " ".join(f"{other} failed: {words}" for other, words in reasons.items())
            status, words = ("converged", "") if run.converged else ("stopped", _said(run.console))
            return StartResult(job.seed, status, name, " ".join(filter(None, (before, words))), run)
        reasons[name] = "it ended where the log density is not finite."
    words = " ".join(f"{other}: {reason}" for other, reason in dict(reversed(reasons.items())).items())
    return StartResult(job.seed, "failed", list(OPTIMISERS.values())[-1], words)


def _said(console: str) -> str:
    """Return what Stan printed after it said that the optimisation ended with an error, or without an end."""
    if ENDLESS in console:
        return f"{ENDLESS}."
    _, _, after = console.partition("Optimization terminated with error:")
    return " ".join(after.split()) or "the optimiser did not converge."

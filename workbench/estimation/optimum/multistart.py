"""Optimisation from several random starts: what each reached, and with which optimiser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.backends import RawRun
from workbench.backends.base import DEFAULT_START, Algorithm, Job, Start
from workbench.backends.stan_messages import ITERATIONS_USED_UP
from workbench.errors import RunError, RunTimedOut
from workbench.estimation.context import FitContext

OPTIMISERS: dict[Algorithm, str] = {"lbfgs": "L-BFGS", "bfgs": "BFGS", "newton": "Newton"}
"""Stan's optimisers in the order in which they are tried."""

MOST_REPEATED = 300
"""Unconstrained dimensions up to which further starts follow one that used up its iterations. Above, such a
start takes long, and where one start does not converge the others seldom do. Ours."""

_SKIPPED = (
    f"it was skipped: an earlier start used up all its iterations, which takes long with more than "
    f"{MOST_REPEATED} parameters."
)
"""Why a start was not tried."""

_OUT_OF_TIME = "it was skipped: two earlier starts took longer than the time allowed."
"""The same, with a time limit."""


@dataclass(frozen=True)
class StartResult:
    """The result of one start.

    Attributes
    ----------
    seed
        Stan's seed, which decides the initial point.
    status
        `converged`; `stopped` where the optimiser gave up at a point, which is then checked; `failed`; or
        `skipped`.
    optimizer
        The optimiser that got there; the last that was tried if all failed.
    reason
        Stan's message, unless it converged.
    run
        The optimiser's result, unless it failed.
    console
        What Stan printed where every optimiser failed.
    has_timed_out
        Whether the time limit ended it.
    origin
        Where it started, if not at a random point.
    """

    seed: int
    status: str
    optimizer: str
    reason: str = ""
    run: RawRun | None = None
    console: str = ""
    has_timed_out: bool = False
    origin: str = ""

    @property
    def log_density(self) -> float:
        """The log density at its end [nats]."""
        return -np.inf if self.run is None else float(self.run.stats["lp"][0, 0])

    @property
    def record(self) -> dict[str, Any]:
        """The start as it stands in `run.json`."""
        return {
            "seed": self.seed,
            "status": self.status,
            "optimizer": self.optimizer,
            "log_density": None if self.run is None else self.log_density,
            "reason": self.reason,
            **({"origin": self.origin} if self.origin else {}),
        }


def run_multistart(
    context: FitContext,
    method: str,
    *,
    jacobian: bool,
    prior_weight: float,
    starts: int,
    at: Start = DEFAULT_START,
) -> tuple[StartResult, ...]:
    """Optimise from several random points, or from a known one only: `at`.

    Where L-BFGS fails, BFGS and then Newton are tried from the same point, but not where time is up.
    """
    results: list[StartResult] = []
    for start in range(1 if at.inits else starts):
        job = context.make_job(method, start=start, prior_weight=prior_weight)
        if sum(result.has_timed_out for result in results) > 1:
            results.append(StartResult(job.seed, "skipped", "none", _OUT_OF_TIME))
        elif results and _is_hopeless(context, job, results[-1]):
            results.append(StartResult(job.seed, "skipped", "none", _SKIPPED))
        else:
            results.append(run_start(context, job, at, jacobian=jacobian))
    return tuple(results)


def _is_hopeless(context: FitContext, job: Job, before: StartResult) -> bool:
    """Return whether the start before, among many parameters, did not converge or was skipped for that."""
    if before.status == "skipped":
        return True
    is_endless = before.run is not None and ITERATIONS_USED_UP in before.run.console
    return is_endless and context.backend.dimension(job) > MOST_REPEATED


def _is_too_large(context: FitContext, job: Job) -> bool:
    """Return whether Newton's method, which takes a Hessian in each iteration, would take too long."""
    try:
        return context.backend.dimension(job) > MOST_REPEATED
    except RunError:  # the density cannot be evaluated at 0: Newton says why it fails
        return False


def run_start(context: FitContext, job: Job, at: Start, *, jacobian: bool) -> StartResult:
    """Optimise from one point; where L-BFGS fails, BFGS and then Newton are tried from there."""
    failures: dict[str, str] = {}
    printed: list[str] = []
    for algorithm, name in OPTIMISERS.items():
        if algorithm == "newton" and _is_too_large(context, job):
            break
        try:
            run = context.backend.optimize(job, jacobian=jacobian, algorithm=algorithm, start=at)
        except RunTimedOut as error:
            printed.append(error.console)
            failures[name] = error.message
            reason, console = _join_failures(failures), "\n".join(printed)
            return StartResult(job.seed, "failed", name, reason, console=console, has_timed_out=True)
        except RunError as error:
            failures[name] = error.message
            printed.append(error.console)
            continue
        if np.isfinite(run.stats["lp"][0, 0]):
            before = " ".join(f"{other} failed: {message}" for other, message in failures.items())
            status, message = ("converged", "") if run.converged else ("stopped", _find_message(run.console))
            return StartResult(job.seed, status, name, " ".join(filter(None, (before, message))), run)
        failures[name] = "it ended where the log density is not finite."
    return StartResult(
        job.seed, "failed", list(failures)[-1], _join_failures(failures), console="\n".join(printed)
    )


def _join_failures(failures: dict[str, str]) -> str:
    """Return why each optimiser failed, the last first; a message that several share stands once.

    >>> _join_failures({"L-BFGS": "it stopped.", "BFGS": "no step.", "Newton": "it stopped."})
    'Newton and L-BFGS: it stopped. BFGS: no step.'
    """
    names: dict[str, list[str]] = {}
    for name, message in reversed(failures.items()):
        names.setdefault(message, []).append(name)
    return " ".join(f"{_join(sharing)}: {message}" for message, sharing in names.items())


def _join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _find_message(console: str) -> str:
    """Return what Stan printed when the optimisation ended with an error, or used up its iterations."""
    if ITERATIONS_USED_UP in console:
        return f"{ITERATIONS_USED_UP}."
    _, _, after = console.partition("Optimization terminated with error:")
    return " ".join(after.split()) or "the optimiser did not converge."

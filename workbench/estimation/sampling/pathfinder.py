"""Pathfinder: normal approximations along climbs to the mode, mixed by importance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.backends import RawRun
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.importance import compute_importance_weights
from workbench.estimation.sampling.laplace import summarise_independent_draws
from workbench.methods import Pathfinder
from workbench.results import draws
from workbench.results.method_result import MethodResult


def run_pathfinder(setting: FitContext, method: Pathfinder) -> tuple[MethodResult, RawRun | None]:
    """Return Pathfinder's draws with their k-hat, and the draws themselves for chains to start at.

    The draws are resampled by smoothed importance weights, as Stan's own are; k-hat says whether that helps.

    References
    ----------
    Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: parallel quasi-Newton variational inference, JMLR
    23(306).
    """
    if not setting.request.program.parameters:
        return MethodResult(
            "not available", "the program has no parameters: there is nothing to approximate."
        ), None
    job = setting.job("pathfinder")
    try:
        run = setting.backend.pathfinder(job, method)
    except RunError as error:
        return MethodResult("failed", error.message), None
    weighed = compute_importance_weights(run.stats["lp"][0] - run.stats["lp_approx"][0])
    count = run.draws.shape[1]
    rows = np.random.default_rng(job.seed).choice(count, size=count, p=weighed.weights)
    drawn = replace(
        run, draws=run.draws[:, rows], stats={name: one[:, rows] for name, one in run.stats.items()}
    )
    names = draws.parameters(setting.request.program)
    group = draws.read(drawn, setting.request.program, setting.request.data, names, ("draw",))
    for ours, theirs in (("log_p", "lp"), ("log_q", "lp_approx")):
        group[ours] = (("draw",), drawn.stats[theirs][0])
    facts = {
        "khat": weighed.khat,
        "khat_threshold": weighed.threshold,
        "draws": count,
        "paths": method.paths,
        "corrected": weighed.is_reliable,
    }
    equal = compute_importance_weights(np.zeros(count))
    estimates = summarise_independent_draws(setting, drawn, replace(equal, khat=np.inf))
    return MethodResult("ok", "", facts, estimates, {"pathfinder": group}, run.console, run.seconds), drawn

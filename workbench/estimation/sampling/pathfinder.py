"""Pathfinder: normal approximations along paths of an optimiser, mixed by importance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.backends import RawRun
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.laplace import summarise_independent_draws
from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.methods import Pathfinder
from workbench.results import draws
from workbench.results.method_result import MethodResult


def run_pathfinder(context: FitContext, method: Pathfinder) -> tuple[MethodResult, RawRun | None]:
    """Return Pathfinder's result with its k-hat, and its draws for chains to start at.

    The draws are resampled by smoothed importance weights, as Stan's own are. k-hat says whether that is
    reliable.

    References
    ----------
    Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: parallel quasi-Newton variational inference, JMLR
    23(306).
    """
    program = context.request.program
    if not program.parameters:
        reason = "the program has no parameters: there is nothing to approximate."
        return MethodResult("not available", reason), None
    job = context.make_job("pathfinder")
    try:
        run = context.backend.pathfinder(job, method)
    except RunError as error:
        return MethodResult("failed", error.message, console=error.console), None
    weights = compute_importance_weights(run.stats["lp"][0] - run.stats["lp_approx"][0])
    count = run.draws.shape[1]
    rows = np.random.default_rng(job.seed).choice(count, size=count, p=weights.weights)
    stats = {name: values[:, rows] for name, values in run.stats.items()}
    resampled = replace(run, draws=run.draws[:, rows], stats=stats)
    names = draws.list_parameters(context.request)
    group = draws.read_variables(resampled, program, context.request.data, names, ("draw",))
    for name, column in (("log_p", "lp"), ("log_q", "lp_approx")):
        group[name] = (("draw",), resampled.stats[column][0])
    facts = {
        "khat": weights.khat,
        "khat_threshold": weights.threshold,
        "draws": count,
        "paths": method.paths,
        "corrected": weights.is_reliable,
    }
    # The draws are corrected already: an infinite k-hat keeps the summary from weighing them again.
    already_corrected = replace(compute_importance_weights(np.zeros(count)), khat=np.inf)
    estimates = summarise_independent_draws(context, resampled, already_corrected)
    groups = {"pathfinder": group}
    return MethodResult("ok", "", facts, estimates, groups, run.console, run.seconds), resampled

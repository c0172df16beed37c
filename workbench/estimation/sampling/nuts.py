"""The posterior by NUTS, summarised with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends import RawRun, Start
from workbench.backends.base import DEFAULT_START
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.equivalence import measure_density_error
from workbench.late_imports import LateModule
from workbench.methods import Nuts
from workbench.results import draws
from workbench.results.density_sources import describe_density_sources
from workbench.results.method_result import MethodResult
from workbench.results.outcome_scales import GROUP, build_scale_group, choose_log_likelihood
from workbench.results.outcomes import drop_missing, list_replicates, read_repeated_outcomes
from workbench.results.quantities import owner
from workbench.results.rounding import POINTWISE, round_group
from workbench.results.sampled_rows import build_sample_groups
from workbench.results.term_densities import build_density_groups

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")
    xr = LateModule("xarray")

_STATS = {
    "lp": "lp",
    "accept_stat": "acceptance_rate",
    "stepsize": "step_size",
    "treedepth": "tree_depth",
    "n_leapfrog": "n_steps",
    "divergent": "diverging",
    "energy": "energy",
}
"""ArviZ's names of Stan's columns."""

_MOMENTS = ("mean", "median", "sd", "lower", "upper")
"""The numbers of a summary that draws have even if they are constant."""

_TAIL = (0.05, 0.95)
"""The quantiles whose ESS is the tail ESS: Vehtari et al. (2021), section 4.3."""


def run_nuts(
    context: FitContext, method: Nuts, start: Start = DEFAULT_START, *, attempt: int = 0
) -> MethodResult:
    """Return the posterior's draws and the summary of each quantity.

    Parameters
    ----------
    context
        The context of the fit.
    method
        The settings.
    start
        Where chains start.
    attempt
        Number of the attempt, counted from 0; each has a seed of its own.
    """
    if method.warmup == 0 and (start.step_size is None or start.inv_metric is None):
        return MethodResult("failed", "without warm-up a step size and a metric must be given to start from.")
    request = context.request
    job = context.make_job("nuts", start=attempt)
    try:
        run = context.backend.sample(
            job,
            method,
            start=start,
            jobs=request.jobs,
            threads=request.threads,
            progress=context.progress,
        )
    except RunError as error:
        return MethodResult("failed", error.message, console=error.console)
    if not np.isfinite(run.stats["lp"]).all():
        return MethodResult("failed", "the log density is not finite at some draws.", console=run.console)
    density_error = measure_density_error(context.backend, job, run, request.program)
    groups = build_draw_groups(context, run)
    sources = describe_density_sources(request, run, groups)
    return MethodResult(
        "ok",
        "",
        _collect_facts(run, method) | {"terms_differ": density_error} | sources,
        summarise_run(context, run),
        groups,
        run.console,
        run.seconds,
    )


def summarise_run(context: FitContext, run: RawRun) -> dict[str, dict[str, float]]:
    """Return mean, median, sd, intervals, R-hat and effective sample sizes of each quantity.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and localization,
    Bayesian Analysis 16(2), doi:10.1214/20-BA1221; as computed by ArviZ.
    """
    names = (*draws.list_parameters(context.request), *draws.list_quantities(context.request))
    return {
        column: summarise_chains(run.draws[:, :, position], context.request.level)
        for position, column in enumerate(run.columns)
        if owner(column) in names
    }


def summarise_chains(values: np.ndarray, level: float) -> dict[str, float]:
    """Return the summary of one quantity from its draws, `(chain, draw)`: NaN where some are not finite."""
    tail = (1 - level) / 2
    flat = values.ravel()
    if not np.isfinite(flat).all():
        return dict.fromkeys(_MOMENTS, float("nan"))
    lower, upper = np.quantile(flat, [tail, 1 - tail])
    summary = {
        "mean": float(flat.mean()),
        "median": float(np.median(flat)),
        "sd": float(flat.std(ddof=1)),
        "lower": float(lower),
        "upper": float(upper),
    }
    if np.ptp(flat) == 0:
        return summary
    hdi = array_stats.hdi(flat, prob=level)
    return summary | {
        "mcse_mean": float(array_stats.mcse(values, method="mean")),
        "mcse_sd": float(array_stats.mcse(values, method="sd")),
        "hdi_lower": float(hdi[0]),
        "hdi_upper": float(hdi[1]),
        "rhat": float(array_stats.rhat(values)),
        "ess_bulk": float(array_stats.ess(values, method="bulk")),
        "ess_tail": float(array_stats.ess(values, method="tail", prob=_TAIL)),
    }


def build_draw_groups(context: FitContext, run: RawRun) -> dict[str, xr.Dataset]:
    """Return the draws of a run as groups of `fit.nc`."""
    program, data = context.request.program, context.request.data
    dims = ("chain", "draw")
    replicates = list_replicates(program)
    names = {
        "posterior": (*draws.list_parameters(context.request), *draws.list_quantities(context.request)),
        "posterior_predictive": (*draws.list_predictions(program), *replicates),
        **_list_density_names(context),
    }
    pointwise = run.with_pointwise
    groups = {
        group: draws.read_variables(pointwise, program, data, variables, dims, is_copied=False)
        if group in POINTWISE
        else draws.read_variables(run, program, data, variables, dims)
        for group, variables in names.items()
    }
    groups["posterior_predictive"] = drop_missing(groups["posterior_predictive"], replicates)
    groups |= {name: round_group(groups[name], name) for name in POINTWISE if name in groups}
    groups["observed_data"] = read_repeated_outcomes(
        program, lambda variables: draws.read_variables(pointwise, program, data, variables, dims)
    )
    groups[GROUP] = build_scale_group(context.request, groups["observed_data"])
    groups["sample_stats"] = _read_sample_stats(run)
    groups |= build_density_groups(context.request, run)
    if (sample := run.row_sample) is not None:
        groups |= build_sample_groups(sample.rows, sample.log_lik, sample.elpd, sample.mean, sample.variance)
    groups["adaptation"] = _read_adaptation(run)
    if run.warmup is not None:
        groups["warmup_posterior"] = draws.read_variables(run.warmup, program, data, names["posterior"], dims)
        groups["warmup_sample_stats"] = _read_sample_stats(run.warmup)
    return {name: group for name, group in groups.items() if group.data_vars}


def _collect_facts(run: RawRun, method: Nuts) -> dict[str, object]:
    """Return what `run.json` says about the sampler as a whole."""
    divergent, depth = run.stats.get("divergent"), run.stats.get("treedepth")
    positions = run.with_pointwise.positions
    facts: dict[str, object] = {
        "chains": method.chains,
        "draws": method.draws,
        "warmup": method.warmup,
        "settings": asdict(method),
    }
    facts |= {} if positions is None else {"pointwise_draws": len(positions)}
    facts |= {"sampler": run.sampler} if run.sampler else {}
    if divergent is None or depth is None:
        return facts  # a program without parameters
    step_size = () if run.step_size is None else run.step_size
    return facts | {
        "divergences": int(divergent.sum()),
        "max_treedepth": method.max_treedepth,
        "max_treedepth_hits": int((depth >= method.max_treedepth).sum()),
        "adapt_delta": method.adapt_delta,
        "accept_stat": [float(value) for value in run.stats["accept_stat"].mean(axis=1)],
        "step_size": [float(value) for value in step_size],
        "ebfmi": [float(value) for value in np.atleast_1d(array_stats.bfmi(run.stats["energy"]))],
    }


def _list_density_names(context: FitContext) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the pointwise log-likelihood and of the log prior."""
    program = context.request.program
    source = choose_log_likelihood(program)
    names: dict[str, tuple[str, ...]] = {"log_likelihood": () if source is None else (source.name,)}
    return names if program.instrumented is not None else {**names, "log_prior": ("lprior",)}


def _read_sample_stats(run: RawRun) -> xr.Dataset:
    stats = {
        arviz_name: (("chain", "draw"), run.stats[name].astype(bool if name == "divergent" else float))
        for name, arviz_name in _STATS.items()
        if name in run.stats
    }
    chains, count = run.draws.shape[:2]
    return xr.Dataset(stats, coords={"chain": np.arange(chains), "draw": np.arange(count)})


def _read_adaptation(run: RawRun) -> xr.Dataset:
    """Return step size and inverse metric of each chain: with the last draws, all that continuing needs."""
    if run.step_size is None or run.inv_metric is None:
        return xr.Dataset()
    dims = ("unconstrained", "unconstrained_2")[: run.inv_metric.ndim - 1]
    return xr.Dataset(
        {"step_size": (("chain",), run.step_size), "inv_metric": (("chain", *dims), run.inv_metric)},
        coords={"chain": np.arange(len(run.step_size))},
    )

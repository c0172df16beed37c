"""The full posterior by NUTS, summarised with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from workbench.backends import RawRun, Start
from workbench.backends.base import ANYWHERE
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.equivalence import measure_density_error
from workbench.methods import Nuts
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.outcomes import repeated_outcomes, replicate_names, without_missing
from workbench.results.quantities import owner
from workbench.results.term_densities import density_groups

_STATS = {
    "lp": "lp",
    "accept_stat": "acceptance_rate",
    "stepsize": "step_size",
    "treedepth": "tree_depth",
    "n_leapfrog": "n_steps",
    "divergent": "diverging",
    "energy": "energy",
}
"""Stan's columns by the names ArviZ reads."""

_MOMENTS = ("mean", "median", "sd", "lower", "upper")

_TAIL = (0.05, 0.95)
"""The quantiles whose ESS is the tail ESS: Vehtari et al. (2021), section 4.3."""


def run_nuts(setting: FitContext, method: Nuts, start: Start = ANYWHERE, *, attempt: int = 0) -> MethodResult:
    """Return the posterior's draws and, for each parameter, its summary.

    Parameters
    ----------
    setting
        Where the fit is worked out.
    method
        The settings.
    start
        Where chains begin.
    attempt
        Number of the try, counted from 0; each has a seed of its own.
    """
    if method.warmup == 0 and (start.step_size is None or start.inv_metric is None):
        return MethodResult("failed", "without warm-up a step size and a metric must be given to start from.")
    job = setting.job("nuts", start=attempt)
    try:
        request = setting.request
        run = setting.backend.sample(
            job,
            method,
            start=start,
            jobs=request.jobs,
            threads=request.threads,
            progress=setting.progress,
        )
    except RunError as error:
        return MethodResult("failed", error.message)
    if not np.isfinite(run.stats["lp"]).all():
        return MethodResult("failed", "the log density is not finite at some draws.", console=run.console)
    return MethodResult(
        "ok",
        "",
        _facts(run, method)
        | {"terms_differ": measure_density_error(setting.backend, job, run, setting.request.program)},
        summarise_run(setting, run),
        build_draw_groups(setting, run),
        run.console,
        run.seconds,
    )


def summarise_run(setting: FitContext, run: RawRun) -> dict[str, dict[str, float]]:
    """Return mean, median, sd, intervals, R-hat and effective sample sizes of each quantity.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and localization,
    Bayesian Analysis 16(2), doi:10.1214/20-BA1221; as computed by ArviZ.
    """
    program = setting.request.program
    names = (*draws.parameters(program), *draws.quantities(program))
    return {
        column: summarise_chains(run.draws[:, :, position], setting.request.level)
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
    summarise_chains = {
        "mean": float(flat.mean()),
        "median": float(np.median(flat)),
        "sd": float(flat.std(ddof=1)),
        "lower": float(lower),
        "upper": float(upper),
    }
    if np.ptp(flat) == 0:
        return summarise_chains
    hdi = array_stats.hdi(flat, prob=level)
    return summarise_chains | {
        "mcse_mean": float(array_stats.mcse(values, method="mean")),
        "mcse_sd": float(array_stats.mcse(values, method="sd")),
        "hdi_lower": float(hdi[0]),
        "hdi_upper": float(hdi[1]),
        "rhat": float(array_stats.rhat(values)),
        "ess_bulk": float(array_stats.ess(values, method="bulk")),
        "ess_tail": float(array_stats.ess(values, method="tail", prob=_TAIL)),
    }


def _facts(run: RawRun, method: Nuts) -> dict[str, object]:
    divergent, depth = run.stats.get("divergent"), run.stats.get("treedepth")
    facts: dict[str, object] = {
        "chains": method.chains,
        "draws": method.draws,
        "warmup": method.warmup,
        "settings": asdict(method),
    }
    if divergent is None or depth is None:
        return facts  # a program without parameters
    energy = run.stats["energy"]
    return facts | {
        "divergences": int(divergent.sum()),
        "max_treedepth": method.max_treedepth,
        "max_treedepth_hits": int((depth >= method.max_treedepth).sum()),
        "adapt_delta": method.adapt_delta,
        "accept_stat": [float(one) for one in run.stats["accept_stat"].mean(axis=1)],
        "step_size": [] if run.step_size is None else [float(one) for one in run.step_size],
        "ebfmi": [float(one) for one in np.atleast_1d(array_stats.bfmi(energy))],
    }


def build_draw_groups(setting: FitContext, run: RawRun) -> dict[str, xr.Dataset]:
    """Return the draws of a run as groups of `fit.nc`."""
    program, data = setting.request.program, setting.request.data
    dims = ("chain", "draw")
    groups = {
        "posterior": (*draws.parameters(program), *draws.quantities(program)),
        "posterior_predictive": (*draws.predictions(program), *replicate_names(program)),
        **_density_names(setting),
    }
    datasets = {key: draws.read(run, program, data, names, dims) for key, names in groups.items()}
    datasets["posterior_predictive"] = without_missing(
        datasets["posterior_predictive"], replicate_names(program)
    )
    datasets["observed_data"] = repeated_outcomes(
        program, lambda names: draws.read(run, program, data, names, dims)
    )
    datasets["sample_stats"] = _sample_stats(run)
    datasets |= density_groups(setting.request, run)
    datasets["adaptation"] = _adaptation(run)
    if run.warmup is not None:
        datasets["warmup_posterior"] = draws.read(run.warmup, program, data, groups["posterior"], dims)
        datasets["warmup_sample_stats"] = _sample_stats(run.warmup)
    return {key: dataset for key, dataset in datasets.items() if dataset.data_vars}


def _density_names(setting: FitContext) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the pointwise log-likelihood and of the log prior."""
    instrumented = setting.request.program.instrumented
    if instrumented is None:
        return {"log_likelihood": ("log_lik",), "log_prior": ("lprior",)}
    return {
        "log_likelihood": tuple(name for name in (instrumented.outputs.log_lik,) if name),
    }


def _sample_stats(run: RawRun) -> xr.Dataset:
    found = {
        arviz_name: (("chain", "draw"), run.stats[name].astype(bool if name == "divergent" else float))
        for name, arviz_name in _STATS.items()
        if name in run.stats
    }
    chains, count = run.draws.shape[:2]
    return xr.Dataset(found, coords={"chain": np.arange(chains), "draw": np.arange(count)})


def _adaptation(run: RawRun) -> xr.Dataset:
    """Return step size and inverse metric of each chain: with the last draws, all that goes on needs."""
    if run.step_size is None or run.inv_metric is None:
        return xr.Dataset()
    free = ("unconstrained", "unconstrained_2")[: run.inv_metric.ndim - 1]
    return xr.Dataset(
        {"step_size": (("chain",), run.step_size), "inv_metric": (("chain", *free), run.inv_metric)},
        coords={"chain": np.arange(len(run.step_size))},
    )

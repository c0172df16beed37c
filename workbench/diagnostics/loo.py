"""Leave-one-out cross-validation by Pareto-smoothed importance sampling, from the stored draws.

References
----------
Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out cross-validation and
WAIC, Statistics and Computing 27, doi:10.1007/s11222-016-9696-4.
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from workbench.estimation.sampling.psis import choose_tail_length, log_sum_exp, smooth_log_weights
from workbench.results import Fit
from workbench.thresholds import FEWEST_LOO_DRAWS, khat_limit

Floats = NDArray[np.float64]

WORST_ROWS = 20
"""How many rows `run.json` names, those of the largest k-hat; the others follow from `fit.nc`."""

_SAMPLE = ("chain", "draw")


@dataclass(frozen=True)
class LeaveOneOut:
    """What is left of each observation when the model is fitted to all others.

    Attributes
    ----------
    log_weights
        Smoothed and normalised, `(row, sample)`; samples run over the draws of one chain after another.
    khat
        Shape of the tail of the raw importance ratios, `(row,)`.
    elpd
        Log predictive density of each row given all others [nats], `(row,)`.
    p_loo
        Effective number of parameters each row contributes, `(row,)`.
    r_eff
        Relative efficiency of the draws, averaged over the posterior.
    """

    log_weights: Floats
    khat: Floats
    elpd: Floats
    p_loo: Floats
    r_eff: float


def measured(fit: Fit, found: LeaveOneOut | None, reason: str = "") -> dict[str, Any]:
    """Return the entry `loo` of `run.json`.

    Parameters
    ----------
    fit
        The fit.
    found
        What leaving observations out one by one gave; `None` where it could not be done.
    reason
        Why not.
    """
    if found is None:
        return {"status": "not available", "reason": reason}
    elpd, se, p_loo, _ = array_stats.loo_summary(found.elpd, found.p_loo)
    limit = khat_limit(found.log_weights.shape[1])
    order = np.argsort(-found.khat, kind="stable")[:WORST_ROWS]
    labels = row_labels(fit)
    return {
        "status": "ok",
        "elpd": float(elpd),
        "se": float(se),
        "p_loo": float(p_loo),
        "observations": len(found.khat),
        "khat_max": float(found.khat.max()),
        "khat_limit": limit,
        "bad": int((found.khat > limit).sum()),
        "rows": [
            {
                "row": int(row) + 1,
                "label": labels[row],
                "khat": float(found.khat[row]),
                "elpd": float(found.elpd[row]),
            }
            for row in order
        ],
    }


def unavailable(fit: Fit) -> str:
    """Return why observations cannot be left out one by one; empty where they can."""
    if fit.record["nuts"]["status"] != "ok":
        return f"there are no posterior draws: {fit.record['nuts'].get('reason', '')}"
    for limit in fit.record["model"].get("limits", ()):
        if limit["feature"] in {"log_lik", "loo"}:
            return str(limit["message"])
    arrays = _log_likelihoods(fit)
    if not arrays:
        return "no statement of the program gave a log likelihood for each observation."
    draws = arrays[0].sizes["chain"] * arrays[0].sizes["draw"]
    if sum(array.size for array in arrays) < 2 * draws:
        return "a single log likelihood holds all observations."
    if draws < FEWEST_LOO_DRAWS:
        return f"{draws} draws are too few: the tail of their ratios has no shape yet."
    broken = sum(int((~np.isfinite(_by_sample(one))).any(axis=0).sum()) for one in arrays)
    if broken:
        return f"the log likelihood of {broken} observations is not finite at some draws."
    return ""


def log_likelihood(fit: Fit) -> Floats | None:
    """Return the log likelihood of each observation at each draw, `(row, sample)`; `None` without any."""
    arrays = [flat(array) for array in _log_likelihoods(fit)]
    return np.concatenate(arrays) if len(arrays) > 1 else next(iter(arrays), None)


def log_likelihoods(fit: Fit, together: int) -> list[Floats]:
    """Return views of the log likelihood, `(row, sample)` each: at most `together` rows at a time."""
    arrays = [_by_sample(array).T for array in _log_likelihoods(fit)]
    return [rows[first : first + together] for rows in arrays for first in range(0, len(rows), together)]


def _log_likelihoods(fit: Fit) -> list[xr.DataArray]:
    if "log_likelihood" not in fit.tree.children:
        return []
    return list(fit.tree["log_likelihood"].data_vars.values())


def flat(array: xr.DataArray) -> Floats:
    """Return draws of a variable as `(cell, sample)`, its cells in row-major order."""
    return np.ascontiguousarray(_by_sample(array).T, dtype=np.float64)


def _by_sample(array: xr.DataArray) -> Floats:
    values = array.transpose(*_SAMPLE, ...).values
    return values.reshape(values.shape[0] * values.shape[1], -1)


def leave_one_out(fit: Fit) -> LeaveOneOut:
    """Return weights, k-hat and predictive densities of each observation; `unavailable` must be empty.

    The relative efficiency is that of ArviZ: the mean over all posterior quantities.
    """
    log_lik = log_likelihood(fit)
    assert log_lik is not None  # noqa: S101 - `unavailable` has said so
    r_eff = relative_efficiency(fit)
    weights, khat = left_out_weights(log_lik, r_eff)
    elpd = log_sum_exp(weights + log_lik)
    lppd = log_sum_exp(log_lik) - math.log(log_lik.shape[1])
    return LeaveOneOut(weights, khat, elpd, lppd - elpd, r_eff)


def left_out_weights(log_lik: Floats, r_eff: float) -> tuple[Floats, Floats]:
    """Return the log weights of draws where a row is left out, `(row, sample)`, and k-hat, `(row,)`."""
    return smooth_log_weights(-log_lik, choose_tail_length(log_lik.shape[1], r_eff))


def relative_efficiency(fit: Fit) -> float:
    """Return the mean over all posterior quantities of ESS for the mean, by the number of draws."""
    posterior = fit.tree["posterior"]
    if posterior.sizes["chain"] == 1:
        return 1.0
    arrays = [array.transpose("chain", "draw", ...).values for array in posterior.data_vars.values()]
    found = np.concatenate(
        [np.ravel(array_stats.ess(array, chain_axis=0, draw_axis=1, method="mean")) for array in arrays]
    )
    samples = posterior.sizes["chain"] * posterior.sizes["draw"]
    return float(np.nanmean(found)) / samples


def row_labels(fit: Fit) -> list[str]:
    """Return a name for each row of the log likelihood: its coordinate."""
    labels: list[str] = []
    for array in fit.tree["log_likelihood"].data_vars.values():
        dims = [dim for dim in array.dims if dim not in _SAMPLE]
        each = [[str(one) for one in array.coords[dim].values] for dim in dims]
        labels += _crossed(each)
    return labels


def _crossed(names: list[list[str]]) -> list[str]:
    """Return the labels of the cells of an array, row-major.

    >>> _crossed([["a", "b"], ["1", "2"]])
    ['a,1', 'a,2', 'b,1', 'b,2']
    """
    crossed = [""]
    for axis in names:
        crossed = [f"{before},{name}" if before else name for before in crossed for name in axis]
    return crossed if names else ["1"]

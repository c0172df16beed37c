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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.left_out_units import describe_units, is_in_row_order, name_values
from workbench.errors import RunIncomplete
from workbench.estimation.sampling.psis import choose_tail_length, log_sum_exp, smooth_log_weights
from workbench.late_imports import LateModule
from workbench.program import Program
from workbench.results import Fit
from workbench.results.outcome_scales import choose_log_likelihood
from workbench.results.quantities import SAMPLE_DIMS, element_name, find_kept_draws
from workbench.results.sampled_rows import ROW_SUMMARIES, has_sampled_rows
from workbench.results.view import LooResult, LooRow
from workbench.thresholds import FEWEST_LOO_DRAWS, khat_limit

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

Floats = NDArray[np.float64]

_BLOCK_ROWS = 1024
"""Rows that are worked on together: a bound of memory. Ours."""

WORST_ROWS = 20
"""Rows that `run.json` names, those with the largest k-hat; the others follow from `fit.nc`."""


@dataclass(frozen=True)
class LeaveOneOut:
    """What the model says about each observation when it is fitted to all others.

    Attributes
    ----------
    log_weights
        Smoothed and normalised, `(row, sample)`; samples are the draws of one chain after another.
    khat
        Shape of the tail of the raw importance ratios, `(row,)`.
    elpd
        Log predictive density of each row given all others [nats], `(row,)`.
    p_loo
        Effective number of parameters that each row contributes, `(row,)`.
    r_eff
        Relative efficiency of the draws, averaged over the posterior.
    """

    log_weights: Floats
    khat: Floats
    elpd: Floats
    p_loo: Floats
    r_eff: float


def measure_loo(fit: Fit, left_out: LeaveOneOut | None, reason: str = "") -> LooResult:
    """Return the sum over all rows and the rows with the largest k-hat.

    Parameters
    ----------
    fit
        The fit.
    left_out
        Leave-one-out of its rows; `None` where it is not available.
    reason
        Why it is not.
    """
    if left_out is None:
        return LooResult(status="skipped" if _is_left_out(fit) else "not available", reason=reason)
    elpd, se, p_loo, _ = array_stats.loo_summary(left_out.elpd, left_out.p_loo)
    limit = khat_limit(left_out.log_weights.shape[1])
    return LooResult(
        elpd=float(elpd),
        se=float(se),
        p_loo=float(p_loo),
        observations=len(left_out.khat),
        khat_max=float(left_out.khat.max()),
        khat_limit=limit,
        bad=int((left_out.khat > limit).sum()),
        rows=list_worst_rows(fit, np.arange(len(left_out.khat)), left_out.khat, left_out.elpd),
        remark=describe_units(fit, len(left_out.khat)),
    )


def list_worst_rows(fit: Fit, rows: NDArray[np.int64], khat: Floats, elpd: Floats) -> tuple[LooRow, ...]:
    """Return the rows with the largest k-hat.

    Parameters
    ----------
    fit
        The fit.
    rows
        Which rows of the log likelihood these are, counted from 0, `(row,)`.
    khat, elpd
        Of each of them.
    """
    worst, labels = np.argsort(-khat, kind="stable")[:WORST_ROWS], label_rows(fit)
    numbers = [number for _, number in name_values(fit, len(labels))] or range(1, len(labels) + 1)
    return tuple(
        LooRow(
            row=numbers[int(rows[place])],
            label=labels[rows[place]],
            khat=float(khat[place]),
            elpd=float(elpd[place]),
        )
        for place in worst
    )


def _is_left_out(fit: Fit) -> bool:
    """Return whether leave-one-out is missing only because too few pointwise values are stored, or none."""
    nuts, request = fit.results.nuts, fit.results.request
    if nuts.is_ok and request is not None and request.pointwise_draws == 0:
        return True
    kept = nuts.pointwise_draws
    return nuts.is_ok and kept is not None and (nuts.chains or 1) * kept < FEWEST_LOO_DRAWS


def explain_missing_loo(fit: Fit) -> str:
    """Return why leave-one-out of every row is not available; empty where it is."""
    if reason := explain_unusable_rows(fit):
        return reason
    arrays = _log_likelihood_arrays(fit)
    draws = arrays[0].sizes["chain"] * arrays[0].sizes["draw"]
    broken = _count_broken(fit, arrays)
    if draws < FEWEST_LOO_DRAWS and not (broken and has_sampled_rows(fit)):
        return f"{draws} draws are too few to fit the tail of the importance ratios."
    if broken:
        return f"the log likelihood of {broken} observations is not finite at some draws."
    return ""


def _count_broken(fit: Fit, arrays: list[xr.DataArray]) -> int:
    """Return how many rows have a log likelihood that is not finite at some draw."""
    if has_sampled_rows(fit):
        return int((~np.isfinite(fit.tree[ROW_SUMMARIES]["variance"].to_numpy())).sum())
    return sum(int((~np.isfinite(_by_sample(array))).any(axis=0).sum()) for array in arrays)


def explain_unusable_rows(fit: Fit) -> str:
    """Return why no row can be left out, whatever is stored of how many draws; empty where rows can be."""
    results = fit.results
    if results.nuts.status == "skipped":
        return "there are no posterior draws: NUTS was not requested."
    if not results.nuts.is_ok:
        return f"there are no posterior draws: {results.nuts.reason}"
    is_own = results.nuts.log_lik.source == "program"
    for limit in results.model.limits:
        if limit.feature in {"log_lik", "loo"} and not is_own:
            return limit.message
    arrays = _log_likelihood_arrays(fit)
    request = results.request
    if not arrays and request is not None and request.pointwise_draws == 0:
        return "pointwise log-likelihoods were not stored (`--pointwise-draws 0`)."
    if not arrays:
        return "no statement of the program gives a log likelihood for each observation."
    draws = arrays[0].sizes["chain"] * arrays[0].sizes["draw"]
    if sum(array.size for array in arrays) < 2 * draws:
        return "a single log likelihood holds all observations."
    return ""


def read_log_likelihood(fit: Fit) -> Floats | None:
    """Return the log likelihood of each observation at each draw, `(row, sample)`; `None` without any."""
    arrays = [flatten_cells(array) for array in _log_likelihood_arrays(fit)]
    return np.concatenate(arrays) if len(arrays) > 1 else next(iter(arrays), None)


def count_chains(fit: Fit) -> int:
    """Return how many chains have log likelihoods; 0 without any."""
    return max((array.sizes["chain"] for array in _log_likelihood_arrays(fit)), default=0)


def count_cells(fit: Fit) -> int:
    """Return how many log likelihoods a draw has; 0 without any."""
    return sum(array[0, 0].size for array in _log_likelihood_arrays(fit))


def count_rows(fit: Fit) -> int | None:
    """Return how many rows have a log likelihood of their own; `None` where one holds several rows."""
    count = count_cells(fit)
    return count if count > 1 or (count == 1 and fit.results.data.rows == 1) else None


def read_log_likelihood_of(fit: Fit, rows: NDArray[np.int64]) -> Floats:
    """Return the log likelihood of some observations at each draw, `(row, sample)`."""
    starts = np.cumsum([0, *(array[0, 0].size for array in _log_likelihood_arrays(fit))])
    parts = [
        _by_sample(array)[:, _to_slice(rows[(start <= rows) & (rows < stop)] - start)].T
        for array, start, stop in zip(_log_likelihood_arrays(fit), starts, starts[1:], strict=False)
    ]
    return np.concatenate(parts)


def _to_slice(rows: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Return rows that follow each other as a slice, which copies nothing; others as they are."""
    is_run = len(rows) > 0 and bool((np.diff(rows) == 1).all())
    return slice(int(rows[0]), int(rows[-1]) + 1) if is_run else rows


def split_log_likelihood(fit: Fit, size: int) -> list[Floats]:
    """Return views of the log likelihood, each `(row, sample)` with at most `size` rows."""
    arrays = [_by_sample(array).T for array in _log_likelihood_arrays(fit)]
    return [rows[first : first + size] for rows in arrays for first in range(0, len(rows), size)]


def _log_likelihood_arrays(fit: Fit) -> list[xr.DataArray]:
    if "log_likelihood" not in fit.tree.children:
        return []
    return list(fit.tree["log_likelihood"].data_vars.values())


def flatten_cells(array: xr.DataArray) -> Floats:
    """Return the draws of a variable as `(cell, sample)`, its cells in row-major order."""
    return np.ascontiguousarray(_by_sample(array).T, dtype=np.float64)


def _by_sample(array: xr.DataArray) -> Floats:
    values = array.transpose(*SAMPLE_DIMS, ...).values
    return values.reshape(values.shape[0] * values.shape[1], -1)


def compute_leave_one_out(fit: Fit) -> LeaveOneOut:
    """Return weights, k-hat and predictive densities of each row; `explain_missing_loo` must be empty.

    The relative efficiency is that of ArviZ: the mean over all posterior quantities.
    """
    r_eff = estimate_relative_efficiency(fit)
    blocks = split_log_likelihood(fit, _BLOCK_ROWS)
    count = sum(len(block) for block in blocks)
    weights = np.empty((count, blocks[0].shape[1]))
    khat, elpd, lppd = np.empty(count), np.empty(count), np.empty(count)
    stop = 0
    for block in blocks:
        log_lik = np.ascontiguousarray(block, dtype=np.float64)
        rows = slice(stop, stop := stop + len(block))
        weights[rows], khat[rows] = compute_loo_weights(log_lik, r_eff)
        elpd[rows] = log_sum_exp(weights[rows] + log_lik)
        lppd[rows] = log_sum_exp(log_lik) - math.log(log_lik.shape[1])
    return LeaveOneOut(weights, khat, elpd, lppd - elpd, r_eff)


def compute_loo_weights(log_lik: Floats, r_eff: float) -> tuple[Floats, Floats]:
    """Return the log weights of the draws without each row, `(row, sample)`, and k-hat, `(row,)`."""
    return smooth_log_weights(-log_lik, choose_tail_length(log_lik.shape[1], r_eff))


def estimate_relative_efficiency(fit: Fit, group: str = "log_likelihood") -> float:
    """Return the mean over all posterior quantities of the ESS of the mean, relative to the draws.

    The draws are those of which a group holds log likelihoods.
    """
    posterior = fit.tree["posterior"]
    if posterior.sizes["chain"] == 1:
        return 1.0
    kept = find_kept_draws(fit.tree, group)
    arrays = [array.transpose(*SAMPLE_DIMS, ...).values[:, kept] for array in posterior.data_vars.values()]
    ess = np.concatenate(
        [np.ravel(array_stats.ess(array, chain_axis=0, draw_axis=1, method="mean")) for array in arrays]
    )
    chains, draws = arrays[0].shape[:2]
    return float(np.nanmean(ess) / (chains * draws))


def name_cells(fit: Fit, program: Program) -> tuple[str, ...]:
    """Return Stan's name of the log likelihood of each row, in the order of `read_log_likelihood`."""
    source = choose_log_likelihood(program)
    arrays = _log_likelihood_arrays(fit)
    if source is None or len(arrays) != 1:
        raise RunIncomplete("the run was expected to hold one log likelihood that its program computes.")
    shape = arrays[0].transpose(*SAMPLE_DIMS, ...).shape[2:]
    return tuple(element_name(source.name, index) for index in np.ndindex(*shape))


def label_rows(fit: Fit) -> list[str]:
    """Return a name for each row of the log likelihood: its coordinates.

    Where these are no rows of the table: the value of one of several outcomes, `y[3]`, or `entry 3`.
    """
    labels = [label for array in _log_likelihood_arrays(fit) for label in _label_cells(array)]
    values = name_values(fit, len(labels))
    if values:
        return [f"{name}[{number}]" for name, number in values]
    if is_in_row_order(fit, len(labels)):
        return labels
    return [f"entry {number}" for number in range(1, len(labels) + 1)]


def _label_cells(array: xr.DataArray) -> list[str]:
    """Return a name for each cell of a draw, row-major: its coordinates, or 1 for a single cell.

    >>> import xarray as xr
    >>> coords = {"g": ["a", "b"], "t": [1, 2]}
    >>> _label_cells(xr.DataArray(np.zeros((1, 1, 2, 2)), coords, ("chain", "draw", "g", "t")))
    ['a,1', 'a,2', 'b,1', 'b,2']
    """
    labels = [""]
    for dim in (dim for dim in array.dims if dim not in SAMPLE_DIMS):
        names = [str(name) for name in array.coords[dim].values]
        labels = [f"{label},{name}" if label else name for label in labels for name in names]
    return labels if array.ndim > len(SAMPLE_DIMS) else ["1"]

"""Runs compared by leave-one-out: which predicts unseen rows better, and whether the difference is clear.

References
----------
Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4. Sivula, Magnusson, Matamoros and Vehtari
(2020), Uncertainty in Bayesian leave-one-out cross-validation based model comparison, arXiv:2008.10296.
Of very many rows, a sample that is the same for all runs: see `sampled_loo.py`.
Weights by stacking: Yao, Vehtari, Simpson and Gelman (2018), doi:10.1214/17-BA1091. All as ArviZ
computes them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from arviz_stats import compare, loo

from workbench.diagnostics.common_scale import CommonScale, explain_other_outcome, find_common_scale
from workbench.diagnostics.loo import (
    Floats,
    compute_leave_one_out,
    explain_missing_loo,
    read_log_likelihood,
)
from workbench.diagnostics.sampled_loo import (
    EstimatedTotal,
    SampledLeaveOneOut,
    estimate_leave_one_out,
    estimate_total,
    read_sampled_rows,
)
from workbench.late_imports import LateModule
from workbench.results import Fit
from workbench.results.quantities import find_kept_draws
from workbench.results.sampled_rows import SAMPLED_ROWS
from workbench.thresholds import (
    ELPD_DIFFERENCE_LIMIT,
    ELPD_STANDARD_ERRORS,
    ELPD_STANDARD_ERRORS_FEW_ROWS,
    FEWEST_COMPARED_ROWS,
    SAME_PREDICTION,
)

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")

_UNROUNDED = {"round_to": "none"} if "round_to" in signature(compare).parameters else {}
"""Asks ArviZ 1 for all digits; older versions know nothing else."""


@dataclass(frozen=True)
class Standing:
    """How well a run predicts, compared with the best.

    Attributes
    ----------
    elpd, se
        Expected log predictive density and its standard error [nats].
    p_loo
        Effective number of parameters.
    difference, difference_se
        How far its elpd is below that of the best run, and the standard error of that [nats]; 0 for the best.
    weight
        Its weight in the stack of predictive distributions.
    is_unreliable
        Whether some k-hat is too large for the number of draws.
    bad_rows, khat_max, khat_limit
        The rows whose k-hat is too large, the largest k-hat, and up to what it is good.
    elpd_by_row
        The elpd of each row, or of each sampled row, `(row,)` [nats].
    sampled
        The rows that the numbers are estimated from, where these are not all.
    sampling_se, difference_sampling_se
        The standard errors of the elpd and of the difference by that, apart from the others.
    """

    elpd: float
    se: float
    p_loo: float
    difference: float
    difference_se: float
    weight: float
    is_unreliable: bool
    bad_rows: int = 0
    khat_max: float | None = None
    khat_limit: float | None = None
    elpd_by_row: Floats | None = field(default=None, compare=False, repr=False)
    sampled: int | None = None
    sampling_se: float = 0.0
    difference_sampling_se: float = 0.0

    @property
    def difference_error(self) -> float:
        """The standard error of the difference, that by sampling rows included."""
        return math.hypot(self.difference_se, self.difference_sampling_se)


def find_comparable_scale(fits: Mapping[str, Fit]) -> CommonScale:
    """Return the scale on which runs can be compared by leave-one-out, or what prevents it."""
    if other := explain_other_outcome(fits):
        return CommonScale(obstacle=other)
    for name, fit in fits.items():
        reason = explain_missing_loo(fit)
        if reason and estimate_leave_one_out(fit) is None:
            return CommonScale(obstacle=f"`{name}` has no leave-one-out: {reason}")
    return find_common_scale(fits)


def compare_predictions(
    fits: Mapping[str, Fit], offsets: Mapping[str, Floats] | None = None
) -> dict[str, Standing]:
    """Return how well each run predicts, the best first.

    Parameters
    ----------
    fits
        Runs that `find_comparable_scale` finds comparable.
    offsets
        What puts their log likelihoods on one scale.
    """
    offsets = offsets or {}
    sampled = {name: found for name, fit in fits.items() if (found := estimate_leave_one_out(fit))}
    if sampled:
        return _share_weights(_compare_sampled(fits, sampled, offsets))
    trees = {name: _reduce_tree(fit, offsets.get(name)) for name, fit in fits.items()}
    table = _compare_trees(trees)
    return _share_weights(
        {str(name): _make_standing(row, trees[str(name)]) for name, row in table.iterrows()}
    )


def _compare_trees(trees: Mapping[str, xr.DataTree]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `is_unreliable` reports large k-hats
        return compare(dict(trees), **_UNROUNDED)


def _compare_sampled(
    fits: Mapping[str, Fit], sampled: Mapping[str, SampledLeaveOneOut], offsets: Mapping[str, Floats]
) -> dict[str, Standing]:
    """Return how well runs predict where some are known at a sample of rows: all are compared on those.

    Samples of as many rows hold each other, so the smallest is in all.
    """
    rows = min((found.rows for found in sampled.values()), key=len)
    seen = {
        name: _see_at(rows, sampled.get(name) or _see_all(fit), offsets.get(name))
        for name, fit in fits.items()
    }
    trees = {name: _reduce_tree(fit, offsets.get(name), rows) for name, fit in fits.items()}
    weights = _compare_trees(trees)["weight"]
    totals = {name: estimate_total(each.elpd, each.approximation, rows) for name, each in seen.items()}
    names = sorted(totals, key=lambda name: -totals[name].value)
    best = seen[names[0]]
    return {
        name: _make_sampled_standing(seen[name], totals[name], best, float(weights[name])) for name in names
    }


def _see_all(fit: Fit) -> SampledLeaveOneOut:
    """Return leave-one-out of every row as if it were of a sample."""
    found = compute_leave_one_out(fit)
    rows, draws = np.arange(len(found.elpd)), found.log_weights.shape[1]
    return SampledLeaveOneOut(rows, found.elpd, found.khat, found.p_loo, found.elpd, found.p_loo, draws)


def _see_at(rows: np.ndarray, found: SampledLeaveOneOut, offset: Floats | None) -> SampledLeaveOneOut:
    """Return leave-one-out of some of the rows of a sample, plus an offset."""
    places = np.searchsorted(found.rows, rows)
    offset = np.zeros(len(found.approximation)) if offset is None else offset
    return replace(
        found,
        rows=rows,
        elpd=found.elpd[places] + offset[rows],
        khat=found.khat[places],
        p_loo=found.p_loo[places],
        approximation=found.approximation + offset,
    )


def _make_sampled_standing(
    found: SampledLeaveOneOut, elpd: EstimatedTotal, best: SampledLeaveOneOut, weight: float
) -> Standing:
    p_loo = estimate_total(found.p_loo, found.variance, found.rows)
    below = estimate_total(best.elpd - found.elpd, best.approximation - found.approximation, found.rows)
    bad = int((found.khat > found.khat_limit).sum())
    return Standing(
        elpd=elpd.value,
        se=elpd.se,
        p_loo=p_loo.value,
        difference=below.value,
        difference_se=below.se,
        weight=weight,
        is_unreliable=bad > 0,
        bad_rows=bad,
        khat_max=float(found.khat.max()),
        khat_limit=found.khat_limit,
        elpd_by_row=found.elpd,
        sampled=len(found.rows),
        sampling_se=elpd.sampling_se,
        difference_sampling_se=below.sampling_se,
    )


def _make_standing(row: Mapping[str, float], tree: xr.DataTree) -> Standing:
    """Return how well a run predicts, from its row of ArviZ's table, and its k-hats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `is_unreliable` says the same
        found = loo(tree, pointwise=True)
    khat, limit = np.ravel(np.asarray(found.pareto_k, dtype=float)), float(found.good_k)
    known = khat[~np.isnan(khat)]
    return Standing(
        elpd=float(row["elpd"]),
        se=float(row["se"]),
        p_loo=float(row["p"]),
        difference=abs(float(row["elpd_diff"])),
        difference_se=float(row["dse"]),
        weight=float(row["weight"]),
        is_unreliable=bool(found.warning),
        bad_rows=int((known > limit).sum()),
        khat_max=float(known.max()) if known.size else None,
        khat_limit=limit,
        elpd_by_row=np.ravel(np.asarray(found.elpd_i, dtype=float)),
    )


def _share_weights(standings: dict[str, Standing]) -> dict[str, Standing]:
    """Return standings in which runs that predict as the best one share their weights equally.

    Between equal predictions stacking has no single solution, and would give all weight to one of them.
    """
    equal = [
        name
        for name, standing in standings.items()
        if standing.difference + standing.difference_error < SAME_PREDICTION
    ]
    share = sum(standings[name].weight for name in equal) / max(1, len(equal))
    return {
        name: replace(standing, weight=share) if name in equal else standing
        for name, standing in standings.items()
    }


def _reduce_tree(fit: Fit, offset: Floats | None, rows: np.ndarray | None = None) -> xr.DataTree:
    """Return posterior and log likelihood alone, the latter as one variable over rows, plus an offset.

    The rows are all, or some of those of a sample.
    """
    is_sampled = rows is not None and estimate_leave_one_out(fit) is not None
    log_lik = read_sampled_rows(fit, rows) if is_sampled else read_log_likelihood(fit)
    assert log_lik is not None  # noqa: S101 - the runs are comparable
    if rows is not None and not is_sampled:
        log_lik = log_lik[rows]
    if offset is not None:
        log_lik = log_lik + (offset if rows is None else offset[rows])[:, None]
    kept = find_kept_draws(fit.tree, SAMPLED_ROWS if is_sampled else "log_likelihood")
    posterior = fit.tree["posterior"].to_dataset().isel(draw=kept)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(log_lik))
    dims = ("chain", "draw", "row")
    coords = {name: posterior[name] for name in ("chain", "draw")}
    cells = xr.Dataset({"log_lik": (dims, log_lik.T.reshape(shape))}, coords=coords)
    return xr.DataTree.from_dict({"/posterior": posterior, "/log_likelihood": cells})


def find_doubts(standing: Standing, rows: int, best: Standing | None = None) -> tuple[str, ...]:
    """Return why a difference to the best run is not clear; empty where it is.

    Parameters
    ----------
    standing
        How well a run predicts that is not the best.
    rows
        Rows of the data.
    best
        How well the best predicts, whose k-hats matter as much.

    A difference of many standard errors is clear even with few rows, where the standard error can be half of
    what it should be.

    >>> find_doubts(Standing(-10, 1, 2, 3.0, 1.0, 0.1, False), 50)
    ('a difference below 4 nats',)
    >>> find_doubts(Standing(-10, 1, 2, 133.6, 10.7, 0.1, False), 50)
    ()
    """
    is_few = rows < FEWEST_COMPARED_ROWS
    errors = ELPD_STANDARD_ERRORS_FEW_ROWS if is_few else ELPD_STANDARD_ERRORS
    doubts = []
    if standing.difference < ELPD_DIFFERENCE_LIMIT:
        doubts.append(f"a difference below {ELPD_DIFFERENCE_LIMIT:g} nats")
    elif standing.difference < errors * standing.difference_error:
        remark = f" with fewer than {FEWEST_COMPARED_ROWS} rows" if is_few else ""
        doubts.append(f"a difference within {errors:g} standard errors{remark}")
    if standing.is_unreliable or (best is not None and best.is_unreliable):
        doubts.append("a k-hat above its limit")
    return tuple(doubts)

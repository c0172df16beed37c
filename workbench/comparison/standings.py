"""Runs compared by what they say of left-out rows: which predicts better, and whether that is clear.

References
----------
Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4. Sivula, Magnusson, Matamoros and Vehtari
(2020), Uncertainty in Bayesian leave-one-out cross-validation based model comparison, arXiv:2008.10296.
Of very many rows, a sample that is the same for all runs: see `sampled_loo.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtr

from workbench.comparison.cross_validation import CrossValidation
from workbench.comparison.leave_one_out import leave_one_out
from workbench.comparison.weights import WeightKind, find_weights
from workbench.diagnostics.common_scale import (
    CommonScale,
    are_plain,
    explain_other_outcome,
    explain_other_weights,
    find_common_scale,
)
from workbench.diagnostics.loo import Floats, compute_leave_one_out, explain_missing_loo
from workbench.diagnostics.sampled_loo import (
    EstimatedTotal,
    SampledLeaveOneOut,
    estimate_leave_one_out,
    estimate_total,
)
from workbench.results import Fit
from workbench.thresholds import (
    ELPD_DIFFERENCE_LIMIT,
    ELPD_STANDARD_ERRORS,
    ELPD_STANDARD_ERRORS_FEW_ROWS,
    FEWEST_COMPARED_ROWS,
)


@dataclass(frozen=True)
class Standing:
    """How well a run predicts, compared with the best.

    Attributes
    ----------
    elpd, se
        Expected log predictive density and its standard error [nats].
    p
        Effective number of parameters.
    difference, difference_se
        How far its elpd is below that of the best run, and the standard error of that [nats]; 0 for the best.
    weight
        Its weight in the average of predictive distributions; `None` where there is none of this kind.
    is_unreliable
        Whether some k-hat is too large for the number of draws.
    bad_units, khat_max, khat_limit
        The rows whose k-hat is too large, the largest k-hat, and up to what it is good.
    elpd_by_unit
        The elpd of each row or group that is left out, or of each sampled row, `(unit,)` [nats].
    ways
        How many units were found in which way, where not all are by importance weights.
    sampled
        The rows that the numbers are estimated from, where these are not all.
    sampling_se, difference_sampling_se
        The standard errors of the elpd and of the difference by that, apart from the others.
    mcse, difference_mcse
        The Monte Carlo standard errors of the elpd and of the difference; `None` where they are not known: a
        k-hat is above its limit, or the numbers are of a sample of rows.
    """

    elpd: float
    se: float
    p: float
    difference: float
    difference_se: float
    weight: float | None
    is_unreliable: bool
    bad_units: int = 0
    khat_max: float | None = None
    khat_limit: float | None = None
    elpd_by_unit: Floats | None = field(default=None, compare=False, repr=False)
    ways: Mapping[str, int] = field(default_factory=dict)
    sampled: int | None = None
    sampling_se: float = 0.0
    difference_sampling_se: float = 0.0
    mcse: float | None = None
    difference_mcse: float | None = None

    @property
    def difference_error(self) -> float:
        """The standard error of the difference, with those by sampling rows and, if known, by Monte Carlo."""
        return math.hypot(self.difference_se, self.difference_sampling_se, self.difference_mcse or 0.0)

    @property
    def p_worse(self) -> float | None:
        """How probable it is that the run predicts worse than the best; `None` for the best itself.

        By the normal distribution of the difference, which few or very similar units make doubtful: see
        `find_doubts`.

        >>> Standing(-10, 1, 2, 8.0, 4.0, 0.1, False).p_worse
        0.977249...
        """
        if self.difference == 0 and self.difference_error == 0:
            return None
        if self.difference_error == 0:
            return 1.0
        return float(ndtr(self.difference / self.difference_error))


def find_comparable_scale(
    fits: Mapping[str, Fit], left_out: Mapping[str, CrossValidation] | None = None
) -> CommonScale:
    """Return the scale on which runs can be compared by what they say of left-out rows, or what prevents it.

    Parameters
    ----------
    fits
        The runs by name.
    left_out
        What each says of left-out units, where that was found by other fits.
    """
    if other := explain_other_outcome(fits):
        return CommonScale(obstacle=other)
    if left_out is not None:
        return _find_scale_of_units(fits, left_out)
    missing = find_missing(fits)
    return CommonScale(obstacle=next(iter(missing.values()))) if missing else find_common_scale(fits)


def find_missing(fits: Mapping[str, Fit]) -> dict[str, str]:
    """Return why runs have no leave-one-out, in a sentence each; nothing of those that have one."""
    return {
        name: f"`{name}` has no leave-one-out: {reason}"
        for name, fit in fits.items()
        if (reason := explain_missing_loo(fit)) and estimate_leave_one_out(fit) is None
    }


def explain_no_comparison(fits: Mapping[str, Fit], *, has_folds: bool) -> str:
    """Return why runs cannot be compared, whatever fits without some rows find; empty where they may be.

    Parameters
    ----------
    fits
        The runs by name.
    has_folds
        Whether rows are left out in folds: runs with the same outcome need not model the same rows then, as
        long as they predict the same left-out values.
    """
    if other := explain_other_outcome(fits):
        return other
    return "" if has_folds and are_plain(fits) else find_common_scale(fits).obstacle


def _find_scale_of_units(fits: Mapping[str, Fit], left_out: Mapping[str, CrossValidation]) -> CommonScale:
    (first, reference), *others = left_out.items()
    for name, found in others:
        if found.folds != reference.folds or len(found.elpd) != len(reference.elpd):
            return CommonScale(obstacle=f"`{name}` and `{first}` were not divided in the same way.")
    together = np.logical_and.reduce([~np.isnan(found.elpd) for found in left_out.values()])
    if not together.any():
        return CommonScale(obstacle="no left-out unit was predicted by all of them.")
    if other := explain_other_weights(fits):
        return CommonScale(obstacle=other)
    if reference.folds and are_plain(fits):  # equal folds leave out equal values, of equal rows
        return CommonScale()
    scale = find_common_scale(fits)
    if scale.offsets and (reference.rows != 1).any():
        obstacle = (
            "their outcomes are on different scales, and densities of whole groups cannot be put on one."
        )
        return CommonScale(obstacle=obstacle)
    return scale


def compare_predictions(
    fits: Mapping[str, Fit],
    offsets: Mapping[str, Floats] | None = None,
    left_out: Mapping[str, CrossValidation] | None = None,
    *,
    weights: WeightKind = "stacking",
) -> dict[str, Standing]:
    """Return how well each run predicts, the best first.

    Parameters
    ----------
    fits
        Runs that `find_comparable_scale` finds comparable.
    offsets
        What puts their log likelihoods on one scale.
    left_out
        What each says of left-out units; leave-one-out by importance weights where it is missing.
    weights
        How they are weighted; of evidence there are none here.
    """
    offsets = offsets or {}
    if left_out is None:
        sampled = {name: found for name, fit in fits.items() if (found := estimate_leave_one_out(fit))}
        if sampled:
            return _compare_sampled(fits, sampled, offsets, weights)
        left_out = {name: leave_one_out(fit) for name, fit in fits.items()}
    moved = {
        name: replace(found, elpd=found.elpd + offsets[name]) if name in offsets else found
        for name, found in left_out.items()
    }
    return _compare_units(moved, weights)


def _compare_units(left_out: Mapping[str, CrossValidation], weights: WeightKind) -> dict[str, Standing]:
    """Return standings over the units that all runs predict."""
    is_shared = np.logical_and.reduce([~np.isnan(found.elpd) for found in left_out.values()])
    elpd = {name: found.elpd[is_shared] for name, found in left_out.items()}
    shares = None if weights == "evidence" else find_weights(weights, elpd)
    order = sorted(elpd, key=lambda name: -float(elpd[name].sum()))
    best, noise = elpd[order[0]], left_out[order[0]].sum_mcse
    return {
        name: _make_standing(
            left_out[name],
            is_shared,
            best - elpd[name],
            0.0 if name == order[0] else noise,
            None if shares is None else shares[name],
        )
        for name in order
    }


def _make_standing(
    found: CrossValidation, is_shared: np.ndarray, below: Floats, noise: float | None, weight: float | None
) -> Standing:
    """Return how well a run predicts, given how far each unit is below the best, and the noise of that."""
    elpd, khat = found.elpd[is_shared], found.khat[is_shared]
    known = khat[~np.isnan(khat)]
    bad = int((known > found.khat_limit).sum())
    ways = found.count_ways()
    return Standing(
        elpd=float(elpd.sum()),
        se=_estimate_error(elpd),
        p=float(found.p[is_shared].sum()),
        difference=float(below.sum()),
        difference_se=_estimate_error(below),
        weight=weight,
        is_unreliable=bad > 0,
        bad_units=bad,
        khat_max=float(known.max()) if known.size else None,
        khat_limit=found.khat_limit,
        elpd_by_unit=elpd,
        mcse=found.sum_mcse,
        difference_mcse=_add_noise(found.sum_mcse, noise) if below.any() else 0.0,
        ways={} if set(ways) <= {"importance weights"} else ways,
    )


def _add_noise(one: float | None, other: float | None) -> float | None:
    """Return the Monte Carlo error of a difference of runs, whose draws are independent."""
    return None if one is None or other is None else math.hypot(one, other)


def _estimate_error(values: Floats) -> float:
    """Return the standard error of a sum over units."""
    return math.sqrt(len(values)) * float(values.std())


def _compare_sampled(
    fits: Mapping[str, Fit],
    sampled: Mapping[str, SampledLeaveOneOut],
    offsets: Mapping[str, Floats],
    weights: WeightKind,
) -> dict[str, Standing]:
    """Return how well runs predict where some are known at a sample of rows: all are compared on those.

    Samples of as many rows hold each other, so the smallest is in all.
    """
    rows = min((found.rows for found in sampled.values()), key=len)
    seen = {
        name: _see_at(rows, sampled.get(name) or _see_all(fit), offsets.get(name))
        for name, fit in fits.items()
    }
    elpd = {name: each.elpd for name, each in seen.items()}
    shares = None if weights == "evidence" else find_weights(weights, elpd)
    totals = {name: estimate_total(each.elpd, each.approximation, rows) for name, each in seen.items()}
    names = sorted(totals, key=lambda name: -totals[name].value)
    best = seen[names[0]]
    return {
        name: _make_sampled_standing(seen[name], totals[name], best, None if shares is None else shares[name])
        for name in names
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
    found: SampledLeaveOneOut, elpd: EstimatedTotal, best: SampledLeaveOneOut, weight: float | None
) -> Standing:
    p_loo = estimate_total(found.p_loo, found.variance, found.rows)
    below = estimate_total(best.elpd - found.elpd, best.approximation - found.approximation, found.rows)
    bad = int((found.khat > found.khat_limit).sum())
    return Standing(
        elpd=elpd.value,
        se=elpd.se,
        p=p_loo.value,
        difference=below.value,
        difference_se=below.se,
        weight=weight,
        is_unreliable=bad > 0,
        bad_units=bad,
        khat_max=float(found.khat.max()),
        khat_limit=found.khat_limit,
        elpd_by_unit=found.elpd,
        sampled=len(found.rows),
        sampling_se=elpd.sampling_se,
        difference_sampling_se=below.sampling_se,
    )


def find_doubts(
    standing: Standing, rows: int, best: Standing | None = None, unit: str = "row"
) -> tuple[str, ...]:
    """Return why a difference to the best run is not clear; empty where it is.

    Parameters
    ----------
    standing
        How well a run predicts that is not the best.
    rows
        Rows or groups that were left out.
    best
        How well the best predicts, whose k-hats matter as much.
    unit
        What is left out at a time.

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
        remark = f" with fewer than {FEWEST_COMPARED_ROWS} {unit}s" if is_few else ""
        doubts.append(f"a difference within {errors:g} standard errors{remark}")
    if standing.is_unreliable or (best is not None and best.is_unreliable):
        doubts.append("a k-hat above its limit")
    return tuple(doubts)

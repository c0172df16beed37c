"""Weights of models whose predictions are averaged.

References
----------
Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive distributions, Bayesian
Analysis 13, 917-1007, doi:10.1214/17-BA1091: stacking in section 2, pseudo-BMA with the Bayesian bootstrap in
section 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, minimize

from workbench.comparison.cross_validation import Floats
from workbench.thresholds import SAME_PREDICTION

WeightKind: TypeAlias = Literal["stacking", "pseudo-bma", "evidence"]
"""By the mixture that predicts left-out units best, by each model's elpd and its uncertainty, by evidence."""

WEIGHT_KINDS: tuple[WeightKind, ...] = get_args(WeightKind)
"""All kinds."""

_BOOTSTRAP_DRAWS = 1_000
"""Draws of the Bayesian bootstrap, as ArviZ takes them."""

_BOOTSTRAP_SEED = 124
"""The seed of ArviZ, so that its numbers come out."""

_BLOCK = 64
"""Draws of the bootstrap that are held at a time: 25 MB of 50,000 rows. Ours."""

_GAP = 1e-6
"""Nats per unit that the score of stacking may be below its maximum. Ours: far below any standard error."""

_STEPS = 20_000
"""Most steps of the multiplicative iteration that ends stacking. Ours."""


def find_weights(kind: Literal["stacking", "pseudo-bma"], elpd: Mapping[str, Floats]) -> dict[str, float]:
    """Return the weight of each model; they sum to 1.

    Models that predict every unit alike share their weight equally: stacking has no single solution there.

    Parameters
    ----------
    kind
        How weights are found. Those of an evidence are the models' posterior probabilities, found elsewhere.
    elpd
        By model, the log predictive density of each left-out unit [nats], `(unit,)`, of the same units and on
        one scale; units that are NaN in some model are left out.

    Raises
    ------
    ValueError
        There is no model, or no unit that all of them predict.

    >>> find_weights("stacking", {"a": np.array([0.0, -3.0]), "b": np.array([-3.0, 0.0])})
    {'a': 0.5, 'b': 0.5}
    """
    table = np.column_stack(list(elpd.values()))
    table = table[~np.isnan(table).any(axis=1)]
    if not table.size:
        raise ValueError("no unit is predicted by all models.")
    found = _stack(table) if kind == "stacking" else _average_by_elpd(table)
    shared = _share_among_equal(table, found)
    return dict(zip(elpd, map(float, shared), strict=True))


def _stack(table: Floats) -> Floats:
    """Return the weights of the mixture with the highest log score.

    A solution by sequential quadratic programming is finished by a multiplicative iteration, which never
    lowers the score. No mixture is better by more than the largest mean ratio of a model's density to that of
    the mixture, less 1.
    """
    densities = np.exp(table - table.max(axis=1, keepdims=True))
    size = table.shape[1]

    def score(weights: Floats) -> float:
        return float(-np.log(np.maximum(densities @ weights, np.finfo(float).tiny)).mean())

    def differentiate(weights: Floats) -> Floats:
        mixture = np.maximum(densities @ weights, np.finfo(float).tiny)
        return np.asarray(-(densities / mixture[:, None]).mean(axis=0))

    found = minimize(
        score,
        np.full(size, 1 / size),
        jac=differentiate,
        method="SLSQP",
        bounds=Bounds(np.zeros(size), np.ones(size)),
        constraints=LinearConstraint(np.ones(size), 1, 1),
        options={"ftol": 1e-12},
    )
    start = np.clip(found.x, 1e-9, None) if np.isfinite(found.x).all() else np.full(size, 1 / size)
    weights = start / start.sum()
    for _ in range(_STEPS):
        ratios = -differentiate(weights)
        if ratios.max() - 1 < _GAP:
            break
        weights = weights * ratios
    return np.asarray(weights / weights.sum())


def _average_by_elpd(table: Floats) -> Floats:
    """Return the mean over Bayesian bootstraps of the units of weights by elpd: pseudo-BMA+."""
    units, size = table.shape
    state = np.random.RandomState(_BOOTSTRAP_SEED)
    total = np.zeros(size)
    for first in range(0, _BOOTSTRAP_DRAWS, _BLOCK):
        shares = state.dirichlet(np.ones(units), min(_BLOCK, _BOOTSTRAP_DRAWS - first))
        sums = units * (shares @ table)
        weights = np.exp(sums - sums.max(axis=1, keepdims=True))
        total += (weights / weights.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.asarray(total / _BOOTSTRAP_DRAWS)


def _share_among_equal(table: Floats, weights: Floats) -> Floats:
    """Return weights that are equal among models that predict as the best one does."""
    below = table[:, [np.argmax(table.sum(axis=0))]] - table
    total, error = below.sum(axis=0), math.sqrt(len(table)) * below.std(axis=0)
    is_equal = np.abs(total) + error < SAME_PREDICTION
    return np.where(is_equal, weights[is_equal].sum() / max(1, is_equal.sum()), weights)

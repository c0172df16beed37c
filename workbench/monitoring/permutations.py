"""Rows of a batch among those of a reference and of all earlier batches: transforms by permutation.

While the rows of a batch are like all rows before them, any of these might as well have been the batch: the
rank of a statistic among those of random subsets is uniform. Given which rows there are up to some batch, it
does not depend on the order in which they came, from which the ranks of earlier batches were computed: so the
ranks of successive batches are independent, although all of them are compared with the same rows.

References
----------
Vovk (2021), Testing randomness online, Statistical Science 36(4), doi:10.1214/20-STS817.
Székely and Rizzo (2013), Energy statistics: a class of statistics based on distances, Journal of Statistical
Planning and Inference 143(8), doi:10.1016/j.jspi.2013.03.018.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.monitoring.transforms import rank_among, standardize_among

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SUBSETS = 5_000
"""Random subsets that a batch is compared with. Ours: beyond all of them the tail is fitted."""

_AT_ONCE = 4_000_000
"""Memberships of rows in subsets that are in memory together. Ours: 16 MB."""

Statistic = Callable[[NDArray[np.float32], int], Floats]
"""Returns a statistic of each subset, `(m,)` or `(m, k)`: from which rows belong to it, `(m, p)`, and how
many they are."""


def choose_pool(batch: int, earlier: int, most: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Return which rows of a batch and which earlier ones are compared, at random where there are many.

    Parameters
    ----------
    batch, earlier
        The numbers of rows.
    most
        How many rows are compared at most; half of them may be the batch's.
    rng
        Chooses them.

    >>> [len(rows) for rows in choose_pool(10, 300, 200, np.random.default_rng(1))]
    [10, 190]
    """
    own = min(batch, max(most // 2, most - earlier))
    others = min(earlier, most - own)
    chosen = (
        np.arange(count) if taken == count else rng.choice(count, taken, replace=False)
        for count, taken in ((batch, own), (earlier, others))
    )
    first, second = chosen
    return first, second


def permute(
    batch: int, rows: int, statistics: Sequence[Statistic], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the transforms and the scores of statistics of the first rows among random subsets, each `(k,)`.

    Parameters
    ----------
    batch
        How many rows at the beginning are the batch.
    rows
        How many rows there are; without any but the batch there is nothing to compare with: `nan`.
    statistics
        What is computed of a subset.
    rng
        Chooses subsets.
    """
    observed = _compute(statistics, np.arange(rows)[None] < batch, batch)[0]
    if rows == batch:
        return np.full(len(observed), np.nan), np.full(len(observed), np.nan)
    step = max(1, _AT_ONCE // rows)
    found = []
    for first in range(0, _SUBSETS, step):
        order = rng.random((min(step, _SUBSETS - first), rows), dtype=np.float32)
        # Ties of single precision are broken by place: rows stand in random order.
        members = np.zeros(order.shape, dtype=bool)
        np.put_along_axis(members, np.argpartition(order, batch - 1, axis=1)[:, :batch], True, axis=1)
        found.append(_compute(statistics, members, batch))
    simulated = np.concatenate(found)
    # The same subset may differ in the last digits by how it was summed.
    scale = np.abs(simulated).max(axis=0)
    scale = np.where(scale > 0, scale, 1)
    ranks = rank_among(np.round(observed / scale, 6), np.round(simulated / scale, 6), rng)
    return ranks, standardize_among(observed / scale, simulated / scale)


def _compute(statistics: Sequence[Statistic], members: NDArray[np.bool_], batch: int) -> Floats:
    shares = members.astype(np.float32)
    return np.concatenate(
        [np.asarray(each(shares, batch), dtype=float).reshape(len(shares), -1) for each in statistics], axis=1
    )


def mean_of(scores: Floats) -> Statistic:
    """Return the statistic that is the mean of each score of the rows, `(p, k)`."""
    scale = np.nanstd(scores, axis=0)
    standardized = ((scores - scores.mean(axis=0)) / np.where(scale > 0, scale, 1)).astype(np.float32)

    def compute(members: NDArray[np.float32], batch: int) -> Floats:
        found: Floats = (members @ standardized / batch).astype(float)
        return found

    return compute


def unevenness_of(codes: Integers) -> Statistic:
    """Return Pearson's chi-square between the levels of a subset and those of all rows, `(p,)`."""
    levels, places = np.unique(codes, return_inverse=True)
    indicators = np.zeros((len(codes), len(levels)), dtype=np.float32)
    indicators[np.arange(len(codes)), places] = 1
    share = indicators.mean(axis=0)

    def compute(members: NDArray[np.float32], batch: int) -> Floats:
        expected = batch * share
        found: Floats = (((members @ indicators - expected) ** 2) / expected).sum(axis=1).astype(float)
        return found

    return compute


def energy_of(points: Floats) -> Statistic:
    """Return the energy distance between a subset and the other rows, which lie at points `(p, d)`."""
    squares = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)).astype(np.float32)
    np.fill_diagonal(distances, 0)
    sums = distances.sum(axis=1)
    total = float(sums.sum(dtype=float))

    def compute(members: NDArray[np.float32], batch: int) -> Floats:
        others = max(1, len(points) - batch)
        within = ((members @ distances) * members).sum(axis=1).astype(float)
        reach = (members @ sums).astype(float)
        rest = total - 2 * reach + within
        found: Floats = 2 * (reach - within) / (batch * others) - within / batch**2 - rest / others**2
        return found

    return compute

"""What is kept of the log likelihoods of very many rows: a random sample of them, and summaries of each.

All of them at all draws would not fit. Leave-one-out is estimated from these (`diagnostics/sampled_loo.py`).
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import numpy as np

from workbench.backends.base import Floats, Integers, RowSample
from workbench.thresholds import LOO_SAMPLE_ROWS, MOST_POINTWISE

_NUMBERS = re.compile(r"\d+")
"""Indices in the name of a column."""

_SEED = 19045
"""Decides with the number of rows which of them are drawn, so that runs can be compared. Ours."""


def choose_rows(count: int, draws: int) -> Integers:
    """Return which of `count` rows are kept at so many draws: a simple random sample, ascending.

    >>> choose_rows(100_000, 4000).shape
    (1000,)
    """
    size = min(LOO_SAMPLE_ROWS, count, max(1, MOST_POINTWISE // max(1, draws)))
    order = np.random.default_rng([_SEED, count]).permutation(count)
    return np.sort(order[:size])


class RowSampler:
    """Receives draws in blocks, by several threads, and keeps what a row sample needs."""

    def __init__(self, names: list[str], places: Integers, chains: int, draws: int) -> None:
        """Make room.

        Parameters
        ----------
        names
            The columns of the log likelihood.
        places
            Their positions in a row of the draws.
        chains, draws
            Chains, and draws of each.
        """
        self._places = places[_order_cells(names)]
        self._shape = (chains, draws)
        self._chosen = choose_rows(len(names), chains * draws)
        self._sampled = np.empty((chains * draws, len(self._chosen)))
        self._summaries = _Summaries(len(names))

    def take(self, start: int, rows: Floats) -> None:
        """Keep what is needed of rows `(sample, column)`, the first of which has this number."""
        np.take(rows, self._places[self._chosen], axis=1, out=self._sampled[start : start + len(rows)])
        self._summaries.add(start, rows[:, _to_slice(self._places)])

    def finish(self) -> RowSample:
        """Return the sample, once all draws were received."""
        return RowSample(self._chosen, self._sampled.reshape(*self._shape, -1), *self._summaries.finish())


@dataclass(frozen=True)
class _Block:
    """Sums over some draws, `(row,)`: of squares around the mean, and of inverse likelihoods.

    The latter are relative to that of the lowest log likelihood.
    """

    count: int
    mean: Floats
    squares: Floats
    lowest: Floats
    inverse: Floats


class _Summaries:
    """Sums by blocks of draws, joined in the order of the draws: threads change no digit.

    References
    ----------
    Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance, The American Statistician
    37(3), doi:10.1080/00031305.1983.10483115. Importance sampling: Gelfand, Dey and Chang (1992), Model
    determination using predictive distributions, Bayesian Statistics 4.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, _Block] = {}
        self._all = _Block(0, np.zeros(size), np.zeros(size), np.full(size, np.inf), np.zeros(size))

    def add(self, start: int, values: Floats) -> None:
        """Add a block `(sample, row)`."""
        with np.errstate(invalid="ignore", over="ignore"):  # a log likelihood of minus infinity
            mean, lowest = values.mean(axis=0), values.min(axis=0)
            squares, inverse = np.zeros_like(mean), np.zeros_like(mean)
            for value in values:  # all at once would take the memory of the block again
                squares += (value - mean) ** 2
                inverse += np.exp(lowest - value)
        with self._lock:
            self._waiting[start] = _Block(len(values), mean, squares, lowest, inverse)
            while self._all.count in self._waiting:
                self._all = _join(self._all, self._waiting.pop(self._all.count))

    def finish(self) -> tuple[Floats, Floats, Floats]:
        """Return elpd, mean and variance."""
        found = self._all
        with np.errstate(invalid="ignore"):
            elpd = found.lowest - np.log(found.inverse / found.count)
        return elpd, found.mean, found.squares / max(1, found.count - 1)


def _join(first: _Block, second: _Block) -> _Block:
    count = first.count + second.count
    with np.errstate(invalid="ignore", over="ignore"):
        shift = second.mean - first.mean
        lowest = np.minimum(first.lowest, second.lowest)
        return _Block(
            count,
            first.mean + shift * (second.count / count),
            first.squares + second.squares + shift**2 * (first.count * second.count / count),
            lowest,
            first.inverse * np.exp(lowest - first.lowest) + second.inverse * np.exp(lowest - second.lowest),
        )


def _order_cells(names: list[str]) -> Integers:
    """Return the positions of columns in row-major order of their indices."""
    if len(_read_indices(names[0])) == 1:  # they come in the order of their index
        return np.arange(len(names))
    indices = np.array([_read_indices(name) for name in names])
    return np.lexsort(indices.T[::-1])


def _read_indices(name: str) -> list[int]:
    return [int(number) for number in _NUMBERS.findall(name.partition("[")[2])]


def _to_slice(places: Integers) -> Integers | slice:
    """Return positions that follow each other as a slice, which copies nothing; others as they are."""
    is_run = bool((np.diff(places) == 1).all())
    return slice(int(places[0]), int(places[-1]) + 1) if is_run else places

"""Mean, SD and quantiles of many elements, each over its draws; draws that are missing do not count.

Elements are taken some at a time and sorted once, so that a table of any length costs little memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.prediction.predictions import Floats

_BLOCK = 250
"""Elements that are summarised together: with some thousand draws they fit into the processor's cache."""


@dataclass(frozen=True)
class DrawSummary:
    """Elements over their draws.

    Attributes
    ----------
    mean, sd
        `(e,)`; the SD with divisor n - 1, zero where all draws are equal. NaN without a draw.
    quantiles
        `(p, e)`.
    """

    mean: Floats
    sd: Floats
    quantiles: Floats


@dataclass(frozen=True)
class Differences:
    """Draws less something that belongs to each of them.

    Attributes
    ----------
    count
        How many draws are there, `(e,)`.
    mean, sd, mean_square
        Of the differences, `(e,)`.
    """

    count: NDArray[np.int64]
    mean: Floats
    sd: Floats
    mean_square: Floats


def summarise_draws(draws: Floats, probabilities: Sequence[float] = ()) -> DrawSummary:
    """Return mean, SD and quantiles of each element.

    Parameters
    ----------
    draws
        `(s, e)`, NaN where a draw is missing.
    probabilities
        Of which quantiles. Between two draws they are interpolated (type 7 of Hyndman and Fan 1996,
        https://doi.org/10.1080/00031305.1996.10473566).
    """
    count = draws.shape[1]
    mean, sd = np.full(count, np.nan), np.full(count, np.nan)
    quantiles = np.full((len(probabilities), count), np.nan)
    for place, block in _iterate_blocks(draws):
        block.sort(axis=1)  # missing draws come last
        present = _count_present(block)
        mean[place], sd[place] = _find_moments(block, present)
        quantiles[:, place] = _read_quantiles(block, present, probabilities)
    return DrawSummary(mean, sd, quantiles)


def compare_draws(draws: Floats, expected: Floats) -> Differences:
    """Return the differences between draws and something that belongs to each of them, both `(s, e)`."""
    count = draws.shape[1]
    found = Differences(np.zeros(count, dtype=np.int64), *(np.full(count, np.nan) for _ in range(3)))
    for place, block in _iterate_blocks(draws):
        block -= expected[:, place].T
        present = np.isfinite(block).sum(axis=1)
        if present.min() < block.shape[1]:
            block[~np.isfinite(block)] = np.nan
        found.count[place] = present
        found.mean[place], found.sd[place] = _find_moments(block, present)
        np.square(block, out=block)
        found.mean_square[place] = _find_moments(block, present)[0]
    return found


def _iterate_blocks(draws: Floats) -> Iterator[tuple[slice, Floats]]:
    """Yield the places of some elements and a copy of their draws, `(e, s)`."""
    for first in range(0, draws.shape[1], _BLOCK):
        place = slice(first, first + _BLOCK)
        yield place, np.array(draws[:, place].T, dtype=float, order="C")


def _count_present(ordered: Floats) -> NDArray[np.int64]:
    if not np.isnan(ordered[:, -1:]).any():
        return np.full(len(ordered), ordered.shape[1])
    present: NDArray[np.int64] = ordered.shape[1] - np.isnan(ordered).sum(axis=1)
    return present


def _find_moments(block: Floats, present: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the mean and the SD of each element, `(e,)`; of equal draws the SD is exactly zero."""
    is_missing = np.isnan(block) if (present < block.shape[1]).any() else np.zeros((1, 1), dtype=bool)
    filled = np.where(is_missing, 0.0, block) if is_missing.any() else block
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=1) / present
        deviations = np.where(is_missing, 0.0, filled - mean[:, None])
        sd = np.sqrt(np.square(deviations, out=deviations).sum(axis=1) / np.maximum(present - 1, 1))
    is_equal = np.nanmax(block, axis=1, initial=-np.inf) == np.nanmin(block, axis=1, initial=np.inf)
    return mean, np.where(is_equal, 0.0, np.where(present, sd, np.nan))


def _read_quantiles(ordered: Floats, present: NDArray[np.int64], probabilities: Sequence[float]) -> Floats:
    """Return quantiles of ordered draws, `(p, e)`."""
    rows = np.arange(len(ordered))
    found = np.full((len(probabilities), len(ordered)), np.nan)
    for number, probability in enumerate(probabilities):
        position = probability * np.maximum(present - 1, 0)
        below = np.floor(position).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(present - 1, 0))
        low, high = ordered[rows, below], ordered[rows, above]
        share = position - below
        with np.errstate(invalid="ignore"):  # between infinite draws there are no steps
            found[number] = np.where(share > 0, low + (high - low) * share, low)
    return found

"""Which draws of which quantities are in the page, so that it stays below its size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.results.quantities import owner

MOST_DRAWS = 20_000
"""The most draws of a quantity, of all chains together; more would show nothing new. Ours."""

LEAST_DRAWS = 1_000
"""The draws of a quantity, of all chains together, below which quantities are left out instead. Ours."""


_EXTRA_SHARE = 10
"""One in how many draws, at most, is a divergent one that thinning would have left out. Ours."""


@dataclass(frozen=True)
class Choice:
    """What is in the page.

    Attributes
    ----------
    every
        Of each chain, every so manieth draw is kept, from its first on.
    positions
        The numbers of the draws kept of each chain, from 0.
    extra_chains, extra_draws
        The chains and the numbers of further draws, which diverged: they are marked, and count nowhere.
    names
        Stan's names of the quantities, in the order of the page.
    left_out
        The quantities that are not in it.
    """

    every: int
    positions: NDArray[np.int64]
    extra_chains: NDArray[np.int64]
    extra_draws: NDArray[np.int64]
    names: tuple[str, ...]
    left_out: tuple[str, ...]


def choose_draws(description_sizes: Mapping[str, int], divergent: NDArray[np.bool_], budget: int) -> Choice:
    """Return what fits: as many draws as possible of all quantities, else the least of as many as possible.

    Parameters
    ----------
    description_sizes
        How much the description of each quantity takes [bytes], by Stan's name; the first are left out last.
    divergent
        Which draws diverged `(chain, draw)`.
    budget
        What all draws and their descriptions may take [bytes].
    """
    chains, draws = divergent.shape
    thinnest = max(1, chains * draws // LEAST_DRAWS)
    every = max(1, math.ceil(chains * draws / MOST_DRAWS))
    described = sum(description_sizes.values())
    while every < thinnest:
        if described + len(description_sizes) * measure_line(_count_values(divergent, every)) <= budget:
            break
        every += 1
    names = _fill(description_sizes, measure_line(_count_values(divergent, every)), budget)
    chosen = set(names)
    return Choice(
        every,
        np.arange(0, draws, every),
        *_choose_extra(divergent, every),
        names,
        tuple(name for name in description_sizes if name not in chosen),
    )


def _choose_extra(divergent: NDArray[np.bool_], every: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return chains and numbers of divergent draws that thinning leaves out; of many, every n-th."""
    left_out = divergent.copy()
    left_out[:, ::every] = False
    chains, draws = np.nonzero(left_out)
    most = max(1, divergent[:, ::every].size // _EXTRA_SHARE)
    step = max(1, math.ceil(len(chains) / most))
    return chains[::step], draws[::step]


def _count_values(divergent: NDArray[np.bool_], every: int) -> int:
    return divergent[:, ::every].size + len(_choose_extra(divergent, every)[0])


def measure_line(values: int) -> int:
    """Return the length of so many 16-bit numbers in base64, with the end of the line [bytes].

    >>> measure_line(3)
    9
    """
    return 4 * math.ceil(2 * values / 3) + 1


def _fill(sizes: Mapping[str, int], line: int, budget: int) -> tuple[str, ...]:
    names: list[str] = []
    for name, size in sizes.items():
        budget -= size + line
        if budget < 0:
            break
        names.append(name)
    return tuple(names)


def name_variables(names: Sequence[str]) -> list[tuple[str, int]]:
    """Return the variables that quantities belong to, with how many quantities of each."""
    counts: dict[str, int] = {}
    for name in names:
        counts[owner(name)] = counts.get(owner(name), 0) + 1
    return list(counts.items())

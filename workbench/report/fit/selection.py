"""Which quantities come first where not all can be shown: the ones with the most to worry about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.report import reading
from workbench.report.reading import Record
from workbench.thresholds import ESS_PER_CHAIN, RHAT_LIMIT

_RHAT_EXCESS = round(RHAT_LIMIT - 1, 6)
"""Largest acceptable excess of R-hat over 1."""

ALL_UP_TO = 40
"""A table of so many quantities keeps the program's order: it is read as a whole."""


def trouble(record: Record, name: str) -> float:
    """Return how far the sampler's account of a quantity is from good; 1 is at a threshold.

    The larger of (R-hat - 1) / 0.01 and 100 effective draws per chain over the smaller effective sample size.

    References
    ----------
    Vehtari et al. (2021), doi:10.1214/20-BA1221, section 4, for both thresholds.
    """
    numbers = reading.estimates(record, "nuts").get(name)
    rhat = reading.number(numbers, "rhat")
    sizes = [size for key in ("ess_bulk", "ess_tail") if (size := reading.number(numbers, key))]
    needed = ESS_PER_CHAIN * (reading.number(reading.part(record, "nuts"), "chains") or 4)
    return max((rhat - 1) / _RHAT_EXCESS if rhat is not None else 0.0, needed / min(sizes) if sizes else 0.0)


@dataclass(frozen=True)
class Mode:
    """The mode that is compared with the posterior mean.

    Attributes
    ----------
    method
        Its part of `run.json`.
    gap
        The entry of `gaps` with its distance from the mean in posterior standard deviations.
    words
        What to call it.
    """

    method: str
    gap: str
    words: str


_MODES = (
    Mode("map", "in_sd", "joint mode (MAP)"),
    Mode("map_unconstrained", "unconstrained_in_sd", "joint mode on the unconstrained scale"),
)


def compared_mode(record: Record) -> Mode | None:
    """Return the MAP where there is one, the unconstrained mode where only that exists, or nothing."""
    return next((mode for mode in _MODES if reading.estimates(record, mode.method)), None)


def gap(record: Record, name: str) -> float | None:
    """Return how far the mode lies above the posterior mean, in posterior standard deviations."""
    mode = compared_mode(record)
    return reading.number(reading.gaps(record, name), mode.gap) if mode else None


def _distance(record: Record, name: str) -> float:
    return abs(gap(record, name) or 0.0)


def by_gap(record: Record) -> list[str]:
    """Return the quantities whose gap is known, the largest first."""
    known = [name for name in reading.part(record, "gaps") if gap(record, name) is not None]
    return sorted(known, key=lambda name: -_distance(record, name))


def in_table_order(record: Record) -> tuple[str, ...]:
    """Return all quantities: in the program's order while that can be overlooked, else the worst first."""
    names = reading.names(record)
    return names if len(names) <= ALL_UP_TO else tuple(worst(record, names))


def worst(record: Record, names: Sequence[str]) -> list[str]:
    """Return quantities with the worst convergence first, and the larger gap where that is equal."""
    return sorted(names, key=lambda name: (-round(trouble(record, name), 2), -_distance(record, name)))


def for_marginals(record: Record, limit: int) -> list[str]:
    """Return the quantities to draw: those whose MAP and mean are furthest apart, in the program's order."""
    candidates = reading.declared_first(record, reading.estimates(record, "nuts"))
    chosen = set(sorted(candidates, key=lambda name: -_distance(record, name))[:limit])
    return [name for name in candidates if name in chosen]


def for_convergence(record: Record, limit: int) -> list[str]:
    """Return the quantities whose chains to draw: the worst, the worst first."""
    candidates = reading.declared_first(record, reading.estimates(record, "nuts"))
    return sorted(candidates, key=lambda name: -trouble(record, name))[:limit]

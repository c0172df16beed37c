"""Which quantities are shown where not all can be: of each variable, those that say most about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.results.quantities import owner, split_element
from workbench.results.view import MapResult, Results
from workbench.thresholds import ESS_PER_CHAIN, RHAT_LIMIT

_WHOLE_UP_TO = 8
"""The most elements that a variable has where it is shown whole although there are many quantities. Ours."""

_USUAL_CHAINS = 4
"""The number of chains where the record does not say it."""


def measure_convergence(results: Results, name: str) -> float:
    """Return how near a quantity is to the limits of R-hat and of effective sample size; 1 is at a limit.

    It is the larger of (R-hat - 1) / 0.01, and 100 draws per chain over the smaller effective sample size.

    References
    ----------
    Vehtari et al. (2021), doi:10.1214/20-BA1221, section 4, for both limits.
    """
    estimate = results.posterior(name)
    sizes = [size for size in (estimate.ess_bulk, estimate.ess_tail) if size]
    needed = count_needed_draws(results)
    from_rhat = (estimate.rhat - 1) / (RHAT_LIMIT - 1) if estimate.rhat is not None else 0.0
    return max(from_rhat, needed / min(sizes) if sizes else 0.0)


def count_needed_draws(results: Results) -> float:
    """Return the smallest acceptable effective sample size of all chains together."""
    return ESS_PER_CHAIN * (results.nuts.chains or _USUAL_CHAINS)


def choose_mode(results: Results) -> MapResult | None:
    """Return the mode to compare with the posterior mean: the MAP, else the unconstrained one, else none."""
    modes = (results.map, results.map_unconstrained)
    return next((mode for mode in modes if mode.is_ok and mode.estimates), None)


def name_mode(mode: MapResult) -> str:
    """Return what to call a mode in a sentence."""
    return "joint mode on the unconstrained scale" if mode.jacobian else "joint mode (MAP)"


def measure_gap(results: Results, name: str) -> float | None:
    """Return how far the compared mode lies above the posterior mean [posterior SD]; `None` where unknown."""
    mode, gap = choose_mode(results), results.gap(name)
    if mode is None:
        return None
    return gap.unconstrained_in_sd if mode.jacobian else gap.in_sd


def rank_by_gap(results: Results) -> list[str]:
    """Return the quantities whose gap is known, the largest first."""
    known = [name for name in results.gaps if measure_gap(results, name) is not None]
    return sorted(known, key=lambda name: -_measure_distance(results, name))


@dataclass(frozen=True)
class Fold:
    """The elements of a variable that share a row.

    Attributes
    ----------
    title
        What the row is called: `theta[1..500]`.
    names
        Stan's names of the elements.
    """

    title: str
    names: tuple[str, ...]


def choose_rows(results: Results, most: int) -> list[str | Fold]:
    """Return the rows of a table: quantities, and arrays of which all elements share a row.

    Every variable has a row, in the order of the program. While there are at most `most` quantities, each has
    its own. Of a large array the row of all elements is followed by those with the worst convergence and with
    the largest gap between mode and mean, unless even these are too many.
    """
    if len(results.quantities) <= most:
        return list(results.quantities)
    variables: dict[str, list[str]] = {}
    for name in results.quantities:
        variables.setdefault(owner(name), []).append(name)
    parts: list[list[str | Fold]] = [
        list(names) if len(names) <= _WHOLE_UP_TO else [_fold(names), *_find_extremes(results, names)]
        for names in variables.values()
    ]
    surplus = sum(map(len, parts)) - most
    for position, names in reversed(list(enumerate(variables.values()))):
        if surplus > 0 and len(names) > 1:
            surplus -= len(parts[position]) - 1
            parts[position] = [_fold(names)]
    return [row for part in parts for row in part]


def choose_representatives(results: Results, most: int) -> list[str]:
    """Return the quantities of a short table, in the order of the program.

    Every variable has one as far as there is room; then come those with the worst convergence.
    """
    rows = choose_rows(results, most)
    single = [row for row in rows if isinstance(row, str)]
    folded = [row for row in rows if isinstance(row, Fold) and set(single).isdisjoint(row.names)]
    chosen = {*single, *(row.names[0] for row in folded)}
    names = [name for name in results.quantities if name in chosen][:most]
    others = sorted(
        set(results.quantities).difference(names), key=lambda name: -measure_convergence(results, name)
    )
    chosen = {*names, *others[: most - len(names)]}
    return [name for name in results.quantities if name in chosen]


def _fold(names: Sequence[str]) -> Fold:
    """Return the row of all elements of a variable.

    >>> _fold(["S[1,1]", "S[2,1]", "S[1,2]", "S[2,2]"]).title
    'S[1..2,1..2]'
    """
    indices = [split_element(name)[1] for name in names]
    if not all(indices):
        return Fold(f"{owner(names[0])} ({len(names)} numbers)", tuple(names))
    ends = [(min(axis) + 1, max(axis) + 1) for axis in zip(*indices, strict=True)]
    inside = ",".join(f"{first}..{last}" if first < last else str(first) for first, last in ends)
    return Fold(f"{owner(names[0])}[{inside}]", tuple(names))


def _find_extremes(results: Results, names: Sequence[str]) -> list[str]:
    """Return the elements with the worst convergence and with the largest gap."""
    worst = max(names, key=lambda name: measure_convergence(results, name))
    farthest = max(names, key=lambda name: _measure_distance(results, name))
    return [name for name in names if name in (worst, farthest)]


def choose_for_marginals(results: Results, limit: int) -> list[str]:
    """Return the quantities with the largest gaps between mode and mean, in the order of the program."""
    candidates = results.declared_first(results.estimates("nuts"))
    chosen = set(sorted(candidates, key=lambda name: -_measure_distance(results, name))[:limit])
    return [name for name in candidates if name in chosen]


def choose_for_convergence(results: Results, limit: int) -> list[str]:
    """Return the quantities with the worst convergence, the worst first."""
    candidates = results.declared_first(results.estimates("nuts"))
    return sorted(candidates, key=lambda name: -measure_convergence(results, name))[:limit]


def _measure_distance(results: Results, name: str) -> float:
    return abs(measure_gap(results, name) or 0.0)

"""Which quantities are shown where not all can be: of each variable, those that say most about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workbench.results.quantities import owner, split_element
from workbench.results.view import BLOCKS, MapResult, Results
from workbench.thresholds import ESS_PER_CHAIN, RHAT_LIMIT

_WHOLE_UP_TO = 4
"""The most elements of a transformed parameter or generated quantity that is shown whole. Ours."""

_LARGE = 8
"""The most elements of a parameter that is shown whole although there are many rows. Ours."""

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


def choose_rows(
    results: Results,
    names: Iterable[str],
    most: int,
    find_extremes: Callable[[Results, Sequence[str]], list[str]],
) -> list[str | Fold]:
    """Return the rows of a table: quantities, and arrays of which all elements share a row.

    Every variable has a row, parameters first. Arrays of transformed parameters and generated quantities are
    folded, and large arrays of parameters where there are more than `most` rows. The row of all elements is
    followed by those that say most about them, unless even these are too many.

    Parameters
    ----------
    results
        The results of a run.
    names
        The quantities of the table.
    most
        The rows up to which large arrays of parameters are shown whole.
    find_extremes
        Returns the elements of an array that have rows of their own.
    """
    variables: dict[str, list[str]] = {}
    for name in names:
        variables.setdefault(owner(name), []).append(name)
    parts: list[list[str | Fold]] = [
        [_fold(group), *find_extremes(results, group)]
        if len(group) > _WHOLE_UP_TO and results.find_block(group[0]) != BLOCKS[0]
        else list(group)
        for group in variables.values()
    ]
    groups = list(variables.values())
    for limit, with_extremes in ((_LARGE, True), (_LARGE, False), (1, False)):
        for place in reversed(range(len(groups))):
            if sum(map(len, parts)) > most and len(groups[place]) > limit:
                extremes = find_extremes(results, groups[place]) if with_extremes else []
                parts[place] = [_fold(groups[place]), *extremes]
    return [row for part in parts for row in part]


def choose_representatives(results: Results, most: int) -> list[str]:
    """Return the quantities of a short table, in the order of the program.

    Every variable has one as far as there is room; then come those with the worst convergence.
    """
    if len(results.quantities) <= most:
        return list(results.quantities)
    rows = choose_rows(results, results.quantities, most, find_notable)
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
    >>> _fold(["t.1[1]", "t.1[2]", "t.2[1,1]", "t.2[1,2]"]).title
    't (4 numbers)'
    """
    arrays, indices = zip(*map(split_element, names), strict=True)
    if not all(indices) or len(set(arrays)) > 1:
        return Fold(f"{owner(names[0])} ({len(names)} numbers)", tuple(names))
    ends = [(min(axis) + 1, max(axis) + 1) for axis in zip(*indices, strict=True)]
    inside = ",".join(f"{first}..{last}" if first < last else str(first) for first, last in ends)
    return Fold(f"{arrays[0]}[{inside}]", tuple(names))


def find_notable(results: Results, names: Sequence[str]) -> list[str]:
    """Return the elements of an array with the worst convergence and with the largest posterior mean."""
    worst = max(names, key=lambda name: measure_convergence(results, name))
    largest = max(names, key=lambda name: abs(results.posterior(name).mean or 0.0))
    return [name for name in names if name in (worst, largest)]


def find_farthest(results: Results, names: Sequence[str]) -> list[str]:
    """Return the element of an array with the largest gap between mode and mean, where gaps are known."""
    known = [name for name in names if measure_gap(results, name) is not None]
    return [max(known, key=lambda name: _measure_distance(results, name))] if known else []


def choose_for_marginals(results: Results, limit: int) -> list[str]:
    """Return the quantities with the largest gaps between mode and mean, in the order of the program.

    Every variable has one before any has two.
    """
    candidates = results.declared_first(results.estimates("nuts"))
    chosen = set(_alternate(sorted(candidates, key=lambda name: -_measure_distance(results, name)))[:limit])
    return [name for name in candidates if name in chosen]


def choose_for_convergence(results: Results, limit: int) -> list[str]:
    """Return the quantities with the worst convergence, the worst first; each of another variable, if any."""
    candidates = results.declared_first(results.estimates("nuts"))
    return _alternate(sorted(candidates, key=lambda name: -measure_convergence(results, name)))[:limit]


def _alternate(names: Iterable[str]) -> list[str]:
    """Return names with the first of each variable before the second of any.

    >>> _alternate(["b[2]", "b[1]", "a", "c[3]", "c[1]"])
    ['b[2]', 'a', 'c[3]', 'b[1]', 'c[1]']
    """
    seen: Counter[str] = Counter()
    ranks = {}
    for name in names:
        seen[owner(name)] += 1
        ranks[name] = seen[owner(name)]
    return sorted(ranks, key=lambda name: ranks[name])


def _measure_distance(results: Results, name: str) -> float:
    return abs(measure_gap(results, name) or 0.0)

"""Which quantities come first where not all can be shown: those with the worst convergence or largest gap."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.results.view import MapResult, Results
from workbench.thresholds import ESS_PER_CHAIN, RHAT_LIMIT

ALL_UP_TO = 40
"""The most quantities that a table lists in the order of the program; with more, the worst come first."""

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


def rank_by_convergence(results: Results, names: Sequence[str]) -> list[str]:
    """Return quantities with the worst convergence first; among equals, those with the larger gap."""
    return sorted(
        names,
        key=lambda name: (-round(measure_convergence(results, name), 2), -_measure_distance(results, name)),
    )


def order_for_table(results: Results) -> Sequence[str]:
    """Return all quantities: in the order of the program while they are few, else the worst first."""
    names = results.quantities
    return names if len(names) <= ALL_UP_TO else rank_by_convergence(results, names)


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

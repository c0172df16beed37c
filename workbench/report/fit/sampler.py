"""What several sections say about the sampler: extremes of its diagnostics, and divergences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.report.numbers import pluralise
from workbench.results.view import DrawsEstimate, Results


@dataclass(frozen=True)
class Extreme:
    """The worst value of a diagnostic, and the quantity that has it."""

    name: str
    value: float


@dataclass(frozen=True)
class SamplerExtremes:
    """The largest R-hat and the smallest effective sample sizes over all quantities; `None` where unknown."""

    rhat: Extreme | None
    ess_bulk: Extreme | None
    ess_tail: Extreme | None

    @property
    def smallest_ess(self) -> float | None:
        """The smallest effective sample size, bulk or tail."""
        return min((ess.value for ess in (self.ess_bulk, self.ess_tail) if ess), default=None)


def find_extremes(results: Results) -> SamplerExtremes:
    """Return the extremes of the sampler's diagnostics over all quantities."""
    return SamplerExtremes(
        rhat=_find_largest(results, lambda estimate: estimate.rhat),
        ess_bulk=_find_smallest(results, lambda estimate: estimate.ess_bulk),
        ess_tail=_find_smallest(results, lambda estimate: estimate.ess_tail),
    )


def describe_divergences(count: int) -> str:
    """Return how many transitions diverged, as a clause.

    >>> describe_divergences(0), describe_divergences(2)
    ('no transition diverged', '2 transitions diverged')
    """
    return "no transition diverged" if count == 0 else f"{pluralise(count, 'transition')} diverged"


def _find_largest(results: Results, read: Callable[[DrawsEstimate], float | None]) -> Extreme | None:
    return max(_collect(results, read), key=lambda extreme: extreme.value, default=None)


def _find_smallest(results: Results, read: Callable[[DrawsEstimate], float | None]) -> Extreme | None:
    return min(_collect(results, read), key=lambda extreme: extreme.value, default=None)


def _collect(results: Results, read: Callable[[DrawsEstimate], float | None]) -> list[Extreme]:
    if not results.nuts.is_ok:
        return []
    values = ((name, read(estimate)) for name, estimate in results.nuts.estimates.items())
    return [Extreme(name, value) for name, value in values if value is not None]


def warn_of_unreliable_draws(results: Results) -> Iterator[str]:
    """Yield a sentence for pictures of the posterior whose draws failed a check; nothing otherwise."""
    if results.has_failed_checks:
        yield "The draws failed a check (see Checks): do not rely on this picture."

"""Several modes: which are comparable, which are equal, and how equal ones mirror each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.results.quantities import owner
from workbench.results.view.estimates import DistinctMode
from workbench.results.view.results import Results
from workbench.thresholds import SAME_MODE_LOG_DENSITY, SAME_MODE_LOG_MASS, SECOND_MODE_LIMIT

_SAME = 1e-4
"""Relative difference up to which values at two modes are the same. Ours: modes are known to more digits."""

_MOST_NAMED = 3
"""Variables that a symmetry names; the others are counted. Ours."""


def list_known_modes(results: Results) -> tuple[DistinctMode, ...]:
    """Return the modes of a run, the highest first; unconstrained ones, whose masses are known, if any."""
    unconstrained, declared = results.map_unconstrained.modes, results.map.modes
    return declared if len(declared) > len(unconstrained) else unconstrained


def list_comparable_modes(modes: Sequence[DistinctMode]) -> tuple[DistinctMode, ...]:
    """Return the modes that can hold a percent of the probability and more beside the largest.

    Masses decide where they are known: the normal approximation around each mode. Otherwise heights do.
    """
    weights = compute_log_weights(modes)
    top = max(weights, default=0.0)
    return tuple(
        mode for mode, weight in zip(modes, weights, strict=True) if top - weight <= SECOND_MODE_LIMIT
    )


def compute_log_weights(modes: Sequence[DistinctMode]) -> tuple[float, ...]:
    """Return the log of each mode's mass, up to a constant; of its height where a mass is not known."""
    masses = [mode.log_mass for mode in modes if mode.log_mass is not None]
    if len(masses) == len(modes):
        return tuple(masses)
    return tuple(mode.log_density if mode.log_density is not None else float("-inf") for mode in modes)


def are_equal(first: DistinctMode, other: DistinctMode) -> bool:
    """Return whether two modes are equally high and, where that is known, equally wide."""
    heights = first.log_density, other.log_density
    if heights[0] is None or heights[1] is None or abs(heights[0] - heights[1]) > SAME_MODE_LOG_DENSITY:
        return False
    return (
        first.log_mass is None
        or other.log_mass is None
        or abs(first.log_mass - other.log_mass) <= SAME_MODE_LOG_MASS
    )


def describe_symmetry(first: Mapping[str, float | None], other: Mapping[str, float | None]) -> str:
    """Return how two equal modes mirror each other, or an empty string where that is not seen.

    >>> describe_symmetry({"theta": 2.0}, {"theta": -2.0})
    'they differ in the sign of `theta`'
    >>> describe_symmetry({"mu[1]": 1.0, "mu[2]": 5.0, "p": 0.3}, {"mu[1]": 5.0, "mu[2]": 1.0, "p": 0.7})
    'they exchange the elements of `mu`, and `p` for 1 - `p`'
    >>> describe_symmetry({"a": 1.0}, {"a": 3.0})
    ''
    """
    variables: dict[str, list[tuple[float, float]]] = {}
    for name, value in first.items():
        reflected = other.get(name)
        if value is not None and reflected is not None:
            variables.setdefault(owner(name), []).append((value, reflected))
    moved = {
        name: pairs for name, pairs in variables.items() if not all(_is_same(one, two) for one, two in pairs)
    }
    signs = [
        name
        for name, pairs in moved.items()
        if all(_is_same(one, two) or _is_same(one, -two) for one, two in pairs)
    ]
    orders = [name for name, pairs in moved.items() if name not in signs and _is_reordered(pairs)]
    complements = [
        name
        for name, pairs in moved.items()
        if name not in signs + orders and all(_is_same(one, 1 - two) for one, two in pairs)
    ]
    if not moved or len(signs + orders + complements) < len(moved):
        return ""
    phrases = [f"differ in the sign of {_list_names(signs)}"] if signs else []
    phrases += [f"exchange the elements of {_list_names(orders)}"] if orders else []
    text = " and ".join(phrases) or "differ"
    swapped = ", ".join(f"`{name}` for 1 - `{name}`" for name in complements)
    return f"they {text}" + (f", and {swapped}" if swapped else "")


def _is_same(one: float, two: float) -> bool:
    return abs(one - two) <= _SAME * max(abs(one), abs(two))


def _is_reordered(pairs: Sequence[tuple[float, float]]) -> bool:
    one, two = (sorted(values) for values in zip(*pairs, strict=True))
    return all(_is_same(left, right) for left, right in zip(one, two, strict=True))


def _list_names(names: Sequence[str]) -> str:
    listed = [f"`{name}`" for name in names[:_MOST_NAMED]]
    more = [f"{len(names) - len(listed)} more"] if len(names) > len(listed) else []
    *others, last = listed + more
    return f"{', '.join(others)} and {last}" if others else last

"""Quantities in the order in which tables of a study show them, with large arrays folded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.results.quantities import owner
from workbench.studies import StudyResults

MOST_ELEMENTS = 10
"""Elements of one variable that a table names. Ours: of larger arrays, those that move."""


@dataclass(frozen=True)
class Ranking:
    """Quantities in the order of a table.

    Attributes
    ----------
    shown
        Those with a row: declared parameters before others, and then by how far they move.
    folded
        By variable, the elements without one, the one that moves most first.
    """

    shown: tuple[str, ...]
    folded: dict[str, tuple[str, ...]]


def rank_quantities(results: StudyResults) -> Ranking:
    """Return all quantities that can be compared; of a large array, only elements that move are shown."""
    by_variable: dict[str, list[str]] = {}
    for name in results.conclusion.ranked_names:
        by_variable.setdefault(owner(name), []).append(name)
    folded: dict[str, tuple[str, ...]] = {}
    shown: set[str] = set()
    for variable, elements in by_variable.items():
        kept = elements if len(elements) <= MOST_ELEMENTS else _choose_moving(results, elements)
        shown.update(kept)
        if len(kept) < len(elements):
            folded[variable] = tuple(name for name in elements if name not in shown)
    ranked = (name for name in results.conclusion.ranked_names if name in shown)
    return Ranking(tuple(put_declared_first(results, ranked)), folded)


def put_declared_first(results: StudyResults, names: Iterable[str]) -> list[str]:
    """Return names with those of declared parameters before derived ones, the order kept."""
    return sorted(names, key=lambda name: bool(results.declared) and owner(name) not in results.declared)


def _choose_moving(results: StudyResults, elements: list[str]) -> list[str]:
    """Return the elements that clearly move far, or the one that moves most; a few at most."""
    moves = results.conclusion.moves
    moving = [name for name in elements if moves[name].is_large_among(len(moves))]
    return (moving or elements[:1])[:MOST_ELEMENTS]

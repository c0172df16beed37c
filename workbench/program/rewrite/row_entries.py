"""Loops in which a row adds several log densities: they are added up to one entry of `log_lik`.

`1 ~ bernoulli(theta); y[n] ~ poisson(lambda) T[1, ];` in a loop is one density of a row, in two statements:
left out is the row, not one of them. Densities of different outcomes stay apart, each a value of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.terms import Term

LOOPS = (n.For, n.ForEach, n.While)
"""Statements whose body may run several times."""


def find_joining_loops(
    tree: n.Tree, terms: Sequence[Term], is_single: Callable[[Term], bool]
) -> dict[int, frozenset[int]]:
    """Return loops each of whose iterations has one entry, by their number: the indices of the terms in them.

    Parameters
    ----------
    tree
        The program.
    terms
        The terms that have entries in `log_lik`.
    is_single
        Whether a term has one entry wherever it stands, and not one for each of several observations.
    """
    found: dict[int, frozenset[int]] = {}
    for loop in _find_loops(tree.get_block("model")):
        inside = _select_inside(terms, loop)
        if _is_innermost(loop, terms) and _are_parts(inside, is_single) and count_most(loop.body, inside) > 1:
            found[loop.id] = frozenset(term.index for term in inside)
    return found


def _find_loops(block: tuple[n.Stmt, ...]) -> Iterator[n.For | n.ForEach | n.While]:
    return (item for item in t.walk(block) if isinstance(item, LOOPS))


def _select_inside(terms: Sequence[Term], statement: n.Stmt) -> list[Term]:
    numbers = {item.id for item in t.walk(statement) if isinstance(item, n.Stmt)}
    return [term for term in terms if term.model_statement in numbers]


def _is_innermost(loop: n.For | n.ForEach | n.While, terms: Sequence[Term]) -> bool:
    """Whether no loop inside this one adds entries."""
    return not any(_select_inside(terms, inner) for inner in _find_loops((loop.body,)))


def _are_parts(inside: Sequence[Term], is_single: Callable[[Term], bool]) -> bool:
    """Whether terms are parts of the density of a row, and not densities of outcomes of their own."""
    if len(inside) < 2 or any(term.calls or not is_single(term) for term in inside):
        return False
    own = [term.outcomes[0] for term in inside if term.outcome is not None and len(term.outcomes) == 1]
    return len(own) < len(inside) or len(set(own)) < len(own)


def count_most(statement: n.Stmt | None, terms: Sequence[Term]) -> int:
    """Return how many of some terms a statement adds at most, whatever its conditions are."""
    if statement is None:
        return 0
    if isinstance(statement, n.If):
        return max(count_most(statement.yes, terms), count_most(statement.no, terms))
    if isinstance(statement, n.Block | n.Profile):
        return sum(count_most(item, terms) for item in statement.body)
    return sum(term.model_statement == statement.id for term in terms)

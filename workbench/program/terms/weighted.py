"""Likelihoods whose log densities are multiplied, as by weights of a survey: they are none of rows."""

from __future__ import annotations

from collections.abc import Collection

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.terms.terms import Term

_PRODUCTS = frozenset({"*", ".*", "/", "./"})
"""Operators by which a number multiplies or divides another."""


def find_indicators(data: Collection[Declaration]) -> frozenset[str]:
    """Return the data that are 0 or 1 by declaration: what they multiply is there or not, not weighted."""
    return frozenset(
        item.name
        for item in data
        if item.is_integer
        and [None if bound is None else bound.literal for bound in (item.lower, item.upper)] == [0, 1]
    )


def is_weighted(term: Term, indicators: frozenset[str]) -> bool:
    """Whether a term is a single log density multiplied by something else than an indicator.

    Parameters
    ----------
    term
        The term.
    indicators
        Data that are 0 or 1.
    """
    if sum(len(item.value.densities) for item in term.contributions) != 1:
        return False
    products = (
        node
        for item in term.contributions
        for node in t.walk(item.summand.node)
        if isinstance(node, n.Binary) and node.operator in _PRODUCTS
    )
    return any(
        _holds_density(density) and not t.find_names(factor) & indicators
        for node in products
        for density, factor in ((node.left, node.right), (node.right, node.left))
    )


def _holds_density(node: n.Expr) -> bool:
    return any(isinstance(item, n.Call) and item.is_conditional for item in t.walk(node))

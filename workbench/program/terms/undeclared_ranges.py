"""Parameters that an argument of a density restricts, but not their declaration: `real sigma` as a scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.terms.densities import DensityCall, parse_density
from workbench.program.terms.distributions import get_argument_name, is_positive
from workbench.program.terms.terms import Term

_PROBABILITIES = frozenset({
    ("bernoulli", "theta"), ("beta_proportion", "mu"), ("binomial", "theta"),
})  # fmt: skip
"""Arguments that must lie between 0 and 1, by distribution and name."""

_FREE_KINDS = frozenset({"real", "vector", "row_vector", "matrix"})
"""Types that have no range of their own."""


@dataclass(frozen=True)
class UndeclaredRange:
    """A parameter whose declaration allows values that a density refuses.

    Attributes
    ----------
    parameter, declaration
        The parameter, and its declared type.
    argument
        Stan's name of the argument that it stands in: ``sigma``.
    statement, line
        The statement, and its line.
    missing
        What is missing in the declaration: ``<lower=0>``.
    """

    parameter: str
    declaration: str
    argument: str
    statement: str
    line: int
    missing: str


def find_undeclared_ranges(
    declarations: Sequence[Declaration], terms: Sequence[Term]
) -> tuple[UndeclaredRange, ...]:
    """Return the parameters whose declared range is too wide for an argument, each once."""
    declared = {item.name: item for item in declarations if item.kind in _FREE_KINDS}
    found: dict[str, UndeclaredRange] = {}
    for term in terms:
        for density in _list_densities(term):
            for position, argument in enumerate(density.arguments[1:]):
                name = _find_variable(argument)
                if name not in declared or name in found:
                    continue
                word = get_argument_name(density.distribution, position)
                missing = _find_missing(declared[name], density.distribution, word)
                if missing:
                    text = declared[name].text
                    found[name] = UndeclaredRange(name, text, word, term.text, term.line, missing)
    return tuple(found[name] for name in declared if name in found)


def _list_densities(term: Term) -> Iterator[DensityCall]:
    """Yield the densities of a term, also those inside an expression, as in a mixture."""
    for item in term.contributions:
        node = item.summand.node
        density = parse_density(node)
        if density is not None:
            yield density
            continue
        for inner in t.walk(node):
            nested = parse_density(inner) if isinstance(inner, n.Call) and inner.is_conditional else None
            if nested is not None:
                yield nested


def _find_variable(argument: n.Expr) -> str:
    """Return the variable that an argument is, as a whole or in part; empty for other expressions."""
    inner = t.unwrap(argument)
    while isinstance(inner, n.Indexed):
        inner = t.unwrap(inner.base)
    return inner.name if isinstance(inner, n.Variable) else ""


def _find_missing(declaration: Declaration, distribution: str, argument: str) -> str:
    """Return what the declaration lacks for an argument; empty if it lacks nothing."""
    lower, upper = declaration.lower, declaration.upper
    is_below = lower is None or (lower.literal is not None and lower.literal < 0)
    if is_positive(distribution, argument):
        return "<lower=0>" if is_below else ""
    if (distribution, argument) not in _PROBABILITIES:
        return ""
    is_above = upper is None or (upper.literal is not None and upper.literal > 1)
    return "<lower=0, upper=1>" if is_below or is_above else ""

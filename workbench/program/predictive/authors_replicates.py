"""The replicates that the author's program draws: of which outcome, and on which scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from workbench.program.predictive.outcome_maps import OutcomeMap, find_outcome_maps
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.distributions import GLM_DISTRIBUTIONS
from workbench.program.terms.terms import Term

PREDICTIVE = ("y_rep", "y_pred", "y_tilde", "y_new", "y_hat_rep")
"""Names under which programs keep replicated data, besides any name that ends in `_rep`."""

Scale = Literal["density", "other", "unknown"]
"""Whether a replicate is drawn from the distribution of the likelihood or in another way, as `exp` of it."""


class AuthorsReplicate(NamedTuple):
    """A replicate that the author's program draws: name, replicated variable, whether it holds integers."""

    name: str
    outcome: str
    is_integer: bool


def is_predictive(name: str) -> bool:
    """Whether a generated quantity is, by its name, a replicate or a prediction of data.

    >>> is_predictive("weight_rep"), is_predictive("y_hat")
    (True, False)
    """
    return name in PREDICTIVE or name.endswith("_rep")


def match_authors_replicates(
    tree: n.Tree, data: Mapping[str, n.Sized], terms: Sequence[Term]
) -> dict[str, AuthorsReplicate]:
    """Return the replicates that the author's program draws, by the variable of the likelihood.

    A replicate has the size of the outcome and the outcome's name with `_rep`; if there is only one outcome,
    any name of a replicate. If the outcome is made from a column, as `log(weight)` is, the replicate can be
    of either: that of the column has its name, or is not drawn from the distribution of the likelihood.

    Parameters
    ----------
    tree
        The program.
    data
        The types of data, by name.
    terms
        The terms of the likelihood.
    """
    quantities = {
        name: item.sized
        for item in tree.get_block("generated quantities")
        if isinstance(item, n.Declare)
        for name, _ in item.variables
        if is_predictive(name)
    }
    maps = {item.outcome: item for item in find_outcome_maps(tree, terms)}
    mapped = {index for item in maps.values() for index in item.terms}
    others = {name for term in terms if term.index not in mapped for name in term.outcomes}
    outcomes = sorted(name for name in maps.keys() | others if name in data)
    matched: dict[str, AuthorsReplicate] = {}
    for outcome in outcomes:
        alike = [name for name, sized in quantities.items() if list_sizes(sized) == list_sizes(data[outcome])]
        columns = _find_columns(maps.get(outcome), data)
        wanted = [f"{outcome}_rep", *(f"{column}_rep" for column in columns)]
        named = [name for name in wanted if name in alike]
        for name in (named or (alike if len(outcomes) == 1 else []))[:1]:
            replicated = _find_replicated(name, outcome, maps.get(outcome), columns, tree, terms)
            if replicated:
                matched[outcome] = AuthorsReplicate(name, replicated, quantities[name].base == "int")
    return matched


def list_sizes(sized: n.Sized) -> list[str]:
    """Return the sizes of a variable as text: those of its arrays, then those of a vector or matrix."""
    return [to_text(size) for size in (*sized.dims, *sized.sizes)]


def _find_columns(outcome_map: OutcomeMap | None, data: Mapping[str, n.Sized]) -> list[str]:
    """Return the columns of the same size that an outcome is made from by a map that can be undone."""
    if outcome_map is None:
        return []
    return [
        item.column
        for item in outcome_map.maps
        if item.variable_steps and list_sizes(data[item.column]) == list_sizes(data[outcome_map.outcome])
    ]


def _find_replicated(
    name: str,
    outcome: str,
    outcome_map: OutcomeMap | None,
    columns: Sequence[str],
    tree: n.Tree,
    terms: Sequence[Term],
) -> str:
    """Return what a quantity of the author replicates: the outcome or a column; empty if neither is sure."""
    if outcome_map is None or (name == f"{outcome}_rep" and columns):
        return outcome
    scale = _find_scale(name, tree, [term for term in terms if term.index in outcome_map.terms])
    if not columns:
        is_mapped = not outcome_map.is_plain and any(item.steps for item in outcome_map.maps)
        return "" if is_mapped and scale == "density" else outcome
    named = [column for column in columns if name == f"{column}_rep"]
    if named:
        return named[0]
    if scale == "density":
        return outcome
    return columns[0] if scale == "other" and len(columns) == 1 else ""


def _find_scale(name: str, tree: n.Tree, terms: Sequence[Term]) -> Scale:
    """Return how a generated quantity is drawn, as far as the text tells."""
    distributions = {term.distribution for term in terms if term.distribution}
    distributions |= {GLM_DISTRIBUTIONS[item] for item in distributions if item in GLM_DISTRIBUTIONS}
    drawn = [_is_drawn_from(value, distributions) for value in _find_values(name, tree)]
    if not drawn or None in drawn or len(set(drawn)) > 1:
        return "unknown"
    return "density" if drawn[0] else "other"


def _find_values(name: str, tree: n.Tree) -> list[n.Expr]:
    """Return the expressions that generated quantities assign to a variable or to its elements."""
    values: list[n.Expr] = []
    for item in t.walk(tree.get_block("generated quantities")):
        if isinstance(item, n.Declare):
            values += [value for declared, value in item.variables if declared == name and value is not None]
        elif isinstance(item, n.Assignment):
            left = item.left.base if isinstance(item.left, n.Indexed) else item.left
            values += [item.right] if isinstance(left, n.Variable) and left.name == name else []
    return values


def _is_drawn_from(value: n.Expr, distributions: set[str]) -> bool | None:
    """Whether a value is a draw from one of these distributions; `None` if the text does not tell."""
    inner = t.unwrap(value)
    while isinstance(inner, n.Call) and inner.name in {"to_vector", "to_row_vector", "to_array_1d"}:
        inner = t.unwrap(inner.arguments[0])
    if isinstance(inner, n.Call) and inner.kind == "FnRng":
        return None if inner.is_user_defined else inner.name.removesuffix("_rng") in distributions
    draws = [item for item in t.walk(inner) if isinstance(item, n.Call) and item.kind == "FnRng"]
    return False if draws and not any(item.is_user_defined for item in draws) else None

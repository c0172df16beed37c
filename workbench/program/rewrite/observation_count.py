"""How many observations there are: the slice of the model block that decides it, run on the data alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.program.rewrite.log_densities import format_is_likelihood, mark_iteration, split_term
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.row_entries import LOOPS
from workbench.program.rewrite.splice import remove_braces, splice, splice_out
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.densities import normalise
from workbench.program.terms.terms import Term

_INNER = (n.Tilde, n.Increment, n.CallStatement, n.Assignment, n.Declare)
"""Statements that can keep the loops and branches around them in the slice."""

_NAME = re.compile(r"[A-Za-z]\w*")
"""A name in a text of Stan."""


def count_observations(tree: n.Tree, plan: RewritePlan) -> tuple[n.Stmt, ...]:
    """Return the statements of transformed data that count the entries of `log_lik`."""
    model = tree.get_block("model")
    counted = _find_counted_statements(plan)
    needed = _find_needed_names(model, counted, plan)
    body = tuple(_slice(model, counted, needed, plan))
    return (n.Raw(f"int {plan.entry_count} = 0;"), n.Block(remove_braces(body)))


def find_unknown_names(tree: n.Tree, plan: RewritePlan) -> frozenset[str]:
    """Return the parameters and transformed parameters on which the number of observations depends."""
    blocks = (*tree.get_block("parameters"), *tree.get_block("transformed parameters"))
    declared = (name for item in t.walk(blocks) if isinstance(item, n.Declare) for name, _ in item.variables)
    needed = _find_needed_names(tree.get_block("model"), _find_counted_statements(plan), plan)
    return needed & frozenset(declared)


def _find_counted_statements(plan: RewritePlan) -> set[int]:
    """Return the numbers of the statements that have entries in `log_lik`."""
    return {term.model_statement for term in plan.terms if term.index in plan.log_lik_terms}


def _find_needed_names(model: tuple[n.Stmt, ...], counted: set[int], plan: RewritePlan) -> frozenset[str]:
    """Return the variables that the count depends on, through all assignments to them."""
    needed: frozenset[str] = frozenset()
    while True:
        more = needed | frozenset(_find_names_used(model, counted, needed, plan))
        if more == needed:
            return needed
        needed = more


def _find_names_used(
    statements: Iterable[n.Stmt], counted: set[int], needed: frozenset[str], plan: RewritePlan
) -> Iterable[str]:
    """Yield the variables that the statements of the slice use."""
    for statement in t.walk(tuple(statements)):
        if not isinstance(statement, n.Stmt) or not _is_kept(statement, counted, needed):
            continue
        if statement.id in counted:
            for term in plan.terms:
                if term.model_statement == statement.id:
                    yield from _find_names_in_count(term, plan)
        elif isinstance(statement, n.If | n.While):
            yield from t.find_names(statement.condition)
        elif isinstance(statement, n.For):
            yield from t.find_names((statement.lower, statement.upper))
        elif isinstance(statement, n.ForEach):
            yield from t.find_names(statement.container)
        elif isinstance(statement, n.Assignment | n.Declare):
            yield from t.find_names(statement)


def _find_names_in_count(term: Term, plan: RewritePlan) -> list[str]:
    pointwise = split_term(term, plan)
    return [] if pointwise is None else _NAME.findall(pointwise.count)


def _is_kept(statement: n.Stmt, counted: set[int], needed: frozenset[str]) -> bool:
    """Whether the slice keeps a statement: it counts, sets a needed variable, or contains one that does."""
    if statement.id in counted:
        return True
    if isinstance(statement, n.Assignment):
        return bool(t.find_names(statement.left) & needed)
    if isinstance(statement, n.Declare):
        return any(name in needed for name, _ in statement.variables)
    if isinstance(statement, n.Jump):
        return bool(statement.keyword)
    inner = (item for item in t.walk(statement) if isinstance(item, _INNER) and item is not statement)
    return any(_is_kept(item, counted, needed) for item in inner)


def _slice(
    statements: Iterable[n.Stmt], counted: set[int], needed: frozenset[str], plan: RewritePlan
) -> Iterable[n.Stmt]:
    def change(node: object) -> object:
        if not isinstance(node, n.Stmt):
            return normalise(node)
        if node.id in counted:
            return splice(_count_terms(node, plan), node.id)
        if isinstance(node, LOOPS) and node.id in plan.joined:
            return mark_iteration(node, plan, plan.entry_count)
        return node if _is_kept(node, counted, needed) or _is_inserted(node) else splice_out()

    for statement in statements:
        if _is_kept(statement, counted, needed):
            yield t.rebuild(statement, change)


def _is_inserted(node: n.Stmt) -> bool:
    """Whether a statement contains one that the workbench inserted."""
    return any(isinstance(item, n.Raw) for item in t.walk(node))


def _count_terms(statement: n.Stmt, plan: RewritePlan) -> Iterable[n.Stmt]:
    for term in plan.terms:
        if term.model_statement == statement.id and term.index in plan.log_lik_terms:
            pointwise = split_term(term, plan)
            count = "1" if pointwise is None else pointwise.count
            is_counted = format_is_likelihood(term, plan)
            if term.index in plan.joined_terms:
                is_counted = f"{is_counted} && {plan.entry_count} == {plan.before}"
            yield n.Raw(f"if ({is_counted}) {plan.entry_count} += {count};")

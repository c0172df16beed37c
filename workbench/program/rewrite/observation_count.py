"""How many observations there are: the part of the model block that decides it, run on the data alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.program.rewrite.log_densities import LIKELIHOOD, opening_of
from workbench.program.rewrite.weights import SPLICED, Plan, spliced
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.densities import normalised
from workbench.program.terms.terms import Term

# What can make an enclosing statement part of the slice.
_KEPT = (n.Tilde, n.Increment, n.CallStatement, n.Assignment, n.Declare)
_NAME = re.compile(r"[A-Za-z]\w*")


def counting_slice(tree: n.Tree, plan: Plan) -> tuple[n.Stmt, ...]:
    """Return the statements of transformed data that count the entries of `log_lik`."""
    model = tree.block("model")
    counted = {term.site for term in plan.terms if term.index in plan.opened}
    needed = _needed(model, counted, plan)
    body = tuple(_sliced(model, counted, needed, plan))
    return (n.Raw(f"int {plan.observations} = 0;"), n.Block(spliced(body)))


def undecided(tree: n.Tree, plan: Plan) -> frozenset[str]:
    """Return the parameters, or what is made of them, that the count would need."""
    counted = {term.site for term in plan.terms if term.index in plan.opened}
    held = (*tree.block("parameters"), *tree.block("transformed parameters"))
    declared = (name for item in t.walk(held) if isinstance(item, n.Declare) for name, _ in item.variables)
    return _needed(tree.block("model"), counted, plan) & frozenset(declared)


def _needed(model: tuple[n.Stmt, ...], counted: set[int], plan: Plan) -> frozenset[str]:
    """Return the variables that the count depends on, through every assignment to them."""
    needed: frozenset[str] = frozenset()
    while True:
        more = needed | frozenset(_names_for(model, counted, needed, plan))
        if more == needed:
            return needed
        needed = more


def _names_for(
    statements: Iterable[n.Stmt], counted: set[int], needed: frozenset[str], plan: Plan
) -> Iterable[str]:
    for statement in t.walk(tuple(statements)):
        if not isinstance(statement, n.Stmt) or not _is_kept(statement, counted, needed):
            continue
        if statement.id in counted:
            for term in plan.terms:
                if term.site == statement.id:
                    yield from _count_names(term, plan)
        elif isinstance(statement, n.If | n.While):
            yield from t.names_in(statement.condition)
        elif isinstance(statement, n.For):
            yield from t.names_in((statement.lower, statement.upper))
        elif isinstance(statement, n.ForEach):
            yield from t.names_in(statement.container)
        elif isinstance(statement, n.Assignment | n.Declare):
            yield from t.names_in(statement)


def _count_names(term: Term, plan: Plan) -> Iterable[str]:
    opening = opening_of(term, plan)
    return [] if opening is None else _NAME.findall(opening.count)


def _is_kept(statement: n.Stmt, counted: set[int], needed: frozenset[str]) -> bool:
    """Whether the slice needs a statement: it counts, assigns a needed variable, or holds one that does."""
    if statement.id in counted:
        return True
    if isinstance(statement, n.Assignment):
        return bool(t.names_in(statement.left) & needed)
    if isinstance(statement, n.Declare):
        return any(name in needed for name, _ in statement.variables)
    if isinstance(statement, n.Jump):
        return bool(statement.word)
    inner = (item for item in t.walk(statement) if isinstance(item, _KEPT) and item is not statement)
    return any(_is_kept(item, counted, needed) for item in inner)


def _sliced(
    statements: Iterable[n.Stmt], counted: set[int], needed: frozenset[str], plan: Plan
) -> Iterable[n.Stmt]:
    def change(node: object) -> object:
        if not isinstance(node, n.Stmt):
            return normalised(node)
        if node.id in counted:
            return n.Block(tuple(_counted(node, plan)), id=SPLICED)
        return node if _is_kept(node, counted, needed) or _is_ours(node) else n.Jump("", id=SPLICED)

    for statement in statements:
        if _is_kept(statement, counted, needed):
            yield t.rebuild(statement, change)


def _is_ours(node: n.Stmt) -> bool:
    return any(isinstance(item, n.Raw) for item in t.walk(node))


def _counted(statement: n.Stmt, plan: Plan) -> Iterable[n.Stmt]:
    for term in plan.terms:
        if term.site == statement.id and term.index in plan.opened:
            opening = opening_of(term, plan)
            count = "1" if opening is None else opening.count
            yield n.Raw(f"if ({plan.roles}[{term.index}] == {LIKELIHOOD}) {plan.observations} += {count};")

"""Statements that add to ``target``, each multiplied by the weight of its term."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workbench.errors import ProgramError
from workbench.program.rewrite.lp_functions import call_weighted, copy_weighted
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.splice import remove_braces, splice
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import (
    format_normalised,
    format_truncation,
    format_unnormalised,
    parse_density,
)
from workbench.program.terms.summands import Summand, adds_to_target, format_sum


def weight_model(tree: n.Tree, plan: RewritePlan) -> tuple[n.Stmt, ...]:
    """Return the model block with every contribution weighted."""
    return _weight_statements(tree.get_block("model"), plan)


def weight_functions(plan: RewritePlan) -> Iterable[n.Stmt]:
    """Yield the weighted copies of functions that add to ``target``."""
    for call in plan.lp_calls.values():
        body = _weight_statements(call.body, plan.enter_function(call))
        yield copy_weighted(call, plan.weights, body)


def _weight_statements(statements: Sequence[n.Stmt], plan: RewritePlan) -> tuple[n.Stmt, ...]:
    def change(node: Any) -> Any:
        if adds_to_target(node):
            return splice(_weight_terms(node, plan), node.id)
        call = plan.find_lp_call(node)
        return node if call is None else call_weighted(node, call, plan.weights)

    return remove_braces(t.rebuild(tuple(statements), change))


def _weight_terms(statement: n.Tilde | n.Increment, plan: RewritePlan) -> Iterable[n.Stmt]:
    for term in plan.select_terms(statement):
        total = plan.sums.get(term.index) or format_sum(
            [_format_summand(item.summand, plan) for item in term.contributions]
        )
        if term.is_constant:
            yield n.Raw(f"target += {total};")
        else:
            weight = f"{plan.weights}[{term.index}]"
            normaliser = (
                "" if plan.calls else _format_normaliser(t.substitute(statement, plan.lifted), weight)
            )
            yield n.Raw(f"if ({weight} != 0) {{ target += {weight} * {enclose(total)}; {normaliser} }}")


def _format_summand(summand: Summand, plan: RewritePlan) -> str:
    node = t.substitute(summand.node, plan.lifted)
    density = parse_density(node)
    if isinstance(node, n.Tilde) and density is not None:
        return format_unnormalised(density) if not plan.calls else format_normalised(density)
    return Summand(sum_elements(node), summand.sign).text


def _format_normaliser(statement: n.Stmt, weight: str) -> str:
    """Return what a truncated distribution statement adds besides its density; empty for others."""
    density = parse_density(statement) if isinstance(statement, n.Tilde) else None
    if density is None or not density.is_truncated:
        return ""
    outside, inside = format_truncation(density)
    added = f"target += -{weight} * {enclose(inside)};"
    return f"if ({outside}) {{ target += negative_infinity(); }} else {{ {added} }}"


def sum_elements(node: n.Expr) -> n.Expr:
    """Return what ``target +=`` adds of an expression: the sum of the elements if it is a container.

    Raises
    ------
    ProgramError
        It is an array of containers.
    """
    if not node.type.is_container:
        return node
    if node.type.depth > 1 or (node.type.depth and node.type.base not in {"real", "int"}):
        raise ProgramError(f"`{to_text(node)}` is a nested array, and the workbench cannot weight it.")
    return n.Call("sum", (node,))


def enclose(text: str) -> str:
    """Return an expression in parentheses, unless it is a name or a single call.

    >>> enclose("a + f(b)"), enclose("f(a + b)")
    ('(a + f(b))', 'f(a + b)')
    """
    depth = 0
    for position, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and not (letter.isalnum() or letter in "_)"):
            return f"({text})"
        if depth == 0 and letter == ")" and position < len(text) - 1:
            return f"({text})"
    return text

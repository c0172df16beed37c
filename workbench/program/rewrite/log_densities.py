"""The model block in generated quantities: the log density of each term and of each observation.

These densities are normalised and unweighted, so that they add up to the program's own log density whatever
the weights of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from workbench.program.rewrite.lp_functions import (
    LpCall,
    call_for_terms,
    call_for_value,
    copy_for_terms,
    copy_for_value,
)
from workbench.program.rewrite.observations import PointwiseDensity, split_into_observations
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.row_entries import LOOPS
from workbench.program.rewrite.splice import remove_braces, splice, splice_out
from workbench.program.rewrite.weights import enclose, sum_elements
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import format_normalised, normalise, parse_density
from workbench.program.terms.summands import adds_to_target, format_sum
from workbench.program.terms.terms import Term

ROLE_CODES = {"unplaced": 0, "prior": 1, "latent": 2, "likelihood": 3}
"""The integers that stand for the roles in the data of the instrumented program."""


def record_log_densities(tree: n.Tree, plan: RewritePlan) -> tuple[n.Stmt, ...]:
    """Return the statements that compute the log densities of terms and observations."""
    start = [n.Raw(f"int {plan.entry} = 0;")] if plan.log_lik_terms else []
    return (n.Block((*start, *_record_statements(tree.get_block("model"), plan))),)


def record_functions(plan: RewritePlan) -> Iterable[n.Stmt]:
    """Yield the copies for generated quantities of functions that add to ``target``."""
    for call in plan.lp_calls.values():
        body = _record_statements(call.body, plan.enter_function(call))
        yield copy_for_terms(call, plan.densities, len(plan.terms), body)
        if call.function.returns is not None:
            yield copy_for_value(call)


def _record_statements(statements: Sequence[n.Stmt], plan: RewritePlan) -> tuple[n.Stmt, ...]:
    """Return statements that record each contribution where the author's add it."""

    def change(node: Any) -> Any:
        if adds_to_target(node):
            return splice(_record_terms(node, plan), node.id)
        if isinstance(node, n.Message):
            return splice_out()
        if isinstance(node, LOOPS) and node.id in plan.joined:
            return mark_iteration(node, plan, plan.entry)
        call = plan.find_lp_call(node)
        return normalise(node) if call is None else splice(_record_call(node, call, plan), node.id)

    return remove_braces(t.rebuild(tuple(statements), change))


def _record_call(statement: n.Stmt, call: LpCall, plan: RewritePlan) -> Iterable[n.Stmt]:
    """Yield statements that record the terms which a call adds, each likelihood as one observation."""
    added = plan.holder
    yield n.Raw(f"{{ vector[{len(plan.terms)}] {added} = {to_text(call_for_terms(statement, call))};")
    for term in call.terms:
        if term.index in plan.log_lik_terms:
            yield n.Raw(_store_entry(term, plan, f"{added}[{term.index}]"))
    yield n.Raw(f"{plan.densities} += {added}; }}")
    rest = call_for_value(statement, call)
    if rest is not None:
        yield rest


def _record_terms(statement: n.Tilde | n.Increment, plan: RewritePlan) -> Iterable[n.Stmt]:
    for term in plan.select_terms(statement):
        if term.index in plan.log_lik_terms:
            yield from _record_observations(term, plan)
        else:
            yield n.Raw(f"{plan.densities}[{term.index}] += {_format_term_density(term, plan)};")


def _format_term_density(term: Term, plan: RewritePlan) -> str:
    """Return the normalised log density of a term as Stan."""
    texts = []
    for item in term.contributions:
        node = t.substitute(item.summand.node, plan.lifted)
        density = parse_density(node)
        if isinstance(node, n.Tilde) and density is not None:
            text = format_normalised(density)
        else:
            text = to_text(t.rebuild(sum_elements(node), normalise))
        texts.append(f"-{enclose(text)}" if item.summand.sign == "-" else text)
    return format_sum(texts)


def _record_observations(term: Term, plan: RewritePlan) -> Iterable[n.Stmt]:
    """Yield statements that record a term and, while its role is likelihood, its observations."""
    total, value = f"{plan.densities}[{term.index}]", plan.value
    pointwise = split_term(term, plan)
    if pointwise is None:
        yield n.Raw(f"{{ real {value} = {_format_term_density(term, plan)};")
        yield n.Raw(f"{_store_entry(term, plan, value)} {total} += {value}; }}")
        return
    if pointwise.declarations:
        yield n.Raw("{ " + " ".join(pointwise.declarations))
    end = " }" if pointwise.declarations else ""
    yield n.Raw(f"for ({plan.element} in 1:{pointwise.count}) {{ real {value} = {pointwise.density};")
    yield n.Raw(f"{_store_entry(term, plan, value)} {total} += {value}; }}{end}")


def _store_entry(term: Term, plan: RewritePlan, value: str) -> str:
    """Return the statement that stores a value in `log_lik` if the term is likelihood."""
    entry, is_stored = plan.entry, format_is_likelihood(term, plan)
    if plan.pointwise:
        is_stored = f"{plan.pointwise} && {is_stored}"
    store = f"{entry} += 1; {plan.log_lik}[{entry}] = {value};"
    if term.index in plan.joined_terms:
        store = f"if ({entry} == {plan.before}) {{ {store} }} else {{ {plan.log_lik}[{entry}] += {value}; }}"
    return f"if ({is_stored}) {{ {store} }}"


def mark_iteration(loop: n.For | n.ForEach | n.While, plan: RewritePlan, position: str) -> n.Stmt:
    """Return a loop that keeps the position in `log_lik` before each iteration."""
    mark = n.Raw(f"int {plan.before} = {position};", id=loop.id)
    return replace(loop, body=n.Block((mark, loop.body)))


def format_is_likelihood(term: Term, plan: RewritePlan) -> str:
    """Return the condition that a term counts as likelihood, as Stan."""
    return f"{plan.roles}[{term.index}] == {ROLE_CODES['likelihood']}"


def split_term(term: Term, plan: RewritePlan) -> PointwiseDensity | None:
    """Return a term split into observations; `None` if it is a single observation."""
    if term.calls or len(term.contributions) != 1 or term.contributions[0].summand.sign == "-":
        return None
    node = t.substitute(term.contributions[0].summand.node, plan.lifted)
    return split_into_observations(node, plan.declared_types, plan.element, plan.holder)


def is_joint_density(term: Term, plan: RewritePlan, is_in_loop: bool) -> bool:
    """Whether a term is about many observations and still has a single entry in `log_lik`."""
    if is_in_loop or split_term(term, plan) is not None:
        return False
    density = parse_density(term.contributions[0].summand.node) if len(term.contributions) == 1 else None
    return density is None or density.outcome.type.is_container

"""Which outcome each entry of `log_lik` belongs to: what makes the entries rows of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from workbench.program.predictive.outcome_elements import OutcomeElements, find_elements
from workbench.program.predictive.outcome_maps import OutcomeReader
from workbench.program.rewrite.log_densities import split_term
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.row_entries import count_most
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import parse_density
from workbench.program.terms.terms import Term

Order: TypeAlias = tuple[tuple[str, ...], ...]
"""Outcomes in the order of `log_lik`, one group for each statement or loop."""


def find_log_lik_order(tree: n.Tree, plan: RewritePlan) -> Order:
    """Return the outcomes in the order of `log_lik`: one group for each statement or loop.

    The entries of a group run over the elements of its outcomes; those of one element are next to each other.
    The order is empty if the text does not tell, as with ragged data: then entries are not rows of the data.
    """
    terms = [term for term in plan.terms if term.role == "likelihood" and term.index in plan.log_lik_terms]
    blocks = (*tree.get_block("data"), *tree.get_block("transformed data"))
    declared = {name for item in blocks if isinstance(item, n.Declare) for name, _ in item.variables}
    reader = OutcomeReader(tree)
    context = _Context(plan, {term.index: _find_term_elements(term, reader) for term in terms})
    order = _order_statements(tree.get_block("model"), terms, context)
    return order if all(name in declared for group in order for name in group) else ()


@dataclass(frozen=True)
class _Context:
    """The plan, and the elements of data that each term is a density of, if it is a single density."""

    plan: RewritePlan
    elements: Mapping[int, OutcomeElements | None]


def _order_statements(statements: Sequence[n.Stmt], terms: Sequence[Term], context: _Context) -> Order:
    order: list[tuple[str, ...]] = []
    for statement in _flatten_blocks(statements):
        inside = _select_inside(terms, statement)
        if not inside:
            continue
        if isinstance(statement, n.If) and statement.no is None and len(inside) == len(terms):
            # All terms or none, as with the `prior_only` of brms.
            return _order_statements((statement.yes,), terms, context)
        group = _find_group(statement, inside, context)
        if not group:
            return ()
        order.append(group)
    return tuple(order)


def _flatten_blocks(statements: Sequence[n.Stmt]) -> Iterator[n.Stmt]:
    for statement in statements:
        if isinstance(statement, n.Block | n.Profile):
            yield from _flatten_blocks(statement.body)
        else:
            yield statement


def _select_inside(terms: Sequence[Term], statement: n.Stmt) -> list[Term]:
    """Return the terms that a statement adds, by itself or by statements inside it."""
    ids = {item.id for item in t.walk(statement) if isinstance(item, n.Stmt)}
    return [term for term in terms if term.model_statement in ids]


def _find_group(statement: n.Stmt, terms: Sequence[Term], context: _Context) -> tuple[str, ...]:
    """Return the outcomes of a statement or loop; none if its entries are not the elements in order."""
    if isinstance(statement, n.For):
        return _find_group_of_loop(statement, terms, context)
    if isinstance(statement, n.Tilde | n.Increment) and len(terms) == 1:
        name = _find_whole_outcome(terms[0], context)
        return (name,) if name else ()
    return ()


def _find_whole_outcome(term: Term, context: _Context) -> str:
    """Return the outcome of a density of a whole vector or array; empty for any other term."""
    elements = context.elements[term.index]
    if elements is None or split_term(term, context.plan) is None:
        return ""
    return elements.name if elements.is_whole and len(elements.indices) == 1 else ""


def _find_group_of_loop(loop: n.For, terms: Sequence[Term], context: _Context) -> tuple[str, ...]:
    """Return the outcomes of a loop over all elements, in the order of its entries."""
    if to_text(loop.lower) != "1" or _skips(loop):
        return ()
    direct = {item.id for item in _flatten_blocks((loop.body,))}
    names = [_find_current_outcome(term, loop, context) for term in terms]
    if all(names) and all(term.model_statement in direct for term in terms) and len(set(names)) == len(names):
        return tuple(names)
    outcomes = tuple({name for term in terms for name in term.outcomes})
    if len(outcomes) != 1 or not _is_over_all(outcomes[0], loop, context):
        return ()
    if loop.id in context.plan.joined:
        densities = [term for term in terms if term.outcomes]
        has_one_entry = _adds_always((loop.body,), terms) and count_most(loop.body, densities) == 1
    else:
        has_one_entry = _count_entries((loop.body,), terms, context) == 1
    return outcomes if has_one_entry and _is_only_current(outcomes[0], loop, terms) else ()


def _skips(loop: n.For) -> bool:
    """Whether a loop may leave elements out by `continue` or `break`."""
    return any(isinstance(item, n.Jump) and item.keyword for item in t.walk(loop.body))


def _adds_always(statements: Sequence[n.Stmt], terms: Sequence[Term]) -> bool:
    """Whether statements add some entry whatever their conditions are."""
    return any(
        all(branch is not None and _adds_always((branch,), terms) for branch in (item.yes, item.no))
        if isinstance(item, n.If)
        else bool(_select_inside(terms, item))
        for item in _flatten_blocks(statements)
    )


def _is_only_current(name: str, loop: n.For, terms: Sequence[Term]) -> bool:
    """Whether terms refer to no other element of an outcome than the one at the loop's index."""
    nodes = [node for term in terms for item in term.contributions for node in t.walk(item.summand.node)]
    mentioned = [node for node in nodes if isinstance(node, n.Variable) and node.name == name]
    current = f"{name}[{loop.variable}]"
    at_index = [node for node in nodes if isinstance(node, n.Indexed) and to_text(node) == current]
    return len(mentioned) == len(at_index)


def _count_entries(statements: Sequence[n.Stmt], terms: Sequence[Term], context: _Context) -> int | None:
    """Return how many entries statements add whatever their conditions; `None` if that varies."""
    total = 0
    for statement in _flatten_blocks(statements):
        inside = _select_inside(terms, statement)
        if not inside:
            continue
        if isinstance(statement, n.If) and statement.no is not None:
            yes, no = (_count_entries((branch,), inside, context) for branch in (statement.yes, statement.no))
            if yes is None or yes != no:
                return None
            total += yes
        elif isinstance(statement, n.Tilde | n.Increment):
            if any(split_term(term, context.plan) is not None for term in inside):
                return None
            total += len(inside)
        else:
            return None
    return total


def _is_over_all(name: str, loop: n.For, context: _Context) -> bool:
    """Whether a loop runs over all elements of a vector or of an array of numbers."""
    sized = context.plan.declared_types.get(name)
    sizes = [] if sized is None else [to_text(size) for size in (*sized.dims, *sized.sizes)]
    return sizes == [to_text(loop.upper)]


def _find_current_outcome(term: Term, loop: n.For, context: _Context) -> str:
    """Return the outcome of a density of the element at the loop's index; empty for any other term."""
    elements = context.elements[term.index]
    if elements is None or elements.indices != (loop.variable,) or split_term(term, context.plan) is not None:
        return ""
    return elements.name if _is_over_all(elements.name, loop, context) else ""


def _find_term_elements(term: Term, reader: OutcomeReader) -> OutcomeElements | None:
    """Return the elements that a term is a density of; `None` if it is not a single density."""
    if len(term.contributions) != 1 or term.calls:
        return None
    density = parse_density(term.contributions[0].summand.node)
    return None if density is None else find_elements(reader.strip(density.outcome))

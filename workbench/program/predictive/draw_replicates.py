"""The model block at the end of generated quantities: outcomes are drawn where their densities stand.

It comes after the author's own quantities, under a switch: with `replicating` 0 nothing is drawn or written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from workbench.program.predictive.outcome_draws import OutcomeDraw, ReplicateNames
from workbench.program.predictive.replicates import Replicate, ReplicationPlan, rename_variables
from workbench.program.predictive.rng_functions import GUARDED, MISSING
from workbench.program.rewrite.log_densities import format_is_likelihood
from workbench.program.rewrite.lp_functions import call_for_value
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.splice import remove_braces, splice, splice_out
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import normalise
from workbench.program.terms.summands import adds_to_target
from workbench.program.terms.terms import Term

TRIES = 1000
"""Draws after which a truncated outcome counts as missing: its limits then hold less than about 1 percent."""


def draw_replicates(tree: n.Tree, plan: RewritePlan, replication: ReplicationPlan) -> tuple[n.Stmt, ...]:
    """Return the declarations of the replicates, and the statements that draw them."""
    replicates, computed = replication.drawn_by_workbench, replication.repeated
    if not replicates and not computed:
        return ()
    types = _declared_data_types(tree)
    flag = replication.names.flag
    declared = [_declare_replicate(item, types[item.outcome], flag) for item in replicates]
    declared += [_declare_observed(item, types[item.density_of or item.outcome], flag) for item in computed]
    repeated = [n.Raw(f"{item.observed} = {item.density_of or item.outcome};") for item in computed]
    if not replicates:
        return (*declared, n.Raw(f"if ({flag}) {{"), *repeated, n.Raw("}"))
    body = _draw_in_statements(tree.get_block("model"), plan, replication)
    return (*declared, n.Raw(f"if ({flag}) {{"), *repeated, *body, n.Raw("}"))


def define_guarded_generators(replication: ReplicationPlan) -> Iterator[n.Stmt]:
    """Yield the definitions of the guarded generators that are called."""
    calls = " ".join(draw.value for draws in replication.draws.values() for draw in draws)
    for kind, text in GUARDED.items():
        name = replication.names.guarded[kind]
        if f"{name}(" in calls:
            yield n.Raw(text.format(name=name, missing=MISSING))


def declare_switch(replication: ReplicationPlan) -> list[n.Stmt]:
    """Return the declaration of the data that say whether to draw; none if there is nothing to draw."""
    if not replication.drawn_by_workbench and not replication.repeated:
        return []
    return [n.Raw(f"int<lower=0, upper=1> {replication.names.flag}; // whether to draw replicated data")]


def _declared_data_types(tree: n.Tree) -> dict[str, n.Sized]:
    blocks = (*tree.get_block("data"), *tree.get_block("transformed data"))
    declarations = (item for item in blocks if isinstance(item, n.Declare))
    return {name: item.sized for item in declarations for name, _ in item.variables}


def _declare_replicate(replicate: Replicate, sized: n.Sized, flag: str) -> n.Stmt:
    """Return the declaration of a replicate: the outcome's without bounds, and empty unless it is drawn."""
    base = sized.base if replicate.is_integer or sized.base != "int" else "real"
    type_ = _format_switched_type(replace(sized, base=base), flag)
    return n.Raw(f"{type_} {replicate.name}; // `{replicate.outcome}` drawn anew")


def _declare_observed(replicate: Replicate, sized: n.Sized, flag: str) -> n.Stmt:
    """Return the declaration of the quantity that repeats an outcome computed in transformed data."""
    type_ = _format_switched_type(sized, flag)
    outcome = replicate.density_of or replicate.outcome
    return n.Raw(f"{type_} {replicate.observed}; // `{outcome}` as it was observed")


def _format_switched_type(sized: n.Sized, flag: str) -> str:
    """Return a declared type whose first size is 0 while the switch is off."""
    dims, sizes = [to_text(size) for size in sized.dims], [to_text(size) for size in sized.sizes]
    for texts in (dims, sizes):
        if texts:
            texts[0] = f"{flag} ? {texts[0]} : 0"
            break
    array = f"array[{', '.join(dims)}] " if dims else ""
    inner = f"[{', '.join(sizes)}]" if sizes else ""
    return f"{array}{sized.base}{inner}"


def _draw_in_statements(
    statements: Sequence[n.Stmt], plan: RewritePlan, replication: ReplicationPlan
) -> tuple[n.Stmt, ...]:
    """Return statements that draw where the author's add to `target`."""

    def change(node: Any) -> Any:
        if adds_to_target(node):
            texts = [text for term in plan.select_terms(node) for text in _draw_term(term, plan, replication)]
            return splice((n.Raw(text) for text in texts), node.id)
        if isinstance(node, n.Message):
            return splice_out()
        call = plan.find_lp_call(node)
        return normalise(node) if call is None else call_for_value(node, call) or splice_out()

    changed = t.rebuild(tuple(statements), change)
    return remove_braces([rename_variables(statement, replication.renamed) for statement in changed])


def _draw_term(term: Term, plan: RewritePlan, replication: ReplicationPlan) -> Iterator[str]:
    """Yield the statements that draw what a term draws, as Stan."""
    replicates = {replicate.outcome: replicate for replicate in replication.replicates}
    for draw in replication.draws.get(term.index, ()):
        yield f"if ({format_is_likelihood(term, plan)}) {{"
        yield from _draw_outcome(draw, replicates[draw.elements.name], replication.names, plan)
        yield "}"


def _draw_outcome(
    draw: OutcomeDraw, replicate: Replicate, names: ReplicateNames, plan: RewritePlan
) -> Iterator[str]:
    """Yield the statements that draw an outcome into its replicate, as Stan."""
    yield "{"
    yield from draw.declarations
    if draw.count:
        yield f"for ({plan.element} in 1:{draw.count}) {{"
    yield f"{draw.type} {names.drawn} = {draw.value};"
    within = _format_within_limits(draw, names)
    if within:
        yield f"int {names.tries} = 1;"
        yield f"while (!({within}) && {names.tries} < {TRIES}) {{"
        yield f"{names.drawn} = {draw.value}; {names.tries} += 1; }}"
    elements = names.elements[: draw.rank]
    for element, size in zip(elements, _format_draw_sizes(draw, names), strict=True):
        yield f"for ({element} in 1:{size}) {{"
    index = f"[{', '.join(elements)}]" if elements else ""
    target = draw.elements.format_index(*([plan.element] if draw.count else []), *elements)
    yield _store_draw(f"{replicate.name}{target}", f"{names.drawn}{index}", replicate.is_integer, within)
    yield "}" * (len(elements) + bool(draw.count) + 1)


def _format_draw_sizes(draw: OutcomeDraw, names: ReplicateNames) -> list[str]:
    if draw.rank == 2:
        return [f"rows({names.drawn})", f"cols({names.drawn})"]
    return [f"num_elements({names.drawn})"] * draw.rank


def _format_within_limits(draw: OutcomeDraw, names: ReplicateNames) -> str:
    """Return the condition that a draw is within the limits of a truncated density; empty for others."""
    lower, upper = draw.limits
    ends = ([f"{names.drawn} >= {lower}"] if lower else []) + ([f"{names.drawn} <= {upper}"] if upper else [])
    return " && ".join(ends)


def _store_draw(element: str, value: str, is_integer: bool, condition: str) -> str:
    """Return the statement that stores a draw; an element that is drawn twice becomes missing."""
    is_drawn = f"{element} >= {MISSING}" if is_integer else f"!is_nan({element})"
    missing = str(MISSING) if is_integer else "negative_infinity()"
    statement = f"if ({is_drawn}) {{ {element} = {missing}; }} else {{ {element} = {value}; }}"
    return f"if ({condition}) {{ {statement} }}" if condition else statement

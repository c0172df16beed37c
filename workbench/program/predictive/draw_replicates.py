"""The model block again, at the end of generated quantities: outcomes drawn where their densities stand.

It comes after the author's own quantities and stands under a switch: with `replicating` 0 nothing is drawn,
and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from workbench.program.predictive.outcome_draws import Drawing, Generators
from workbench.program.predictive.replicates import Replicate, Replication, in_new_names
from workbench.program.predictive.rng_functions import GUARDED, MISSING
from workbench.program.rewrite.log_densities import LIKELIHOOD
from workbench.program.rewrite.lp_functions import valued_call
from workbench.program.rewrite.weights import SPLICED, Plan, spliced
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import normalised

TRIES = 1000
"""Draws before a truncated outcome counts as missing: its limits then hold less than a percent or so."""


def redrawn(tree: n.Tree, plan: Plan, found: Replication) -> tuple[n.Stmt, ...]:
    """Return the declarations of the replicates, and the statements that draw them."""
    ours = [one for one in found.replicates if one.is_ours]
    if not ours:
        return ()
    sizes = _declared_sizes(tree)
    flag = found.names.flag
    declared = [n.Raw(_declaration(one, sizes[one.outcome], flag)) for one in ours]
    made = [one for one in ours if one.observed]
    declared += [n.Raw(_repetition(one, sizes[one.outcome], flag)) for one in made]
    repeated = [n.Raw(f"{one.observed} = {one.outcome};") for one in made]
    body = _drawn(tree.block("model"), plan, found)
    return (*declared, n.Raw(f"if ({flag}) {{"), *repeated, *body, n.Raw("}"))


def guarded_functions(found: Replication) -> Iterator[n.Stmt]:
    """Yield the generators of ours that are called."""
    called = " ".join(one.value for drawings in found.drawings.values() for one in drawings)
    for kind, text in GUARDED.items():
        name = found.names.guarded[kind]
        if f"{name}(" in called:
            yield n.Raw(text.format(name=name, missing=MISSING))


def switch(found: Replication) -> list[n.Stmt]:
    """Return the declaration of the data that say whether to draw; none where there is nothing to draw."""
    if not any(one.is_ours for one in found.replicates):
        return []
    return [n.Raw(f"int<lower=0, upper=1> {found.names.flag}; // whether to draw replicated data")]


def _declared_sizes(tree: n.Tree) -> dict[str, n.Sized]:
    blocks = (*tree.block("data"), *tree.block("transformed data"))
    declared = (item for item in blocks if isinstance(item, n.Declare))
    return {name: item.sized for item in declared for name, _ in item.variables}


def _declaration(one: Replicate, sized: n.Sized, flag: str) -> str:
    """Return a replicate's declaration: the outcome's without its bounds, empty unless it is drawn."""
    base = sized.base if one.is_integer or sized.base != "int" else "real"
    return f"{_type_text(replace(sized, base=base), flag)} {one.name}; // `{one.outcome}` drawn anew"


def _repetition(one: Replicate, sized: n.Sized, flag: str) -> str:
    """Return the declaration of the quantity that repeats an outcome made in transformed data."""
    return f"{_type_text(sized, flag)} {one.observed}; // `{one.outcome}` as it was observed"


def _type_text(sized: n.Sized, flag: str) -> str:
    dims, sizes = [to_text(size) for size in sized.dims], [to_text(size) for size in sized.sizes]
    for texts in (dims, sizes):
        if texts:
            texts[0] = f"{flag} ? {texts[0]} : 0"
            break
    array = f"array[{', '.join(dims)}] " if dims else ""
    inner = f"[{', '.join(sizes)}]" if sizes else ""
    return f"{array}{sized.base}{inner}"


def _drawn(statements: Sequence[n.Stmt], plan: Plan, found: Replication) -> tuple[n.Stmt, ...]:
    """Return statements that draw where the author's add to `target`."""
    targets = {one.outcome: one for one in found.replicates}

    def change(node: Any) -> Any:
        if isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target"):
            texts = [
                text
                for term in plan.of_statement(node)
                for one in found.drawings.get(term.index, ())
                for text in _of_term(term.index, one, targets[one.cells.name], found.names, plan)
            ]
            return n.Block(tuple(n.Raw(text) for text in texts), id=SPLICED)
        if isinstance(node, n.Message):
            return n.Jump("", id=SPLICED)
        site = plan.sites.get(node.id) if isinstance(node, n.Stmt) else None
        if site is None:
            return normalised(node)
        return valued_call(node, site) or n.Jump("", id=SPLICED)

    return spliced([in_new_names(one, found.renamed) for one in t.rebuild(tuple(statements), change)])


def _of_term(index: int, one: Drawing, target: Replicate, names: Generators, plan: Plan) -> Iterator[str]:
    yield f"if ({plan.roles}[{index}] == {LIKELIHOOD}) {{"
    yield from drawn_statements(one, target.name, target.is_integer, names, plan)
    yield "}"


def drawn_statements(
    one: Drawing, target: str, is_integer: bool, names: Generators, plan: Plan
) -> Iterator[str]:
    """Yield the statements that draw, as Stan.

    Parameters
    ----------
    one
        What is drawn.
    target
        The variable that takes the draws.
    is_integer
        Whether that holds integers.
    names, plan
        Names that are free in the program.
    """
    yield "{"
    yield from one.held
    if one.count:
        yield f"for ({plan.element} in 1:{one.count}) {{"
    yield f"{one.type} {names.drawn} = {one.value};"
    yield from _tried_again(one, names)
    elements = names.elements[: one.rank]
    for element, size in zip(elements, _sizes(one, names), strict=True):
        yield f"for ({element} in 1:{size}) {{"
    index = f"[{', '.join(elements)}]" if elements else ""
    where = one.cells.at(*([plan.element] if one.count else []), *elements)
    yield _stored(f"{target}{where}", f"{names.drawn}{index}", is_integer, _inside(one, names))
    yield "}" * (len(elements) + bool(one.count) + 1)


def _sizes(one: Drawing, names: Generators) -> list[str]:
    if one.rank == 2:
        return [f"rows({names.drawn})", f"cols({names.drawn})"]
    return [f"num_elements({names.drawn})"] * one.rank


def _tried_again(one: Drawing, names: Generators) -> Iterator[str]:
    inside = _inside(one, names)
    if inside:
        yield f"int {names.tries} = 1;"
        yield f"while (!({inside}) && {names.tries} < {TRIES}) {{"
        yield f"{names.drawn} = {one.value}; {names.tries} += 1; }}"


def _inside(one: Drawing, names: Generators) -> str:
    lower, upper = one.limits
    ends = ([f"{names.drawn} >= {lower}"] if lower else []) + ([f"{names.drawn} <= {upper}"] if upper else [])
    return " && ".join(ends)


def _stored(cell: str, value: str, is_integer: bool, condition: str) -> str:
    """Return the statement that stores a draw; a cell that is drawn twice holds no draw of one density."""
    is_taken = f"{cell} >= {MISSING}" if is_integer else f"!is_nan({cell})"
    spoilt = str(MISSING) if is_integer else "negative_infinity()"
    statement = f"if ({is_taken}) {{ {cell} = {spoilt}; }} else {{ {cell} = {value}; }}"
    return f"if ({condition}) {{ {statement} }}" if condition else statement

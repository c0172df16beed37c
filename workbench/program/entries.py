"""In which order the entries of `log_lik` belong to the outcomes: what makes them rows of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.cells import Cells, cells_of
from workbench.program.densities import density_of
from workbench.program.drawing import untransformed
from workbench.program.printer import to_text
from workbench.program.replay import opening_of
from workbench.program.rewrite import Plan
from workbench.program.terms import Term

Order = tuple[tuple[str, ...], ...]


def entry_order(tree: n.Tree, plan: Plan) -> Order:
    """Return the outcomes in the order of `log_lik`: one group for each statement or loop.

    The entries of a group run over the elements of its outcomes, those of one element together. It is empty
    where the text does not tell, as in ragged data: entries then are no rows of the data.
    """
    terms = [term for term in plan.terms if term.role == "likelihood" and term.index in plan.opened]
    order: list[tuple[str, ...]] = []
    for statement in _flat(tree.block("model")):
        inside = [term for term in terms if term.site in _ids(statement)]
        group = _group(statement, inside, plan) if inside else ()
        if inside and not group:
            return ()
        order += [group] if group else []
    return tuple(order)


def _flat(statements: Sequence[n.Stmt]) -> Iterator[n.Stmt]:
    for statement in statements:
        if isinstance(statement, n.Block | n.Profile):
            yield from _flat(statement.body)
        else:
            yield statement


def _ids(statement: n.Stmt) -> set[int]:
    return {item.id for item in t.walk(statement) if isinstance(item, n.Stmt)}


def _group(statement: n.Stmt, terms: Sequence[Term], plan: Plan) -> tuple[str, ...]:
    """Return the outcomes of one statement or loop; none where its entries are not elements in order."""
    if isinstance(statement, n.For):
        return _of_loop(statement, terms, plan)
    names = [_whole(term, plan) for term in terms] if isinstance(statement, n.Tilde | n.Increment) else [""]
    return tuple(names) if len(names) == 1 and names[0] else ()


def _whole(term: Term, plan: Plan) -> str:
    """Return the outcome of a density of a whole vector or array; empty for anything else."""
    cells = _cells(term)
    is_opened = opening_of(term, plan) is not None
    return (
        cells.name if cells is not None and is_opened and cells.is_whole and len(cells.indices) == 1 else ""
    )


def _of_loop(loop: n.For, terms: Sequence[Term], plan: Plan) -> tuple[str, ...]:
    """Return the outcomes of a loop over all elements, each with one density in its body."""
    direct = {item.id for item in _flat((loop.body,))}
    names = [_element(term, loop, plan) for term in terms]
    is_plain = all(names) and all(term.site in direct for term in terms) and to_text(loop.lower) == "1"
    return tuple(names) if is_plain and len(set(names)) == len(names) else ()


def _element(term: Term, loop: n.For, plan: Plan) -> str:
    cells = _cells(term)
    if cells is None or cells.indices != (loop.variable,) or opening_of(term, plan) is not None:
        return ""
    sized = plan.declared.get(cells.name)
    sizes = [] if sized is None else [to_text(size) for size in (*sized.dims, *sized.sizes)]
    return cells.name if sizes == [to_text(loop.upper)] else ""


def _cells(term: Term) -> Cells | None:
    """Return the cells that a term is a density of, where it is one density."""
    density = density_of(term.parts[0].summand.node) if len(term.parts) == 1 and not term.calls else None
    return None if density is None else cells_of(untransformed(density)[0])

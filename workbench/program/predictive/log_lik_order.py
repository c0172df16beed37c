"""In which order the entries of `log_lik` belong to the outcomes: what makes them rows of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.program.predictive.outcome_draws import untransformed
from workbench.program.predictive.outcome_elements import Cells, cells_of
from workbench.program.rewrite.log_densities import opening_of
from workbench.program.rewrite.weights import Plan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import density_of
from workbench.program.terms.terms import Term

Order = tuple[tuple[str, ...], ...]


def entry_order(tree: n.Tree, plan: Plan) -> Order:
    """Return the outcomes in the order of `log_lik`: one group for each statement or loop.

    The entries of a group run over the elements of its outcomes, those of one element together. It is empty
    where the text does not tell, as in ragged data: entries then are no rows of the data.
    """
    terms = [term for term in plan.terms if term.role == "likelihood" and term.index in plan.opened]
    blocks = (*tree.block("data"), *tree.block("transformed data"))
    declared = {name for item in blocks if isinstance(item, n.Declare) for name, _ in item.variables}
    order = _order(tree.block("model"), terms, plan)
    return order if all(name in declared for group in order for name in group) else ()


def _order(statements: Sequence[n.Stmt], terms: Sequence[Term], plan: Plan) -> Order:
    order: list[tuple[str, ...]] = []
    for statement in _flat(statements):
        inside = [term for term in terms if term.site in _ids(statement)]
        if not inside:
            continue
        if isinstance(statement, n.If) and statement.no is None and len(inside) == len(terms):
            return _order((statement.yes,), terms, plan)  # all of them or none, as with brms's `prior_only`
        group = _group(statement, inside, plan)
        if not group:
            return ()
        order.append(group)
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
    """Return the outcomes of a loop over all elements, in the order of its entries."""
    if to_text(loop.lower) != "1":
        return ()
    direct = {item.id for item in _flat((loop.body,))}
    names = [_element(term, loop, plan) for term in terms]
    if all(names) and all(term.site in direct for term in terms) and len(set(names)) == len(names):
        return tuple(names)
    about = tuple({name for term in terms for name in term.outcomes})
    if len(about) != 1 or not _has_size(about[0], loop, plan) or not _is_at(about[0], loop, terms):
        return ()
    return about if _entries((loop.body,), terms, plan) == 1 else ()


def _is_at(name: str, loop: n.For, terms: Sequence[Term]) -> bool:
    """Whether terms name no other element of an outcome than the one that the loop is at."""
    nodes = [node for term in terms for part in term.parts for node in t.walk(part.summand.node)]
    named = [node for node in nodes if isinstance(node, n.Variable) and node.name == name]
    here = [
        node for node in nodes if isinstance(node, n.Indexed) and to_text(node) == f"{name}[{loop.variable}]"
    ]
    return len(named) == len(here)


def _entries(statements: Sequence[n.Stmt], terms: Sequence[Term], plan: Plan) -> int | None:
    """Return how many entries statements add, whatever their conditions; `None` where that varies."""
    total = 0
    for statement in _flat(statements):
        inside = [term for term in terms if term.site in _ids(statement)]
        if not inside:
            continue
        if isinstance(statement, n.If) and statement.no is not None:
            yes, no = (_entries((branch,), inside, plan) for branch in (statement.yes, statement.no))
            if yes is None or yes != no:
                return None
            total += yes
        elif isinstance(statement, n.Tilde | n.Increment):
            if any(opening_of(term, plan) is not None for term in inside):
                return None
            total += len(inside)
        else:
            return None
    return total


def _has_size(name: str, loop: n.For, plan: Plan) -> bool:
    """Whether a loop runs over all elements of a vector or an array of numbers."""
    sized = plan.declared.get(name)
    sizes = [] if sized is None else [to_text(size) for size in (*sized.dims, *sized.sizes)]
    return sizes == [to_text(loop.upper)]


def _element(term: Term, loop: n.For, plan: Plan) -> str:
    cells = _cells(term)
    if cells is None or cells.indices != (loop.variable,) or opening_of(term, plan) is not None:
        return ""
    return cells.name if _has_size(cells.name, loop, plan) else ""


def _cells(term: Term) -> Cells | None:
    """Return the cells that a term is a density of, where it is one density."""
    density = density_of(term.parts[0].summand.node) if len(term.parts) == 1 and not term.calls else None
    return None if density is None else cells_of(untransformed(density)[0])

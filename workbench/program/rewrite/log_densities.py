"""The model block once more, in generated quantities: each term's log density, each observation's.

The densities are the normalised ones and unweighted, so that they add up to the program's own log density
whatever the weights of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workbench.program.rewrite.lp_functions import (
    Site,
    body_of,
    recorded_call,
    recorded_clone,
    valued_call,
    valued_clone,
)
from workbench.program.rewrite.observations import Opening, opened
from workbench.program.rewrite.weights import SPLICED, Plan, enclosed, spliced, sum_text, summed
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import density_of, normalised, normalised_text
from workbench.program.terms.terms import Term

LIKELIHOOD = 3  # its code in the data `roles`; prior is 1, latent 2, unplaced 0
ROLE_CODES = {"unplaced": 0, "prior": 1, "latent": 2, "likelihood": LIKELIHOOD}


def replayed(tree: n.Tree, plan: Plan) -> tuple[n.Stmt, ...]:
    """Return the statements that fill in the generated quantities."""
    start = [n.Raw(f"int {plan.counter} = 0;")] if plan.opened else []
    return (n.Block((*start, *_filled(tree.block("model"), plan))),)


def recording_functions(plan: Plan) -> Iterable[n.Stmt]:
    """Yield the functions that stand in generated quantities for those that add to ``target``."""
    for site in plan.sites.values():
        body = _filled(body_of(site), plan.within(site))
        yield recorded_clone(site, plan.densities, len(plan.terms), body)
        if site.function.returns is not None:
            yield valued_clone(site)


def _filled(statements: Sequence[n.Stmt], plan: Plan) -> tuple[n.Stmt, ...]:
    """Return statements that record each contribution where they added it."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target"):
            return n.Block(tuple(_recorded(node, plan)), id=SPLICED)
        if isinstance(node, n.Message):
            return n.Jump("", id=SPLICED)
        site = plan.sites.get(node.id) if isinstance(node, n.Stmt) else None
        return normalised(node) if site is None else n.Block(tuple(_called(node, site, plan)), id=SPLICED)

    return spliced(t.rebuild(tuple(statements), change))


def _called(statement: n.Stmt, site: Site, plan: Plan) -> Iterable[n.Stmt]:
    """Yield statements that record the terms which a call adds, one entry for each of its likelihoods."""
    held = plan.holder
    yield n.Raw(f"{{ vector[{len(plan.terms)}] {held} = {to_text(recorded_call(statement, site))};")
    for term in site.terms:
        if term.index in plan.opened:
            yield n.Raw(_stored(term, plan, f"{held}[{term.index}]"))
    yield n.Raw(f"{plan.densities} += {held}; }}")
    rest = valued_call(statement, site)
    if rest is not None:
        yield rest


def _recorded(statement: n.Tilde | n.Increment, plan: Plan) -> Iterable[n.Stmt]:
    for term in plan.of_statement(statement):
        if term.index in plan.opened:
            yield from _observed(term, plan)
        else:
            yield n.Raw(f"{plan.densities}[{term.index}] += {density_text(term, plan)};")


def density_text(term: Term, plan: Plan) -> str:
    """Return a term's normalised density as Stan."""
    texts = []
    for part in term.parts:
        node = t.substitute(part.summand.node, plan.lifted)
        density = density_of(node)
        if isinstance(node, n.Tilde) and density is not None:
            text = normalised_text(density)
        else:
            text = to_text(t.rebuild(summed(node), normalised))
        texts.append(f"-{enclosed(text)}" if part.summand.sign == "-" else text)
    return sum_text(texts)


def _observed(term: Term, plan: Plan) -> Iterable[n.Stmt]:
    """Yield statements that record a term, and its observations while it counts as likelihood."""
    total, one = f"{plan.densities}[{term.index}]", plan.value
    opening = opening_of(term, plan)
    if opening is None:
        yield n.Raw(f"{{ real {one} = {density_text(term, plan)};")
        yield n.Raw(f"{_stored(term, plan, one)} {total} += {one}; }}")
        return
    if opening.held:
        yield n.Raw("{ " + " ".join(opening.held))
    yield n.Raw(f"for ({plan.element} in 1:{opening.count}) {{ real {one} = {opening.one};")
    yield n.Raw(f"{_stored(term, plan, one)} {total} += {one}; }}{' }' if opening.held else ''}")


def _stored(term: Term, plan: Plan, value: str) -> str:
    counter = plan.counter
    is_likelihood = f"{plan.roles}[{term.index}] == {LIKELIHOOD}"
    return f"if ({is_likelihood}) {{ {counter} += 1; {plan.log_lik}[{counter}] = {value}; }}"


def opening_of(term: Term, plan: Plan) -> Opening | None:
    """Return a term opened into observations; `None` where it is a single one."""
    if term.calls or len(term.parts) != 1 or term.parts[0].summand.sign == "-":
        return None
    node = t.substitute(term.parts[0].summand.node, plan.lifted)
    return opened(node, plan.declared, plan.element, plan.holder)


def is_one_entry(term: Term, plan: Plan, is_repeated: bool) -> bool:
    """Whether a term holds many observations and still gives a single entry."""
    if is_repeated or opening_of(term, plan) is not None:
        return False
    density = density_of(term.parts[0].summand.node) if len(term.parts) == 1 else None
    return density is None or density.outcome.type.is_container

"""Statements that add to ``target``, each multiplied by its term's weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.errors import ProgramError
from workbench.program.rewrite.lp_functions import Site, body_of, weighted_call, weighted_clone
from workbench.program.rewrite.shapes import Declared
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import density_of, normalised_text, truncation, unnormalised_text
from workbench.program.terms.summands import Summand
from workbench.program.terms.terms import Term

SPLICED = -2  # the number of a block, or an empty statement, that stands only where one is needed


@dataclass(frozen=True)
class Plan:
    """What the rewriting adds to a program: names that are fresh in it, and its terms by statement.

    Attributes
    ----------
    weights, roles
        Data: one weight and one role for each term.
    densities, lprior, log_lik
        Generated quantities: each term's log density, the sum over the priors, one entry per observation.
    observations
        Transformed data: how many entries `log_lik` has.
    counter, element, value, holder
        Names of the position in `log_lik`, the position in an opened density, one log density, and (with a
        number) its long arguments.
    declared
        The declared types of the program's variables.
    lifted
        The data that stand for literals, by the identity of the literal's node.
    terms
        All terms.
    opened
        The indices of terms whose observations `log_lik` holds while their role is likelihood.
    sites
        The statements that call functions which add to ``target``, by number.
    calls
        The calls inside whose function this plan applies; none in the model block.
    """

    weights: str
    roles: str
    densities: str
    lprior: str
    log_lik: str
    observations: str
    counter: str
    element: str
    value: str
    holder: str
    declared: Declared
    lifted: Mapping[int, n.Expr]
    terms: Sequence[Term]
    opened: frozenset[int]
    sites: Mapping[int, Site] = field(default_factory=dict)
    calls: tuple[int, ...] = ()

    def of_statement(self, statement: n.Stmt) -> list[Term]:
        """Return the terms of one statement."""
        return [term for term in self.terms if term.statement == statement.id and term.calls == self.calls]

    def within(self, site: Site) -> Plan:
        """Return the plan for the body of a function that adds to ``target``, as called from one place."""
        return replace(self, calls=(site.statement,), opened=frozenset(), lifted={}, sites={})


def weighted_model(tree: n.Tree, plan: Plan) -> tuple[n.Stmt, ...]:
    """Return the model block with every contribution weighted."""
    return weighted(tree.block("model"), plan)


def weighted(statements: Sequence[n.Stmt], plan: Plan) -> tuple[n.Stmt, ...]:
    """Return statements with every contribution weighted."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target"):
            return n.Block(tuple(_weighted(node, plan)), id=SPLICED)
        site = plan.sites.get(node.id) if isinstance(node, n.Stmt) else None
        return node if site is None else weighted_call(node, site, plan.weights)

    return spliced(t.rebuild(tuple(statements), change))


def weighted_functions(plan: Plan) -> Iterable[n.Stmt]:
    """Yield the weighted clones of functions that add to ``target``."""
    for site in plan.sites.values():
        body = weighted(body_of(site), plan.within(site))
        yield weighted_clone(site, plan.weights, body)


def spliced(statements: Sequence[n.Stmt]) -> tuple[n.Stmt, ...]:
    """Return statements without the braces that rewriting put around several in the place of one."""

    def change(node: n.Stmt) -> n.Stmt:
        return replace(node, body=tuple(_flat(node.body))) if isinstance(node, n.Block | n.Profile) else node

    return tuple(_flat(t.rebuild(tuple(statements), change)))


def _flat(statements: Iterable[n.Stmt]) -> Iterable[n.Stmt]:
    for statement in statements:
        if isinstance(statement, n.Block) and statement.id == SPLICED:
            yield from statement.body
        elif not (isinstance(statement, n.Jump) and statement.id == SPLICED):
            yield statement


def _weighted(statement: n.Tilde | n.Increment, plan: Plan) -> Iterable[n.Stmt]:
    for term in plan.of_statement(statement):
        total = sum_text([_part_text(part.summand, plan) for part in term.parts])
        if term.is_constant:
            yield n.Raw(f"target += {total};")
        else:
            weight = f"{plan.weights}[{term.index}]"
            normaliser = "" if plan.calls else _normaliser(t.substitute(statement, plan.lifted), weight)
            yield n.Raw(f"if ({weight} != 0) {{ target += {weight} * {enclosed(total)}; {normaliser} }}")


def _part_text(summand: Summand, plan: Plan) -> str:
    node = t.substitute(summand.node, plan.lifted)
    density = density_of(node)
    if isinstance(node, n.Tilde) and density is not None:
        return unnormalised_text(density) if not plan.calls else normalised_text(density)
    return Summand(summed(node), summand.sign).text


def _normaliser(statement: n.Stmt, weight: str) -> str:
    """Return the statement that a truncated one adds beside its density, or nothing."""
    density = density_of(statement) if isinstance(statement, n.Tilde) else None
    if density is None or not density.is_truncated:
        return ""
    outside, inside = truncation(density)
    added = f"target += -{weight} * {enclosed(inside)};"
    return f"if ({outside}) {{ target += negative_infinity(); }} else {{ {added} }}"


def summed(node: n.Expr) -> n.Expr:
    """Return what ``target +=`` makes of an expression: the sum of a container's elements."""
    if not node.type.is_container:
        return node
    if node.type.depth > 1 or (node.type.depth and node.type.base not in {"real", "int"}):
        raise ProgramError(f"`{to_text(node)}` adds a nested array, which is not taken apart.")
    return n.Call("sum", (node,))


def sum_text(parts: Sequence[str]) -> str:
    """Return a sum as Stan.

    >>> sum_text(["a", "-(b)"])
    'a - (b)'
    """
    return " + ".join(parts).replace("+ -", "- ")


def enclosed(text: str) -> str:
    """Return an expression in parentheses unless it is a single call."""
    depth = 0
    for position, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and not (letter.isalnum() or letter in "_)"):
            return f"({text})"
        if depth == 0 and letter == ")" and position < len(text) - 1:
            return f"({text})"
    return text

"""Statements that add to ``target``, each multiplied by its term's weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.errors import ProgramError
from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.names import Names
from workbench.program.printer import to_text
from workbench.program.summands import Summand
from workbench.program.terms import Term

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
    counter, element, value
        Names of the position in `log_lik`, the position in an opened density, and one log density.
    names
        Where further names come from.
    lifted
        The data that stand for literals, by the identity of the literal's node.
    terms
        All terms.
    opened
        The indices of terms whose observations `log_lik` holds while their role is likelihood.
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
    names: Names
    lifted: Mapping[int, n.Expr]
    terms: Sequence[Term]
    opened: frozenset[int]

    def of_statement(self, statement: n.Stmt) -> list[Term]:
        """Return the terms of one statement."""
        return [term for term in self.terms if term.statement == statement.id and not term.calls]


def weighted_model(tree: n.Tree, plan: Plan) -> tuple[n.Stmt, ...]:
    """Return the model block with every contribution weighted."""

    def change(node: n.Stmt) -> n.Stmt:
        if isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target"):
            return n.Block(tuple(_weighted(node, plan)), id=SPLICED)
        return node

    return spliced(t.rebuild(tree.block("model"), change))


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
            yield n.Raw(f"if ({weight} != 0) {{ target += {weight} * {enclosed(total)}; }}")


def _part_text(summand: Summand, plan: Plan) -> str:
    node = t.substitute(summand.node, plan.lifted)
    if isinstance(node, n.Tilde):
        return unnormalised(node)
    return Summand(summed(node), summand.sign).text


def unnormalised(statement: n.Tilde) -> str:
    """Return the density that a sampling statement adds, without its constants."""
    if statement.is_truncated:
        raise ProgramError(f"`{to_text(statement)}` is truncated, which is not taken apart yet.")
    suffix = "lupmf" if statement.kind == "FnLpmf" else "lupdf"
    arguments = ", ".join(to_text(item) for item in statement.arguments)
    return f"{statement.distribution}_{suffix}({to_text(statement.outcome)} | {arguments})"


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

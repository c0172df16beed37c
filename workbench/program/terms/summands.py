"""What a statement adds to ``target``: a sum of signed expressions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from workbench.program.syntax import nodes as n
from workbench.program.syntax.printer import to_text


@dataclass(frozen=True)
class Summand:
    """A signed expression; a distribution statement (``~``) is a single summand, the statement itself."""

    node: n.Expr | n.Tilde
    sign: str = "+"

    @property
    def text(self) -> str:
        """The summand as Stan, with a minus sign if it is subtracted."""
        text = to_text(self.node)
        return f"-({text})" if self.sign == "-" else text


def adds_to_target(node: object) -> TypeGuard[n.Tilde | n.Increment]:
    """Whether a node is a statement that adds to ``target`` by itself, not by calling a function."""
    return isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target")


def split_into_summands(statement: n.Increment | n.Tilde) -> tuple[Summand, ...]:
    """Return the summands of a statement, in source order."""
    if isinstance(statement, n.Tilde):
        return (Summand(statement),)
    if statement.value.type.is_container:
        return (Summand(statement.value),)
    return tuple(_split(statement.value, "+"))


def format_sum(texts: Sequence[str]) -> str:
    """Return a sum as Stan.

    >>> format_sum(["a", "-(b)"])
    'a - (b)'
    """
    return " + ".join(texts).replace("+ -", "- ")


def _split(node: n.Expr, sign: str) -> Iterator[Summand]:
    if isinstance(node, n.Paren | n.Promotion):
        yield from _split(node.inner, sign)
    elif isinstance(node, n.Unary) and node.operator in {"-", "+"} and not node.is_postfix:
        yield from _split(node.operand, _multiply_signs(sign, node.operator))
    elif isinstance(node, n.Binary) and node.operator in {"+", "-"}:
        yield from _split(node.left, sign)
        yield from _split(node.right, _multiply_signs(sign, node.operator))
    else:
        yield Summand(node, sign)


def _multiply_signs(left: str, right: str) -> str:
    return "+" if left == right else "-"

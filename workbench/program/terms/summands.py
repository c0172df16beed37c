"""What a statement adds to ``target``, as a sum of signed expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.program.syntax import nodes as n
from workbench.program.syntax.printer import to_text


@dataclass(frozen=True)
class Summand:
    """A signed expression; a statement with a tilde is one summand, the statement itself."""

    node: n.Expr | n.Tilde
    sign: str = "+"

    @property
    def text(self) -> str:
        """The summand as Stan, with a minus where it is subtracted."""
        text = to_text(self.node)
        return f"-({text})" if self.sign == "-" else text


def summands(statement: n.Increment | n.Tilde) -> tuple[Summand, ...]:
    """Return the summands of a statement, in source order."""
    if isinstance(statement, n.Tilde):
        return (Summand(statement),)
    if statement.value.type.is_container:
        return (Summand(statement.value),)
    return tuple(_split(statement.value, "+"))


def _split(node: n.Expr, sign: str) -> Iterator[Summand]:
    if isinstance(node, n.Paren | n.Promotion):
        yield from _split(node.inner, sign)
    elif isinstance(node, n.Unary) and node.operator in {"-", "+"} and not node.is_postfix:
        yield from _split(node.operand, _times(sign, node.operator))
    elif isinstance(node, n.Binary) and node.operator in {"+", "-"}:
        yield from _split(node.left, sign)
        yield from _split(node.right, _times(sign, node.operator))
    else:
        yield Summand(node, sign)


def _times(left: str, right: str) -> str:
    return "+" if left == right else "-"

"""Expressions in declarations: sizes and bounds, with their value once the data are known."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text


@dataclass(frozen=True)
class Expression:
    """A size or a bound as declared.

    Attributes
    ----------
    text
        The expression as its author wrote it.
    node
        Its syntax tree.
    """

    text: str
    node: n.Expr = field(repr=False, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The variables it uses."""
        return t.names_in(self.node)

    @property
    def literal(self) -> float | None:
        """Its value where no variable is needed, else `None`."""
        try:
            return float(evaluate(self.node, {}))
        except ProgramError:
            return None

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return its value, given the data by name (numbers, or nested lists).

        Raises
        ------
        ProgramError
            A variable has no value here, or a function is not one this workbench evaluates.
        """
        return evaluate(self.node, values)


def expression(node: n.Expr) -> Expression:
    """Return a syntax tree as a declared expression."""
    return Expression(to_text(node), node)


def evaluate(node: n.Expr, values: Mapping[str, Any]) -> Any:
    """Return the value of a syntax tree; integers follow Stan's integer arithmetic."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise _not_evaluated(node)
    try:
        return rule(node, values)
    except (ArithmeticError, ValueError, TypeError, IndexError) as reason:
        raise ProgramError(f"`{to_text(node)}` has no value: {reason}.") from reason


def _not_evaluated(node: n.Expr) -> ProgramError:
    return ProgramError(f"`{to_text(node)}` is not an expression that the workbench evaluates.")


def _variable(node: n.Variable, values: Mapping[str, Any]) -> Any:
    if node.name not in values:
        raise ProgramError(f"`{node.name}` has no value yet.")
    return values[node.name]


def _numeral(node: n.Numeral, _values: Mapping[str, Any]) -> Any:
    text = node.text.replace("_", "")
    return int(text) if node.type == n.INT else float(text)


def _inner(node: n.Paren | n.Promotion, values: Mapping[str, Any]) -> Any:
    return evaluate(node.inner, values)


def _unary(node: n.Unary, values: Mapping[str, Any]) -> Any:
    if node.is_postfix:
        raise _not_evaluated(node)
    value = evaluate(node.operand, values)
    return _UNARY[node.operator](value)


def _binary(node: n.Binary, values: Mapping[str, Any]) -> Any:
    left, right = evaluate(node.left, values), evaluate(node.right, values)
    if node.operator == "/" and node.type == n.INT:
        return math.trunc(left / right)
    if node.operator not in _BINARY:
        raise _not_evaluated(node)
    return _BINARY[node.operator](left, right)


def _ternary(node: n.Ternary, values: Mapping[str, Any]) -> Any:
    return evaluate(node.yes if evaluate(node.condition, values) else node.no, values)


def _elements(node: n.Elements, values: Mapping[str, Any]) -> Any:
    return [evaluate(item, values) for item in node.items]


def _indexed(node: n.Indexed, values: Mapping[str, Any]) -> Any:
    return _pick(evaluate(node.base, values), node.indices, values, node)


def _pick(held: Any, indices: Sequence[n.Slice], values: Mapping[str, Any], node: n.Expr) -> Any:
    if not indices:
        return held
    first, rest = indices[0], indices[1:]
    start = 1 if first.lower is None else evaluate(first.lower, values)
    if first.is_single:
        positions = start if isinstance(start, Sequence) else [start]
    else:
        positions = range(start, (len(held) if first.upper is None else evaluate(first.upper, values)) + 1)
    if any(position < 1 for position in positions):
        raise _not_evaluated(node)
    picked = [_pick(held[position - 1], rest, values, node) for position in positions]
    return picked[0] if first.is_single and not isinstance(start, Sequence) else picked


def _call(node: n.Call, values: Mapping[str, Any]) -> Any:
    if node.is_user_defined or node.name not in _FUNCTIONS:
        raise _not_evaluated(node)
    return _FUNCTIONS[node.name](*(evaluate(item, values) for item in node.arguments))


def _projection(node: n.Projection, values: Mapping[str, Any]) -> Any:
    return evaluate(node.base, values)[node.position - 1]


def _flat(held: Any) -> list[Any]:
    return [leaf for item in held for leaf in _flat(item)] if isinstance(held, Sequence) else [held]


_UNARY: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg,
    "+": operator.pos,
    "!": lambda held: int(not held),
}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": lambda left, right: left - right * math.trunc(left / right),
    "%/%": lambda left, right: math.trunc(left / right),
    "^": operator.pow,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<": lambda left, right: int(left < right),
    "<=": lambda left, right: int(left <= right),
    ">": lambda left, right: int(left > right),
    ">=": lambda left, right: int(left >= right),
    "&&": lambda left, right: int(bool(left and right)),
    "||": lambda left, right: int(bool(left or right)),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "size": lambda held: len(held) if isinstance(held, Sequence) else 1,
    "rows": len,
    "cols": lambda held: len(held[0]) if isinstance(held[0], Sequence) else len(held),
    "num_elements": lambda held: len(_flat(held)),
    "max": lambda *held: max(_flat(held)),
    "min": lambda *held: min(_flat(held)),
    "sum": lambda held: sum(_flat(held)),
    "mean": lambda held: sum(_flat(held)) / len(_flat(held)),
    "prod": lambda held: math.prod(_flat(held)),
    "abs": abs,
    "choose": math.comb,
    "square": lambda held: held * held,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "floor": lambda held: float(math.floor(held)),
    "ceil": lambda held: float(math.ceil(held)),
    "round": lambda held: float(math.floor(held + 0.5)),
    "to_int": int,
    "pi": lambda: math.pi,
    "e": lambda: math.e,
    "sqrt2": lambda: math.sqrt(2),
    "positive_infinity": lambda: math.inf,
    "negative_infinity": lambda: -math.inf,
    "not_a_number": lambda: math.nan,
    "machine_precision": lambda: 2.0**-52,
}
_RULES: dict[type, Callable[[Any, Mapping[str, Any]], Any]] = {
    n.Variable: _variable,
    n.Numeral: _numeral,
    n.Paren: _inner,
    n.Promotion: _inner,
    n.Unary: _unary,
    n.Binary: _binary,
    n.Ternary: _ternary,
    n.Elements: _elements,
    n.Indexed: _indexed,
    n.Call: _call,
    n.Projection: _projection,
}

"""Expressions in declarations: sizes and bounds, and their values once the data are known."""

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
    """A declared size or bound.

    Attributes
    ----------
    text
        The expression as its author wrote it.
    node
        Its syntax tree.
    """

    text: str
    node: n.Expr = field(repr=False, compare=False)

    @classmethod
    def from_node(cls, node: n.Expr) -> Expression:
        """Return the expression of a syntax tree."""
        return cls(to_text(node), node)

    @property
    def names(self) -> frozenset[str]:
        """The variables in it."""
        return t.find_names(self.node)

    @property
    def literal(self) -> float | None:
        """Its value if it can be evaluated without data, else `None`."""
        try:
            return float(evaluate(self.node, {}))
        except ProgramError:
            return None

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return its value.

        Parameters
        ----------
        values
            The data by name: numbers, or nested lists.

        Raises
        ------
        ProgramError
            A variable has no value, or the workbench cannot evaluate a function in it.
        """
        return evaluate(self.node, values)


def evaluate(node: n.Expr, values: Mapping[str, Any]) -> Any:
    """Return the value of a syntax tree; integers follow Stan's integer arithmetic.

    Raises
    ------
    ProgramError
        As `Expression.evaluate`.
    """
    rule = _RULES.get(type(node))
    if rule is None:
        raise _explain_unsupported(node)
    try:
        return rule(node, values)
    except (ArithmeticError, ValueError, TypeError, IndexError) as reason:
        raise ProgramError(f"`{to_text(node)}` has no value: {reason}.") from reason


def _explain_unsupported(node: n.Expr) -> ProgramError:
    return ProgramError(f"`{to_text(node)}` is not an expression that the workbench can evaluate.")


def _evaluate_variable(node: n.Variable, values: Mapping[str, Any]) -> Any:
    if node.name not in values:
        raise ProgramError(f"`{node.name}` has no value yet.")
    return values[node.name]


def _evaluate_numeral(node: n.Numeral, _values: Mapping[str, Any]) -> Any:
    text = node.text.replace("_", "")
    return int(text) if node.type == n.INT else float(text)


def _evaluate_inner(node: n.Paren | n.Promotion, values: Mapping[str, Any]) -> Any:
    return evaluate(node.inner, values)


def _round_half_away(value: float) -> float:
    """Return the nearest whole number; halves go away from zero, as in Stan.

    >>> _round_half_away(-2.5), _round_half_away(2.5), _round_half_away(-0.4)
    (-3.0, 3.0, -0.0)
    """
    whole = math.floor(abs(value))
    return math.copysign(whole + (2 * (abs(value) - whole) >= 1), value)


def _evaluate_unary(node: n.Unary, values: Mapping[str, Any]) -> Any:
    if node.is_postfix:
        raise _explain_unsupported(node)
    value = evaluate(node.operand, values)
    return _UNARY[node.operator](value)


def _evaluate_binary(node: n.Binary, values: Mapping[str, Any]) -> Any:
    left, right = evaluate(node.left, values), evaluate(node.right, values)
    if node.operator == "/" and node.type == n.INT:
        return math.trunc(left / right)
    if node.operator not in _BINARY:
        raise _explain_unsupported(node)
    return _BINARY[node.operator](left, right)


def _evaluate_ternary(node: n.Ternary, values: Mapping[str, Any]) -> Any:
    return evaluate(node.yes if evaluate(node.condition, values) else node.no, values)


def _evaluate_elements(node: n.Elements, values: Mapping[str, Any]) -> Any:
    return [evaluate(item, values) for item in node.items]


def _evaluate_indexed(node: n.Indexed, values: Mapping[str, Any]) -> Any:
    return _pick(evaluate(node.base, values), node.indices, values, node)


def _pick(container: Any, indices: Sequence[n.SliceIndex], values: Mapping[str, Any], node: n.Expr) -> Any:
    if not indices:
        return container
    first, rest = indices[0], indices[1:]
    start = 1 if first.lower is None else evaluate(first.lower, values)
    if first.is_single:
        positions = start if isinstance(start, Sequence) else [start]
    else:
        end = len(container) if first.upper is None else evaluate(first.upper, values)
        positions = range(start, end + 1)
    if any(position < 1 for position in positions):
        raise _explain_unsupported(node)
    picked = [_pick(container[position - 1], rest, values, node) for position in positions]
    return picked[0] if first.is_single and not isinstance(start, Sequence) else picked


def _evaluate_call(node: n.Call, values: Mapping[str, Any]) -> Any:
    if node.is_user_defined or node.name not in _FUNCTIONS:
        raise _explain_unsupported(node)
    return _FUNCTIONS[node.name](*(evaluate(item, values) for item in node.arguments))


def _evaluate_projection(node: n.Projection, values: Mapping[str, Any]) -> Any:
    return evaluate(node.base, values)[node.position - 1]


def _flatten(value: Any) -> list[Any]:
    """Return the numbers in a nested list."""
    return [leaf for item in value for leaf in _flatten(item)] if isinstance(value, Sequence) else [value]


_UNARY: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg,
    "+": operator.pos,
    "!": lambda value: int(not value),
}
"""Prefix operators."""

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
"""Binary operators; `/` divides reals, and the result of `%` has the sign of the left operand, as in C++."""

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "size": lambda value: len(value) if isinstance(value, Sequence) else 1,
    "rows": len,
    "cols": lambda value: len(value[0]) if isinstance(value[0], Sequence) else len(value),
    "num_elements": lambda value: len(_flatten(value)),
    "max": lambda *values: max(_flatten(values)),
    "min": lambda *values: min(_flatten(values)),
    "sum": lambda value: sum(_flatten(value)),
    "mean": lambda value: sum(_flatten(value)) / len(_flatten(value)),
    "prod": lambda value: math.prod(_flatten(value)),
    "abs": abs,
    "choose": math.comb,
    "square": lambda value: value * value,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "floor": lambda value: float(math.floor(value)),
    "ceil": lambda value: float(math.ceil(value)),
    "round": _round_half_away,
    "to_int": int,
    "pi": lambda: math.pi,
    "e": lambda: math.e,
    "sqrt2": lambda: math.sqrt(2),
    "positive_infinity": lambda: math.inf,
    "negative_infinity": lambda: -math.inf,
    "not_a_number": lambda: math.nan,
    "machine_precision": lambda: 2.0**-52,
}
"""The functions of Stan that occur in sizes and bounds."""

_RULES: dict[type, Callable[[Any, Mapping[str, Any]], Any]] = {
    n.Variable: _evaluate_variable,
    n.Numeral: _evaluate_numeral,
    n.Paren: _evaluate_inner,
    n.Promotion: _evaluate_inner,
    n.Unary: _evaluate_unary,
    n.Binary: _evaluate_binary,
    n.Ternary: _evaluate_ternary,
    n.Elements: _evaluate_elements,
    n.Indexed: _evaluate_indexed,
    n.Call: _evaluate_call,
    n.Projection: _evaluate_projection,
}
"""The rule that evaluates each kind of node."""

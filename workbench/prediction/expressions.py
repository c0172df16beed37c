"""Expressions over parameters and predictions, such as `P(y_rep > 500)` or `exp(b[age])`: the grammar.

Python's parser reads the text, and each of its nodes becomes one of the three below or is refused; nothing is
ever evaluated as Python. The grammar, where NAME is a parameter, a transformed parameter, a generated
quantity, the replicate of an outcome or a column of the new table::

    NAME                       all of it; NAME[2], NAME[1,2], NAME[age]: an element, by number or label
    E(y_rep)                   the expectation of an outcome, given each draw
    + - * / **, parentheses, numbers
    exp log sqrt abs inv_logit logit; min and max of two or more
    mean sum min max           of one: over rows, within each draw; `mean(y_rep > 5)` is a share of rows
    P(CONDITION)               the share of draws; conditions have < <= > >= == !=, `and`, `or`, `not`
    quantile(X, 0.9)           over draws
    return_level(X, 100)       what X exceeds once in 100 on average: its quantile 1 - 1/100 over draws

The last three stand alone: they are numbers, without a distribution over draws.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from workbench.errors import RequestError

MOST_CHARACTERS = 500
"""The longest expression."""

DEEPEST = 40
"""How deep an expression may be nested, well within what Python's stack holds."""

CONDITIONS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")
"""What is true or false in each draw."""

OVER_DRAWS = ("P", "quantile", "return_level")
"""What is a number over all draws, so that it stands alone."""

REDUCTIONS = ("mean", "sum", "min", "max")
"""What goes over rows, where it has one argument."""

_TAKING_CONDITIONS = ("P", "mean", "sum", "and", "or", "not")
"""What a condition may stand in."""

_ARITY: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("exp", "log", "sqrt", "abs", "inv_logit", "logit", "mean", "sum", "E", "P"), (1, 1)),
    **dict.fromkeys(("quantile", "return_level"), (2, 2)),
    **dict.fromkeys(("min", "max"), (1, 20)),
}
"""The functions, with the fewest and the most arguments of each."""

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.UAdd: "plus",
    ast.USub: "negative", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
    ast.NotEq: "!=", ast.And: "and", ast.Or: "or", ast.Not: "not",
}  # fmt: skip
"""Python's operators that the grammar has."""

_ELEMENT = re.compile(r"([A-Za-z]\w*)\s*\[([^\[\]]*)\]")
_HIDDEN = re.compile(r"_(\d+)_+")
_INDEX = re.compile(r"\d+(\s*,\s*\d+)*")
"""An element as it is written, the name as long as it that Python's parser sees in its place, an index."""

_HINT = "write it like `P(y_rep > 500)`, `b[1] - b[2]`, `exp(b[age])`, `mean(y_rep)`, `quantile(y_rep, 0.9)`"
"""One example of each kind, for error messages."""


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class QuantityName:
    """A name, and the index or the label of one element of it; an empty key means all of it."""

    name: str
    key: str = ""
    place: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.name}[{self.key}]" if self.key else self.name


@dataclass(frozen=True)
class Operation:
    """A function or an operator with its arguments."""

    function: str
    arguments: tuple[Node, ...]
    place: int = field(default=0, compare=False)


Node = Number | QuantityName | Operation


@dataclass(frozen=True)
class QuantityExpression:
    """An expression whose grammar is right; what its names are is not known yet.

    Attributes
    ----------
    text
        As the user wrote it.
    root
        The outermost node.
    """

    text: str
    root: Node

    def refuse(self, what: str, place: int, hint: str = _HINT) -> RequestError:
        """Return the error that something is wrong at a place, a character counted from 0."""
        return _refuse(self.text, what, place, hint)


def parse_expression(text: str) -> QuantityExpression:
    """Parse an expression.

    Parameters
    ----------
    text
        An expression in the grammar of this module.

    Raises
    ------
    RequestError
        The text does not follow it; the message names the place.

    >>> parse_expression("exp(2)").root
    Operation(function='exp', arguments=(Number(value=2.0),), place=0)
    """
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise RequestError(
            f"the expression `{text[:40]}...` has {len(text)} characters; {MOST_CHARACTERS} are allowed.",
            hint="transformed parameters and generated quantities of the program can hold more",
        )
    if not text:
        raise RequestError("an expression was expected, found nothing.", hint=_HINT)
    root = _Builder(text).build()
    _check_conditions(text, root, is_allowed=False)
    return QuantityExpression(text, root)


def iterate_nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, from the top."""
    yield node
    if isinstance(node, Operation):
        for argument in node.arguments:
            yield from iterate_nodes(argument)


def is_reduction(node: Node) -> bool:
    """Return whether a node goes over rows."""
    return isinstance(node, Operation) and node.function in REDUCTIONS and len(node.arguments) == 1


def _refuse(text: str, what: str, place: int, hint: str = _HINT) -> RequestError:
    return RequestError(f"the expression `{text}` {what}, at character {place + 1}.", hint=hint)


class _Builder:
    """Makes nodes of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._elements: list[tuple[str, str]] = []

    def build(self) -> Node:
        """Return the outermost node."""
        hidden = _ELEMENT.sub(self._hide, self._read_names())
        for bracket in "[]":
            if bracket in hidden:
                raise self._refuse(f"has a `{bracket}` that does not belong to a name", hidden.index(bracket))
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(hidden, mode="eval")
        except SyntaxError as reason:
            place = min(max((reason.offset or 1) - 1, 0), len(self._text) - 1)
            raise self._refuse("cannot be read", place) from reason
        except (ValueError, MemoryError, RecursionError) as reason:
            raise self._refuse("cannot be read", 0) from reason
        return self._convert(tree.body, 0, is_root=True)

    def _read_names(self) -> str:
        """Return the text, in which Python's parser counts bytes as we count characters.

        Raises
        ------
        RequestError
            A name begins with an underscore, or a letter outside of brackets is not of ASCII.
        """
        bare = _ELEMENT.sub(lambda match: "x" * len(match[0]), self._text)
        wrong = re.search(r"(?<!\w)_\w*|[^\x20-\x7e]", bare)
        if wrong:
            raise self._refuse(f"has `{wrong[0]}`, which is neither a name nor a sign", wrong.start())
        return self._text

    def _hide(self, match: re.Match[str]) -> str:
        """Return a name in place of an element, as long as it; labels can hold anything."""
        if not match[2].strip():
            raise self._refuse(f"has `{match[0]}` without an element in the brackets", match.start())
        key = match[2].strip()
        self._elements.append((match[1], "".join(key.split()) if _INDEX.fullmatch(key) else key))
        return f"_{len(self._elements) - 1}".ljust(len(match[0]), "_")

    def _refuse(self, what: str, place: int, hint: str = _HINT) -> RequestError:
        return _refuse(self._text, what, place, hint)

    def _convert(self, node: ast.expr, depth: int, is_root: bool = False) -> Node:
        place = node.col_offset
        if depth > DEEPEST:
            raise self._refuse(f"is nested more than {DEEPEST} deep", place)
        if isinstance(node, ast.Constant):
            return self._convert_number(node.value, place)
        if isinstance(node, ast.Name):
            return self._convert_name(node.id, place)
        if isinstance(node, ast.Call):
            return self._convert_call(node, place, depth, is_root)
        for kind, convert in _CONVERTED.items():
            if isinstance(node, kind):
                return convert(self, node, place, depth)
        raise self._refuse("has something that is not in the grammar", place)

    def _convert_number(self, value: object, place: int) -> Number:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._refuse(f"has `{value!r}`, where a number or a name was expected", place)
        if not abs(value) <= sys.float_info.max:
            raise self._refuse("has a number that is too large", place)
        return Number(float(value))

    def _convert_name(self, name: str, place: int) -> QuantityName:
        match = _HIDDEN.fullmatch(name + "_")
        if match:
            variable, key = self._elements[int(match[1])]
            return QuantityName(variable, key, place)
        if name in _ARITY:
            raise self._refuse(f"has `{name}` without parentheses", place)
        return QuantityName(name, "", place)

    def _convert_call(self, node: ast.Call, place: int, depth: int, is_root: bool) -> Operation:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _ARITY:
            what = f"calls `{name}`" if name and not _HIDDEN.fullmatch(name + "_") else "calls something"
            hint = f"the functions are {', '.join(sorted(_ARITY, key=str.lower))}"
            raise self._refuse(f"{what}, which is not a function here", place, hint)
        fewest, most = _ARITY[name]
        if node.keywords or not fewest <= len(node.args) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            what = f"gives `{name}` {len(node.args) + len(node.keywords)} arguments, where it takes {wanted}"
            raise self._refuse(what, place)
        if name in OVER_DRAWS and not is_root:
            raise self._refuse(f"has `{name}` within something else: it is a number and stands alone", place)
        call = Operation(name, tuple(self._convert(argument, depth + 1) for argument in node.args), place)
        _check_arguments(self._text, call)
        return call

    def _convert_unary(self, node: ast.UnaryOp, place: int, depth: int) -> Node:
        return self._join(node.op, [node.operand], place, depth)

    def _convert_binary(self, node: ast.BinOp, place: int, depth: int) -> Node:
        return self._join(node.op, [node.left, node.right], place, depth)

    def _convert_boolean(self, node: ast.BoolOp, place: int, depth: int) -> Node:
        return self._join(node.op, node.values, place, depth)

    def _convert_comparison(self, node: ast.Compare, place: int, depth: int) -> Node:
        """Return a comparison; a chain, `0 < a < 1`, as all of its parts."""
        sides = [node.left, *node.comparators]
        parts = [
            self._join(operator, sides[position : position + 2], place, depth)
            for position, operator in enumerate(node.ops)
        ]
        return parts[0] if len(parts) == 1 else Operation("and", tuple(parts), place)

    def _join(self, operator: ast.AST, sides: list[ast.expr], place: int, depth: int) -> Node:
        symbol = _OPERATORS.get(type(operator))
        if symbol is None:
            hint = "a power is written **" if isinstance(operator, ast.BitXor) else _HINT
            hint = "write `and` and `or`" if isinstance(operator, (ast.BitAnd, ast.BitOr)) else hint
            raise self._refuse("has an operator that is not in the grammar", place, hint)
        arguments = tuple(self._convert(side, depth + 1) for side in sides)
        if symbol == "plus":
            return arguments[0]
        if symbol == "negative" and isinstance(arguments[0], Number):
            return Number(-arguments[0].value)
        return Operation(symbol, arguments, place)


_CONVERTED: dict[type[ast.expr], Callable[..., Node]] = {
    ast.UnaryOp: _Builder._convert_unary,
    ast.BinOp: _Builder._convert_binary,
    ast.BoolOp: _Builder._convert_boolean,
    ast.Compare: _Builder._convert_comparison,
}
"""How each kind of operation becomes a node."""


def _check_arguments(text: str, call: Operation) -> None:
    """Refuse arguments that a function cannot take.

    Raises
    ------
    RequestError
        `E` has something other than a name, or a probability or a period is not a number in its range.
    """
    first, last = call.arguments[0], call.arguments[-1]
    if call.function == "E" and not isinstance(first, QuantityName):
        raise _refuse(text, "takes an expectation of something other than an outcome", call.place, "E(y_rep)")
    if call.function == "quantile" and not (isinstance(last, Number) and 0 < last.value < 1):
        raise _refuse(
            text,
            "asks for a quantile without a probability between 0 and 1",
            call.place,
            "quantile(y_rep, 0.9)",
        )
    if call.function == "return_level" and not (isinstance(last, Number) and last.value > 1):
        hint = "`return_level(y_rep, 100)` is exceeded once in 100 on average"
        raise _refuse(text, "asks for a return level without a period above 1", call.place, hint)
    if call.function == "P" and not _is_condition(first):
        raise _refuse(
            text, "asks for the probability of something that is no condition", call.place, "P(y_rep > 500)"
        )


def _is_condition(node: Node) -> bool:
    return isinstance(node, Operation) and node.function in CONDITIONS


def _check_conditions(text: str, node: Node, is_allowed: bool) -> None:
    """Refuse a condition where a number is expected, and a number where a condition is.

    Raises
    ------
    RequestError
        The message names the place.
    """
    if not isinstance(node, Operation):
        return
    if _is_condition(node) and not is_allowed:
        hint = "P(...) is its probability, and mean(...) the share of rows for which it is true"
        raise _refuse(
            text, f"has a condition, `{node.function}`, where a number was expected", node.place, hint
        )
    for argument in node.arguments:
        if node.function in ("and", "or", "not") and not _is_condition(argument):
            raise _refuse(text, f"joins something that is no condition by `{node.function}`", node.place)
        _check_conditions(text, argument, node.function in _TAKING_CONDITIONS)

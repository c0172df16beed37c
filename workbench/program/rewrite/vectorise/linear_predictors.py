"""A density of a linear predictor as one of Stan's GLM densities, which know their own gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from workbench.program.rewrite.vectorise.rows import VECTOR, RowData, combine, enclose, operate
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

_MATRIX = n.Type("matrix")
"""The type of a matrix."""


@dataclass(frozen=True)
class _Family:
    """A density with a GLM form: its name, the position of the predictor, and whether it has an intercept."""

    name: str
    predictor: int = 1
    has_intercept: bool = True
    has_integers: bool = True


_FAMILIES = {
    "bernoulli_logit": _Family("bernoulli_logit_glm"),
    "binomial_logit": _Family("binomial_logit_glm", predictor=2),
    "neg_binomial_2_log": _Family("neg_binomial_2_log_glm"),
    "normal": _Family("normal_id_glm", has_integers=False),
    "ordered_logistic": _Family("ordered_logistic_glm", has_intercept=False),
    "poisson_log": _Family("poisson_log_glm"),
}
"""The densities with a GLM form."""


@dataclass(frozen=True)
class _Predictor:
    """A linear predictor: an intercept for each row or for all, a matrix of data, and its coefficients."""

    intercept: n.Expr | None
    design: n.Expr
    coefficients: n.Expr


def use_glm(
    distribution: str, arguments: Sequence[n.Expr], fixed: frozenset[str], row_data: RowData | None
) -> tuple[str, tuple[n.Expr, ...]] | None:
    """Return the GLM form of a vectorised density and its arguments; `None` if there is none.

    Parameters
    ----------
    distribution, arguments
        The density: its name, its outcome and its other arguments.
    fixed
        The names of the author's data and transformed data.
    row_data
        Holds what is computed once; `None` if nothing can be.
    """
    family = _FAMILIES.get(distribution)
    if family is None or arguments[family.predictor].type != VECTOR:
        return None
    outcome = arguments[0]
    if outcome.type != (n.Type("int", 1) if family.has_integers else VECTOR):
        return None
    after = arguments[family.predictor + 1 :]
    if not outcome.is_data or not all(_is_accepted(item, distribution) for item in after):
        return None
    predictor = _split_predictor(arguments[family.predictor], fixed, row_data)
    if predictor is None or (predictor.intercept is not None and not family.has_intercept):
        return None
    intercept = (predictor.intercept or n.Numeral("0"),) if family.has_intercept else ()
    head = (outcome, *arguments[1 : family.predictor])
    return family.name, (*head, predictor.design, *intercept, predictor.coefficients, *after)


def _is_accepted(node: n.Expr, distribution: str) -> bool:
    """Whether the GLM form takes an argument after the predictor: a scale, a dispersion, or cutpoints."""
    if distribution == "ordered_logistic":
        return node.type == VECTOR
    return not node.type.is_container or (distribution == "normal" and node.type == VECTOR)


def _split_predictor(node: n.Expr, fixed: frozenset[str], row_data: RowData | None) -> _Predictor | None:
    """Return a vector as a linear predictor; `None` if no data are multiplied by coefficients in it."""
    known = fixed | (row_data.added if row_data is not None else frozenset())
    blocks: list[tuple[n.Expr, n.Expr]] = []
    columns: list[tuple[n.Expr, n.Expr]] = []
    rest: n.Expr | None = None
    for sign, summand in list_summands(node):
        block, column = _find_block(summand, known), _find_column(summand, known)
        if block is not None:
            blocks.append((block[0], _negate(block[1], sign)))
        elif column is not None and row_data is not None:
            columns.append((column[0], _negate(column[1], sign)))
        else:
            rest = add_summand(rest, sign, summand)
    if len(blocks) == 1 and not columns:
        return _Predictor(rest, *blocks[0])
    if row_data is None or not (blocks or columns):
        return None
    return _Predictor(rest, _join_design(blocks, columns, row_data), _join_coefficients(blocks, columns))


def list_summands(node: n.Expr, sign: str = "+") -> list[tuple[str, n.Expr]]:
    """Return the summands of an expression, each with its sign."""
    inner = t.unwrap(node)
    if isinstance(inner, n.Binary) and inner.operator in {"+", "-"}:
        second = sign if inner.operator == "+" else _flip(sign)
        return [*list_summands(inner.left, sign), *list_summands(inner.right, second)]
    if isinstance(inner, n.Unary) and not inner.is_postfix and inner.operator in {"+", "-"}:
        return list_summands(inner.operand, sign if inner.operator == "+" else _flip(sign))
    return [(sign, inner)]


def _flip(sign: str) -> str:
    return "-" if sign == "+" else "+"


def _negate(node: n.Expr, sign: str) -> n.Expr:
    return node if sign == "+" else n.Unary("-", enclose(node), type=node.type, is_data=node.is_data)


def add_summand(total: n.Expr | None, sign: str, summand: n.Expr) -> n.Expr:
    """Return a sum with a further summand; `total` is `None` before the first."""
    if total is None:
        return _negate(summand, sign)
    return combine(total, sign, summand, {})


def _find_block(node: n.Expr, known: frozenset[str]) -> tuple[n.Expr, n.Expr] | None:
    """Return a matrix of data and the vector that it is multiplied by."""
    if not isinstance(node, n.Binary) or node.operator != "*" or node.right.type != VECTOR:
        return None
    if node.left.type != _MATRIX or not t.find_names(node.left) <= known:
        return None
    return t.unwrap(node.left), t.unwrap(node.right)


def _find_column(node: n.Expr, known: frozenset[str]) -> tuple[n.Expr, n.Expr] | None:
    """Return a vector of data and the number that it is multiplied by."""
    factors = _list_factors(node)
    vectors = [item for item in factors if item.type == VECTOR]
    numbers = [item for item in factors if not item.type.is_container]
    if not vectors or len(vectors) + len(numbers) < len(factors) or all(item.is_data for item in numbers):
        return None
    if not all(t.find_names(item) <= known for item in vectors):
        return None
    column = reduce(lambda left, right: operate(left, ".*", right, VECTOR), vectors)
    coefficient = reduce(lambda left, right: operate(left, "*", right, n.REAL), numbers)
    return column, coefficient


def _list_factors(node: n.Expr) -> list[n.Expr]:
    inner = t.unwrap(node)
    if isinstance(inner, n.Binary) and inner.operator in {"*", ".*"} and _is_product_of_factors(inner):
        return [*_list_factors(inner.left), *_list_factors(inner.right)]
    return [enclose(inner)]


def _is_product_of_factors(node: n.Binary) -> bool:
    """Whether a product multiplies numbers or elements; integers stay as written."""
    kinds = (node.left.type, node.right.type)
    return node.type.base != "int" and all(kind == VECTOR or not kind.is_container for kind in kinds)


def _join_design(
    blocks: Sequence[tuple[n.Expr, n.Expr]], columns: Sequence[tuple[n.Expr, n.Expr]], row_data: RowData
) -> n.Expr:
    """Return the matrix of all data that coefficients multiply, computed once."""
    pieces = [block for block, _ in blocks] + [column for column, _ in columns]
    first = pieces[0]
    length = f"{'rows' if first.type == _MATRIX else 'size'}({to_text(first)})"
    width = " + ".join([*(f"cols({to_text(block)})" for block, _ in blocks), str(len(columns))])
    joined = reduce(lambda left, right: n.Call("append_col", (left, right), type=_MATRIX), pieces[1:], first)
    if len(pieces) == 1:
        joined = n.Call("to_matrix", (first,), type=_MATRIX)
    return n.Variable(row_data.compute(f"matrix[{length}, {width}]", joined, "design"), type=_MATRIX)


def _join_coefficients(
    blocks: Sequence[tuple[n.Expr, n.Expr]], columns: Sequence[tuple[n.Expr, n.Expr]]
) -> n.Expr:
    """Return the coefficients of the columns of the matrix, as a vector."""
    pieces = [coefficients for _, coefficients in blocks]
    if columns:
        row = n.Elements("[", tuple(item for _, item in columns), type=n.Type("row_vector"), is_data=False)
        pieces.append(n.Unary("'", row, is_postfix=True, type=VECTOR, is_data=False))
    return reduce(lambda left, right: n.Call("append_row", (left, right), type=VECTOR), pieces)

"""An expression of one row of a loop as an expression of all rows."""

from __future__ import annotations

from workbench.program.rewrite.shapes import infer_shape
from workbench.program.rewrite.vectorise.rows import (
    VECTOR,
    NotVectorised,
    Rows,
    combine,
    enclose,
    operate,
    to_column,
    transpose,
)
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

ELEMENTWISE = frozenset({
    "Phi", "Phi_approx", "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "cos",
    "cosh", "digamma", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "floor", "inv", "inv_Phi",
    "inv_cloglog", "inv_logit", "inv_sqrt", "inv_square", "lgamma", "log", "log10", "log1m", "log1m_exp",
    "log1m_inv_logit", "log1p", "log1p_exp", "log2", "log_inv_logit", "logit", "round", "sin", "sinh", "sqrt",
    "square", "step", "tan", "tanh", "tgamma", "trigamma", "trunc",
})  # fmt: skip
"""Functions of a number that Stan applies to each element of a vector."""

ELEMENTWISE_PAIRS = frozenset({"fdim", "fmax", "fmin", "fmod", "hypot", "lmultiply", "multiply_log", "pow"})
"""Functions of two numbers that Stan applies to each element of vectors."""

_OPERATORS = {"+": "+", "-": "-", "*": ".*", "/": "./", "^": ".^", ".*": ".*", "./": "./", ".^": ".^"}
"""Operators between numbers, and those between the elements of vectors."""

_MATRIX = n.Type("matrix")
"""The type of a matrix."""

_NUMBERS = frozenset({"int", "real"})
"""The types of a single number."""


def to_rows(node: n.Expr, rows: Rows) -> n.Expr:
    """Return a number that varies by row as the vector of its values.

    Data that are more than elements of a vector are computed once, exactly as the author's loop does.

    Raises
    ------
    NotVectorised
        There is no such expression.
    """
    inner = t.unwrap(node)
    if isinstance(inner, n.Indexed) and _is_plain_element(inner):
        return to_column(index_rows(inner, rows))
    if rows.can_compute(inner) and inner.type.base in _NUMBERS and not inner.type.depth:
        return n.Variable(rows.compute(f"vector[{rows.count}]", inner, "row_data"), type=VECTOR)
    return _combine_rows(inner, rows)


def _is_plain_element(node: n.Indexed) -> bool:
    """Whether an element is one of a vector, which needs no computation."""
    return node.base.type == VECTOR and isinstance(node.base, n.Variable)


def _combine_rows(node: n.Expr, rows: Rows) -> n.Expr:
    """Return a number that varies by row as a vector, by the operation that computes it."""
    if isinstance(node, n.Variable) and node.name in rows.vectors:
        return _take_vector(node, rows)
    if isinstance(node, n.Indexed):
        return to_column(index_rows(node, rows))
    if isinstance(node, n.Unary) and not node.is_postfix and node.operator in {"-", "+"}:
        operand = to_rows(node.operand, rows)
        return n.Unary(node.operator, enclose(operand), type=VECTOR, is_data=node.is_data)
    if isinstance(node, n.Binary):
        return _combine_operands(node, rows)
    if isinstance(node, n.Call):
        return _call_for_rows(node, rows)
    raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")


def _take_vector(node: n.Variable, rows: Rows) -> n.Expr:
    """Return the vector that stands for a local number, at the rows that are selected."""
    vector = n.Variable(node.name, type=VECTOR, is_data=node.is_data)
    if not rows.selected:
        return vector
    if not rows.starts_at_1:
        raise NotVectorised(f"`{node.name}` is not counted from the first row")
    return n.Indexed(vector, (_select(rows),), type=VECTOR, is_data=node.is_data)


def _select(rows: Rows) -> n.SliceIndex:
    return n.SliceIndex(n.Variable(rows.selected, type=n.Type("int", 1)), is_single=True)


def _combine_operands(node: n.Binary, rows: Rows) -> n.Expr:
    if node.left.type.is_container or node.right.type.is_container:
        if node.operator != "*":
            raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")
        return multiply_rows(node.left, node.right, rows, node)
    if node.operator not in _OPERATORS or node.type.base == "int":
        raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")
    left, right = (to_operand(operand, rows) for operand in (node.left, node.right))
    are_vectors = left.type == VECTOR and right.type == VECTOR
    operator = _OPERATORS[node.operator]
    if operator == ".*" and not are_vectors:
        operator = "*"
    if operator == "./" and right.type != VECTOR:
        operator = "/"
    return combine(left, operator, right, rows.declared)


def to_operand(node: n.Expr, rows: Rows) -> n.Expr:
    """Return a number as the vector of its values if it varies by row, else as it is.

    Raises
    ------
    NotVectorised
        It reads rows of a variable that the loop assigns.
    """
    if rows.vary(node):
        return to_rows(node, rows)
    if t.find_names(node) & rows.assigned:
        raise NotVectorised(f"`{to_text(node)}` reads what the loop assigns")
    return node


def _call_for_rows(node: n.Call, rows: Rows) -> n.Expr:
    arguments = node.arguments
    if node.name == "dot_product" and len(arguments) == 2:
        return multiply_rows(arguments[0], arguments[1], rows, node)
    is_known = node.name in (ELEMENTWISE if len(arguments) == 1 else ELEMENTWISE_PAIRS)
    if not is_known or len(arguments) > 2 or any(item.type.is_container for item in arguments):
        raise NotVectorised(f"`{node.name}` gives one number, not one for each row")
    operands = tuple(to_operand(item, rows) for item in arguments)
    return n.Call(node.name, operands, type=VECTOR, is_data=node.is_data)


def multiply_rows(left: n.Expr, right: n.Expr, rows: Rows, node: n.Expr) -> n.Expr:
    """Return the products of two vectors of each row as a vector."""
    if rows.vary(left) and rows.vary(right):
        raise NotVectorised(f"`{to_text(node)}` multiplies two vectors that both vary by row")
    varying, shared = (left, right) if rows.vary(left) else (right, left)
    to_operand(shared, rows)
    if shared.type == n.Type("row_vector"):
        shared = transpose(shared, VECTOR)
    if shared.type != VECTOR:
        raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")
    return operate(stack_rows(varying, rows), "*", shared, VECTOR)


def stack_rows(node: n.Expr, rows: Rows) -> n.Expr:
    """Return a vector that varies by row as the matrix whose rows it is.

    Raises
    ------
    NotVectorised
        It is neither rows of a matrix nor data.
    """
    inner = t.unwrap(node)
    if isinstance(inner, n.Indexed) and inner.type == n.Type("row_vector"):
        base, _ = flatten_indices(inner)
        if base.type == _MATRIX:
            return index_rows(inner, rows)
    shape = infer_shape(inner, rows.declared)
    if not shape or not rows.can_compute(inner) or inner.type.depth:
        raise NotVectorised(f"`{to_text(node)}` is not a row of a matrix")
    row = inner if inner.type.base == "row_vector" else transpose(inner, n.Type("row_vector"))
    type_ = f"matrix[{rows.count}, {shape[0]}]"
    return n.Variable(rows.compute(type_, row, "row_data"), type=_MATRIX)


def flatten_indices(node: n.Indexed) -> tuple[n.Expr, tuple[n.SliceIndex, ...]]:
    """Return a container and all indices after it, those of ``x[i][j]`` in one list."""
    base = t.unwrap(node.base)
    if not isinstance(base, n.Indexed):
        return base, node.indices
    inner, indices = flatten_indices(base)
    if not all(
        index.is_single and index.lower is not None and index.lower.type == n.INT for index in indices
    ):
        raise NotVectorised(f"`{to_text(node)}` is indexed twice")
    return inner, (*indices, *node.indices)


def index_rows(node: n.Indexed, rows: Rows) -> n.Expr:
    """Return elements of a container that vary by row as the container of all of them.

    A number becomes a vector, a row vector or an array; a row of a matrix, a matrix; a vector of an array, an
    array.

    Raises
    ------
    NotVectorised
        Two indices vary, a range varies, or the loop assigns other rows of the container.
    """
    base, indices = flatten_indices(node)
    varying = [position for position, index in enumerate(indices) if rows.vary(index)]
    if rows.vary(base) or not varying:
        raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")
    if len(varying) > 1:
        raise NotVectorised(f"two indices of `{to_text(node)}` vary by row")
    position = varying[0]
    index = indices[position]
    if not index.is_single or index.lower is None or index.lower.type != n.INT:
        raise NotVectorised(f"a range in `{to_text(node)}` varies by row")
    assigned = t.find_names(base) & rows.assigned
    if assigned and not _is_row(index.lower, rows):
        raise NotVectorised(f"`{to_text(node)}` reads other rows of what the loop assigns")
    for other in indices[:position] + indices[position + 1 :]:
        if t.find_names(other) & rows.assigned:
            raise NotVectorised(f"`{to_text(node)}` reads what the loop assigns")
    moved = _index_all_rows(index.lower, base, position, rows)
    type_ = _find_indexed_type(node, base, position)
    if len(indices) == 1 and moved == n.SliceIndex() and isinstance(base, n.Variable):
        return base
    new = (*indices[:position], moved, *indices[position + 1 :])
    return n.Indexed(enclose(base), new, type=type_, is_data=node.is_data)


def _is_row(index: n.Expr, rows: Rows) -> bool:
    inner = t.unwrap(index)
    return isinstance(inner, n.Variable) and inner.name == rows.variable


def _find_indexed_type(node: n.Indexed, base: n.Expr, position: int) -> n.Type:
    """Return the type of a container indexed by all rows along one of its dimensions."""
    element, kind = node.type, base.type
    if position < kind.depth or kind.base in _NUMBERS:
        if element.depth:
            raise NotVectorised(f"`{to_text(node)}` is an array for each row")
        return n.Type(element.base, 1)
    if element.base in _NUMBERS:
        is_along_row = kind.base == "row_vector" or (kind.base == "matrix" and position > kind.depth)
        return n.Type("row_vector") if is_along_row else VECTOR
    if kind == _MATRIX and position == 0:
        return _MATRIX
    raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")


def _index_all_rows(index: n.Expr, base: n.Expr, position: int, rows: Rows) -> n.SliceIndex:
    """Return the index of all rows in place of that of one: everything, a range, or an array."""
    inner = t.unwrap(index)
    if _is_row(inner, rows):
        if isinstance(base, n.Variable) and rows.covers(base.name, position):
            return n.SliceIndex()
        return _select(rows) if rows.selected else n.SliceIndex(rows.lower, rows.upper)
    if not rows.selected and isinstance(inner, n.Binary) and inner.operator in {"+", "-"}:
        if _is_row(inner.left, rows) and not rows.vary(inner.right):
            lower, upper = (
                operate(end, inner.operator, inner.right, n.INT) for end in (rows.lower, rows.upper)
            )
            return n.SliceIndex(lower, upper)
        if inner.operator == "+" and _is_row(inner.right, rows) and not rows.vary(inner.left):
            lower, upper = (operate(inner.left, "+", end, n.INT) for end in (rows.lower, rows.upper))
            return n.SliceIndex(lower, upper)
    return n.SliceIndex(to_integer_rows(inner, rows), is_single=True)


def to_integer_rows(node: n.Expr, rows: Rows) -> n.Expr:
    """Return an integer that varies by row as an array of integers.

    Raises
    ------
    NotVectorised
        It is neither an element of an array nor data.
    """
    inner = t.unwrap(node)
    if isinstance(inner, n.Indexed):
        base, indices = flatten_indices(inner)
        if sum(rows.vary(index) for index in indices) == 1 and not rows.vary(base):
            return index_rows(inner, rows)
    return n.Variable(rows.compute(f"array[{rows.count}] int", inner, "row_index"), type=n.Type("int", 1))

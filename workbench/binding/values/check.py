"""Check values against their declarations: shapes, integers, bounds, constraints of special types."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from workbench.binding.context import BindingContext
from workbench.binding.phrases import format_declaration, format_number, format_shape
from workbench.binding.values.sizes import evaluate, evaluate_shape
from workbench.binding.values.sourced_value import SourcedValue
from workbench.errors import BindingError
from workbench.program import Declaration

INT_MAX = 2**31 - 1
"""The largest of Stan's integers, which have 32 bits."""

TOLERANCE = 1e-8
"""How far from exact a simplex or a correlation matrix may be: Stan's own `CONSTRAINT_TOLERANCE`."""


def check_value(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, values: Mapping[str, Any]
) -> Iterator[BindingError]:
    """Yield what the declaration does not allow: the first problem of each kind.

    Parameters
    ----------
    context, declaration, sourced
        The variable and its value.
    values
        The data block so far, for sizes and bounds.
    """
    if declaration.members:
        yield from _check_tuples(context, declaration, sourced, values)
        return
    problem = _check_shape(context, declaration, sourced, values)
    if problem is None and declaration.is_integer:
        problem = _check_integers(context, declaration, sourced)
    if problem is not None:
        yield problem
        return
    problem = _check_bounds(context, declaration, sourced, values)
    if problem is not None:
        yield problem
    violation = _find_violation(declaration, sourced)
    if violation:
        declared = format_declaration(context.program, declaration)
        yield BindingError(f"{declared}, but its value ({sourced.origin}) {violation}.")


def _check_tuples(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, values: Mapping[str, Any]
) -> Iterator[BindingError]:
    """Yield what is not allowed in a tuple, or in the first bad tuple of an array of them."""
    tuples = [sourced.value]
    shape: list[int | None] = []
    for _ in range(declaration.depth):
        lengths = {len(array) for array in tuples}
        shape.append(lengths.pop() if len(lengths) == 1 else None)
        tuples = [element for array in tuples for element in array]
    expected = evaluate_shape(declaration, values)
    if any(length != wanted for length, wanted in zip(shape, expected, strict=True) if wanted is not None):
        yield _describe_wrong_shape(context, declaration, sourced, expected, tuple(shape))
        return
    for value in tuples:
        problems = [
            problem
            for member in declaration.members
            for problem in check_value(
                context,
                member,
                SourcedValue(value[member.name.rpartition(".")[2]], sourced.origin),
                values,
            )
        ]
        if problems:
            yield from problems
            return


def _check_shape(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, values: Mapping[str, Any]
) -> BindingError | None:
    expected = evaluate_shape(declaration, values)
    shape = np.shape(sourced.value)
    if len(shape) == len(expected) and all(
        wanted in (None, length) for wanted, length in zip(expected, shape, strict=True)
    ):
        return None
    return _describe_wrong_shape(context, declaration, sourced, expected, shape)


def _describe_wrong_shape(
    context: BindingContext,
    declaration: Declaration,
    sourced: SourcedValue,
    expected: tuple[int | None, ...],
    shape: tuple[int | None, ...],
) -> BindingError:
    return BindingError(
        f"{format_declaration(context.program, declaration)}, so its size must be {format_shape(expected)}, "
        f"but its value ({sourced.origin}) has size {format_shape(shape)}.",
        hint=_suggest_shape(declaration, sourced, expected),
    )


def _suggest_shape(
    declaration: Declaration, sourced: SourcedValue, expected: tuple[int | None, ...]
) -> str | None:
    if sourced.column_axis is not None and len(expected) == 2:
        wanted = expected[sourced.column_axis]
        if wanted is not None and wanted != len(sourced.columns):
            return f"name {wanted} column{'s' if wanted != 1 else ''} with --columns {declaration.name}=..."
    return "a size given with --set must agree with the table" if sourced.columns else None


def _check_integers(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue
) -> BindingError | None:
    cells = np.asarray(sourced.value)
    if cells.dtype.kind in "iu":
        if not cells.size or (cells.max() <= INT_MAX and cells.min() >= -INT_MAX - 1):
            return None
        bad = np.argwhere((cells > INT_MAX) | (cells < -INT_MAX - 1))
    else:
        bad = np.argwhere((cells != np.round(cells)) | (np.abs(cells) > INT_MAX))
    if not len(bad):
        return None
    hint = f"Stan's integers are whole numbers between {-INT_MAX - 1} and {INT_MAX}"
    return _describe_bad_elements(context, declaration, sourced, bad, hint)


def _check_bounds(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, values: Mapping[str, Any]
) -> BindingError | None:
    for bound, is_beyond in ((declaration.lower, np.less), (declaration.upper, np.greater)):
        limit = None if bound is None else evaluate(bound, values)
        if limit is None or isinstance(limit, Mapping):
            continue
        cells, limits = np.asarray(sourced.value), np.asarray(limit)
        if limits.ndim and limits.shape != cells.shape:
            continue
        if not limits.ndim and not _is_any_beyond(cells, limits, is_beyond):
            continue
        bad = np.argwhere(is_beyond(cells, limits))
        if len(bad):
            first_limit = format_number(float(limits[tuple(bad[0])] if limits.ndim else limits))
            side = "lower" if is_beyond is np.less else "upper"
            hint = f"its {side} bound is {first_limit}"
            return _describe_bad_elements(context, declaration, sourced, bad, hint)
    return None


def _is_any_beyond(cells: np.ndarray, limit: np.ndarray, is_beyond: np.ufunc) -> bool:
    """Return whether any cell is beyond a single limit, without an array of comparisons."""
    if not cells.size:
        return False
    return bool(is_beyond(cells.min() if is_beyond is np.less else cells.max(), limit))


def _describe_bad_elements(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, bad: np.ndarray, hint: str
) -> BindingError:
    """Return the error for values that the declaration does not allow: the first, and how many more.

    Parameters
    ----------
    context, declaration, sourced
        The variable and its value.
    bad
        Indices of the bad elements `(count, axes)`.
    hint
        What is allowed.
    """
    index = tuple(int(i) for i in bad[0])
    value = format_number(float(np.asarray(sourced.value)[index]))
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    declared = format_declaration(context.program, declaration)
    if sourced.columns:
        column, row = _format_cell(context, sourced, index)
        return BindingError(f"{column} has {value}{row}{more}, but {declared}.", hint=hint)
    subject = f"`{declaration.name}[{','.join(str(i + 1) for i in index)}]`" if index else "its value"
    return BindingError(f"{declared}, but {subject} is {value} ({sourced.origin}){more}.", hint=hint)


def _format_cell(context: BindingContext, sourced: SourcedValue, index: tuple[int, ...]) -> tuple[str, str]:
    """Return the column of an element, and its row; no row for a single number."""
    axis = sourced.column_axis
    column = sourced.columns[index[axis] if axis is not None else 0]
    if not index:
        return f"column `{column}`", ""
    position = index[1 if axis == 0 else 0]
    row = position if sourced.rows is None else int(sourced.rows[position])
    return f"column `{column}`", f" at row {context.table.row_number(row)}"


def _find_violation(declaration: Declaration, sourced: SourcedValue) -> str:
    """Return how a value violates the constraint of its type, as a predicate; empty if it does not."""
    find = _VIOLATIONS.get(declaration.kind)
    if find is None:
        return ""
    cells = np.asarray(sourced.value, dtype=float)
    axes = 2 if declaration.kind in _MATRICES else 1
    outer, inner = cells.shape[: cells.ndim - axes], cells.shape[cells.ndim - axes :]
    elements = cells.reshape(math.prod(outer), *inner)
    return next((violation for element in elements if (violation := find(element))), "")


def _check_simplex(cells: np.ndarray) -> str:
    if (cells < 0).any():
        return f"has the negative element {format_number(float(cells.min()))}"
    return "" if abs(cells.sum() - 1) <= TOLERANCE else f"sums to {cells.sum():.10g}, not to 1"


def _check_sum_to_zero(cells: np.ndarray) -> str:
    return "" if abs(cells.sum()) <= TOLERANCE else f"sums to {cells.sum():.10g}, not to 0"


def _check_unit_vector(cells: np.ndarray) -> str:
    length = float(np.linalg.norm(cells))
    return "" if abs(length**2 - 1) <= TOLERANCE else f"has length {length:.10g}, not 1"


def _check_ordered(cells: np.ndarray) -> str:
    return "" if (np.diff(cells) > 0).all() else "is not in increasing order"


def _check_positive_ordered(cells: np.ndarray) -> str:
    is_positive = not cells.size or cells[0] > 0
    return _check_ordered(cells) or ("" if is_positive else "has a first element that is not positive")


def _check_covariance(cells: np.ndarray) -> str:
    if not np.allclose(cells, cells.T, rtol=0, atol=TOLERANCE):
        return "is not symmetric"
    is_definite = not cells.size or np.linalg.eigvalsh(cells)[0] > 0
    return "" if is_definite else "is not positive definite"


def _check_correlation(cells: np.ndarray) -> str:
    has_unit_diagonal = np.allclose(np.diag(cells), 1, rtol=0, atol=TOLERANCE)
    return _check_covariance(cells) if has_unit_diagonal else "has a diagonal that is not 1"


def _check_cholesky(cells: np.ndarray) -> str:
    if np.triu(cells, 1).any():
        return "is not lower triangular"
    return "" if (np.diag(cells) > 0).all() else "has a diagonal that is not positive"


def _check_cholesky_correlation(cells: np.ndarray) -> str:
    has_unit_rows = np.allclose((cells**2).sum(axis=1), 1, rtol=0, atol=TOLERANCE)
    return _check_cholesky(cells) if has_unit_rows else "has rows that do not have length 1"


_VIOLATIONS: Mapping[str, Callable[[np.ndarray], str]] = {
    "simplex": _check_simplex,
    "sum_to_zero_vector": _check_sum_to_zero,
    "unit_vector": _check_unit_vector,
    "ordered": _check_ordered,
    "positive_ordered": _check_positive_ordered,
    "cov_matrix": _check_covariance,
    "corr_matrix": _check_correlation,
    "cholesky_factor_cov": _check_cholesky,
    "cholesky_factor_corr": _check_cholesky_correlation,
}
"""By type: a function that returns how a value violates the constraint of the type; empty if it does not."""

_MATRICES = frozenset({"cov_matrix", "corr_matrix", "cholesky_factor_cov", "cholesky_factor_corr"})
"""Those of the types above that are matrices."""

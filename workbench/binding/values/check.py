"""Values against their declarations: shapes, integers, bounds, and what Stan demands of special types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from workbench.binding.columns.fill import Filled
from workbench.binding.context import Question
from workbench.binding.phrases import number, place, size_of
from workbench.binding.values.sizes import evaluated, expand_axes
from workbench.errors import BindingError
from workbench.program import Declaration

INT_MAX = 2**31 - 1
"""Stan's integers have 32 bits."""

TOLERANCE = 1e-8
"""How far from exact a simplex or a correlation may be: Stan's own `CONSTRAINT_TOLERANCE`."""


def check(
    question: Question, declaration: Declaration, filled: Filled, values: Mapping[str, Any]
) -> Iterator[BindingError]:
    """Yield what the declaration does not allow: the first of each kind."""
    if declaration.members:
        yield from _tuples(question, declaration, filled, values)
        return
    problem = _shape(question, declaration, filled, values)
    if problem is not None:
        yield problem
        return
    if declaration.is_integer:
        problem = _integers(question, declaration, filled)
        if problem is not None:
            yield problem
            return
    problem = _bounds(question, declaration, filled, values)
    if problem is not None:
        yield problem
    broken = (
        _special(declaration, np.asarray(filled.value, dtype=float)) if declaration.kind in _SPECIAL else ""
    )
    if broken:
        yield BindingError(
            f"`{declaration.name}` is declared `{declaration.text}` in "
            f"{place(question.program, declaration)}, "
            f"but {broken} ({filled.origin})."
        )


def _tuples(
    question: Question, declaration: Declaration, filled: Filled, values: Mapping[str, Any]
) -> Iterator[BindingError]:
    """Yield what is not allowed in a tuple, or in the first such tuple of an array of them."""
    level = [filled.value]
    found: list[int | None] = []
    for _ in range(declaration.depth):
        lengths = {len(one) for one in level}
        found.append(lengths.pop() if len(lengths) == 1 else None)
        level = [one for array in level for one in array]
    expected = evaluate_shape(declaration, values)
    if any(length != wanted for length, wanted in zip(found, expected, strict=True) if wanted is not None):
        yield _of_size(question, declaration, filled, expected, tuple(found))
        return
    for one in level:
        problems = [
            problem
            for member in declaration.members
            for problem in check(
                question, member, Filled(one[member.name.rpartition(".")[2]], filled.origin), values
            )
        ]
        if problems:
            yield from problems
            return


def evaluate_shape(declaration: Declaration, values: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Return the declared shape, `None` for a size only Stan can work out; a complex number has two parts."""
    shape = tuple(evaluated(size, values) for size in expand_axes(declaration))
    return (*shape, 2) if declaration.kind.startswith("complex") else shape


def _shape(
    question: Question, declaration: Declaration, filled: Filled, values: Mapping[str, Any]
) -> BindingError | None:
    expected = evaluate_shape(declaration, values)
    found = np.shape(filled.value)
    if len(found) == len(expected) and all(
        length in (None, actual) for length, actual in zip(expected, found, strict=True)
    ):
        return None
    return _of_size(question, declaration, filled, expected, found)


def _of_size(
    question: Question,
    declaration: Declaration,
    filled: Filled,
    expected: tuple[int | None, ...],
    found: tuple[int | None, ...],
) -> BindingError:
    return BindingError(
        f"`{declaration.name}` is declared `{declaration.text}` in {place(question.program, declaration)}, "
        f"of size {size_of(expected)}, but its value ({filled.origin}) has size {size_of(found)}.",
        hint=_shape_hint(declaration, filled, expected),
    )


def _shape_hint(declaration: Declaration, filled: Filled, expected: tuple[int | None, ...]) -> str | None:
    name = declaration.name
    if filled.column_axis is not None and len(expected) == 2:
        wanted = expected[filled.column_axis]
        if wanted is not None and wanted != len(filled.columns):
            return f"name {wanted} column{'s' if wanted != 1 else ''} with --columns {name}=..."
    if filled.columns:
        return "a size given by --set must agree with the table"
    return None


def _integers(question: Question, declaration: Declaration, filled: Filled) -> BindingError | None:
    cells = np.asarray(filled.value)
    if cells.dtype.kind in "iu":
        if not cells.size or (cells.max() <= INT_MAX and cells.min() >= -INT_MAX - 1):
            return None
        bad = np.argwhere((cells > INT_MAX) | (cells < -INT_MAX - 1))
    else:
        bad = np.argwhere((cells != np.round(cells)) | (np.abs(cells) > INT_MAX))
    if not len(bad):
        return None
    hint = "Stan's integers are whole numbers of at most 2147483647 in size"
    return _out_of_place(question, declaration, filled, bad, hint)


def _bounds(
    question: Question, declaration: Declaration, filled: Filled, values: Mapping[str, Any]
) -> BindingError | None:
    for bound, is_broken in ((declaration.lower, np.less), (declaration.upper, np.greater)):
        limit = None if bound is None else evaluated(bound, values)
        if limit is None or isinstance(limit, Mapping):
            continue
        cells, limits = np.asarray(filled.value), np.asarray(limit)
        if limits.ndim and limits.shape != cells.shape:
            continue
        if not limits.ndim and not _beyond(cells, limits, is_broken):
            continue
        broken = np.argwhere(is_broken(cells, limits))
        if len(broken):
            at = tuple(broken[0])
            words = number(float(limits[at] if limits.ndim else limits))
            side = "lower" if is_broken is np.less else "upper"
            hint = f"the {side} bound there is {words}"
            return _out_of_place(question, declaration, filled, broken, hint)
    return None


def _beyond(cells: np.ndarray, limit: np.ndarray, is_broken: np.ufunc) -> bool:
    """Return whether any cell is beyond a single limit, without an array of answers."""
    if not cells.size:
        return False
    return bool(is_broken(cells.min() if is_broken is np.less else cells.max(), limit))


def _out_of_place(
    question: Question, declaration: Declaration, filled: Filled, bad: np.ndarray, hint: str
) -> BindingError:
    """Return the words for values that the declaration does not allow: the first, and how many more."""
    at = tuple(int(i) for i in bad[0])
    value = np.asarray(filled.value)[at]
    more = f" ({len(bad) - 1} more below)" if len(bad) > 1 else ""
    return BindingError(
        f"{_where(question, filled, at)[0]} has "
        f"{number(float(value))}{_where(question, filled, at)[1]}{more}, but "
        f"`{declaration.name}` is declared `{declaration.text}` in {place(question.program, declaration)}.",
        hint=hint,
    )


def _where(question: Question, filled: Filled, at: tuple[int, ...]) -> tuple[str, str]:
    """Return the column and the row of an element; of a value given by name, its origin and index."""
    if not filled.columns:
        index = ",".join(str(i + 1) for i in at)
        return filled.origin, f" at [{index}]" if index else ""
    axis = filled.column_axis
    column = filled.columns[at[axis] if axis is not None else 0]
    if not at:
        return f"column `{column}`", ""
    position = at[1 if axis == 0 else 0]
    row = position if filled.rows is None else int(filled.rows[position])
    return f"column `{column}`", f" at row {question.table.row_number(row)}"


def _special(declaration: Declaration, cells: np.ndarray) -> str:
    """Return what breaks the promise of a simplex, an ordered vector ...; empty where nothing does."""
    kind = declaration.kind
    axes = 2 if kind in _MATRICES else 1
    for one in cells.reshape(-1, *cells.shape[len(cells.shape) - axes :]):
        words = _SPECIAL[kind](one)
        if words:
            return words
    return ""


def _simplex(cells: np.ndarray) -> str:
    if (cells < 0).any():
        return f"it has {number(float(cells.min()))}, where no element may be negative"
    return "" if abs(cells.sum() - 1) <= TOLERANCE else f"its elements add up to {cells.sum():.10g}, not to 1"


def _sum_to_zero(cells: np.ndarray) -> str:
    return "" if abs(cells.sum()) <= TOLERANCE else f"its elements add up to {cells.sum():.10g}, not to 0"


def _unit(cells: np.ndarray) -> str:
    length = float(np.linalg.norm(cells))
    return "" if abs(length**2 - 1) <= TOLERANCE else f"its length is {length:.10g}, not 1"


def _ordered(cells: np.ndarray) -> str:
    return "" if (np.diff(cells) > 0).all() else "its elements do not increase"


def _positive_ordered(cells: np.ndarray) -> str:
    return _ordered(cells) or ("" if not cells.size or cells[0] > 0 else "its first element is not positive")


def _covariance(cells: np.ndarray) -> str:
    if not np.allclose(cells, cells.T, rtol=0, atol=TOLERANCE):
        return "it is not symmetric"
    is_definite = not cells.size or np.linalg.eigvalsh(cells)[0] > 0
    return "" if is_definite else "it is not positive definite"


def _correlation(cells: np.ndarray) -> str:
    has_ones = np.allclose(np.diag(cells), 1, rtol=0, atol=TOLERANCE)
    return _covariance(cells) if has_ones else "its diagonal is not 1"


def _cholesky(cells: np.ndarray) -> str:
    if np.triu(cells, 1).any():
        return "it is not lower triangular"
    return "" if (np.diag(cells) > 0).all() else "its diagonal is not positive"


def _cholesky_correlation(cells: np.ndarray) -> str:
    is_unit = np.allclose((cells**2).sum(axis=1), 1, rtol=0, atol=TOLERANCE)
    return _cholesky(cells) if is_unit else "its rows do not have length 1"


_SPECIAL = {
    "simplex": _simplex,
    "sum_to_zero_vector": _sum_to_zero,
    "unit_vector": _unit,
    "ordered": _ordered,
    "positive_ordered": _positive_ordered,
    "cov_matrix": _covariance,
    "corr_matrix": _correlation,
    "cholesky_factor_cov": _cholesky,
    "cholesky_factor_corr": _cholesky_correlation,
}
_MATRICES = frozenset({"cov_matrix", "corr_matrix", "cholesky_factor_cov", "cholesky_factor_corr"})

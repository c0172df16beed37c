"""Stan's functions of what is the same in every row, by draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workbench.exporting.linear import NotLinear
from workbench.exporting.values import Known, combine_known, count_axes, read_integer
from workbench.program.syntax import nodes as n

_VECTOR, _MATRIX = n.Type("vector"), n.Type("matrix")

ELEMENTWISE: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs, "fabs": np.abs, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt, "cbrt": np.cbrt, "square": np.square,
    "inv": lambda x: 1 / x, "inv_sqrt": lambda x: 1 / np.sqrt(x), "inv_square": lambda x: 1 / x**2,
    "inv_logit": special.expit, "logit": special.logit, "log1m": lambda x: np.log1p(-x),
    "log1p_exp": lambda x: np.logaddexp(0, x), "tgamma": special.gamma, "lgamma": special.gammaln,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh, "atan": np.arctan, "floor": np.floor,
    "ceil": np.ceil, "round": np.round, "Phi": special.ndtr, "to_int": np.round,
}  # fmt: skip
"""Functions of each element."""

_SUMMARIES: Mapping[str, Callable[..., Any]] = {
    "sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max, "prod": np.prod,
    "sd": lambda x, axis: np.std(x, axis=axis, ddof=1),
    "variance": lambda x, axis: np.var(x, axis=axis, ddof=1),
}  # fmt: skip
"""Functions of all elements together; those of one element have no spread, as in Stan."""

_PAIRS: Mapping[str, Callable[[Any, Any], Any]] = {
    "pow": np.power, "fmax": np.maximum, "fmin": np.minimum, "max": np.maximum, "min": np.minimum,
    "add": np.add, "subtract": np.subtract,
}  # fmt: skip
"""Functions of two values, element by element."""

_CONSTANTS = {"pi": np.pi, "e": np.e, "sqrt2": np.sqrt(2), "log2": np.log(2), "machine_precision": 2.0**-52}
"""Functions without arguments."""


def call(name: str, arguments: Sequence[Known]) -> Known:
    """Return what one of Stan's functions gives.

    Raises
    ------
    NotLinear
        It is none of those that are known here.
    """
    is_data = all(item.is_data for item in arguments)
    with np.errstate(all="ignore"):
        if not arguments and name in _CONSTANTS:
            return Known(n.REAL, np.array([_CONSTANTS[name]]))
        if len(arguments) == 2 and name in _PAIRS:
            return combine_known(arguments[0], arguments[1], _PAIRS[name])
        if len(arguments) == 1:
            (only,) = arguments
            if name in ELEMENTWISE:
                kind = only.type if only.type.base != "int" else n.Type("real", only.type.depth)
                return Known(kind, ELEMENTWISE[name](np.asarray(only.values, dtype=float)), is_data)
            if name in _SUMMARIES:
                return Known(n.REAL, _summarise(name, only), is_data)
        if name in _SHAPED:
            kind, values = _SHAPED[name](*arguments)
            return Known(kind, values, is_data)
    raise NotLinear(f"calls `{name}`")


def _summarise(name: str, value: Known) -> NDArray[Any]:
    """Return a summary of all elements, `(s,)`."""
    values = np.asarray(value.values, dtype=float).reshape(len(value.values), -1)
    if name in ("sd", "variance") and values.shape[1] == 1:
        return np.zeros(len(values))
    return np.asarray(_SUMMARIES[name](values, axis=1))


def _count(axis: int | None) -> Callable[[Known], tuple[n.Type, NDArray[Any]]]:
    def count(value: Known) -> tuple[n.Type, NDArray[Any]]:
        shape = value.values.shape[1:]
        return n.INT, np.array([int(np.prod(shape)) if axis is None else shape[axis]])

    return count


def _repeat(base: str) -> Callable[..., tuple[n.Type, NDArray[Any]]]:
    def repeat(value: Known, *sizes: Known) -> tuple[n.Type, NDArray[Any]]:
        lengths = [read_integer(size) for size in sizes]
        values = value.values
        if base == "matrix" and values.ndim == 2:  # of a vector: columns; of a row vector: rows
            is_row = value.type.base == "row_vector"
            values = np.repeat(
                values[:, None, :] if is_row else values[:, :, None], lengths[0], 1 if is_row else 2
            )
            return _MATRIX, values
        if values.ndim > 1:
            raise NotLinear(f"calls `rep_{base}` of what has elements")
        kind = n.Type(value.type.base, len(lengths)) if base == "array" else n.Type(base)
        return kind, np.broadcast_to(values.reshape(-1, *[1] * len(lengths)), (len(values), *lengths)).copy()

    return repeat


def _append(axis: int) -> Callable[[Known, Known], tuple[n.Type, NDArray[Any]]]:
    """Return what puts columns beside each other (axis 1), or rows below each other (axis 0)."""

    def as_matrix(value: Known) -> NDArray[Any]:
        values = value.values
        if count_axes(value.type) == 0:
            return values[:, None, None]
        if value.type.base == "row_vector":
            return values[:, None, :]
        return values[:, :, None] if value.type.base == "vector" else values

    def append(first: Known, second: Known) -> tuple[n.Type, NDArray[Any]]:
        draws = max(len(first.values), len(second.values))
        parts = [
            np.broadcast_to(part, (draws, *part.shape[1:])) for part in (as_matrix(first), as_matrix(second))
        ]
        joined = np.concatenate(parts, axis=axis + 1)
        line = "vector" if axis == 0 else "row_vector"
        if all(item.type.base in (line, "real", "int") for item in (first, second)):
            return n.Type(line), joined[:, :, 0] if axis == 0 else joined[:, 0, :]
        return _MATRIX, joined

    return append


def _diagonal(values: NDArray[Any]) -> NDArray[Any]:
    return values[..., :, None] * np.eye(values.shape[-1])


def _qr_r(value: Known) -> tuple[n.Type, NDArray[Any]]:
    """Return the factor R with a positive diagonal, as Stan has it."""
    found: NDArray[Any] = np.asarray(np.linalg.qr(value.values, mode="r"))
    signs = np.sign(np.diagonal(found, axis1=-2, axis2=-1))
    return _MATRIX, found * np.where(signs == 0, 1, signs)[..., :, None]


def _flatten(base: str, depth: int = 0) -> Callable[[Known], tuple[n.Type, NDArray[Any]]]:
    def flatten(value: Known) -> tuple[n.Type, NDArray[Any]]:
        values = value.values
        if values.ndim > 2:  # a matrix column by column
            values = values.transpose(0, *range(values.ndim - 1, 0, -1)).reshape(len(values), -1)
        return n.Type(base, depth), values

    return flatten


_SHAPED: Mapping[str, Callable[..., tuple[n.Type, NDArray[Any]]]] = {
    "size": _count(0), "num_elements": _count(None), "rows": _count(0), "cols": _count(-1),
    "rep_vector": _repeat("vector"), "rep_row_vector": _repeat("row_vector"), "rep_matrix": _repeat("matrix"),
    "rep_array": _repeat("array"), "append_row": _append(0), "append_col": _append(1),
    "to_vector": _flatten("vector"), "to_row_vector": _flatten("row_vector"),
    "to_array_1d": _flatten("real", 1),
    "inverse": lambda a: (_MATRIX, np.linalg.inv(a.values)),
    "transpose": lambda a: (_MATRIX, np.swapaxes(a.values, -1, -2)),
    "qr_thin_R": _qr_r,
    "diag_matrix": lambda a: (_MATRIX, _diagonal(a.values)),
    "diag_pre_multiply": lambda a, b: (_MATRIX, a.values[..., :, None] * b.values),
    "diag_post_multiply": lambda a, b: (_MATRIX, a.values * b.values[..., None, :]),
    "diagonal": lambda a: (_VECTOR, np.diagonal(a.values, axis1=-2, axis2=-1)),
    "cumulative_sum": lambda a: (a.type, np.cumsum(a.values, axis=-1)),
    "dot_self": lambda a: (n.REAL, (a.values**2).sum(axis=-1)),
    "zeros_vector": lambda a: (_VECTOR, np.zeros((1, read_integer(a)))),
    "ones_vector": lambda a: (_VECTOR, np.ones((1, read_integer(a)))),
}  # fmt: skip
"""Functions that change or tell the shape of a value."""

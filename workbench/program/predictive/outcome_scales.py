"""Outcomes on the scale of their columns: values, and the log Jacobian of the map, computed from the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule
from workbench.program.predictive.outcome_maps import NEGATION, ColumnMap, MapStep, find_definitions
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.summands import Summand
from workbench.thresholds import SAME_VALUE_LIMIT

if TYPE_CHECKING:
    from scipy import special
else:
    special = LateModule("scipy.special")

Floats = NDArray[np.float64]
"""An array of doubles."""

Function = Callable[[Floats], Floats]
"""A function of each element."""


@dataclass(frozen=True)
class _Monotone:
    """A monotone function: itself, its inverse, and the log of its slope."""

    forward: Function
    inverse: Function
    log_slope: Function


def _raise_to(power: float) -> _Monotone:
    return _Monotone(
        lambda u: u**power,
        lambda z: z ** (1 / power),
        lambda u: np.log(abs(power)) + (power - 1) * np.log(u),
    )


def _log_normal_density(u: Floats) -> Floats:
    return np.asarray(-0.5 * u**2 - 0.5 * np.log(2 * np.pi))


def _logit(u: Floats) -> Floats:
    return special.logit(u)


def _expit(u: Floats) -> Floats:
    return special.expit(u)


def _ndtr(u: Floats) -> Floats:
    return special.ndtr(u)


def _ndtri(u: Floats) -> Floats:
    return special.ndtri(u)


_LOG_10, _LOG_2 = np.log(10), np.log(2)

_FUNCTIONS: Mapping[str, _Monotone] = {
    "log": _Monotone(np.log, np.exp, lambda u: -np.log(u)),
    "log1p": _Monotone(np.log1p, np.expm1, lambda u: -np.log1p(u)),
    "log1m": _Monotone(lambda u: np.log1p(-u), lambda z: -np.expm1(z), lambda u: -np.log1p(-u)),
    "log10": _Monotone(np.log10, lambda z: 10.0**z, lambda u: -np.log(u) - np.log(_LOG_10)),
    "log2": _Monotone(np.log2, np.exp2, lambda u: -np.log(u) - np.log(_LOG_2)),
    "exp": _Monotone(np.exp, np.log, lambda u: u),
    "expm1": _Monotone(np.expm1, np.log1p, lambda u: u),
    "sqrt": _raise_to(0.5),
    "cbrt": _Monotone(np.cbrt, lambda z: z**3, lambda u: -2 / 3 * np.log(np.abs(u)) - np.log(3)),
    "square": _raise_to(2.0),
    "inv": _raise_to(-1.0),
    "inv_sqrt": _raise_to(-0.5),
    "logit": _Monotone(_logit, _expit, lambda u: -np.log(u) - np.log1p(-u)),
    "inv_logit": _Monotone(_expit, _logit, lambda u: special.log_expit(u) + special.log_expit(-u)),
    "Phi": _Monotone(_ndtr, _ndtri, _log_normal_density),
    "inv_Phi": _Monotone(_ndtri, _ndtr, lambda u: -_log_normal_density(_ndtri(u))),
    "asinh": _Monotone(np.arcsinh, np.sinh, lambda u: -0.5 * np.log1p(u**2)),
    "atanh": _Monotone(np.arctanh, np.tanh, lambda u: -np.log1p(-(u**2))),
    "atan": _Monotone(np.arctan, np.tan, lambda u: -np.log1p(u**2)),
    NEGATION: _Monotone(np.negative, np.negative, np.zeros_like),
}
"""The functions of one argument by Stan's name. Powers are for positive values: others give no number."""

_AGGREGATES: Mapping[str, Callable[[Floats], Any]] = {
    "mean": np.mean,
    "sd": lambda values: np.std(values, ddof=1),
    "variance": lambda values: np.var(values, ddof=1),
    "min": np.min,
    "max": np.max,
    "sum": np.sum,
    "prod": np.prod,
    "size": len,
    "rows": len,
    "num_elements": np.size,
}
"""Functions of a whole column."""

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    ".*": np.multiply,
    "/": np.divide,
    "./": np.divide,
    "^": np.power,
    ".^": np.power,
}
"""Binary operators of single numbers."""


class _UnknownScaleError(Exception):
    """A constant cannot be computed here."""


@dataclass(frozen=True)
class ScaledOutcome:
    """An outcome on the scale of a data column.

    Attributes
    ----------
    column, text
        The column, and the map from it to what the density is of.
    values
        The outcome on the column's scale, `(n,)`, row-major.
    log_jacobian
        What to add to each log density, `(n,)` [nats].
    """

    column: str
    text: str
    values: Floats
    log_jacobian: Floats


def scale_outcome(
    tree: n.Tree,
    data: Mapping[str, Any],
    column_map: ColumnMap,
    observed: Floats | None,
    added: Sequence[Summand] = (),
) -> ScaledOutcome | None:
    """Return an outcome on the scale of a column; `None` if the map cannot be undone with these data.

    Parameters
    ----------
    tree
        The program.
    data
        The values of its data.
    column_map
        The map from the column.
    observed
        The values of the outcome variable; `None` if they are not known.
    added
        What the statement already adds besides the density.
    """
    column = np.asarray(data[column_map.column], dtype=float).ravel()
    if column_map.is_selected and (observed is None or _has_powers(column_map)):
        return None  # a power has two roots, and the column's own do not tell which
    known = None if observed is None else np.asarray(observed, dtype=float).ravel()
    size = column.size if known is None else known.size
    evaluator = _Evaluator(data, find_definitions(tree.get_block("transformed data")))
    try:
        steps = [_fill_constant(step, evaluator, column_map, size) for step in column_map.steps]
        already = [_evaluate_summand(item, evaluator, column_map, size) for item in added]
    except _UnknownScaleError:
        return None
    with np.errstate(all="ignore"):
        values = column
        if column_map.is_selected and known is not None:
            values = _undo(steps[: column_map.variable_steps], known)
        reached, log_jacobian = values, np.zeros(values.size)
        for number, step in enumerate(steps):
            if number == column_map.variable_steps and not _are_equal(reached, known):
                return None
            log_jacobian = log_jacobian + step.log_slope(reached)
            reached = step.forward(reached)
    is_reached = len(steps) > column_map.variable_steps or _are_equal(reached, known)
    if not is_reached or not np.isfinite(log_jacobian).all():
        return None
    for term in already:
        log_jacobian = log_jacobian - term
    return ScaledOutcome(column_map.column, column_map.text, values, log_jacobian)


def _are_equal(reached: Floats, known: Floats | None) -> bool:
    """Whether the map gives the values of the outcome variable, as far as these are known."""
    if known is None:
        return True
    is_alike = reached.shape == known.shape
    return is_alike and np.allclose(reached, known, rtol=SAME_VALUE_LIMIT, atol=0, equal_nan=True)


def _has_powers(column_map: ColumnMap) -> bool:
    return any(step.function in {"square", "inv", "inv_sqrt", "^"} for step in column_map.steps)


def _undo(steps: Sequence[_Monotone], values: Floats) -> Floats:
    for step in steps[::-1]:
        values = step.inverse(values)
    return values


def return_to_column(
    tree: n.Tree, data: Mapping[str, Any], column_map: ColumnMap, draws: Floats
) -> Floats | None:
    """Return draws of an outcome variable, `(sample, n)`, on the scale of a column; `None` if unknown."""
    evaluator = _Evaluator(data, find_definitions(tree.get_block("transformed data")))
    try:
        steps = [_fill_constant(step, evaluator, column_map, draws.shape[-1]) for step in column_map.steps]
    except _UnknownScaleError:
        return None
    with np.errstate(all="ignore"):
        return _undo(steps[: column_map.variable_steps], draws)


def _fill_constant(step: MapStep, evaluator: _Evaluator, column_map: ColumnMap, size: int) -> _Monotone:
    """Return a step with the value of its constant.

    Raises
    ------
    _UnknownScaleError
        It cannot be computed, or has neither one value nor one for each element.
    """
    if step.constant is None:
        return _FUNCTIONS[step.function]
    constant = _evaluate_by_element(step.constant, evaluator, column_map, size)
    return _make_operator(step.function, constant, step.is_first)


def _evaluate_summand(item: Summand, evaluator: _Evaluator, column_map: ColumnMap, size: int) -> Floats:
    if isinstance(item.node, n.Tilde):
        raise _UnknownScaleError
    value = _evaluate_by_element(item.node, evaluator, column_map, size)
    return -value if item.sign == "-" else value


def _evaluate_by_element(node: n.Expr, evaluator: _Evaluator, column_map: ColumnMap, size: int) -> Floats:
    value = np.asarray(evaluator.evaluate(node), dtype=float).ravel()
    if value.size != 1 and (value.size != size or column_map.is_selected):
        raise _UnknownScaleError
    return value


def _make_operator(operator: str, constant: Floats, is_first: bool) -> _Monotone:
    """Return an operator with one operand filled in."""
    if operator == "+":
        return _Monotone(lambda u: u + constant, lambda z: z - constant, np.zeros_like)
    if operator == "-" and is_first:
        return _Monotone(lambda u: constant - u, lambda z: constant - z, np.zeros_like)
    if operator == "-":
        return _Monotone(lambda u: u - constant, lambda z: z + constant, np.zeros_like)
    log_constant = np.log(np.abs(constant))
    if operator == "*":
        return _Monotone(
            lambda u: u * constant, lambda z: z / constant, lambda u: np.zeros_like(u) + log_constant
        )
    if operator == "/" and is_first:
        return _Monotone(
            lambda u: constant / u, lambda z: constant / z, lambda u: log_constant - 2 * np.log(np.abs(u))
        )
    if operator == "/":
        return _Monotone(
            lambda u: u / constant, lambda z: z * constant, lambda u: np.zeros_like(u) - log_constant
        )
    if is_first:
        return _Monotone(
            lambda u: constant**u,
            lambda z: np.log(z) / np.log(constant),
            lambda u: u * np.log(constant) + np.log(np.abs(np.log(constant))),
        )
    return _Monotone(
        lambda u: u**constant,
        lambda z: z ** (1 / constant),
        lambda u: log_constant + (constant - 1) * np.log(u),
    )


class _Evaluator:
    """Computes the constants of a map from the data and from what transformed data define."""

    def __init__(self, data: Mapping[str, Any], definitions: Mapping[str, n.Expr]) -> None:
        self.data = data
        self.definitions = definitions

    def evaluate(self, node: n.Expr) -> Any:
        """Return the value of an expression without parameters.

        Raises
        ------
        _UnknownScaleError
            It holds something other than data, numbers, and the functions and operators known here.
        """
        inner = t.unwrap(node)
        if isinstance(inner, n.Numeral):
            return float(inner.text.replace("_", ""))
        if isinstance(inner, n.Variable):
            return self._look_up(inner.name)
        if isinstance(inner, n.Unary) and not inner.is_postfix and inner.operator in {"-", "+"}:
            value = self.evaluate(inner.operand)
            return -value if inner.operator == "-" else value
        if isinstance(inner, n.Binary) and inner.operator in _OPERATORS:
            return self._combine(inner)
        if isinstance(inner, n.Call) and inner.arguments and not inner.is_user_defined:
            return self._call(inner)
        raise _UnknownScaleError

    def _look_up(self, name: str) -> Any:
        if name in self.data:
            return np.asarray(self.data[name], dtype=float)
        if name in self.definitions:
            return self.evaluate(self.definitions[name])
        raise _UnknownScaleError

    def _combine(self, node: n.Binary) -> Any:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        is_whole = node.type == n.INT and node.operator == "/"
        if is_whole or (np.ndim(left) and np.ndim(right) and np.shape(left) != np.shape(right)):
            raise _UnknownScaleError
        if node.left.type.is_container and node.right.type.is_container and node.operator in {"*", "/"}:
            raise _UnknownScaleError  # a product of matrices
        with np.errstate(all="ignore"):
            return _OPERATORS[node.operator](left, right)

    def _call(self, node: n.Call) -> Any:
        value = self.evaluate(node.arguments[0])
        if node.name in _AGGREGATES and len(node.arguments) == 1:
            return _AGGREGATES[node.name](np.atleast_1d(value))
        if node.name in _FUNCTIONS and len(node.arguments) == 1:
            with np.errstate(all="ignore"):
                return _FUNCTIONS[node.name].forward(np.asarray(value))
        if node.name in {"to_vector", "to_row_vector", "to_array_1d", "rep_vector"}:
            return value
        raise _UnknownScaleError

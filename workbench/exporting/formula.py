"""The expectation of an outcome as a formula of a row's columns, from the program's own statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from workbench.errors import RequestError
from workbench.exporting.columns import BoundColumns
from workbench.exporting.functions import call
from workbench.exporting.interpreter import Interpreter, Likelihood
from workbench.exporting.linear import Linear, NotLinear, make_constant
from workbench.exporting.values import (
    ByRow,
    Known,
    Link,
    Linked,
    Value,
    minus,
    over,
    plus,
    times,
    to_by_row,
)
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

Arguments = Sequence[Callable[[], Value]]
"""The arguments of a density, computed when they are needed: a standard deviation is in no expectation."""

_ONE, _TWO = Known(n.REAL, np.ones(1)), Known(n.REAL, np.full(1, 2.0))


def _take_student_mean(a: Arguments) -> Value:
    degrees = a[0]()
    if not isinstance(degrees, Known) or not bool((degrees.values > 1).all()):
        raise NotLinear("has no mean where there is one degree of freedom or fewer")
    return a[1]()


def _take_skew_mean(a: Arguments) -> Value:
    place, scale, share = (item() for item in a)
    rest = minus(_ONE, share)
    return plus(place, over(times(scale, minus(rest, share)), times(_TWO, times(share, rest))))


def _invert(link: str) -> Callable[[Value], Value]:
    """Return what undoes a link."""

    def invert(value: Value) -> Value:
        if isinstance(value, Known):
            return call("inv_logit" if link == "logit" else "exp", [value])
        row = to_by_row(value)
        if row.elements.shape:
            raise NotLinear("has several values in a row")
        one = make_constant(np.ones(1))
        return Linked(row.type, link, row.only, one, row.has_axis)  # type: ignore[arg-type]

    return invert


_inv_logit, _exp = _invert("logit"), _invert("log")

_MEANS: Mapping[str, Callable[[Arguments], Value]] = {
    **dict.fromkeys(
        (
            "normal",
            "double_exponential",
            "logistic",
            "poisson",
            "bernoulli",
            "neg_binomial_2",
            "beta_proportion",
        ),
        lambda a: a[0](),
    ),
    "student_t": _take_student_mean,
    "bernoulli_logit": lambda a: _inv_logit(a[0]()),
    "binomial": lambda a: times(a[0](), a[1]()),
    "binomial_logit": lambda a: times(a[0](), _inv_logit(a[1]())),
    "poisson_log": lambda a: _exp(a[0]()),
    "neg_binomial_2_log": lambda a: _exp(a[0]()),
    "lognormal": lambda a: _exp(plus(a[0](), over(times(a[1](), a[1]()), _TWO))),
    "gamma": lambda a: over(a[0](), a[1]()),
    "exponential": lambda a: over(_ONE, a[0]()),
    "skew_double_exponential": _take_skew_mean,
}
"""The mean of each distribution that has one with these links, from its arguments.

The formulas are those of Stan's functions reference. They are tried on rows whose prediction is known.
"""

_GLM: Mapping[str, tuple[str, int]] = {
    "normal_id_glm": ("normal", 0), "bernoulli_logit_glm": ("bernoulli_logit", 0),
    "poisson_log_glm": ("poisson_log", 0), "neg_binomial_2_log_glm": ("neg_binomial_2_log", 0),
    "binomial_logit_glm": ("binomial_logit", 1),
}  # fmt: skip
"""Densities of a linear predictor: the plain one, and where its matrix stands."""


@dataclass(frozen=True)
class Formula:
    """The expectation of an outcome: `multiplier * inverse link of predictor`.

    Attributes
    ----------
    outcome
        Its name.
    statement
        The statement that says so.
    link
        The link.
    predictor, multiplier
        What a row has.
    """

    outcome: str
    statement: str
    link: Link
    predictor: Linear = field(repr=False)
    multiplier: Linear = field(repr=False)


def find_formula(interpreter: Interpreter, columns: BoundColumns, outcome: str) -> Formula:
    """Return the expectation of an outcome, from a program that was run.

    Raises
    ------
    RequestError
        It is not that of a linear predictor with one of the links; the message says which statement or
        function stands in the way.
    """
    likelihood = _find_likelihood(interpreter, outcome)
    try:
        formula = _derive(interpreter, likelihood)
        _check_features(interpreter, columns, formula)
    except NotLinear as reason:
        text = str(reason)
        why = text if text.startswith("`") else f"`{likelihood.statement}` {text}"
        raise _refuse(outcome, f"{why}") from reason
    return formula


def _refuse(outcome: str, why: str) -> RequestError:
    message = f"the expectation of `{outcome}` cannot be exported as a linear predictor: {why}."
    hint = "only linear predictors with the links identity, logit and log can be exported"
    return RequestError(message, hint=hint)


def _find_likelihood(interpreter: Interpreter, outcome: str) -> Likelihood:
    """Return the only statement about an outcome."""
    found = [item for item in interpreter.found if item.outcome == outcome]
    if not found:
        raise _refuse(outcome, "no statement of the model block is its density")
    for item in found:
        if item.reason:
            raise _refuse(outcome, item.reason)
    if len(found) > 1:
        listed = " and ".join(f"`{item.statement}`" for item in found[:2])
        raise _refuse(outcome, f"{len(found)} statements are densities of it, such as {listed}")
    return found[0]


def _derive(interpreter: Interpreter, likelihood: Likelihood) -> Formula:
    density = likelihood.density
    assert density is not None  # noqa: S101 - it has no reason against it
    if density.is_truncated:
        raise NotLinear("is truncated")
    after = Interpreter(
        dict(likelihood.environment),
        interpreter.stored,
        interpreter.outcomes,
        interpreter.effects,
        interpreter.derived,
    )
    variable = t.unwrap(density.outcome)
    if not isinstance(variable.base if isinstance(variable, n.Indexed) else variable, n.Variable):
        raise NotLinear("is a density of a function of its outcome")
    outcome = after.evaluate(variable)
    if not isinstance(outcome, ByRow) or outcome.elements.shape:
        raise NotLinear("has several values of its outcome in a row")
    arguments: list[Callable[[], Value]] = [partial(after.evaluate, node) for node in density.arguments[1:]]
    name = density.distribution
    if name in _GLM:
        name, place = _GLM[name]
        matrix, intercept, slopes = density.arguments[1 + place : 4 + place]
        arguments[place : place + 3] = [partial(after.evaluate, _join(matrix, intercept, slopes))]
    if name not in _MEANS:
        raise NotLinear(f"has the distribution `{name}`, whose mean is not that of a linear predictor")
    mean = _MEANS[name](arguments)
    if isinstance(mean, Linked):
        return Formula(likelihood.outcome, likelihood.statement, mean.link, mean.predictor, mean.scale)
    row = to_by_row(mean)
    if row.elements.shape:
        raise NotLinear("has several values in a row")
    one = make_constant(np.ones(1))
    return Formula(likelihood.outcome, likelihood.statement, "identity", row.only, one)


def _join(matrix: n.Expr, intercept: n.Expr, slopes: n.Expr) -> n.Expr:
    """Return the linear predictor of a GLM density."""
    return n.Binary(intercept, "+", n.Binary(matrix, "*", slopes))


def _check_features(interpreter: Interpreter, columns: BoundColumns, formula: Formula) -> None:
    """Refuse an expectation that needs an outcome, such as the one of the row before."""
    for name in list_features(interpreter, formula):
        if name in columns.outcomes:
            raise NotLinear(f"needs the outcome in column `{columns.features[name].column}`")


def list_features(interpreter: Interpreter, formula: Formula) -> list[str]:
    """Return every feature that a formula needs, with those that others are functions of."""
    waiting = [formula.predictor, formula.multiplier]
    found: dict[str, None] = {}
    while waiting:
        for features, groups in waiting.pop().terms:
            for name in (*features, *groups):
                if name not in found and name in interpreter.derived:
                    waiting.append(interpreter.derived[name][1])
                found[name] = None
    return list(found)

"""The density of a prior whose statement is one univariate density with known arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.program.terms.distributions import DISTRIBUTIONS, get_argument_name
from workbench.program.terms.families import FAMILIES
from workbench.results.quantities import owner
from workbench.results.view import DensityTerm, Results

_STATEMENT = re.compile(r"^\s*(?P<name>\w+)\s*~\s*(?P<family>\w+)\s*\((?P<arguments>[^()]*)\)\s*;?\s*$")
"""A prior statement whose arguments hold no parentheses."""

_SCALAR_TYPE = re.compile(
    r"^(?:array\s*\[[^\]]*\]\s*)?(?:real|vector|row_vector|matrix)\b(?:<(?P<bounds>[^>]*)>)?"
)
"""A type whose elements are real numbers with nothing but bounds."""

_BOUND = re.compile(r"\b(lower|upper)\s*=\s*([^,]+)")
"""A bound within the angle brackets of a type."""


@dataclass(frozen=True)
class PriorDensity:
    """A prior in closed form.

    Attributes
    ----------
    family
        A frozen distribution of `scipy.stats`.
    mass
        Its probability inside the declared bounds, by which the density there is divided.
    lower
        The lower of the declared bounds.
    """

    family: Any
    mass: float
    lower: float = -math.inf


def find_prior_density(results: Results, name: str) -> PriorDensity | None:
    """Return the prior of a quantity; `None` where its statement does not give it.

    The statement gives the prior if it is the only density of the variable, if it is a univariate density of
    the whole variable with numbers for arguments, if the variable's type has nothing but bounds, and if the
    draws are on the scale of the statement.

    Parameters
    ----------
    results
        The results of a run.
    name
        Stan's name, such as `beta[2]`.
    """
    variable = owner(name)
    if _is_rescaled(results, variable):
        return None
    bounds = read_bounds(results, variable)
    statement = _find_statement(results, variable)
    if bounds is None or statement is None:
        return None
    family, arguments = statement["family"], _read_arguments(results, variable, statement)
    if family not in FAMILIES or arguments is None:
        return None
    try:
        with np.errstate(over="raise"):
            frozen = FAMILIES[family](*arguments)
    except (TypeError, ValueError, ArithmeticError):
        return None
    mass = float(frozen.cdf(bounds[1]) - frozen.cdf(bounds[0]))
    if not mass > 0:
        return None
    return PriorDensity(frozen, mass, bounds[0])


def _is_rescaled(results: Results, variable: str) -> bool:
    """Return whether a prior is about standardized predictors while the draws are on the data's scale."""
    standardized = results.data.standardized
    return variable in standardized.coefficients or variable in standardized.intercepts


def _find_statement(results: Results, variable: str) -> Mapping[str, str] | None:
    """Return the name, family and arguments of the only prior statement about a variable."""
    statements = [
        term
        for term in results.model.terms
        if term.role != "likelihood" and variable in term.parameters and _is_density_of(term, variable)
    ]
    if len(statements) != 1 or statements[0].parameters != (variable,):
        return None
    match = _STATEMENT.match(statements[0].statement)
    return match.groupdict() if match else None


def _is_density_of(term: DensityTerm, variable: str) -> bool:
    """Return whether a statement may be a density of a variable, rather than one given it."""
    match = _STATEMENT.match(term.statement)
    return match is None or match["name"] == variable


def read_bounds(results: Results, variable: str) -> tuple[float, float] | None:
    """Return the bounds of a variable, infinite where there is none; `None` for other constraints."""
    types = {parameter.name: parameter.type for parameter in results.model.parameters}
    match = _SCALAR_TYPE.match(types.get(variable, ""))
    if match is None:
        return None
    ends = {"lower": -math.inf, "upper": math.inf}
    for end, text in _BOUND.findall(match["bounds"] or ""):
        number = _parse_number(text)
        if number is None:
            return None
        ends[end] = number
    return ends["lower"], ends["upper"]


def _read_arguments(results: Results, variable: str, statement: Mapping[str, str]) -> list[float] | None:
    family = statement["family"]
    texts = [text.strip() for text in statement["arguments"].split(",") if text.strip()]
    distribution = DISTRIBUTIONS.get(family)
    if distribution is None or len(texts) != len(distribution.arguments):
        return None
    values = [
        _read_argument(results, variable, get_argument_name(family, place), text)
        for place, text in enumerate(texts)
    ]
    numbers = [value for value in values if value is not None]
    return numbers if len(numbers) == len(values) else None


def _read_argument(results: Results, variable: str, argument: str, text: str) -> float | None:
    """Return an argument's value in force: the one that the run set, else the literal in the statement."""
    for key in (text, f"{variable}.{argument}"):
        number = results.priors.get(key)
        if isinstance(number, int | float):
            return float(number)
    return _parse_number(text)


def _parse_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

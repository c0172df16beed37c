"""The density of a prior, where its statement alone gives it: one univariate density with known arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scipy import stats

from workbench.diagnostics.check import Record, owner
from workbench.program.terms.distributions import DISTRIBUTIONS, argument_name

_STATEMENT = re.compile(r"^\s*(?P<name>\w+)\s*~\s*(?P<family>\w+)\s*\((?P<arguments>[^()]*)\)\s*;?\s*$")
_SCALAR_TYPE = re.compile(
    r"^(?:array\s*\[[^\]]*\]\s*)?(?:real|vector|row_vector|matrix)\b(?:<(?P<bounds>[^>]*)>)?"
)
_BOUND = re.compile(r"\b(lower|upper)\s*=\s*([^,]+)")

_FAMILIES: dict[str, Callable[..., Any]] = {
    "normal": lambda mu, sigma: stats.norm(mu, sigma),
    "std_normal": lambda: stats.norm(),
    "student_t": lambda nu, mu, sigma: stats.t(nu, mu, sigma),
    "cauchy": lambda mu, sigma: stats.cauchy(mu, sigma),
    "double_exponential": lambda mu, sigma: stats.laplace(mu, sigma),
    "logistic": lambda mu, sigma: stats.logistic(mu, sigma),
    "gumbel": lambda mu, beta: stats.gumbel_r(mu, beta),
    "skew_normal": lambda xi, omega, alpha: stats.skewnorm(alpha, xi, omega),
    "lognormal": lambda mu, sigma: stats.lognorm(sigma, scale=math.exp(mu)),
    "exponential": lambda beta: stats.expon(scale=1 / beta),
    "gamma": lambda alpha, beta: stats.gamma(alpha, scale=1 / beta),
    "inv_gamma": lambda alpha, beta: stats.invgamma(alpha, scale=beta),
    "chi_square": lambda nu: stats.chi2(nu),
    "weibull": lambda alpha, sigma: stats.weibull_min(alpha, scale=sigma),
    "frechet": lambda alpha, sigma: stats.invweibull(alpha, scale=sigma),
    "rayleigh": lambda sigma: stats.rayleigh(scale=sigma),
    "pareto": lambda y_min, alpha: stats.pareto(alpha, scale=y_min),
    "beta": lambda alpha, beta: stats.beta(alpha, beta),
    "uniform": lambda alpha, beta: stats.uniform(alpha, beta - alpha),
}
"""Stan's univariate densities as SciPy's, in Stan's order and meaning of the arguments."""


@dataclass(frozen=True)
class PriorDensity:
    """A prior in closed form.

    Attributes
    ----------
    family
        A frozen distribution of `scipy.stats`.
    mass
        The share of it inside the declared bounds: the density there is larger by as much.
    words
        The statement with its numbers filled in.
    lower
        The lower of the declared bounds.
    """

    family: Any
    mass: float
    words: str
    lower: float = -math.inf


def prior_density(record: Record, name: str) -> PriorDensity | None:
    """Return the prior of one quantity; `None` where the statement does not give it by itself.

    It does where exactly one statement is a density of the variable, that statement is one univariate density
    of the whole variable with numbers for arguments, the variable's type says nothing but bounds, and its
    draws are on the scale that the statement is about.

    Parameters
    ----------
    record
        The content of `run.json`.
    name
        Stan's name, such as `beta[2]`.
    """
    variable = owner(name)
    if variable in _moved(record):
        return None
    bounds = _bounds(record, variable)
    found = _statement(record, variable)
    if bounds is None or found is None:
        return None
    family, arguments = found["family"], _arguments(record, variable, found)
    if family not in _FAMILIES or arguments is None:
        return None
    try:
        frozen = _FAMILIES[family](*arguments)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    mass = float(frozen.cdf(bounds[1]) - frozen.cdf(bounds[0]))
    if not mass > 0:
        return None
    return PriorDensity(frozen, mass, f"{family}({', '.join(f'{one:g}' for one in arguments)})", bounds[0])


def _moved(record: Record) -> frozenset[str]:
    """Return parameters whose priors are about standardized predictors, but whose draws are not."""
    data = record.get("data")
    found = data.get("standardized") if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping):
        return frozenset()
    return frozenset((*found.get("coefficients", ()), *found.get("intercepts", ())))


def _statement(record: Record, variable: str) -> Mapping[str, str] | None:
    """Return the parts of the only prior statement about a variable."""
    terms = _entries(record, "terms")
    own = [
        one
        for one in terms
        if one.get("role") != "likelihood"
        and variable in (one.get("parameters") or ())
        and _is_of(one, variable)
    ]
    if len(own) != 1 or list(own[0].get("parameters") or ()) != [variable]:
        return None
    match = _STATEMENT.match(str(own[0].get("statement") or ""))
    return match.groupdict() if match else None


def _entries(record: Record, key: str) -> list[Record]:
    """Return a list of the record's model, empty where an older record has none."""
    model = record.get("model")
    found = model.get(key) if isinstance(model, Mapping) else None
    return [one for one in found or () if isinstance(one, Mapping)]


def _is_of(term: Record, variable: str) -> bool:
    """Return whether a statement is a density of a variable, and not one given it."""
    match = _STATEMENT.match(str(term.get("statement") or ""))
    return match is None or match["name"] == variable


def _bounds(record: Record, variable: str) -> tuple[float, float] | None:
    declared = _entries(record, "parameters")
    type_ = next((str(one.get("type")) for one in declared if one.get("name") == variable), "")
    match = _SCALAR_TYPE.match(type_)
    if match is None:
        return None
    ends = {"lower": -math.inf, "upper": math.inf}
    for end, text in _BOUND.findall(match["bounds"] or ""):
        number = _number(text)
        if number is None:
            return None
        ends[end] = number
    return ends["lower"], ends["upper"]


def _arguments(record: Record, variable: str, found: Mapping[str, str]) -> list[float] | None:
    texts = [one.strip() for one in found["arguments"].split(",") if one.strip()]
    known = DISTRIBUTIONS.get(found["family"])
    if known is None or len(texts) != len(known.arguments):
        return None
    values = [
        _value(record, variable, argument_name(found["family"], place), text)
        for place, text in enumerate(texts)
    ]
    numbers = [one for one in values if one is not None]
    return numbers if len(numbers) == len(values) else None


def _value(record: Record, variable: str, argument: str, text: str) -> float | None:
    """Return an argument's value in force: what the run set, else the literal in the statement."""
    priors = record.get("priors") or {}
    for key in (text, f"{variable}.{argument}"):
        number = priors.get(key)
        if isinstance(number, int | float):
            return float(number)
    return _number(text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

"""What pooled effects of groups are compared with: the mean of their population, and no pooling at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.report.figures import Population
from workbench.report.fit.arrays import Array, PosteriorArrays
from workbench.report.fit.program_text import Statement, split_outside_brackets
from workbench.results import Fit
from workbench.results.quantities import SAMPLE_DIMS, Draws
from workbench.results.view import DrawsEstimate

_SYMMETRIC = {"normal": 0, "student_t": 1, "cauchy": 0, "double_exponential": 0, "logistic": 0}
"""The distributions with a centre, and which argument it is."""

_STANDARD = {("std_normal", ("",)), ("normal", ("0", "1"))}
"""The distributions of standardised effects."""

_MOST_REPLICATES = 40_000_000
"""The most replicated values that are averaged; of more, every n-th of a chain."""


@dataclass(frozen=True)
class Unpooled:
    """The estimate of each group from its own data, `nan` without any, and its standard error if known."""

    values: Draws
    errors: Draws | None
    words: str


@dataclass(frozen=True)
class PoolingReference:
    """What the effects of an array are compared with."""

    center: str
    population: Population
    unpooled: Unpooled | None


def compare(fit: Fit, arrays: PosteriorArrays, array: Array) -> PoolingReference:
    """Return what the effects of an array are compared with."""
    center, population = _find_population(arrays, array)
    return PoolingReference(center, population, _find_unpooled(fit, arrays, array))


def _find_population(arrays: PosteriorArrays, array: Array) -> tuple[str, Population]:
    """Return what the centre of the population is called, and its value."""
    center = _find_center(arrays, array)
    if center == "0":
        return "zero, the centre of their distribution", Population(0.0)
    estimate = arrays.results.posterior(center) if center else DrawsEstimate()
    if estimate.mean is None:
        return "the average of the groups", Population(float(array.read("mean").mean()))
    known = estimate.lower is not None and estimate.upper is not None
    interval = (float(estimate.lower or 0.0), float(estimate.upper or 0.0)) if known else None
    return f"`{center}`, the centre of their distribution", Population(estimate.mean, interval)


def _find_center(arrays: PosteriorArrays, array: Array) -> str:
    """Return the centre of the distribution of effects: a parameter, "0", or nothing where not known."""
    if _is_bounded(arrays, array.name):
        return ""
    for statement in arrays.statements.get("latent", ()):
        if statement.outcome == array.name:
            if (statement.distribution, statement.arguments) in _STANDARD:
                return "0"
            place = _SYMMETRIC.get(statement.distribution, len(statement.arguments))
            return _as_center(arrays, "".join(statement.arguments[place : place + 1]))
    formulas = arrays.text.list_formulas(array.name)
    return _read_noncentred(arrays, formulas[0]) if len(formulas) == 1 else ""


def _is_bounded(arrays: PosteriorArrays, name: str) -> bool:
    """Return whether a parameter is declared with bounds, which cut its distribution."""
    types = {parameter.name: parameter.type for parameter in arrays.results.model.parameters}
    return any(word in types.get(name, "") for word in ("lower", "upper"))


def _read_noncentred(arrays: PosteriorArrays, formula: str) -> str:
    """Return the centre of effects that are made as `center + scale * standardised`."""
    standardised = [
        statement.outcome
        for statement in arrays.statements.get("latent", ())
        if (statement.distribution, statement.arguments) in _STANDARD
        and not _is_bounded(arrays, statement.outcome)
    ]
    summands = [part.strip() for part in split_outside_brackets(arrays.text.drop_loop_indices(formula), "+")]
    scaled = [part for part in summands if any(arrays.is_scaled(part, name) for name in standardised)]
    centers = [part for part in summands if part not in scaled]
    if len(scaled) != 1 or len(centers) > 1:
        return ""
    return _as_center(arrays, centers[0]) if centers else "0"


def _as_center(arrays: PosteriorArrays, text: str) -> str:
    if text in ("0", "0.0"):
        return "0"
    return text if text in arrays.results.nuts.estimates else ""


def _find_unpooled(fit: Fit, arrays: PosteriorArrays, array: Array) -> Unpooled | None:
    """Return the estimate of each group from its own data alone; `None` where that is not plain."""
    if _count_statements(arrays, array) > 1:
        return None
    for statement in arrays.statements.get("likelihood", ()):
        found = (
            _read_own_estimates(arrays, array, statement)
            or _read_shares(arrays, array, statement)
            or _average_outcomes(arrays, array, statement)
            or _average_residuals(fit, arrays, array, statement)
        )
        if found is not None:
            return found
    return None


def _count_statements(arrays: PosteriorArrays, array: Array) -> int:
    """Return in how many statements on the data the effects occur."""
    word = re.compile(rf"\b{re.escape(array.name)}\b")
    terms = arrays.results.model.terms
    return sum(term.role == "likelihood" and bool(word.search(term.statement)) for term in terms)


def _read_own_estimates(arrays: PosteriorArrays, array: Array, statement: Statement) -> Unpooled | None:
    """Return the outcomes of `y ~ normal(theta, sigma)`, one for each group, with known errors."""
    if statement.distribution != "normal" or statement.arguments[:1] != (array.name,):
        return None
    values = _read_data(arrays, statement.outcome, array)
    if values is None:
        return None
    errors = _read_data(arrays, statement.arguments[1], array) if len(statement.arguments) == 2 else None
    return Unpooled(values, errors, f"the observed `{statement.outcome}` of the group")


def _read_shares(arrays: PosteriorArrays, array: Array, statement: Statement) -> Unpooled | None:
    """Return the shares of `y ~ binomial(n, theta)`, one for each group."""
    if statement.distribution != "binomial" or statement.arguments[1:] != (array.name,):
        return None
    counts = _read_data(arrays, statement.outcome, array)
    trials = _read_data(arrays, statement.arguments[0], array)
    if counts is None or trials is None:
        return None
    shares = np.full(array.size, np.nan)
    np.divide(counts, trials, out=shares, where=trials > 0)
    return Unpooled(shares, None, f"the share `{statement.outcome}` / `{statement.arguments[0]}`")


def _read_data(arrays: PosteriorArrays, name: str, array: Array) -> Draws | None:
    """Return data with one number for each group; `None` for anything else."""
    values = arrays.find_data(name)
    if values is None or values.dims != (array.axis,):
        return None
    return np.asarray(values.values, dtype=float)


@dataclass(frozen=True)
class _GroupedOutcome:
    """An outcome, the group of each value from 0 on, and whether its centre is the effect alone."""

    name: str
    values: Draws
    groups: NDArray[np.int64]
    is_alone: bool


def _read_grouped_outcome(
    arrays: PosteriorArrays, array: Array, statement: Statement
) -> _GroupedOutcome | None:
    """Return the outcome whose normal distribution has the effect of a group as a summand of its centre."""
    index = arrays.find_index(array)
    values = arrays.find_data(statement.outcome)
    if index is None or values is None or values.ndim != 1:
        return None
    summands = _list_summands(arrays, statement)
    own = [part for part in summands if part == f"{array.name}[{index}]"]
    mentions = [part for part in summands if array.name in part]
    groups = arrays.find_data(index)
    if len(own) != 1 or own != mentions or groups is None or groups.dims != values.dims:
        return None
    numbers = np.asarray(groups.values, dtype=np.int64) - 1
    return _GroupedOutcome(
        statement.outcome, np.asarray(values.values, dtype=float), numbers, summands == own
    )


def _list_summands(arrays: PosteriorArrays, statement: Statement) -> list[str]:
    """Return the summands of the centre of a normal distribution, without spaces."""
    if statement.distribution == "normal" and len(statement.arguments) == 2:
        parts = split_outside_brackets(statement.arguments[0], "+")
    elif statement.distribution == "normal_id_glm" and len(statement.arguments) == 4:
        matrix, intercept, coefficients, _ = statement.arguments
        parts = [*split_outside_brackets(intercept, "+"), f"{matrix} * {coefficients}"]
    else:
        return []
    return ["".join(arrays.text.drop_loop_indices(part).split()) for part in parts]


def _average_outcomes(arrays: PosteriorArrays, array: Array, statement: Statement) -> Unpooled | None:
    """Return the mean of the outcome in each group, where nothing else is in its centre."""
    outcome = _read_grouped_outcome(arrays, array, statement)
    if outcome is None or not outcome.is_alone:
        return None
    means = average_by_group(outcome.values, outcome.groups, array.size)
    return Unpooled(means, None, f"the mean of `{outcome.name}` in the group")


def _average_residuals(
    fit: Fit, arrays: PosteriorArrays, array: Array, statement: Statement
) -> Unpooled | None:
    """Return the effect that fits the outcomes of each group best, all else at its posterior mean.

    That is the posterior mean of the effect plus the mean residual of its group. The expected outcomes are
    the means of the replicates.
    """
    outcome = _read_grouped_outcome(arrays, array, statement)
    expected = None if outcome is None else _read_expected(fit, outcome.name)
    if outcome is None or expected is None or expected.shape != outcome.values.shape:
        return None
    residuals = average_by_group(outcome.values - expected, outcome.groups, array.size)
    words = f"the group's own level: the effect that fits its `{outcome.name}` best, given all else"
    return Unpooled(array.read("mean") + residuals, None, words)


def _read_expected(fit: Fit, outcome: str) -> Draws | None:
    """Return the mean of the replicates of an outcome; `None` without replicates."""
    description = next((item for item in fit.results.model.outcomes if item.name == outcome), None)
    if description is None or not description.replicate or description.conditional:
        return None
    group = fit.tree.children.get("posterior_predictive")
    if group is None or description.replicate not in group.data_vars:
        return None
    replicates = group[description.replicate]
    if not set(SAMPLE_DIMS) <= set(replicates.dims):
        return None
    thinned = replicates.isel(draw=slice(None, None, -(-replicates.size // _MOST_REPLICATES)))
    mean = np.asarray(thinned.mean(SAMPLE_DIMS).values)
    return mean if np.isfinite(mean).all() else None


def average_by_group(values: Draws, groups: NDArray[np.int64], count: int) -> Draws:
    """Return the mean of the values of each group, `nan` for a group without any.

    >>> average_by_group(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 2]), 3).tolist()
    [2.0, nan, 5.0]
    """
    means = np.full(count, np.nan)
    sizes = np.bincount(groups, minlength=count)
    sums = np.bincount(groups, weights=values, minlength=count)
    np.divide(sums, sizes, out=means, where=sizes > 0)
    return means

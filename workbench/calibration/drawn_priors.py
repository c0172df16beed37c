"""The prior of each parameter as it was drawn: its statement, the values of its constants, and quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends.base import Floats
from workbench.calibration.simulator import ParameterDraws
from workbench.program import Declaration, ElementPriors, ParameterPrior, Term, describe, locate_priors
from workbench.program.describe import describe_support
from workbench.request import FitRequest
from workbench.results.draws import label_column
from workbench.results.quantities import element_name, owner, split_element

QUANTILES = (0.01, 0.025, 0.25, 0.5, 0.75, 0.975, 0.99)
"""Quantiles that are reported of outcomes and of parameters."""

MOST_ELEMENTS = 8
"""Elements of a parameter that have rows of their own; those of larger ones share one row. Ours."""

_MOST_VALUES = 6
"""Numbers of a data variable up to which a prior statement that reads it is shown with its values. Ours."""

_JOINT = frozenset({
    "dirichlet", "lkj_corr", "lkj_corr_cholesky", "wishart", "wishart_cholesky", "inv_wishart",
    "inv_wishart_cholesky",
})  # fmt: skip
"""Distributions of a whole value of a constrained type: the constraint is theirs."""


JOINT_KINDS = frozenset({
    "simplex", "unit_vector", "sum_to_zero_vector", "sum_to_zero_matrix", "cov_matrix", "corr_matrix",
    "cholesky_factor_cov", "cholesky_factor_corr", "row_stochastic_matrix", "column_stochastic_matrix",
})  # fmt: skip
"""Types of which medians of the elements are no value."""

_CONSTRAINED_KINDS = JOINT_KINDS | {"ordered", "positive_ordered"}
"""Types of which elements depend on each other whatever their prior."""


@dataclass(frozen=True)
class PriorConstant:
    """The value of something that a prior statement reads, and does not show.

    Attributes
    ----------
    name
        A data variable, or a constant of the statement that was given another value, such as `a.sigma`.
    value
        Its value: a number, or a list of numbers.
    written
        The number that the statement shows in its place; `None` where it shows the name.
    """

    name: str
    value: float | Sequence[float]
    written: float | None = None


@dataclass(frozen=True)
class DrawnPrior:
    """The prior of a parameter or of one of its elements, as drawn.

    Attributes
    ----------
    name
        Stan's name of it, or `theta[1:200]` for all elements of a large one.
    label
        Its name for people, as in the report of a fit: `beta[mom_iq]` for `beta[2]`.
    statement
        The prior in words; empty for transformed parameters.
    constants
        Values of what the statement reads.
    quantiles
        At `QUANTILES`.
    """

    name: str
    label: str
    statement: str
    quantiles: tuple[float, ...]
    constants: tuple[PriorConstant, ...] = ()


def list_drawn_priors(request: FitRequest, draws: ParameterDraws) -> Iterator[DrawnPrior]:
    """Yield the prior of each parameter and transformed parameter, elements of large ones together."""
    program, labels = request.program, request.data.labels
    described = {item.name: item for item in describe(program, request.data.values).parameters}
    located = locate_priors(program, request.data.values)
    declared = {item.name: item for item in program.parameters}
    for columns, values in ((draws.columns, draws.values), draws.derived):
        by_owner: dict[str, list[int]] = {}
        for position, column in enumerate(columns):
            by_owner.setdefault(owner(column), []).append(position)
        for name, positions in by_owner.items():
            prior = described.get(name)
            is_large = len(positions) > MOST_ELEMENTS
            for group in [positions] if is_large else [[position] for position in positions]:
                own = [columns[position] for position in group]
                statement = ""
                constants: tuple[PriorConstant, ...] = ()
                if prior is not None:
                    terms = _find_terms(own, request, prior, located.get(name))
                    statement = _state(terms, prior, declared[name])
                    constants = tuple(_list_constants(terms, request))
                label = _name_all(name, own[-1]) if is_large else own[0]
                yield DrawnPrior(
                    label,
                    label if is_large else label_column(label, program, labels),
                    statement,
                    _compute(values[:, group].ravel()),
                    constants,
                )


def _find_terms(
    columns: Sequence[str], request: FitRequest, prior: ParameterPrior, located: ElementPriors | None
) -> list[Term]:
    """Return the terms about some elements of a parameter."""
    by_index = {term.index: term for term in request.program.terms}
    if located is None:
        return [by_index[index] for index in prior.terms]
    places = tuple(np.array([split_element(column)[1] for column in columns], dtype=int).T)
    return [by_index[index] for index in sorted(located.terms) if located.terms[index][places].any()]


def _state(terms: Sequence[Term], prior: ParameterPrior, declared: Declaration) -> str:
    """Return the prior that some terms state, in words."""
    if not terms:
        if not prior.terms:
            return prior.prior
        return f"none of its own; constrained: {describe_support(declared)}"
    if {term.index for term in terms} == set(prior.terms):
        statement = prior.prior
    else:
        is_given = any(term.role == "latent" and len(term.parameters) > 1 for term in terms)
        texts = " ".join(term.text for term in terms)
        statement = f"given other parameters: {texts}" if is_given else texts
    is_by_element = not any(term.distribution in _JOINT for term in terms)
    if declared.kind in _CONSTRAINED_KINDS and is_by_element:
        return f"{statement} constrained: {describe_support(declared)}"
    return statement


def _list_constants(terms: Sequence[Term], request: FitRequest) -> Iterator[PriorConstant]:
    """Yield the values of what prior statements read, where these are real numbers and few."""
    program, values = request.program, request.data.values
    reals = {item.name for item in program.data if not item.is_integer}
    for name in dict.fromkeys(name for term in terms for name in term.data):
        value = values.get(name)
        if name not in reals or value is None or isinstance(value, Mapping):
            continue
        if 0 < np.size(value) <= _MOST_VALUES:
            yield PriorConstant(name, _to_plain(value))
    indices = {term.index for term in terms}
    for item in program.hyperparameters:
        value = request.priors.values.get(item.name)
        if item.term in indices and not item.is_user_data and value is not None and value != item.default:
            yield PriorConstant(item.name, float(value), item.default)


def _to_plain(value: Any) -> float | list[float]:
    numbers: NDArray[np.float64] = np.asarray(value, dtype=float)
    return numbers.ravel().tolist() if numbers.ndim else float(numbers)


def _name_all(name: str, last: str) -> str:
    """Return a name for all elements of a large parameter, given that of the last."""
    inside = element_name(name, split_element(last)[1])[len(name) + 1 : -1]
    return f"{name}[1:{inside}]" if "," not in inside else name


def _compute(values: Floats) -> tuple[float, ...]:
    with np.errstate(invalid="ignore"):
        return tuple(float(value) for value in np.quantile(values, QUANTILES))

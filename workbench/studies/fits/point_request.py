"""The request of a point: the base's, with other hyperparameters and with powers on its terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from workbench.errors import PriorError, RequestError
from workbench.priors import describe_unknown, get_value, replace_values
from workbench.program import Program
from workbench.provenance import derive_seeds, hash_texts
from workbench.request import FitRequest
from workbench.results.json_values import to_json_values
from workbench.studies.fits.context import StudyContext
from workbench.studies.plan.plan import Point

_ROLES_WITH_HYPERPARAMETERS = ("prior", "unplaced")
"""Roles of terms that a hyperparameter can change; constants in other terms are not hyperparameters."""


def make_request(context: StudyContext, point: Point, *, purpose: str = "") -> FitRequest:
    """Return the request of a point: its constants and powers, and seeds of its own.

    Parameters
    ----------
    context, point
        The study and the point.
    purpose
        Part of what seeds are derived from: two fits at one point need different ones.
    """
    request = context.find_variant(point).request
    mixed = hash_texts(point.key, purpose, str(request.seed))
    return replace(
        set_constants(request, point.constants),
        weights={**request.weights, **compute_term_weights(request.program, point.powers)},
        seed=derive_seeds(int(mixed[:12], 16), 1)[0],
    )


def set_constants(request: FitRequest, constants: Mapping[str, float]) -> FitRequest:
    """Return a request with other values of its hyperparameters.

    Raises
    ------
    PriorError
        A name is not a hyperparameter of the program, or is not a single number.
    """
    known = request.priors.values
    for name in constants:
        if get_value(known, name) is None:
            raise _explain_not_single(request, name)
    values = replace_values(known, constants)
    changed = {name.partition("[")[0] for name in constants}
    variables = tuple(
        replace(variable, value=values[variable.name], origin="study")
        if variable.name in changed
        else variable
        for variable in request.data.variables
    )
    return replace(
        request,
        priors=replace(request.priors, values=values),
        data=replace(request.data, variables=variables),
    )


def include_data_hyperparameters(request: FitRequest) -> FitRequest:
    """Return a request whose priors also have the hyperparameters that the user's data give."""
    values, priors = request.data.values, request.priors
    names = [
        argument.name
        for argument in request.program.hyperparameters
        if argument.is_user_data and argument.name in values
    ]
    added = {name: to_json_values(values[name]) for name in names if name not in priors.values}
    return replace(
        request,
        priors=replace(
            priors,
            values={**priors.values, **added},
            origins={**priors.origins, **dict.fromkeys(added, "the data")},
            data_names=(*priors.data_names, *added),
        ),
    )


def compute_term_weights(program: Program, powers: Mapping[str, float]) -> dict[str | int, float]:
    """Return the weight of each term that a power raises.

    Raises
    ------
    RequestError
        The program could not be taken apart, or a power matches none of its terms.
    """
    weights: dict[str | int, float] = {}
    for name, power in powers.items():
        terms = _find_powered_terms(program, name)
        weights |= {index: weights.get(index, 1.0) * power for index in terms}
    return weights


def drop_fixed_terms(context: StudyContext, request: FitRequest) -> FitRequest:
    """Return a request without the terms that no point of the study changes: its density is quick."""
    instrumented = request.program.instrumented
    if instrumented is None or not context.is_reduced:
        return request
    # A program with another form may have no term that one of the powers raises.
    changing = {index for name in context.plan.power_names for index in _match_terms(request.program, name)}
    changing |= {term.index for term in instrumented.terms if term.role in _ROLES_WITH_HYPERPARAMETERS}
    fixed: dict[str | int, float] = {
        term.index: 0.0 for term in instrumented.terms if term.index not in changing
    }
    return replace(request, weights={**request.weights, **fixed})


def _find_powered_terms(program: Program, name: str) -> list[int]:
    """Return the terms that `power(name)` raises.

    Raises
    ------
    RequestError
        The program could not be taken apart, or no term matches the name.
    """
    if program.instrumented is None:
        raise RequestError(f"power({name}) needs a program that can be taken apart; this one cannot.")
    terms = _match_terms(program, name)
    if not terms:
        parameters = sorted(
            {name for term in program.terms if term.role == "prior" for name in term.outcomes}
        )
        roles = {term.role for term in program.instrumented.terms}
        present = [role for role in ("prior", "latent", "likelihood") if role in roles]
        known = ", ".join(f"power({name})" for name in (*present, *parameters))
        raise RequestError(
            f"power({name}) matches no statement of `{program.path.name}`.", hint=f"there is {known}"
        )
    return terms


def _match_terms(program: Program, name: str) -> list[int]:
    """Return the terms that `power(name)` raises; none if nothing has that name."""
    return [
        term.index
        for term in (program.instrumented.terms if program.instrumented else ())
        if name in (term.role, f"line {term.line}", f"term {term.index}")
        or (term.role == "prior" and name in term.outcomes)
    ]


def _explain_not_single(request: FitRequest, name: str) -> PriorError:
    known = request.priors.values
    if name in known:
        shape = np.shape(known[name])
        first, last = ",".join("1" for _ in shape), ",".join(str(size) for size in shape)
        return PriorError(
            f"`{name}` holds {np.size(known[name])} numbers; only a single number can be varied.",
            hint=f"its elements are `{name}[{first}]` to `{name}[{last}]`",
        )
    owner = name.partition("[")[0]
    if owner in known:
        size = " x ".join(str(size) for size in np.shape(known[owner])) or "1"
        return PriorError(f"`{name}` is not an element of `{owner}`, whose size is {size}.")
    hint = "a power is power(prior), power(likelihood) or power(NAME)"
    return describe_unknown(request.program, name, list(known), hint)

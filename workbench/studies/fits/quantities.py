"""The quantities that a study reports."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.errors import RequestError
from workbench.program import Program
from workbench.results.quantities import Draws
from workbench.studies.plan.plan import Plan

MAX_PARAMETER_ELEMENTS = 100
"""Elements up to which a parameter is reported unless it is requested by name. Ours."""

MAX_DERIVED_ELEMENTS = 20
"""The same for transformed parameters and generated quantities. Ours."""

_MAX_LISTED = 12
"""Variables that an error message lists."""


def choose_quantities(
    plan: Plan, program: Program, draws: Mapping[str, Draws], labels: Mapping[str, str]
) -> list[str]:
    """Return the quantities to report: those requested, or else parameters and short derived variables.

    Parameters
    ----------
    plan, program
        The plan, and the program of the base fit.
    draws
        Every quantity, by Stan name.
    labels
        Stan names by label.

    Raises
    ------
    RequestError
        The plan names a quantity that the program does not have.
    """
    variables: dict[str, list[str]] = {}
    for name in draws:
        variables.setdefault(name.partition("[")[0], []).append(name)
    if plan.parameters:
        requested = [
            found for name in plan.parameters for found in _find_elements(name, variables, draws, labels)
        ]
    else:
        declared = {parameter.name for parameter in program.parameters}
        limits = {
            name: MAX_PARAMETER_ELEMENTS if name in declared else MAX_DERIVED_ELEMENTS for name in variables
        }
        requested = [
            element
            for name, elements in variables.items()
            if len(elements) <= limits[name]
            for element in elements
        ]
    decided = [
        _find_single(name, variables, draws, labels) for decision in plan.decisions for name in decision.names
    ]
    names = [name for name in dict.fromkeys([*requested, *decided]) if np.isfinite(draws[name]).all()]
    return names or list(draws)[:MAX_DERIVED_ELEMENTS]


def _find_single(
    name: str, variables: Mapping[str, list[str]], draws: Mapping[str, Draws], labels: Mapping[str, str]
) -> str:
    """Return the single quantity that a decision names."""
    elements = _find_elements(name, variables, draws, labels)
    if elements != [labels.get(name, name)]:
        raise RequestError(
            f"a decision is about single numbers, and `{name}` holds {len(elements)}.",
            hint=f"name one of them, such as `{elements[0]}`",
        )
    return elements[0]


def _find_elements(
    name: str, variables: Mapping[str, list[str]], draws: Mapping[str, Draws], labels: Mapping[str, str]
) -> list[str]:
    """Return the quantities that a name stands for: one element, or all of a variable."""
    stan_name = labels.get(name, name)
    if stan_name in draws:
        return [stan_name]
    if stan_name in variables:
        return variables[stan_name]
    listed = ", ".join(f"`{variable}`" for variable in list(variables)[:_MAX_LISTED])
    raise RequestError(f"`{name}` is not a quantity of this fit; it has {listed}.")

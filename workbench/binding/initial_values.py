"""Initial values of parameters that the user gives, checked against the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.binding.context import BindingContext
from workbench.binding.options import BindingOptions
from workbench.binding.phrases import format_names, suggest_name
from workbench.binding.values.check import check_value
from workbench.binding.values.convert import convert_value, fill_shape
from workbench.binding.values.sourced_value import SourcedValue
from workbench.errors import BindingError
from workbench.program import Program
from workbench.tables import no_data


def bind_initial_values(
    program: Program, values: Mapping[str, Any], data: Mapping[str, Any], origin: str
) -> dict[str, Any]:
    """Return initial values of parameters as Stan's JSON has them, on the declared scale.

    Parameters without a value are left to Stan. The values may include transformed parameters and generated
    quantities, as a draw does; they are ignored.

    Parameters
    ----------
    program
        The program that declares the parameters.
    values
        By name: numbers, nested lists, or the members of a tuple by position.
    data
        The data block, for sizes and bounds that depend on it.
    origin
        Where the values come from, in words.

    Raises
    ------
    BindingError
        A name is not a variable of the program, or a value does not suit its declaration.
    """
    parameters = {declared.name: declared for declared in program.parameters}
    ignored = {declared.name for declared in (*program.transformed_parameters, *program.generated_quantities)}
    context = BindingContext(program, no_data(), BindingOptions())
    bound: dict[str, Any] = {}
    for name, value in values.items():
        if name in ignored:
            continue
        if name not in parameters:
            raise BindingError(
                f"{origin} has `{name}`, which is not a parameter of `{program.path.name}`; its parameters "
                f"are {format_names(parameters)}.",
                hint=suggest_name(name, parameters),
            )
        converted, known = convert_value(parameters[name], value, is_stan_data=False), {**data, **bound}
        filled = fill_shape(parameters[name], converted, known)
        sourced = SourcedValue(converted if filled is None else filled, origin)
        for problem in check_value(context, parameters[name], sourced, known):
            raise problem
        bound[name] = sourced.value
    return bound

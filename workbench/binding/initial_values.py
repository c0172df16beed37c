"""Values of parameters that the user starts chains at, held against the declarations."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from workbench.binding.bound_data import BindingOptions
from workbench.binding.columns.fill import Filled
from workbench.binding.context import ask
from workbench.binding.phrases import listed
from workbench.binding.values.check import check
from workbench.binding.values.convert import declared_value
from workbench.errors import BindingError
from workbench.program import Program
from workbench.tables import NO_DATA


def bind_initial_values(
    program: Program, values: Mapping[str, Any], data: Mapping[str, Any], origin: str
) -> dict[str, Any]:
    """Return initial values of parameters as Stan's JSON has them, on the declared scale.

    Parameters without a value are left to Stan. Transformed parameters and generated quantities may be among
    the values, as they are in a draw, and are passed over.

    Parameters
    ----------
    program
        Whose parameters.
    values
        By name: numbers, nested lists, a tuple's members by position.
    data
        The data block, for sizes and bounds that depend on it.
    origin
        Where the values are from, in words.

    Raises
    ------
    BindingError
        A name is no variable of the program, or a value does not suit its declaration.
    """
    parameters = {one.name: one for one in program.parameters}
    derived = {one.name for one in (*program.transformed_parameters, *program.generated_quantities)}
    question = ask(program, NO_DATA, BindingOptions())
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in derived:
            continue
        if name not in parameters:
            close = difflib.get_close_matches(name, parameters, 1)
            raise BindingError(
                f"{origin} has `{name}`, which is no parameter of `{program.path.name}`; its parameters are "
                f"{listed(parameters)}.",
                hint=f"did you mean `{close[0]}`?" if close else None,
            )
        taken = declared_value(parameters[name], value, is_stan_data=False)
        known = {**data, **found}
        problem = next(iter(check(question, parameters[name], Filled(taken, origin), known)), None)
        if problem is not None:
            raise problem
        found[name] = taken
    return found

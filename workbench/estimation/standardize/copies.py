"""Transformed parameters that are computed again on the scale of the data."""

from __future__ import annotations

from dataclasses import replace

from workbench.estimation.standardize.dependents import find_dependents
from workbench.estimation.standardize.rescaling import list_free_parameters
from workbench.program import copy_transformed_parameters
from workbench.request import FitRequest


def copy_dependents(request: FitRequest) -> FitRequest:
    """Return a request whose program can also generate the transformed parameters that would be rescaled.

    These are all that may depend on standardized predictors, on their coefficients or on an intercept. A
    request without standardized predictors is returned as it is.
    """
    program = request.program
    if not request.data.standardized or program.instrumented is None or program.instrumented.copying:
        return request
    moved = {*request.data.standardized, *list_free_parameters(program)}
    names = set(find_dependents(program, moved))
    copied = [item for item in program.transformed_parameters if item.name in names]
    instrumented = copy_transformed_parameters(program.instrumented, copied)
    return replace(request, program=replace(program, instrumented=instrumented))

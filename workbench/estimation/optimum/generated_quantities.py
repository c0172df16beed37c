"""What a program computes from its parameters at a mode: generated quantities and terms of the density."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from workbench.backends import RawRun
from workbench.backends.base import Floats
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.search import MOST_RESOLVED, Optimum
from workbench.program import Program, is_predictive
from workbench.results.draws import list_predictions
from workbench.results.quantities import owner

_RANDOM = re.compile(r"_rng\s*\(")
"""A call that draws random numbers."""

_COPIES = 8
"""Evaluations at the same point that show whether a quantity is random. Ours."""

_STEP = 1e-5
"""Step of the central differences [standard errors], a compromise between truncation and rounding. Ours."""


@dataclass(frozen=True)
class GeneratedQuantities:
    """The generated quantities at a mode, without those that are drawn at random.

    Attributes
    ----------
    values
        By Stan name, the outputs of the instrumented program included.
    errors
        Standard errors by the delta method, where there is a curvature.
    """

    values: Mapping[str, float]
    errors: Mapping[str, float]


def compute_generated_quantities(
    context: FitContext, target: LogDensity, optimum: Optimum
) -> GeneratedQuantities:
    """Return the generated quantities at a mode.

    A quantity is random if several evaluations at the same point differ.
    """
    program = context.request.program
    if program.instrumented is None and not program.generated_quantities:
        return GeneratedQuantities({}, {})
    copies = _COPIES if _may_be_random(program) else 1
    at_mode = np.tile(optimum.run.draws[0], (copies, 1))
    selection = target.job.selection
    job = replace(
        target.job,
        selection=replace(selection, left_out=selection.left_out | {*list_predictions(program)}),
    )
    for points in (np.concatenate([at_mode, _list_nearby_points(optimum)]), at_mode):
        try:
            run = target.backend.generate(job, optimum.run.columns, points)
        except RunError:  # a nearby point may leave the support: the mode alone has no standard errors
            continue
        return _summarise(program, run, copies)
    return GeneratedQuantities({}, {})


def with_generated_quantities(optimum: Optimum, generated: GeneratedQuantities) -> RawRun:
    """Return a mode's run with the generated quantities at the mode, and without the random ones."""
    names = optimum.run.columns if optimum.curvature is None else optimum.curvature.names
    values = {name: value for name, value in optimum.values.items() if name in set(names)}
    values |= generated.values
    return replace(optimum.run, columns=tuple(values), draws=np.array(list(values.values()))[None, None, :])


def sum_terms_by_role(context: FitContext, generated: GeneratedQuantities) -> dict[str, float]:
    """Return the normalised log density of the likelihood, the prior and the latent terms [nats]."""
    instrumented = context.request.program.instrumented
    if instrumented is None:
        return {}
    name = instrumented.outputs.densities
    sums: dict[str, float] = {}
    for term in instrumented.terms:
        value = generated.values.get(f"{name}[{term.index}]")
        if value is not None:
            sums[term.role] = sums.get(term.role, 0.0) + value
    return sums


def _may_be_random(program: Program) -> bool:
    return bool(_RANDOM.search(program.source.partition("generated quantities")[2]))


def _list_nearby_points(optimum: Optimum) -> Floats:
    """Return points a small step to either side of the mode along each direction of unit curvature."""
    point, curvature, newton = optimum.run.draws[0], optimum.curvature, optimum.newton
    if curvature is None or newton is None or newton.directions.shape[1] > MOST_RESOLVED:
        return np.empty((0, point.shape[1]))
    changes = dict(zip(curvature.names, curvature.constrain_jacobian @ newton.directions, strict=True))
    none = np.zeros(newton.directions.shape[1])
    steps = _STEP * np.array([changes.get(column, none) for column in optimum.run.columns]).T
    return np.concatenate([point + steps, point - steps])


def _summarise(program: Program, run: RawRun, copies: int) -> GeneratedQuantities:
    """Return values and standard errors from rows at the mode, then above it, then below it."""
    rows = run.draws[0]
    at_mode, above, below = rows[:copies], *np.split(rows[copies:], 2)
    delta_errors = np.sqrt((((above - below) / (2 * _STEP)) ** 2).sum(axis=0))
    # An integer drawn at random can be the same every time: with any `_rng` they are all left out.
    integers = (
        {declaration.name for declaration in program.generated_quantities if declaration.is_integer}
        if copies > 1
        else set()
    )
    is_fixed = (np.ptp(at_mode, axis=0) == 0) | ~np.isfinite(at_mode).any(axis=0)
    fixed = {
        column: position
        for position, column in enumerate(run.columns)
        if is_fixed[position] and not ((name := owner(column)) in integers or is_predictive(name))
    }
    values = {column: float(at_mode[0, position]) for column, position in fixed.items()}
    has_error = np.isfinite(delta_errors) & (len(above) > 0)
    errors = {
        column: float(delta_errors[position]) for column, position in fixed.items() if has_error[position]
    }
    return GeneratedQuantities(values, errors)

"""What the program computes from its parameters, at a single point: generated quantities, and its terms."""

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
from workbench.results.quantities import owner

_RANDOM = re.compile(r"_rng\s*\(")
_COPIES = 8
_REACH = 1e-5


@dataclass(frozen=True)
class GeneratedQuantities:
    """Generated quantities at a mode, those that are drawn at random left out.

    Attributes
    ----------
    values
        By Stan name; the instrumented program's own outputs among them.
    errors
        Standard errors by the delta method, where there is a curvature.
    """

    values: Mapping[str, float]
    errors: Mapping[str, float]


def compute_generated_quantities(
    setting: FitContext, surface: LogDensity, peak: Optimum
) -> GeneratedQuantities:
    """Return the generated quantities at a mode.

    Whether a quantity is random is seen where it is computed several times at the same point.
    """
    program = setting.request.program
    if program.instrumented is None and not program.generated_quantities:
        return GeneratedQuantities({}, {})
    copies = _COPIES if _is_random(program) else 1
    at = np.tile(peak.run.draws[0], (copies, 1))
    beside = _beside(peak)
    for rows in (np.concatenate([at, beside]), at):
        try:
            run = surface.backend.generate(surface.job, peak.run.columns, rows)
        except RunError:  # a point beside the mode left the support: without standard errors, then
            continue
        return _read(program, run, copies)
    return GeneratedQuantities({}, {})


def with_generated_quantities(peak: Optimum, derived: GeneratedQuantities) -> RawRun:
    """Return a mode's run with its deterministic quantities at the mode, and without the random ones."""
    inside = peak.curvature.names if peak.curvature is not None else peak.run.columns
    known = {name: value for name, value in peak.values.items() if name in set(inside)} | dict(derived.values)
    return replace(peak.run, columns=tuple(known), draws=np.array(list(known.values()))[None, None, :])


def sum_terms_by_role(setting: FitContext, derived: GeneratedQuantities) -> dict[str, float]:
    """Return the normalised log density of the likelihood, the prior and the latent terms [nats]."""
    instrumented = setting.request.program.instrumented
    if instrumented is None:
        return {}
    name = instrumented.outputs.densities
    sums: dict[str, float] = {}
    for term in instrumented.terms:
        value = derived.values.get(f"{name}[{term.index}]")
        if value is not None:
            sums[term.role] = sums.get(term.role, 0.0) + value
    return sums


def _is_random(program: Program) -> bool:
    return bool(_RANDOM.search(program.source.partition("generated quantities")[2]))


def _beside(peak: Optimum) -> Floats:
    """Return points a small step to both sides of the mode along each direction of unit curvature."""
    size = peak.run.draws.shape[2]
    if peak.curvature is None or peak.summit is None or peak.summit.frame.shape[1] > MOST_RESOLVED:
        return np.empty((0, size))
    moves = dict(
        zip(peak.curvature.names, peak.curvature.constrain_jacobian @ peak.summit.frame, strict=True)
    )
    still = np.zeros(peak.summit.frame.shape[1])
    shifts = _REACH * np.array([moves.get(column, still) for column in peak.run.columns]).T
    return np.concatenate([peak.run.draws[0] + shifts, peak.run.draws[0] - shifts])


def _read(program: Program, run: RawRun, copies: int) -> GeneratedQuantities:
    rows = run.draws[0]
    at, above, below = rows[:copies], *np.split(rows[copies:], 2)
    errors = np.sqrt((((above - below) / (2 * _REACH)) ** 2).sum(axis=0))
    discrete = {one.name for one in program.generated_quantities if one.is_integer} if copies > 1 else set()
    values: dict[str, float] = {}
    found: dict[str, float] = {}
    for position, column in enumerate(run.columns):
        is_fixed = np.ptp(at[:, position]) == 0 or not np.isfinite(at[:, position]).any()
        name = owner(column)
        if not is_fixed or name in discrete or is_predictive(name):
            continue
        values[column] = float(at[0, position])
        if len(above) and np.isfinite(errors[position]):
            found[column] = float(errors[position])
    return GeneratedQuantities(values, found)

"""Batches of simulated data sets as tasks, and what they share, on this machine or on a worker."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workbench.calibration.fitting import (
    CalibrationContext,
    LikelihoodProgram,
    SimulatedData,
    fit_simulated,
    make_plain_job,
    replace_outcomes,
)
from workbench.calibration.simulated_fit import write_fits
from workbench.calibration.simulator import Simulations
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.execution import Shared, Task, Workplace, name_function
from workbench.execution.executables import SentExecutable, pack_executable, provide_executable
from workbench.progress import SILENT
from workbench.provenance import hash_bytes, hash_texts, read_workbench_version
from workbench.request import FitRequest
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT
from workbench.toolchain import CompiledModel

_BATCH = 4
"""Data sets of a task: its own costs are then small beside theirs, and little is lost with it. Ours; another
number would make all pieces anew."""

_OPEN_ENDS = {
    "beta": (0.0, 1.0),
    "beta_proportion": (0.0, 1.0),
    **dict.fromkeys(
        (
            "chi_square",
            "frechet",
            "gamma",
            "inv_chi_square",
            "inv_gamma",
            "loglogistic",
            "lognormal",
            "scaled_inv_chi_square",
            "weibull",
        ),
        (0.0,),
    ),
}
"""The finite ends of supports at which a density can be 0 or infinite: only rounding draws them."""


def list_tasks(context: CalibrationContext, data: Sequence[SimulatedData]) -> list[Task]:
    """Return tasks for data sets, each of which leaves a piece."""
    if not data:
        return []
    shared = share_context(context, data[0])
    return [_make_task(shared, tuple(data[start : start + _BATCH])) for start in range(0, len(data), _BATCH)]


def list_drawn(drawn: Simulations, request: FitRequest) -> list[SimulatedData]:
    """Return the data sets that could be drawn, and that the likelihood of the fitted program takes.

    Rounding brings a proportion that is nearly 1 to 1, where a beta density has no value. What is left out is
    decided by the data alone: ranks of the others stay uniform. What the author draws may be there on
    purpose, as the zeros of a hurdle model are. Only data sets that are out of the limits of a truncated
    density are left out because of their parameters; where these are many, nothing is fitted.
    """
    is_kept = drawn.is_drawn.copy()
    for term in request.program.terms:
        ends = _OPEN_ENDS.get(term.distribution or "", ()) if term.role == "likelihood" else ()
        for name in term.outcomes if ends else ():
            if name in drawn.outcomes and name not in drawn.by_author:
                is_end = np.isin(drawn.outcomes[name], ends)
                is_kept &= ~is_end.reshape(len(is_end), -1).any(axis=1)
    return [take_simulation(drawn, int(number)) for number in np.flatnonzero(is_kept)]


def take_simulation(drawn: Simulations, number: int) -> SimulatedData:
    """Return one data set of simulations."""
    columns, values = drawn.parameters
    outcomes = {name: rows[number] for name, rows in drawn.outcomes.items()}
    return SimulatedData(number, columns, values[number], outcomes)


def _make_task(shared: Shared, data: tuple[SimulatedData, ...]) -> Task:
    content = [hash_bytes(one.truth.tobytes()) for one in data]
    content += [
        f"{name}={hash_bytes(np.ascontiguousarray(value).tobytes())}"
        for one in data
        for name, value in sorted(one.outcomes.items())
    ]
    content += [hash_bytes(one.rows.tobytes()) for one in data if one.rows is not None]
    key = hash_texts("fits with intervals", shared.key, repr([one.number for one in data]), *content)
    name = f"fits-{key[:32]}.parquet"
    return Task(key, name_function(fit_batch), (data, name), (shared,), (name,))


def fit_batch(
    place: Workplace, context: CalibrationContext, data: tuple[SimulatedData, ...], name: str
) -> int:
    """Fit data sets, leave a piece, and return how many fits failed."""
    fits = []
    for one in data:
        with tempfile.TemporaryDirectory(dir=place.scratch, ignore_cleanup_errors=True) as folder:
            fits += fit_simulated(context, one, Path(folder))
    write_fits(fits, place.folder / name)
    return sum(bool(fit.failure) for fit in fits)


# --- What they share --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _PackedCalibration:
    """A context on its way to another machine.

    Attributes
    ----------
    context
        The context.
    trial
        A data set with its truth.
    executables, densities
        Of the program and of the one that simulated: the executable, and its log density at the truth; `None`
        where it has none.
    """

    context: CalibrationContext
    trial: SimulatedData
    executables: tuple[SentExecutable, ...]
    densities: tuple[float | None, ...]


def share_context(context: CalibrationContext, trial: SimulatedData) -> Shared:
    """Return the context as a value that tasks share.

    Parameters
    ----------
    context
        The context.
    trial
        A data set with its truth, at which other machines try the executables.
    """
    other = context.simulated_by
    key = hash_texts(
        "calibration",
        read_workbench_version(),
        context.request.key,
        context.model.key,
        repr([item.text for item in context.quantities]),
        "" if other is None else hash_texts(other.name, other.request.key, other.model.key),
    )
    return Shared(key, context, lambda value: _pack(value, trial), name_function(unpack_context))


def unpack_context(place: Workplace, packed: _PackedCalibration) -> CalibrationContext:
    """Return the context on another machine, with executables that were tried there."""
    context = packed.context
    found = []
    programs = _list_programs(context)
    for (request, model), sent, known in zip(programs, packed.executables, packed.densities, strict=True):

        def is_right(exe: Path, request: FitRequest = request, known: float | None = known) -> bool:
            density = _evaluate(context, request, exe, packed.trial)
            if density is None or known is None:
                return density is known
            return abs(density - known) <= DENSITY_DIFFERENCE_LIMIT * max(1.0, abs(known))

        found.append(replace(model, exe=provide_executable(sent, place.scratch, is_right)))
    other = context.simulated_by
    if other is not None:
        other = replace(other, model=found[1])
    return replace(context, model=found[0], simulated_by=other)


def _pack(context: CalibrationContext, trial: SimulatedData) -> _PackedCalibration:
    programs = _list_programs(context)
    executables = tuple(pack_executable(model, _find_source(request)) for request, model in programs)
    densities = tuple(_evaluate(context, request, model.exe, trial) for request, model in programs)
    return _PackedCalibration(context, trial, executables, densities)


def _list_programs(context: CalibrationContext) -> list[tuple[FitRequest, CompiledModel]]:
    other: LikelihoodProgram | None = context.simulated_by
    own = (context.request, context.model)
    return [own] if other is None else [own, (other.request, other.model)]


def _find_source(request: FitRequest) -> str:
    program = request.program
    return program.source if program.instrumented is None else program.instrumented.source


def _evaluate(
    context: CalibrationContext, request: FitRequest, exe: Path, trial: SimulatedData
) -> float | None:
    """Return the log density of an executable at a fixed point with a data set; `None` where it has none."""
    with tempfile.TemporaryDirectory() as folder:
        fitting = FitContext(replace_outcomes(request, trial), exe, context.backend, Path(folder), SILENT)
        job = make_plain_job(fitting)
        try:
            point = np.linspace(-0.5, 0.5, context.backend.dimension(job))[None]
            density = float(context.backend.log_density(job, point, jacobian=True)[0][0])
        except RunError:
            return None
        finally:
            context.backend.free(exe)
    return density if np.isfinite(density) else None

"""What the fits of all folds share: a program, its data, where chains start, and how rows are scored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Backend, Start
from workbench.binding import BoundData
from workbench.comparison.folds import Division, Folds
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.execution import Shared, Workplace, name_function
from workbench.execution.executables import SentExecutable, pack_executable, provide_executable
from workbench.files import make_scratch
from workbench.methods import Nuts, list_settings
from workbench.prediction.growth import Growth, take_rows
from workbench.prediction.predictor import Parameters, RowPredictor, collect
from workbench.prediction.proof import Layout
from workbench.program.predictive_program import PredictiveProgram
from workbench.progress import SILENT
from workbench.provenance import hash_bytes, hash_texts, read_workbench_version
from workbench.request import FitRequest
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT
from workbench.toolchain import CompiledModel

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class FoldContext:
    """What the fits of all folds share.

    Attributes
    ----------
    request
        The request of the run, with all of its rows and the program that is run.
    model, predictive_model
        The executables that sample and that score.
    predictive, growth, layout
        The predictive program, the sizes that grow with rows, and where the log densities of a row stand.
    backend
        What runs the executables.
    scheme, division
        The scheme, and the rows divided by it.
    sampler, start
        The settings of NUTS, and where its chains start.
    is_series
        Whether the program states rows given earlier ones.
    trial
        A few draws of the run, at which executables are tried on other machines.
    """

    request: FitRequest
    model: CompiledModel
    predictive_model: CompiledModel
    predictive: PredictiveProgram
    growth: Growth
    layout: Layout | None
    backend: Backend = field(repr=False)
    scheme: Folds
    division: Division
    sampler: Nuts
    start: Start = field(repr=False)
    is_series: bool
    trial: Parameters = field(repr=False)

    @cached_property
    def key(self) -> str:
        """A hash of everything that decides the numbers of a fold, besides its rows."""
        return hash_texts(
            "cross-validation",
            read_workbench_version(),
            self.request.key,
            self.model.key,
            self.predictive_model.key,
            hash_texts(self.predictive.source),
            repr(self.scheme),
            hash_bytes(self.division.fold.astype("<i8").tobytes()),
            hash_bytes(self.division.unit.astype("<i8").tobytes()),
            repr(sorted(list_settings(self.sampler).items())),
            _hash_start(self.start),
        )

    def make_key(self, place: int) -> str:
        """Return the name of the piece of a fold, or of what follows a row."""
        return hash_texts(self.key, str(place))

    def take(self, rows: Integers) -> FitRequest:
        """Return the request with some of its rows; groups without any keep their places."""
        return replace(self.request, data=take_data(self.request, self.growth, rows))

    def make_predictor(self, request: FitRequest, folder: Path) -> RowPredictor:
        """Return what scores rows by the draws of a fit; statistics of rows are those of that fit."""
        return RowPredictor(
            request, self.growth, self.predictive, self.predictive_model.exe, self.backend, folder
        )


def take_data(request: FitRequest, growth: Growth, rows: Integers) -> BoundData:
    """Return the data of a request with some of its rows, in the given order."""
    values = take_rows(request, growth, rows)
    data = request.data
    variables = tuple(replace(item, value=values[item.name]) for item in data.variables)
    labels = {size: names for size, names in data.labels.items() if size not in growth.rows}
    return replace(data, variables=variables, labels=labels, rows=len(rows))


def _hash_start(start: Start) -> str:
    arrays = (array for array in (start.step_size, start.inv_metric) if array is not None)
    return hash_texts(repr(start.inits), *(hash_bytes(array.tobytes()) for array in arrays))


# --- On another machine -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _SentFolds:
    """A context on its way to another machine: its executables, and what they give for a few draws."""

    context: FoldContext
    model: SentExecutable
    predictive_model: SentExecutable
    density: float | None
    log_lik: NDArray[np.float64] | None


def share_context(context: FoldContext) -> Shared:
    """Return the context as a value that tasks share."""
    return Shared(context.key, context, _pack, name_function(unpack_context))


def unpack_context(place: Workplace, packed: _SentFolds) -> FoldContext:
    """Return the context on another machine, with executables that were tried there."""
    context = packed.context
    folder = place.scratch / f"folds-{context.key[:24]}"
    folder.mkdir(parents=True, exist_ok=True)

    def samples(exe: Path) -> bool:
        return _agree(_evaluate_density(context, exe, folder), packed.density)

    def scores(exe: Path) -> bool:
        return _agree(_evaluate_log_lik(context, exe, folder), packed.log_lik)

    exe = provide_executable(packed.model, place.scratch, samples)
    predictive = provide_executable(packed.predictive_model, place.scratch, scores)
    return replace(
        context,
        model=replace(context.model, exe=exe),
        predictive_model=replace(context.predictive_model, exe=predictive),
    )


def _pack(context: FoldContext) -> _SentFolds:
    program = context.request.program
    source = program.source if program.instrumented is None else program.instrumented.source
    with make_scratch() as folder:
        return _SentFolds(
            context,
            pack_executable(context.model, source),
            pack_executable(context.predictive_model, context.predictive.source),
            _evaluate_density(context, context.model.exe, folder),
            _evaluate_log_lik(context, context.predictive_model.exe, folder),
        )


def _evaluate_density(context: FoldContext, exe: Path, folder: Path) -> float | None:
    """Return the log density at a fixed point; `None` where it has none there."""
    job = FitContext(context.request, exe, context.backend, folder, SILENT).make_comparison_job(exe)
    count = context.backend.dimension(job)
    try:
        density = context.backend.log_density(job, np.linspace(-0.5, 0.5, count)[None], jacobian=True)[0][0]
    except RunError:
        return None
    return float(density) if np.isfinite(density) else None


def _evaluate_log_lik(context: FoldContext, exe: Path, folder: Path) -> NDArray[np.float64] | None:
    """Return the log densities of all rows at a few draws; `None` where there are none."""
    predictor = replace(context.make_predictor(context.request, folder), exe=exe)
    name = context.predictive.log_lik
    try:
        found = predictor.run(context.request.data.values, {}, context.trial, wanted=[name])
    except RunError:
        return None
    return collect(found, name)


def _agree(found: Any, known: Any) -> bool:
    if found is None or known is None:
        return found is known
    limit = DENSITY_DIFFERENCE_LIMIT
    return bool(np.allclose(found, known, rtol=limit, atol=limit, equal_nan=True))

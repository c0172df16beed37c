"""Parameters from the prior of a program, and data sets drawn given them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Backend, RawRun
from workbench.backends.base import DEFAULT_START, Floats
from workbench.errors import RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.methods import Nuts
from workbench.program import describe
from workbench.program.predictive.rng_functions import MISSING
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results.draws import count_parameter_columns
from workbench.results.quantities import owner, split_element
from workbench.toolchain import ModelSource, Toolchain, build_all

FORWARD, SAMPLED, GIVEN = "forward", "prior-only sampling", "given"
"""How parameters are drawn: by random number generators in the order of dependence, by NUTS, not at all."""


@dataclass(frozen=True)
class Simulations:
    """Parameters drawn from the prior, and a data set for each.

    Attributes
    ----------
    parameters
        Stan's names of all parameters, in its order of the constrained parameters, and their values
        `(N, column)`.
    outcomes
        By variable of the data block: its simulated values `(N, *shape)`, which can be put in its place.
        Integers are integers.
    way
        `forward` or `prior-only sampling`; `given` if the parameters were given.
    is_drawn
        Whether the data set could be drawn, `(N,)`: a number may be too large for an integer. The outcomes of
        others hold what is no outcome.
    notes
        What must be known about them, in sentences.
    """

    parameters: tuple[tuple[str, ...], Floats]
    outcomes: Mapping[str, np.ndarray]
    way: str
    is_drawn: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many simulations there are."""
        return len(self.parameters[1])


@dataclass(frozen=True)
class Simulator:
    """Draws parameters from the prior of a request, and outcomes given parameters.

    Attributes
    ----------
    request
        The program, its data (of which outcomes are replaced) and its priors.
    exe
        The executable that draws.
    backend, folder
        What runs it, and a folder for its files.
    """

    request: FitRequest
    exe: Path
    backend: Backend = field(repr=False)
    folder: Path = field(repr=False)

    def draw(self, count: int, seed: int) -> Simulations:
        """Return parameters from the prior, and a data set for each.

        Raises
        ------
        RunError
            NUTS does not get independent draws of the prior.
        """
        run = self._sample(count, seed)
        total = count_parameter_columns(run.columns, self.request.program)
        chains, draws, width = run.draws.shape
        flat = run.draws.transpose(1, 0, 2).reshape(chains * draws, width)
        kept = flat[np.arange(count) * len(flat) // count]
        parameters = (tuple(run.columns[:total]), np.ascontiguousarray(kept[:, :total]))
        return self._collect(parameters, run.columns, kept, SAMPLED)

    def draw_given(self, columns: tuple[str, ...], values: Floats, seed: int) -> Simulations:
        """Return a data set for each of some values of the parameters, such as draws of a posterior.

        Parameters
        ----------
        columns, values
            Stan's names of all parameters, in order, and their values `(N, column)`.
        seed
            Decides the outcomes.
        """
        request = replace(self.request, seed=seed)
        folder = self.folder / f"given-{seed}-{len(values)}"
        folder.mkdir(parents=True, exist_ok=True)
        job = FitContext(request, self.exe, self.backend, folder, SILENT).make_job("nuts")
        run = self.backend.generate(job, columns, values)
        return self._collect((columns, values), run.columns, run.draws[0], GIVEN)

    def _collect(
        self, parameters: tuple[tuple[str, ...], Floats], columns: tuple[str, ...], draws: Floats, way: str
    ) -> Simulations:
        outcomes: dict[str, np.ndarray] = {}
        is_drawn = np.ones(len(draws), dtype=bool)
        for item in self.request.program.replicates:
            values = _collect_outcome(columns, draws, item.name)
            rows = values.reshape(len(values), -1)
            is_drawn &= (np.isfinite(rows) & ((rows > MISSING + 1) | (not item.is_integer))).all(axis=1)
            outcomes[item.outcome] = _as_integers(values) if item.is_integer else values
        return Simulations(parameters, outcomes, way, is_drawn)

    def _sample(self, count: int, seed: int) -> RawRun:
        request = replace(self.request, seed=seed, weights={**self.request.weights, "likelihood": 0.0})
        sampler = Nuts(chains=4, warmup=1000, draws=max(250, 10 * -(-count // 4)), adapt_delta=0.95)
        folder = self.folder / f"prior-{seed}-{count}"
        folder.mkdir(parents=True, exist_ok=True)
        job = FitContext(request, self.exe, self.backend, folder, SILENT).make_job("nuts")
        run = self.backend.sample(job, sampler, start=DEFAULT_START, jobs=request.jobs)
        if not np.isfinite(run.stats["lp"]).all():
            raise RunError("the log density of the prior is not finite at some draws.")
        return run


def build_simulator(
    request: FitRequest,
    tools: Toolchain,
    backend: Backend,
    folder: Path,
    progress: Progress = SILENT,
) -> Simulator:
    """Return what simulates data sets of a request, compiled.

    Parameters
    ----------
    request
        The program with its data bound; values of outcomes are not used.
    tools
        Stan and a compiler.
    backend, folder
        What runs executables, and a scratch folder.
    progress
        Where to report.

    Raises
    ------
    RequestError
        The prior is improper or depends on outcomes, or outcomes cannot be drawn.
    """
    check_can_simulate(request)
    program = request.program
    assert program.instrumented is not None  # noqa: S101 - the check refuses such programs
    source = ModelSource(program.name, program.instrumented.source, optimized=True)
    (built,) = build_all(
        (source,), tools.limit(request.timeout), include_paths=(program.path.parent,), progress=progress
    )
    return Simulator(request, built.exe, backend, folder)


def simulate_prior(
    request: FitRequest, tools: Toolchain, backend: Backend, folder: Path, *, count: int, seed: int
) -> Simulations:
    """Return parameters from the prior of a request, and a data set for each."""
    return build_simulator(request, tools, backend, folder).draw(count, seed)


def check_can_simulate(request: FitRequest) -> None:
    """Refuse a request whose prior or outcomes cannot be drawn.

    Raises
    ------
    RequestError
        With the reason in one sentence, and what can be done.
    """
    program = request.program
    for capability in describe(program, request.data.values).capabilities:
        if capability.name == "prior draws" and not capability.is_available:
            reason = capability.reason.rstrip(".")
            raise RequestError(
                f"nothing can be drawn from the prior of `{program.path.name}`: {reason}.",
                hint="`--posterior` simulates from the posterior of the data",
            )
    for term in program.terms:
        if term.depends_on_data:
            names = ", ".join(f"`{name}`" for name in term.depends_on_data)
            raise RequestError(
                f"the prior `{term.text}` on line {term.line} depends on the outcome {names}: "
                "it is not a prior, and has no data sets of its own."
            )
    for item in program.replicates:
        if not item.name or item.is_conditional:
            raise RequestError(f"`{item.outcome}` cannot be drawn: {item.reason or 'it depends on itself'}.")


def _collect_outcome(columns: tuple[str, ...], draws: Floats, name: str) -> np.ndarray:
    """Return the draws of one outcome, `(N, *shape)`."""
    positions = [i for i, column in enumerate(columns) if owner(column) == name]
    values = draws[:, positions]
    indices = np.array([split_element(columns[i])[1] for i in positions], dtype=int)
    if not indices.size:
        return np.ascontiguousarray(values[:, 0])
    found = np.empty((len(draws), *(indices.max(axis=0) + 1)))
    found[(slice(None), *indices.T)] = values
    return found


def _as_integers(values: np.ndarray) -> np.ndarray:
    """Return draws as integers; those that are not finite count as missing."""
    return np.where(np.isfinite(values), values, MISSING).astype(np.int64)

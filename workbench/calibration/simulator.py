"""Parameters from the prior of a program, and data sets drawn given them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Backend, Job, RawRun
from workbench.backends.base import DEFAULT_START, Floats, Selection
from workbench.binding import order_tuples, write_stan_data
from workbench.errors import BindingError, BuildFailed, ProgramError, RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.prior_mass import find_prior_mass
from workbench.late_imports import LateModule
from workbench.methods import Nuts
from workbench.program import Program, describe, list_flat_elements, locate_priors
from workbench.program.predictive.rng_functions import MISSING
from workbench.program.rewrite.slices import find_dependent_names
from workbench.program.simulating_program import (
    OUT_OF_LIMITS,
    CannotSimulateError,
    SimulatingProgram,
    find_parameter_by_outcome,
    write_outcome_program,
    write_prior_program,
)
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results.draws import count_parameter_columns
from workbench.results.quantities import element_name, owner, split_element
from workbench.thresholds import (
    DIVERGENT_SHARE_LIMIT,
    ESS_PER_CHAIN,
    LOG_LIKELIHOOD_DIFFERENCE_LIMIT,
    RHAT_LIMIT,
)
from workbench.toolchain import CompiledModel, ModelSource, Toolchain, build_all

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

FORWARD, SAMPLED, GIVEN = "forward", "prior-only sampling", "given"
"""How parameters are drawn: by random number generators in the order of dependence, by NUTS, not at all."""

_CHAINS, _WARMUP = 4, 1000
"""Chains of NUTS that sample a prior, and their warm-up: Stan's defaults."""

_ADAPT_DELTA, _HIGHER = 0.9, (0.98, 0.999)
"""Values of `adapt_delta` that are tried until nothing diverges: for a prior, and from then on. Ours."""

_LONGER = 3
"""How many times as many draws each further attempt has. Ours."""

_TAIL = (0.05, 0.95)
"""The quantiles whose ESS is the tail ESS: Vehtari et al. (2021), section 4.3."""

_TRIED, _MOST_TRIED = (4, 50), 1_000_000
"""Fewest and most draws at which outcomes are tried before they are used, and how many numbers. Ours."""

_ADVICE = {
    "the `if` on line": "put the condition inside of an argument, such as `b ~ normal(0, a > 0 ? 1 : 3)`",
    "not a density of": "write the prior as a density of a parameter itself, such as `b ~ normal(0, 1)`; "
    "where it is about something computed, declare that as the parameter, and compute the other from it",
    "Jacobian": "declare as a parameter what has the prior, and compute the other from it",
    "about the same element": "state one density for each element, with a condition inside of an argument, "
    "such as `b ~ normal(0, a > 0 ? 1 : 3)`",
    "several times for the same element": "state one density for each element, outside of the loop",
    "drawn before those that they depend on": "state elements before those that depend on them, such as "
    "`x[1]` ahead of the loop over later ones",
    "depend on each other": "state one of them given the other, or both as one multivariate density",
    "the bounds of": "declare a parameter with constant bounds, such as a share of the way between them, and "
    "compute the other from it",
}
"""By words of an obstacle to drawing forward: what to write instead."""

_BEFORE = (0.0, 1.0, -1000.0, 1000.0)
"""What stands in the place of what is drawn, besides missing values, to see that nothing is read before: a
comparison or a maximum takes a missing value as if it were a number. Ours."""

_SWAPPED = 10
"""Pairs of draws that swap the values of a parameter, to see that no other depends on it. Ours."""

_TRIED_FORWARD = 250
"""Draws of the parameters at which the program that draws them is tried. Ours."""

ANOTHER_PROGRAM = "`--simulate-with OTHER.stan` of `workbench calibrate` takes another program that can"
"""The hint where no data can be simulated from a program."""

_NAME = re.compile(r"[A-Za-z]\w*")
"""A name of a variable, or of a function."""

_MOST_LISTED = 6
"""Elements that a sentence lists."""


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
    derived
        Names of the transformed parameters, and their values `(N, column)`; none if not computed.
    by_author
        Outcomes that the author's own statements draw.
    """

    parameters: tuple[tuple[str, ...], Floats]
    outcomes: Mapping[str, np.ndarray]
    way: str
    is_drawn: NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    derived: tuple[tuple[str, ...], Floats] = ((), np.empty((0, 0)))
    by_author: frozenset[str] = frozenset()

    @property
    def is_out_of_limits(self) -> NDArray[np.bool_]:
        """Whether no draw of an outcome was within the limits of its truncated density, `(N,)`."""
        found = np.zeros(self.count, dtype=bool)
        for values in self.outcomes.values():
            rows = values.reshape(self.count, -1)
            is_integer = rows.dtype.kind == "i"
            found |= (rows == OUT_OF_LIMITS if is_integer else np.isnan(rows)).any(axis=1)
        return found

    @property
    def count(self) -> int:
        """How many simulations there are."""
        return len(self.parameters[1])


@dataclass(frozen=True)
class ParameterDraws:
    """Parameters drawn from the prior: names and values, the way, transformed ones, and notes."""

    columns: tuple[str, ...]
    values: Floats
    way: str
    derived: tuple[tuple[str, ...], Floats] = ((), np.empty((0, 0)))
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Simulator:
    """Draws parameters from the prior of a request, and outcomes given parameters.

    Attributes
    ----------
    request
        The program, its data (of which outcomes are replaced) and its priors.
    backend, folder
        What runs executables, and a folder for their files.
    prior, prior_exe
        The program that draws parameters forward, and its executable; `None` where NUTS samples the prior.
    sampled_exe
        The executable of the instrumented program, which NUTS samples; `None` where nothing is sampled.
    outcome, outcome_exe
        The program that draws outcomes; `None` where they are not wanted.
    absent
        Outcomes whose values the data do not have: those bound are placeholders, which nothing may depend on.
    kept
        By outcome: its elements that no statement draws, which keep the values of the data.
    notes
        What must be known about the simulations, in sentences.
    obstacle
        Why parameters are not drawn forward, as a clause; empty where they are.
    """

    request: FitRequest
    backend: Backend = field(repr=False)
    folder: Path = field(repr=False)
    prior: SimulatingProgram | None = field(default=None, repr=False)
    prior_exe: Path | None = None
    sampled_exe: Path | None = None
    outcome: SimulatingProgram | None = field(default=None, repr=False)
    outcome_exe: Path | None = None
    absent: frozenset[str] = frozenset()
    kept: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    obstacle: str = ""

    @property
    def way(self) -> str:
        """How parameters are drawn."""
        return SAMPLED if self.prior is None else FORWARD

    def draw(self, count: int, seed: int) -> Simulations:
        """Return parameters from the prior, and a data set for each.

        Raises
        ------
        RunError
            NUTS does not get independent draws of the prior, or the program stops for all parameters.
        """
        return self.draw_outcomes(self.draw_parameters(count, seed), seed)

    def draw_given(self, columns: tuple[str, ...], values: Floats, seed: int) -> Simulations:
        """Return a data set for each of some values of the parameters, such as draws of a posterior.

        Parameters
        ----------
        columns, values
            Stan's names of all parameters, in order, and their values `(N, column)`.
        seed
            Decides the outcomes.
        """
        return self.draw_outcomes(ParameterDraws(columns, values, GIVEN), seed)

    def draw_parameters(self, count: int, seed: int, held: Mapping[str, np.ndarray] = {}) -> ParameterDraws:
        """Return parameters from the prior.

        Parameters
        ----------
        count, seed
            How many draws, and what decides them.
        held
            Values of parameters that are not drawn. Parameters with priors given these are drawn given these
            values, where parameters are drawn forward; otherwise only the held ones change.

        Raises
        ------
        RunError
            NUTS does not get independent draws of the prior.
        """
        if self.prior is not None:
            return self._draw_forward(count, seed, held)
        draws = self._sample(count, seed)
        return replace(draws, values=_hold(draws, held)) if held else draws

    def draw_outcomes(self, parameters: ParameterDraws, seed: int) -> Simulations:
        """Return a data set for each of some parameters; `seed` decides the outcomes."""
        outcomes, is_drawn = self._run_outcomes(parameters, derive_seeds(seed, 2)[1], {})
        return Simulations(
            (parameters.columns, parameters.values),
            outcomes,
            parameters.way,
            is_drawn,
            (*self.notes, *parameters.notes),
            parameters.derived,
            frozenset(() if self.outcome is None else self.outcome.by_author),
        )

    # --- parameters

    def _draw_forward(
        self,
        count: int,
        seed: int,
        held: Mapping[str, np.ndarray] = {},
        *,
        counting: bool = False,
        before: float = np.nan,
    ) -> ParameterDraws:
        assert self.prior is not None  # noqa: S101 - as `draw_parameters` has it
        run = self._generate(
            self.prior,
            self.prior_exe,
            ((self.prior.unused,), np.full((count, 1), 0.5)),
            derive_seeds(seed, 1)[0],
            held=held,
            counting=counting,
            before=before,
        )
        names = list(self.prior.counts.values() if counting else self.prior.drawn)
        columns, values = _select(run, names)
        if not counting and not np.isfinite(values).all():
            raise RunError("the program that draws from the prior stops for some draws.", console=run.console)
        return ParameterDraws(columns, values, FORWARD, _select(run, list(self.prior.derived)))

    def _sample(self, count: int, seed: int) -> ParameterDraws:
        """Return draws of the prior by NUTS, thinned to be as good as independent.

        Raises
        ------
        RunError
            Chains disagree, diverge or mix too slowly.
        """
        exe = self.sampled_exe
        assert exe is not None  # noqa: S101 - as `build_simulator` has it
        request = replace(self.request, seed=seed, weights={**self.request.weights, "likelihood": 0.0})

        def sample(number: int, sampler: Nuts) -> RawRun:
            folder = self._make_folder(f"prior-{seed}-{count}")
            context = FitContext(request, exe, self.backend, folder, SILENT)
            job = context.make_job("nuts", start=number, has_replicates=False)
            job = replace(job, selection=Selection(left_out=self._list_unwanted()))
            return self.backend.sample(job, sampler, start=DEFAULT_START, jobs=request.jobs)

        draws = max(1000, -(-2 * count // _CHAINS))
        sampler = Nuts(chains=_CHAINS, warmup=_WARMUP, draws=draws, adapt_delta=_ADAPT_DELTA)
        found = draw_thinned(sample, sampler, request, count, "prior")
        if isinstance(found, str):
            raise RunError(
                f"the prior could not be drawn: forward it is not possible ({self.obstacle}), and NUTS from "
                f"the prior alone fails: {found}.",
                hint=f"make it possible to draw it forward: {_advise(self.obstacle)}",
            )
        return found

    def is_held_alone(self, draws: ParameterDraws, name: str) -> bool:
        """Return whether draws of the prior with one parameter held are draws of the prior given its value.

        Drawn forward, all others are drawn given it. Draws of NUTS stay as they are, which is right where
        no other parameter depends on it: where the prior density is a product of one of this parameter and
        one of all others, that of two draws does not change if they swap its values.
        """
        if self.prior is not None:
            return True
        assert self.sampled_exe is not None  # noqa: S101 - as `build_simulator` has it
        half = min(len(draws.values) // 2, _SWAPPED)
        first, second = draws.values[:half], draws.values[half : 2 * half]
        own = np.array([owner(column) == name for column in draws.columns])
        swapped = np.where(own, second, first), np.where(own, first, second)
        request = replace(self.request, weights={**self.request.weights, "likelihood": 0.0})
        folder = self._make_folder(f"held-{name}")
        context = FitContext(request, self.sampled_exe, self.backend, folder, SILENT)
        job = context.make_job("nuts", has_replicates=False)
        values = np.concatenate([first, second, *swapped])
        try:
            points = self.backend.unconstrain_values(job, draws.columns, values)
            density = self.backend.log_density(job, points, jacobian=True)[0].reshape(4, half)
        finally:
            self.backend.release(job)
        before, after = density[:2].sum(axis=0), density[2:].sum(axis=0)
        differing = np.abs(after - before) > LOG_LIKELIHOOD_DIFFERENCE_LIMIT * np.maximum(1.0, np.abs(before))
        return bool(np.isfinite(after).all() and not differing.any())

    def _list_unwanted(self) -> frozenset[str]:
        """Return everything that is not a parameter."""
        program = self.request.program
        assert program.instrumented is not None  # noqa: S101 - as `build_simulator` has it
        declared = (*program.transformed_parameters, *program.generated_quantities)
        return frozenset(item.name for item in declared) | program.instrumented.outputs.names

    # --- outcomes

    def _run_outcomes(
        self, parameters: ParameterDraws, seed: int, values: Mapping[str, Any]
    ) -> tuple[dict[str, np.ndarray], NDArray[np.bool_]]:
        """Return outcomes, and which data sets could be drawn; `values` replace data."""
        is_drawn = np.ones(len(parameters.values), dtype=bool)
        outcomes: dict[str, np.ndarray] = {}
        if self.outcome is None:
            return outcomes, is_drawn
        run = self._generate(
            self.outcome, self.outcome_exe, (parameters.columns, parameters.values), seed, values
        )
        for name, quantity in self.outcome.drawn.items():
            found = _collect(run, quantity)
            is_integer = name in self.outcome.is_integer
            rows = found.reshape(len(found), -1)
            is_drawn &= (np.isfinite(rows) & ((rows > OUT_OF_LIMITS) | (not is_integer))).all(axis=1)
            outcomes[name] = _as_integers(found) if is_integer else found
        return outcomes, is_drawn

    def _generate(
        self,
        program: SimulatingProgram,
        exe: Path | None,
        parameters: tuple[tuple[str, ...], Floats],
        seed: int,
        values: Mapping[str, Any] = {},
        *,
        held: Mapping[str, np.ndarray] = {},
        counting: bool = False,
        before: float = np.nan,
    ) -> RawRun:
        assert exe is not None  # noqa: S101 - a program has one
        own = program.make_data(self.request.priors.lifted, held=held, counting=counting, before=before)
        data = order_tuples(self.request.data.values, self.request.program.data)
        folder = self._make_folder(f"simulated-{seed}")
        path = folder / f"{'prior' if program.unused else 'outcomes'}{'-counting' if counting else ''}.json"
        write_stan_data(path, {**data, **self._blank(), **values, **own})
        left_out = frozenset() if counting else frozenset(program.counts.values())
        job = Job(exe, path, folder, seed, self.request.timeout, selection=Selection(left_out=left_out))
        try:
            return self.backend.generate(job, *parameters)
        finally:
            self.backend.release(job)
            path.unlink(missing_ok=True)

    def _blank(self) -> dict[str, Any]:
        """Return missing values in the place of outcomes that the data do not have."""
        if self.outcome is None:
            return {}
        data = self.request.data.values
        return {name: _fill(data[name], np.nan, name in self.outcome.is_integer) for name in self.absent}

    def _make_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


# --- what can be simulated, and how -------------------------------------------------------------------------


def build_simulator(
    request: FitRequest,
    tools: Toolchain,
    backend: Backend,
    folder: Path,
    progress: Progress = SILENT,
    *,
    absent: frozenset[str] = frozenset(),
    has_outcomes: bool = True,
) -> Simulator:
    """Return what simulates data sets of a request, compiled and tried.

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
    absent
        Outcomes for which the request holds placeholders.
    has_outcomes
        Whether outcomes are wanted, or parameters alone.

    Raises
    ------
    RequestError
        The prior is improper or depends on outcomes, or outcomes cannot be drawn.
    BindingError
        Values of absent outcomes are needed.
    """
    check_prior(request)
    outcome = _write_outcomes(request) if has_outcomes else None
    prior, reason = _write_prior(request)
    simulator = Simulator(request, backend, folder, prior, outcome=outcome, absent=absent)
    simulator = _build(simulator, tools, progress)
    if simulator.prior is not None:
        wrong = _try_prior(simulator)
        if wrong:
            reason = wrong
            simulator = _build(replace(simulator, prior=None, prior_exe=None), tools, progress)
    if simulator.prior is None:
        reason = reason or "the program that draws it forward cannot be compiled"
        note = f"parameters are sampled by NUTS from the prior alone, and thinned: {reason}."
        simulator = replace(simulator, notes=(*simulator.notes, note), obstacle=reason)
    return _try_outcomes(simulator) if outcome is not None else simulator


def build_replicator(
    request: FitRequest,
    tools: Toolchain,
    backend: Backend,
    folder: Path,
    parameters: tuple[tuple[str, ...], Floats],
    progress: Progress = SILENT,
) -> Simulator:
    """Return what draws data sets given parameters, whatever their prior; compiled, and tried.

    Parameters
    ----------
    request, tools, backend, folder, progress
        As in `build_simulator`.
    parameters
        Stan's names of all parameters, and some values, `(N, column)`, such as draws of the posterior.

    Raises
    ------
    RequestError
        Outcomes cannot be drawn.
    """
    if request.program.instrumented is None:
        raise RequestError(
            f"no data can be simulated from `{request.program.path.name}`: it could not be taken apart."
        )
    name, outcomes = find_parameter_by_outcome(request.program)
    if name:
        raise RequestError(
            f"the declaration of the parameter `{name}` depends on the outcome {outcomes}: with simulated "
            "data it is another one, which need not hold the truth."
        )
    simulator = Simulator(request, backend, folder, outcome=_write_outcomes(request))
    simulator = _build(simulator, tools, progress)
    columns, values = parameters
    return _try_outcomes(simulator, ParameterDraws(columns, values[: _count_tried(simulator)], GIVEN))


def simulate_prior(
    request: FitRequest, tools: Toolchain, backend: Backend, folder: Path, *, count: int, seed: int
) -> Simulations:
    """Return parameters from the prior of a request, and a data set for each."""
    return build_simulator(request, tools, backend, folder).draw(count, seed)


def check_prior(request: FitRequest) -> None:
    """Refuse a request whose prior is improper, is not clear, or depends on outcomes.

    Raises
    ------
    RequestError
        With the reason in one sentence, and what can be done.
    """
    program = request.program
    hint = "`--posterior` of `workbench calibrate` simulates from the posterior of the data"
    flat = list_flat_elements(program, request.data.values)
    if flat:
        _refuse_mixed(program, flat[0])
        names = ", ".join(f"`{name}`" for name in flat[:_MOST_LISTED])
        more = f" and {len(flat) - _MOST_LISTED} more" if len(flat) > _MOST_LISTED else ""
        verb = "has" if len(flat) == 1 else "have"
        raise RequestError(
            f"{names}{more} {verb} no prior: the prior is improper, and nothing can be drawn from it.",
            hint=f"give a prior with --prior-form; {hint}",
        )
    _refuse_periodic(request, hint)
    for capability in describe(program, request.data.values).capabilities:
        if capability.name == "prior draws" and not capability.is_available:
            reason = capability.reason.rstrip(".")
            raise RequestError(
                f"nothing can be drawn from the prior of `{program.path.name}`: {reason}.", hint=hint
            )
    name, outcomes = find_parameter_by_outcome(program)
    if name:
        raise RequestError(
            f"the declaration of the parameter `{name}` depends on the outcome {outcomes}: its prior is not "
            "known before the data, so that nothing can be drawn from it.",
            hint="declare it with bounds that read no outcome: one that is beyond them has a density of 0",
        )
    for term in program.terms:
        if term.depends_on_data:
            names = ", ".join(f"`{name}`" for name in term.depends_on_data)
            raise RequestError(
                f"the prior `{term.text}` on line {term.line} depends on the outcome {names}: it is not "
                "known before the data, so that nothing can be drawn from it.",
                hint="write numbers, or data that are no outcomes, in its place",
            )


def _refuse_mixed(program: Program, element: str) -> None:
    """Refuse a parameter that has its density in one statement together with data, such as missing values.

    Raises
    ------
    RequestError
        The message names the parameter and the statement.
    """
    name = owner(element)
    blocks = ("transformed parameters", "model")
    statements = tuple(item for block in blocks for item in program.tree.get_block(block))
    made = find_dependent_names(statements, frozenset({name})) - {name}
    for term in program.terms:
        mixed = made & set(_NAME.findall(term.outcome or ""))
        if term.role == "likelihood" and mixed and name in term.parameters:
            whole = min(mixed)
            raise RequestError(
                f"`{term.text}` on line {term.line} is a density of `{whole}`, in which the parameter "
                f"`{name}` stands together with data: nothing is drawn of one without the other.",
                hint=f"state the density of `{name}`, such as missing values, and that of the data apart, "
                "each in a statement of its own",
            )


def _refuse_periodic(request: FitRequest, hint: str) -> None:
    """Refuse a periodic density as the only prior of a parameter without bounds: its integral is infinite."""
    program = request.program
    declared = {item.name: item for item in program.parameters}
    for term in program.terms:
        if term.role not in {"prior", "latent"} or term.distribution != "von_mises" or "T[" in term.text:
            continue
        for name in set(term.outcomes) & declared.keys():
            others = (each for each in program.terms if each.role != "likelihood")
            about = [each for each in others if name in (each.outcomes or each.parameters)]
            if len(about) == 1 and None in (declared[name].lower, declared[name].upper):
                raise RequestError(
                    f"the prior `{term.text}` on line {term.line} is improper: `von_mises` is periodic, and "
                    f"`{name}` is declared without two bounds. Nothing can be drawn from it.",
                    hint=f"declare `{name}` within one period: `<lower=-pi(), upper=pi()>`; {hint}",
                )


def _write_outcomes(request: FitRequest) -> SimulatingProgram:
    try:
        return write_outcome_program(request.program)
    except CannotSimulateError as reason:
        raise RequestError(
            f"no data can be simulated from `{request.program.path.name}`: {reason}",
            hint=f"{reason.hint}; {ANOTHER_PROGRAM}" if reason.hint else ANOTHER_PROGRAM,
        ) from reason


def _write_prior(request: FitRequest) -> tuple[SimulatingProgram | None, str]:
    """Return the program that draws parameters forward, or `None` and why there is none."""
    program = request.program
    assert program.instrumented is not None  # noqa: S101 - `check_prior` refuses such programs
    own = program.instrumented.make_data(hyperparameters=request.priors.lifted)
    mass = find_prior_mass(request, own)
    if mass.reason:
        reason = mass.reason.removesuffix(" There is no evidence.").rstrip(".")
        return None, reason.removeprefix("the prior is not known to integrate to 1: ")
    located = locate_priors(program, request.data.values)
    uniform = {name for name, item in located.items() if not (item.stated | item.involved).all()}
    try:
        return write_prior_program(program, uniform), ""
    except CannotSimulateError as reason:
        return None, str(reason).rstrip(".")


def _build(simulator: Simulator, tools: Toolchain, progress: Progress) -> Simulator:
    """Return a simulator with the executables that it lacks.

    Raises
    ------
    RequestError
        The program that draws outcomes is not accepted.
    """
    request = simulator.request
    program = request.program
    limited = tools.limit(request.timeout)
    assert program.instrumented is not None  # noqa: S101 - `check_prior` refuses such programs

    def build(*sources: ModelSource) -> list[CompiledModel]:
        return build_all(sources, limited, include_paths=(program.path.parent,), progress=progress)

    of_prior = (
        ModelSource(program.name, program.instrumented.source, optimized=True)
        if simulator.prior is None
        else ModelSource(f"{program.name}_prior", simulator.prior.source)
    )
    wanted = [of_prior]
    if simulator.outcome is not None and simulator.outcome_exe is None:
        wanted.append(ModelSource(f"{program.name}_outcomes", simulator.outcome.source))
    try:
        first, *rest = build(*wanted)
    except (ProgramError, BuildFailed):
        rest = []
        if len(wanted) > 1:
            try:
                rest = build(wanted[1])
            except ProgramError as reason:
                raise RequestError(
                    f"no data can be simulated from `{program.path.name}`: Stan does not accept the "
                    f"statements that draw them: {reason.message.splitlines()[0]}"
                ) from reason
        if simulator.prior is not None:
            found = replace(simulator, outcome_exe=rest[0].exe) if rest else simulator
            return _build(replace(found, prior=None), tools, progress)
        (first,) = build(replace(of_prior, optimized=False))
    found = replace(simulator, outcome_exe=rest[0].exe) if rest else simulator
    if simulator.prior is None:
        return replace(found, sampled_exe=first.exe)
    return replace(found, prior_exe=first.exe)


def _try_prior(simulator: Simulator) -> str:
    """Return what is wrong with the program that draws parameters, as a clause; empty if nothing is.

    Every element that a statement is about must be drawn once, every number must be finite, and none may
    depend on what another holds before it is drawn.
    """
    assert simulator.prior is not None  # noqa: S101 - the caller has one
    request = simulator.request
    located = locate_priors(request.program, request.data.values)
    seed = request.seed
    try:
        counts = simulator._draw_forward(1, seed, counting=True)
        drawn = simulator._draw_forward(_TRIED_FORWARD, seed)
    except RunError as reason:
        return f"drawn forward, the program stops ({reason.message.rstrip('.')})"
    found: dict[str, list[float]] = {}
    for column, value in zip(counts.columns, counts.values[0], strict=True):
        found.setdefault(owner(column), []).append(value)
    for name, count in simulator.prior.counts.items():
        stated = int(located[name].stated.sum())
        numbers = found.get(count, [])
        if sum(numbers) != stated or any(number > 1 for number in numbers):
            return f"the elements of `{name}` are not each drawn by one statement"
    return _find_read_before(simulator, drawn)


def _find_read_before(simulator: Simulator, drawn: ParameterDraws) -> str:
    """Return what depends on elements that are not drawn yet, as a clause; empty if nothing does.

    Parameters are drawn again from the same random numbers, with other values in the place of each.
    """
    for before in _BEFORE:
        try:
            again = simulator._draw_forward(_TRIED_FORWARD, simulator.request.seed, before=before)
        except RunError:
            return "elements are drawn before those that they depend on"
        differing = (again.values != drawn.values).any(axis=0)
        if differing.any():
            name = owner(drawn.columns[int(differing.argmax())])
            return f"elements of `{name}` are drawn before those that they depend on"
    return ""


def _try_outcomes(simulator: Simulator, parameters: ParameterDraws | None = None) -> Simulator:
    """Return a simulator that knows which elements of outcomes keep the values of the data.

    Raises
    ------
    RequestError
        Outcomes depend on values of the data that are drawn, elements have several densities, or values are
        needed that the data lack.
    """
    program = simulator.outcome
    assert program is not None  # noqa: S101 - the caller has one
    if parameters is None:
        parameters = simulator.draw_parameters(_count_tried(simulator), simulator.request.seed)
    kept = dict(_find_kept(simulator, program, parameters))
    for name in sorted(kept.keys() & simulator.absent):
        raise BindingError(
            f"the data need the outcome `{name}`: the program is given {_name_elements(name, kept[name])}, "
            "and states no density of it.",
            hint="give the table its column",
        )
    _check_not_read(simulator, program, parameters, kept)
    return replace(simulator, kept=kept, notes=(*simulator.notes, *_list_notes(kept, program)))


def _count_tried(simulator: Simulator) -> int:
    """Return at how many draws outcomes are tried: some cannot be drawn under some priors."""
    assert simulator.outcome is not None  # noqa: S101 - the caller has one
    values = simulator.request.data.values
    size = sum(np.size(values[name]) for name in simulator.outcome.drawn)
    return int(np.clip(_MOST_TRIED // max(1, size), *_TRIED))


def _find_kept(
    simulator: Simulator, program: SimulatingProgram, parameters: ParameterDraws
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield outcomes with elements that nothing draws, and which these are.

    Raises
    ------
    RequestError
        Elements are drawn several times, or not even one data set can be drawn.
    """
    request = simulator.request
    try:
        counts = simulator._generate(
            program,
            simulator.outcome_exe,
            (parameters.columns, parameters.values),
            request.seed,
            counting=True,
        )
    except RunError as reason:
        raise _explain_stop(simulator, reason.message) from reason
    for name, count in program.counts.items():
        numbers = _collect(counts, count).reshape(len(parameters.values), -1)
        numbers = numbers[np.isfinite(numbers).all(axis=1)]
        if not len(numbers):
            raise _explain_stop(simulator, counts.console)
        if (numbers > 1).any():
            raise RequestError(
                f"no data can be simulated from `{request.program.path.name}`: elements of `{name}` have "
                "several densities."
            )
        is_kept = (numbers == 0).all(axis=0).reshape(np.shape(request.data.values[name]))
        if is_kept.any():
            yield name, is_kept


def _explain_stop(simulator: Simulator, printed: str) -> RequestError:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    said = f": {lines[-1].rstrip('.')}" if lines else ""
    lacking = ", ".join(f"`{name}`" for name in sorted(simulator.absent))
    if lacking:
        return BindingError(
            f"the data need the outcome {lacking}: without values of it, the statements that draw it "
            f"stop{said}.",
            hint="give the table its column, or the values that are given with --set",
        )
    return RequestError(
        f"no data can be simulated from `{simulator.request.program.path.name}`: the statements that draw "
        f"them stop for all parameters{said}.",
        hint="a prior that is this wide may make numbers that no distribution accepts",
    )


def _check_not_read(
    simulator: Simulator,
    program: SimulatingProgram,
    parameters: ParameterDraws,
    kept: Mapping[str, NDArray[np.bool_]],
) -> None:
    """Refuse outcomes that depend on the values which the data have in the place of what is drawn.

    They are drawn again with other values there, from the same random numbers.
    """
    values, seed = simulator.request.data.values, simulator.request.seed
    found, is_drawn = simulator._run_outcomes(parameters, seed, {})
    for before in (np.nan, *_BEFORE):
        other = {
            name: np.flip(values[name], axis=-1)
            if name in program.totals
            else _fill(values[name], before, name in program.is_integer, kept.get(name))
            for name in program.drawn
        }
        try:
            again, is_drawn_again = simulator._run_outcomes(parameters, seed, other)
        except RunError:
            again, is_drawn_again = {}, ~is_drawn
        is_same = np.array_equal(is_drawn, is_drawn_again) and all(
            np.array_equal(found[name][is_drawn], again[name][is_drawn]) for name in found
        )
        if not is_same:
            listed = ", ".join(f"`{name}`" for name in program.drawn)
            raise RequestError(
                f"no data can be simulated from `{simulator.request.program.path.name}`: what is drawn of "
                f"{listed} depends on the values that the data have in its place.",
                hint="let a density read earlier values in the statement or loop that states later ones",
            )


def _list_notes(kept: Mapping[str, NDArray[np.bool_]], program: SimulatingProgram) -> Iterator[str]:
    for name, elements in kept.items():
        is_one = elements.sum() == 1
        yield (
            f"{_name_elements(name, elements)} keep{'s the value' if is_one else ' the values'} of the data: "
            f"no statement is a density of {'it' if is_one else 'them'}."
        )
    for name, quantity in program.by_author.items():
        yield f"`{name}` is drawn as the program draws `{quantity}`, whose distribution is taken on trust."


def _name_elements(name: str, elements: NDArray[np.bool_]) -> str:
    """Return some elements of a variable for a sentence: `y[1]`, `y[2]`."""
    places = [tuple(int(place) for place in index) for index in np.argwhere(elements)]
    listed = ", ".join(f"`{element_name(name, place)}`" for place in places[:_MOST_LISTED])
    more = len(places) - _MOST_LISTED
    return f"{listed} and {more} more" if more > 0 else listed


# --- numbers ------------------------------------------------------------------------------------------------


def _count_divergences(run: RawRun) -> tuple[int, int]:
    """Return how many transitions diverged, and how many there are."""
    divergent = run.stats.get("divergent")
    return (0, 0) if divergent is None else (int(divergent.sum()), divergent.size)


def draw_thinned(
    sample: Callable[[int, Nuts], RawRun], sampler: Nuts, request: FitRequest, count: int, density: str
) -> ParameterDraws | str:
    """Return so many draws of NUTS, as good as independent; or why there are none, as a clause.

    Parameters
    ----------
    sample
        Samples; it is given the number of the attempt. Further ones adapt more carefully, and draw longer.
    sampler
        The sampler of the first attempt.
    request
        The program.
    count
        How many draws.
    density
        What is sampled, for people: prior or posterior.
    """
    reason = ""
    for number, least in enumerate((0.0, *_HIGHER)):
        draws, adapt_delta = sampler.draws * _LONGER**number, max(sampler.adapt_delta, least)
        run = sample(number, replace(sampler, draws=draws, adapt_delta=adapt_delta))
        reason = _explain_bad_chains(run, request, count, is_last=least == _HIGHER[-1])
        if not reason:
            return _thin(run, request, count, density)
    return reason


def _thin(run: RawRun, request: FitRequest, count: int, density: str) -> ParameterDraws:
    width = count_parameter_columns(run.columns, request.program)
    flat = run.draws[:, :, :width].transpose(1, 0, 2).reshape(-1, width)
    kept = np.ascontiguousarray(flat[(np.arange(count) * len(flat)) // count])
    diverged, total = _count_divergences(run)
    note = (
        f"{diverged:,} of {total:,} transitions of NUTS diverged: a narrow part of the {density} may have "
        "too few draws."
    )
    return ParameterDraws(tuple(run.columns[:width]), kept, SAMPLED, notes=(note,) if diverged else ())


def _explain_bad_chains(run: RawRun, request: FitRequest, count: int, *, is_last: bool) -> str:
    """Return why draws of NUTS are not so many independent draws, as a clause; empty if they are.

    The last attempt may have as few divergences as checks of fits call no failure.
    """
    if not np.isfinite(run.stats["lp"]).all():
        return "its log density is not finite at some draws"
    diverged, transitions = _count_divergences(run)
    if diverged and (not is_last or diverged >= DIVERGENT_SHARE_LIMIT * transitions):
        return f"{diverged:,} of {transitions:,} transitions diverged"
    values = run.draws[:, :, : count_parameter_columns(run.columns, request.program)]
    places = np.flatnonzero(np.ptp(values, axis=(0, 1)) > 0)
    if not places.size:
        return ""
    axes: dict[str, int] = {"chain_axis": 0, "draw_axis": 1}
    varying = values[:, :, places]
    rhat = np.asarray(array_stats.rhat(varying, **axes))
    worst = int(np.argmax(rhat))
    if not rhat[worst] <= RHAT_LIMIT:
        return f"R-hat of `{run.columns[places[worst]]}` is {rhat[worst]:.3f}"
    tail = array_stats.ess(varying, method="tail", prob=_TAIL, **axes)
    ess = np.minimum(array_stats.ess(varying, method="bulk", **axes), tail)
    least, needed = int(np.argmin(ess)), max(count, ESS_PER_CHAIN * _CHAINS)
    if not ess[least] >= needed:
        name = run.columns[places[least]]
        return f"`{name}` has an effective sample size of {ess[least]:.0f}, of {needed} needed"
    return ""


def _advise(obstacle: str) -> str:
    """Return what to write so that a prior can be drawn forward, given what is in the way."""
    for words, advice in _ADVICE.items():
        if words in obstacle:
            return advice
    return "write each prior as one density of a parameter itself, such as `b ~ normal(0, 1)`"


def _hold(draws: ParameterDraws, held: Mapping[str, np.ndarray]) -> Floats:
    """Return draws with some parameters at one value."""
    values = draws.values.copy()
    for position, column in enumerate(draws.columns):
        name, index = split_element(column)
        if name in held:
            values[:, position] = held[name][index]
    return values


def _select(run: RawRun, names: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """Return the columns of some variables, in Stan's order, and their values `(N, column)`."""
    wanted = frozenset(names)
    positions = [i for i, column in enumerate(run.columns) if owner(column) in wanted]
    return tuple(run.columns[i] for i in positions), np.ascontiguousarray(run.draws[0][:, positions])


def _collect(run: RawRun, name: str) -> np.ndarray:
    """Return the draws of one variable, `(N, *shape)`."""
    columns, values = _select(run, [name])
    indices = np.array([split_element(column)[1] for column in columns], dtype=int)
    if not len(columns):
        return np.empty((len(run.draws[0]), 0))
    if not indices.size:
        return np.ascontiguousarray(values[:, 0])
    found = np.empty((len(values), *(indices.max(axis=0) + 1)))
    found[(slice(None), *indices.T)] = values
    return found


def _as_integers(values: np.ndarray) -> np.ndarray:
    """Return draws as integers; those that are not finite count as missing."""
    return np.where(np.isfinite(values), values, MISSING).astype(np.int64)


def _fill(value: Any, number: float, is_integer: bool, kept: NDArray[np.bool_] | None = None) -> np.ndarray:
    """Return one number, NaN for missing ones, in the place of all values but those that are kept."""
    filled = np.full(np.shape(value), MISSING if is_integer and np.isnan(number) else number)
    filled = filled if kept is None else np.where(kept, value, filled)
    return filled.astype(np.int64) if is_integer else filled

"""Posterior SBC: truths from the posterior of the data, and fits to the data and a replicate together.

A truth `theta` is drawn from the posterior given the data `y`, a replicate `y'` given `theta`. Then `theta`
is a draw of the posterior given both `y` and `y'`: its rank among draws of the fit to both is uniform.

Replicates are appended to the rows of the data, where that is proved to give this posterior. Elsewhere, as
where a prior is scaled by the rows, the program is written with its likelihood twice.

References
----------
Säilynoja, Schmitt, Bürkner and Vehtari (2025), Posterior SBC: simulation-based calibration checking
conditional on data, arXiv:2502.03279.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Job
from workbench.backends.evaluator import Flag
from workbench.binding import append_rows
from workbench.binding.values.sizes import evaluate
from workbench.calibration.fitting import SimulatedData, make_plain_job, replace_outcomes
from workbench.calibration.simulator import ParameterDraws, Simulations, Simulator, draw_thinned
from workbench.calibration.tasks import take_simulation
from workbench.errors import BindingError, ProgramError, RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.late_imports import LateModule
from workbench.methods import Nuts
from workbench.program import Expression, Stanc, repeat_likelihood
from workbench.program.simulating_program import find_parameter_by_outcome
from workbench.program.syntax import nodes as n
from workbench.progress import SILENT
from workbench.request import FitRequest
from workbench.thresholds import FAILED_FITS_SHARE, LOG_LIKELIHOOD_DIFFERENCE_LIMIT
from workbench.toolchain import CompiledModel

if TYPE_CHECKING:
    from arviz_stats.base import array_stats

    from workbench.backends.stan import StanBackend
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

Floats = NDArray[np.float64]
"""An array of doubles."""

_PROOF_POINTS = 5
"""Truths at which it is shown that both data sets together have the likelihood of each, multiplied. Ours."""

_DRAWS_PER_TRUTH = 10
"""Draws of the posterior for each truth, so that truths are practically independent. Ours."""

_REFUSAL = "the posterior cannot be checked with simulated data here: "
"""How refusals begin; the reason follows."""

_PRIOR_HINT = "leave --posterior out: truths are then drawn from the prior"
"""What is offered where data and a replicate cannot be fitted together."""


@dataclass(frozen=True)
class PosteriorTruths:
    """Truths from a posterior with their replicates, and what fits these with the data.

    Attributes
    ----------
    request, model
        The program with places for the data and a replicate, and its executable.
    simulations
        The truths; outcomes are what stands in these places.
    """

    request: FitRequest
    model: CompiledModel
    simulations: Simulations


@dataclass(frozen=True)
class _Together:
    """A program that fits the data and a replicate together.

    Attributes
    ----------
    request, model
        The program with its data, and its executable.
    replicates
        By outcome: the name of the data that hold its replicate; empty where it is appended to the outcome.
    """

    request: FitRequest
    model: CompiledModel
    replicates: Mapping[str, str] = field(default_factory=dict)

    def place(self, single: FitRequest, drawn: Simulations) -> Simulations:
        """Return simulations whose outcomes are what stands in the data of this program."""
        if self.replicates:
            outcomes = {self.replicates[name]: values for name, values in drawn.outcomes.items()}
            by_author = frozenset(self.replicates[name] for name in drawn.by_author)
            return replace(drawn, outcomes=outcomes, by_author=by_author)
        values = self.request.data.values
        outcomes = {
            name: _append(single.data.values[name], new, values[name]) for name, new in drawn.outcomes.items()
        }
        return replace(drawn, outcomes=outcomes)


def simulate_posterior(
    request: FitRequest,
    model: CompiledModel,
    backend: StanBackend,
    folder: Path,
    replicate: Callable[[tuple[tuple[str, ...], Floats]], Simulator],
    build: Callable[[FitRequest], tuple[FitRequest, CompiledModel]],
    stanc: Stanc,
    *,
    count: int,
) -> PosteriorTruths:
    """Return truths from the posterior of the data, with replicates that stand beside the data.

    Parameters
    ----------
    request, model
        The program with its data, and its executable; its seed decides truths and replicates.
    backend, folder
        What runs it, and a scratch folder.
    replicate
        Returns what draws data given such parameters: names, and values `(N, column)`.
    build
        Compiles another program, and proves it.
    stanc
        Reads it.
    count
        How many truths.

    Raises
    ------
    RequestError
        The data and a replicate of them cannot be fitted together.
    RunError
        The posterior cannot be sampled.
    """
    truths = _draw_truths(request, model.exe, backend, folder, count)
    drawn = replicate((truths.columns, truths.values)).draw_given(truths.columns, truths.values, request.seed)
    notes = truths.notes
    check_outcomes(request, drawn)
    proof = _Proof(request, model.exe, backend, folder / "proof")
    try:
        together = _Together(double_rows(request), model)
        placed = together.place(request, drawn)
        proof.check(together, drawn, placed)
    except (RequestError, RunError) as reason:  # transformed data may refuse the rows
        together = _repeat_likelihood(request, drawn, build, stanc)
        placed = together.place(request, drawn)
        proof.check(together, drawn, placed)
        words = reason.message.removeprefix(_REFUSAL)
        notes = (
            *notes,
            "the program is fitted with its likelihood twice, once for the data and once for the replicate, "
            f"because rows cannot be appended: {words}",
        )
    placed = replace(placed, notes=(*placed.notes, *notes))
    return PosteriorTruths(together.request, together.model, placed)


def double_rows(request: FitRequest) -> FitRequest:
    """Return the request with all rows of its data twice.

    Raises
    ------
    RequestError
        The program does not take more rows, or the data were not bound from a table.
    """
    data, program = request.data, request.program
    if "variables" not in data.rules or not data.rows:
        raise _refuse("the data have no rows that could be appended to: they do not come from a table.")
    try:
        both = append_rows(data, data, program, data.rules)
    except BindingError as reason:
        raise _refuse(f"a replicate of the data cannot be appended to them: {reason.message}") from reason
    return replace(request, data=both)


def _repeat_likelihood(
    request: FitRequest,
    drawn: Simulations,
    build: Callable[[FitRequest], tuple[FitRequest, CompiledModel]],
    stanc: Stanc,
) -> _Together:
    """Return the program with its likelihood twice, the second of which is that of a replicate."""
    name, outcomes = find_parameter_by_outcome(request.program)
    if name:
        raise _refuse(
            f"the declaration of the parameter `{name}` depends on the outcome {outcomes}, and would be "
            "another one with a replicate."
        )
    try:
        repeated = repeat_likelihood(request.program, list(drawn.outcomes), stanc)
    except ProgramError as reason:
        raise _refuse(reason.message) from reason
    by_name = {item.name: item for item in request.data.variables}
    added = tuple(replace(by_name[old], name=new) for old, new in repeated.replicates.items())
    data = replace(request.data, variables=(*request.data.variables, *added))
    return _Together(*build(replace(request, program=repeated.program, data=data)), repeated.replicates)


def check_outcomes(request: FitRequest, drawn: Simulations) -> None:
    """Refuse outcomes that are not in the data block, and likelihoods of which an outcome is not drawn.

    Raises
    ------
    RequestError
        The message names the outcome.
    """
    for name in drawn.outcomes:
        if name not in request.data.values:
            raise RequestError(
                f"the outcome `{name}` is made in transformed data: what is simulated of it cannot stand "
                "in its "
                "place.",
                hint="declare it in the data block",
            )
    for term in request.program.terms:
        for name in term.outcomes if term.role == "likelihood" else ():
            if name not in drawn.outcomes:
                raise RequestError(f"the outcome `{name}` on line {term.line} cannot be drawn.")
    _check_bounds(request, drawn)


def _check_bounds(request: FitRequest, drawn: Simulations) -> None:
    """Refuse data sets of which too many hold values that the declaration of their variable excludes."""
    for declaration in request.program.data:
        if declaration.name not in drawn.outcomes or not drawn.is_drawn.any():
            continue
        values = np.asarray(drawn.outcomes[declaration.name])[drawn.is_drawn]
        for key, side, is_outside in (("lower", "below", np.less), ("upper", "above", np.greater)):
            stated = getattr(declaration, key)
            bound = None if stated is None else _evaluate_bound(stated, request, drawn, values.ndim)
            if bound is None:
                continue
            outside = is_outside(values, bound).reshape(len(values), -1).any(axis=1)
            share = float(outside.mean())
            if share > FAILED_FITS_SHARE:
                raise RequestError(
                    f"`{declaration.name}` is declared `{key}={stated.text}`, and the likelihood draws "
                    f"{side} it in {share:.0%} of the data sets: no fit takes them, and the others are "
                    "selected.",
                    hint="truncate the likelihood (`T[...]`), take one that keeps to the bound, or drop the "
                    "bound",
                )


def _evaluate_bound(
    bound: Expression, request: FitRequest, drawn: Simulations, axes: int
) -> NDArray[Any] | None:
    """Return a bound of the data; that of another outcome is its own in each data set.

    That has `axes` axes, as the outcome's values `(N, *shape)` have.
    """
    if isinstance(bound.node, n.Variable) and bound.node.name in drawn.outcomes:
        values = np.asarray(drawn.outcomes[bound.node.name])[drawn.is_drawn]
        return values.reshape(-1, *[1] * (axes - 1)) if values.ndim == 1 else values
    if set(bound.names) & drawn.outcomes.keys():
        return None  # a fit that does not take it says so
    value = evaluate(bound, request.data.values)
    return None if value is None else np.asarray(value)


def _draw_truths(
    request: FitRequest, exe: Path, backend: StanBackend, folder: Path, count: int
) -> ParameterDraws:
    asked = next((method for method in request.methods if isinstance(method, Nuts)), Nuts())
    chains, warmup = max(asked.chains, Nuts.chains), max(asked.warmup, Nuts.warmup)
    draws = max(asked.draws, Nuts.draws, _DRAWS_PER_TRUTH * -(-count // chains))
    folder = folder / "posterior"
    folder.mkdir(parents=True, exist_ok=True)
    job = make_plain_job(FitContext(request, exe, backend, folder, SILENT))
    found = draw_thinned(
        lambda _, sampler: backend.sample(job, sampler, jobs=request.jobs),
        replace(asked, chains=chains, warmup=warmup, draws=draws),
        request,
        count,
        "posterior",
    )
    if isinstance(found, str):
        raise RunError(
            f"truths cannot be drawn from the posterior of the data: {found}.",
            hint="first mend what `workbench fit` says about its chains, or leave --posterior out",
        )
    return found


@dataclass(frozen=True)
class _Proof:
    """That data and a replicate fitted together have the likelihood of each, multiplied, and the same prior.

    Where this does not hold, rows depend on each other or on statistics of all of them, and a fit to both
    together is not the posterior of the parameters given both.
    """

    single: FitRequest
    exe: Path
    backend: StanBackend
    folder: Path

    def check(self, together: _Together, drawn: Simulations, placed: Simulations) -> None:
        """Refuse a program that does not have it at some truths.

        Parameters
        ----------
        together
            The program that fits both.
        drawn, placed
            The truths with their replicates, and with what stands in the data of that program.

        Raises
        ------
        RequestError
            The message says what differs.
        """
        try:
            for number in np.flatnonzero(drawn.is_drawn)[:_PROOF_POINTS].tolist():
                self._check_truth(together, take_simulation(drawn, number), take_simulation(placed, number))
        finally:
            self.backend.free(self.exe)
            self.backend.free(together.model.exe)

    def _check_truth(self, together: _Together, data: SimulatedData, both: SimulatedData) -> None:
        alone = self.single, self.exe
        old = self._sum(alone, replace(data, outcomes={}), "old")
        new = self._sum(alone, data, "new")
        name = "twice" if together.replicates else "both"
        found = self._sum((together.request, together.model.exe), both, name)
        for role in found:
            is_data = role == "likelihood"
            expected = old[role] + new[role] if is_data else old[role]
            if not abs(found[role] - expected) <= LOG_LIKELIHOOD_DIFFERENCE_LIMIT * max(1.0, abs(expected)):
                raise _refuse(
                    "the likelihood of the data and a replicate together is not that of each, multiplied: "
                    "rows depend on each other, or on statistics of all rows."
                    if is_data
                    else "the prior is another one with more rows."
                )

    def _sum(self, program: tuple[FitRequest, Path], data: SimulatedData, name: str) -> dict[str, float]:
        """Return the log density of each role at a truth."""
        request, exe = program
        folder = self.folder / f"{name}-{data.number}"
        folder.mkdir(parents=True, exist_ok=True)
        context = FitContext(replace_outcomes(request, data), exe, self.backend, folder, SILENT)
        job = make_plain_job(context)
        return sum_by_role(request, self.backend, job, self._unconstrain(job, data))

    def _unconstrain(self, job: Job, data: SimulatedData) -> Floats:
        size = self.backend.dimension(job)
        names, _ = self.backend.constrain_points(job, np.zeros((1, size)), Flag.NONE)
        if names != data.columns:
            raise _refuse(
                "with more rows the program has other parameters: each row has one of its own, and a row "
                "that is observed twice would need the same one."
            )
        return self.backend.unconstrain_values(job, data.columns, data.truth[None])


def sum_by_role(request: FitRequest, backend: StanBackend, job: Job, point: Floats) -> dict[str, float]:
    """Return the log density of each role, such as the likelihood, at an unconstrained point `(1, U)`."""
    names, rows = backend.constrain_points(job, point, Flag.GENERATED)
    instrumented = request.program.instrumented
    assert instrumented is not None  # noqa: S101 - the simulator has one
    sums: dict[str, float] = {}
    for term in instrumented.terms:
        value = float(rows[0, names.index(f"{instrumented.outputs.densities}[{term.index}]")])
        sums[term.role] = sums.get(term.role, 0.0) + value
    return sums


def _append(old: Any, new: NDArray[Any], both: Any) -> NDArray[Any]:
    """Return outcomes of both, `(count, *shape)`, on the axis on which the doubled data are longer.

    Parameters
    ----------
    old
        The outcome of the data.
    new
        Replicates, `(count, *shape)`.
    both
        The outcome in the doubled data: of its shape.
    """
    first = np.broadcast_to(np.asarray(old), new.shape)
    shape, longer = new.shape[1:], np.shape(both)
    axes = [axis for axis, size in enumerate(shape) if longer[axis] == 2 * size]
    if not axes:
        raise _refuse("an outcome has no element for each row, so that there is no place for a replicate.")
    return np.concatenate([first, new], axis=axes[0] + 1)


def _refuse(reason: str) -> RequestError:
    return RequestError(f"{_REFUSAL}{reason}", hint=_PRIOR_HINT)

"""The posterior of a run carried on without its rows: as a normal on the unconstrained scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench import binding, priors
from workbench.backends.base import Floats
from workbench.backends.stored_chains import ChainDraws, StoredChains
from workbench.binding import BoundData
from workbench.errors import BindingError, PriorError, RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.estimation.standardize.rescaling import Rescaling, undo_standardization
from workbench.late_imports import LateModule
from workbench.priors import CarriedPosterior
from workbench.priors.carried import MOST_CARRIED
from workbench.progress import SILENT
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT
from workbench.workflow.saved_run import SavedRun

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

_SEED = 5
"""Which of the seeds derived from that of the run draws from the normal."""

_TRIED = 20
"""Draws at which densities are compared."""


@dataclass(frozen=True)
class Carried:
    """A normal that stands for a posterior.

    Attributes
    ----------
    posterior
        The normal: mean and covariance of the draws on the unconstrained scale.
    khat
        k-hat of weights that would turn its draws into those of the posterior.
    probability_error
        The total variation distance of the two: how far the probability of anything is off at most.
    """

    posterior: CarriedPosterior
    khat: float
    probability_error: float


def carry(run: SavedRun, request: FitRequest, exe: Path, chains: ChainDraws, folder: Path) -> Carried:
    """Return the normal that stands for a run's posterior, and how well.

    Parameters
    ----------
    run
        The run.
    request
        Its request, with the program that is run.
    exe
        The executable of that.
    chains
        Its draws.
    folder
        A scratch folder.

    Raises
    ------
    RequestError
        The posterior cannot be carried without the rows.
    """
    priors.check_can_carry(request.program)
    backend = StoredChains(chains)
    job = FitContext(request, exe, backend, folder, SILENT).make_job("nuts", has_replicates=False)
    points, _ = backend.unconstrain(job)
    names = [
        name
        for parameter in request.program.parameters
        for name in priors.list_free_names(
            parameter,
            [int(length or 0) for length in binding.evaluate_shape(parameter, request.data.values)],
        )
    ]
    count, size = points.shape
    if not 0 < size <= MOST_CARRIED or count < 10 * size:
        raise PriorError(
            f"--forget carries from 1 to {MOST_CARRIED} parameters, with ten draws for each, found {size} "
            f"with {count} draws.",
            hint="leave --forget out: old and new rows are kept together then",
        )
    _check_rows_are_independent(run.fit, request, exe, chains, folder)
    posterior = CarriedPosterior(
        tuple(names), points.mean(axis=0), np.atleast_2d(np.cov(points, rowvar=False))
    )
    normal = stats.multivariate_normal(posterior.mean, posterior.covariance)
    random = np.random.default_rng(derive_seeds(request.seed, _SEED + 1)[_SEED])
    proposed = np.atleast_2d(normal.rvs(count, random_state=random)).reshape(count, size)
    ratios = backend.measure_points(job, proposed, jacobian=True) - normal.logpdf(proposed)
    before = normal.logpdf(points) - backend.measure_points(job, points, jacobian=True)
    error = max(measure_probability_error(ratios), measure_probability_error(before))
    return Carried(posterior, compute_importance_weights(ratios).khat, error)


def use_data_scale(data: BoundData) -> BoundData:
    """Return data whose predictors are not standardized, and whose rules do not do it either."""
    variables = (
        replace(item, remark=item.remark.removesuffix("standardized.").rstrip())
        if item.name in data.standardized
        else item
        for item in undo_standardization(data).variables
    )
    rules = {**data.rules, "standardized": {}}
    return replace(data, variables=tuple(variables), standardized={}, rules=rules)


def rescale_posterior(carried: CarriedPosterior, rescaling: Rescaling) -> CarriedPosterior:
    """Return a normal on the scale of the data, where its parameters were sampled on another.

    Parameters
    ----------
    carried
        The normal on the scale of standardized predictors.
    rescaling
        The map to the scale of the data: it is linear, of parameters without bounds.
    """
    where = [carried.names.index(column) for column in rescaling.columns]
    matrix = np.eye(len(carried.names))
    matrix[np.ix_(where, where)] = rescaling.matrix
    covariance = matrix @ carried.covariance @ matrix.T
    return CarriedPosterior(carried.names, matrix @ carried.mean, (covariance + covariance.T) / 2)


def widen_posterior(carried: CarriedPosterior, factor: float) -> CarriedPosterior:
    """Return a normal whose SDs are larger by a factor, on the unconstrained scale: the past counts less."""
    return CarriedPosterior(carried.names, carried.mean, carried.covariance * factor**2)


def measure_probability_error(log_ratios: Floats) -> float:
    """Return the total variation distance of two distributions, between 0 and 1.

    Parameters
    ----------
    log_ratios
        Log density of the one minus that of the other at draws of the other, up to a constant, `(draw,)`.

    References
    ----------
    Levin and Peres (2017), Markov Chains and Mixing Times, second edition, section 4.1.

    >>> round(measure_probability_error(np.log([0.5, 1.5])), 3)
    0.25
    """
    usable = np.where(np.isfinite(log_ratios), log_ratios, -np.inf)
    if not np.isfinite(usable).any():
        return 1.0
    weights = np.exp(usable - usable.max())
    return float(0.5 * np.abs(weights / weights.sum() - 1 / len(weights)).sum())


def _check_rows_are_independent(
    fit: Fit, request: FitRequest, exe: Path, chains: ChainDraws, folder: Path
) -> None:
    """Refuse a program in which the density of some rows depends on others, such as by their mean.

    The two halves of the rows must add up: log densities of each half alone, minus that of the priors, are
    the log density of all rows.

    Raises
    ------
    RequestError
        They do not.
    """
    data, rules = request.data, fit.results.data.rules
    half = (data.rows or 0) // 2
    reason = (
        f"`{request.program.path.name}` does not treat rows one by one, such as where it centres them: "
        "without the old rows its parameters would mean something else."
    )
    hint = (
        "leave --forget out, and all rows are used together; or fit a program that takes the columns as they "
        "are, prepared in the table by numbers that stay the same"
    )
    if request.program.instrumented is None or half < 1:
        raise RequestError(reason, hint=hint)
    few = StoredChains(ChainDraws(chains.draws[:, : max(1, _TRIED // len(chains.draws))], {}))

    def measure(some: BoundData, name: str, likelihood: float = 1.0) -> Floats:
        weighted = replace(request, data=some, weights={**request.weights, "likelihood": likelihood})
        context = FitContext(weighted, exe, few, folder / name, SILENT)
        return few.measure(context.make_job("nuts", has_replicates=False))

    try:
        parts = [_take(data, request, fit, rows) for rows in (slice(half), slice(half, None))]
        first, second = (measure(part, f"half-{number}") for number, part in enumerate(parts))
        everything, nothing = measure(data, "all"), measure(data, "none", 0.0)
    except (RunError, BindingError) as error:
        raise RequestError(reason, hint=hint) from error
    difference = first + second - nothing - everything
    limit = DENSITY_DIFFERENCE_LIMIT * (1 + float(np.abs(everything).max()))
    if not np.ptp(difference) <= limit or not rules:
        raise RequestError(reason, hint=hint)


def _take(data: BoundData, request: FitRequest, fit: Fit, rows: slice) -> BoundData:
    values = binding.take_rows(data, request.program, fit.results.data.rules, rows)
    variables = tuple(replace(item, value=values[item.name]) for item in data.variables)
    return replace(data, variables=variables)


def use_carried(run: SavedRun, carried: CarriedPosterior, data: BoundData) -> SavedRun:
    """Return a run made ready to fit new rows alone, with the normal in place of its priors.

    Parameters
    ----------
    run
        The run.
    carried
        The normal.
    data
        New rows, bound by the run's rules.
    """
    tools = run.builds.tools
    written = priors.carry_posterior(run.builds.request.program, carried, tools.stanc)
    known = replace(written, path=run.request.program.path)
    own = {name: run.request.priors.values[name] for name in run.request.priors.data_names}
    settled = priors.settle(known, {}, own, "the run")
    request = replace(run.request, program=known, data=data, priors=settled)
    return replace(
        run, request=request, builds=replace(run.builds, request=replace(request, program=written))
    )


def check_carried_density(
    request: FitRequest, exe: Path, carried: CarriedPosterior, chains: ChainDraws, folder: Path
) -> None:
    """Refuse a program whose priors alone are not the normal on the unconstrained scale.

    Raises
    ------
    PriorError
        The two densities differ.
    """
    few = StoredChains(ChainDraws(chains.draws[:, : max(1, _TRIED // len(chains.draws))], {}))
    alone = replace(request, weights={**request.weights, "likelihood": 0.0})
    job = FitContext(alone, exe, few, folder / "carried", SILENT).make_job("nuts", has_replicates=False)
    points, _ = few.unconstrain(job)
    expected = stats.multivariate_normal(carried.mean, carried.covariance).logpdf(points)
    difference = few.measure_points(job, points, jacobian=True) - expected
    limit = DENSITY_DIFFERENCE_LIMIT * (1 + float(np.abs(expected).max()))
    if request.program.instrumented is None or not np.ptp(difference) <= limit:
        raise PriorError(
            "the program with the carried posterior does not have the density of that normal.",
            hint="leave --forget out, and report this program",
        )

"""A simulated data set fitted by each method, as a fit of the workbench fits it, and nothing more kept of it.

No run directory, no report, no pointwise values: programs stay loaded, and only the draws that truths are
ranked among get transformed and generated quantities.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Job, RawRun
from workbench.backends.evaluator import Flag
from workbench.binding import take_rows
from workbench.calibration.quantities import LOG_LIKELIHOOD, evaluate_quantities
from workbench.calibration.ranks import choose_ranked, place_in_normal, rank_truths
from workbench.calibration.simulated_fit import QuantityNumbers, SimulatedFit
from workbench.diagnostics.calibration import compute_calibration_error
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.errors import RunError, WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.map import find_map
from workbench.estimation.optimum.mle import find_mle
from workbench.estimation.optimum.search import CURVATURE_ONLY, OptimumSearch, compute_standard_errors
from workbench.estimation.sampling.pathfinder import run_pathfinder
from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.late_imports import LateModule
from workbench.methods import Laplace, Map, Method, Mle, Nuts, Pathfinder
from workbench.prediction.expressions import QuantityExpression
from workbench.program import Program
from workbench.progress import SILENT
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.draws import count_parameter_columns
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner
from workbench.toolchain import CompiledModel

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.base import array_stats
    from scipy import special

    from workbench.backends.stan import StanBackend
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")
    special = LateModule("scipy.special")
    xr = LateModule("xarray")

Floats = NDArray[np.float64]
"""An array of doubles."""

WATCHED = ("WB101", "WB102", "WB103", "WB201", "WB202", "WB203", "WB204", "WB301", "WB302")
"""The checks of the workbench whose alarms are counted: those of chains and approximations."""

FITTED = ("nuts", "laplace", "pathfinder", "map", "mle")
"""Keys of the methods that simulated data sets are fitted by, in the order of results."""

_TAIL = (0.05, 0.95)
"""The quantiles whose ESS is the tail ESS: Vehtari et al. (2021), section 4.3."""

_SURE = 1e-6
"""Distance from 1 of the probabilities of yes and no together that rounding explains. Ours."""

_ALONE = 1e-12
"""Derivative, relative to the largest, below which a value does not depend on a dimension. Ours: rounding."""


@dataclass(frozen=True)
class LikelihoodProgram:
    """A program whose likelihood is a test quantity, and its name for people."""

    request: FitRequest
    model: CompiledModel
    name: str = LOG_LIKELIHOOD


@dataclass(frozen=True)
class CalibrationContext:
    """What the fits of all simulated data sets share.

    Attributes
    ----------
    request
        The program with the data whose outcomes are simulated, and the methods.
    model
        Its executable.
    backend
        What runs it.
    quantities
        Chosen quantities besides parameters.
    simulated_by
        The program that simulated, where that is another one: its transformed parameters are truths too, and
        its likelihood is a test quantity where the fitted program has all of its parameters.
    """

    request: FitRequest
    model: CompiledModel
    backend: StanBackend = field(repr=False)
    quantities: tuple[QuantityExpression, ...] = ()
    simulated_by: LikelihoodProgram | None = None


@dataclass(frozen=True)
class SimulatedData:
    """A simulated data set.

    Attributes
    ----------
    number
        Its number, counted from 0: it decides the seed.
    columns, truth
        Stan's names of the parameters, and the values that it was simulated with `(column,)`.
    outcomes
        By variable of the data block: its simulated value.
    rows
        Numbers of the rows of the table, from 0, whose covariates it has; `None` for all of them.
    """

    number: int
    columns: tuple[str, ...]
    truth: Floats = field(repr=False)
    outcomes: Mapping[str, Any] = field(repr=False)
    rows: NDArray[np.int64] | None = field(default=None, repr=False)


def fit_simulated(context: CalibrationContext, data: SimulatedData, folder: Path) -> list[SimulatedFit]:
    """Return the fits of a data set by each method; one that fails says why.

    Parameters
    ----------
    context
        What all fits share.
    data
        The data set.
    folder
        An empty folder for Stan's files.
    """
    request = replace_outcomes(context.request, data)
    fitting = _Fitting(context, data, FitContext(request, context.model.exe, context.backend, folder, SILENT))
    try:
        return [fitting.fit(method) for method in list_fitted(request.methods)]
    finally:
        for program in (
            context.model,
            *(() if context.simulated_by is None else [context.simulated_by.model]),
        ):
            context.backend.free(program.exe)


def list_fitted(methods: tuple[Method, ...]) -> tuple[Method, ...]:
    """Return the methods that fits are made by, in the order of results."""
    known = (method for method in methods if method.name in FITTED)
    return tuple(sorted(known, key=lambda method: FITTED.index(method.name)))


def replace_outcomes(request: FitRequest, data: SimulatedData) -> FitRequest:
    """Return the request with simulated outcomes and a seed of its own; nothing is stored of single rows."""
    request = replace_rows(request, data.rows)
    variables = tuple(
        replace(item, value=data.outcomes[item.name]) if item.name in data.outcomes else item
        for item in request.data.variables
    )
    (seed,) = derive_seeds((request.seed, data.number), 1)
    return replace(request, data=replace(request.data, variables=variables), seed=seed)


def replace_rows(request: FitRequest, rows: NDArray[np.int64] | None) -> FitRequest:
    """Return the request with some rows of its data, which may repeat; groups and their numbers stay.

    Raises
    ------
    BindingError
        The program does not accept these rows.
    """
    if rows is None:
        return request
    data = request.data
    values = take_rows(data, request.program, data.rules, rows)
    variables = tuple(replace(item, value=values[item.name]) for item in data.variables)
    return replace(request, data=replace(data, variables=variables, rows=len(rows)))


@dataclass
class _Fitting:
    """The fits of one data set.

    Attributes
    ----------
    shared, data, context
        What all fits share, the data set, and the context of its fits.
    probability_error
        That of the fit that was made last, as `SimulatedFit` has it.
    """

    shared: CalibrationContext
    data: SimulatedData
    context: FitContext
    probability_error: float | None = None

    @cached_property
    def truths(self) -> dict[str, float]:
        """The true values by Stan's name: parameters, and what another simulator makes of its parameters."""
        columns, truth = self.data.columns, self.data.truth
        found = dict(zip(columns, truth.tolist(), strict=True))
        other = self.shared.simulated_by
        if other is None or not other.request.program.transformed_parameters:
            return found
        _, job = self._make_simulator_job(other)
        point = self.shared.backend.unconstrain_values(job, columns, truth[None])
        if not np.isfinite(point).all():
            return found
        names, values = self.shared.backend.constrain_points(job, point, Flag.TRANSFORMED)
        made = dict(zip(names, values[0].tolist(), strict=True))
        compared = list_compared(other.request.program, names)
        return {name: made[name] for name in compared if np.isfinite(made[name])} | found

    def fit(self, method: Method) -> SimulatedFit:
        """Return the fit by one method."""
        started = time.monotonic()
        self.probability_error = None
        try:
            checks, numbers = self._choose(method)()
            failure = ""
        except WorkbenchError as reason:
            checks, numbers, failure = {}, None, reason.message
        except Exception as reason:
            text = f"an error of workbench itself: {type(reason).__name__}: {reason}"
            checks, numbers, failure = {}, None, text
        done = SimulatedFit(self.data.number, method.name, time.monotonic() - started, failure, checks)
        done = replace(done, rows=None if self.data.rows is None else len(self.data.rows))
        if numbers is None:
            return done
        return replace(done, numbers=numbers, probability_error=self.probability_error)

    def _choose(self, method: Method) -> Callable[[], tuple[Mapping[str, bool], QuantityNumbers]]:
        if isinstance(method, Nuts):
            return lambda: self._fit_nuts(method)
        if isinstance(method, Laplace):
            return lambda: self._fit_laplace(method)
        if isinstance(method, Pathfinder):
            return lambda: self._fit_pathfinder(method)
        if isinstance(method, Mle):
            return lambda: self._fit_wald(*_list_intervals(find_mle(self.context, method)))
        assert isinstance(method, Map)  # noqa: S101 - `auto` is refused before
        return lambda: self._fit_wald(*_list_map_intervals(*find_map(self.context, method, CURVATURE_ONLY)))

    # --- Methods ------------------------------------------------------------------------------------------

    def _fit_nuts(self, method: Nuts) -> tuple[Mapping[str, bool], QuantityNumbers]:
        run = self.shared.backend.sample_in_turn(self._make_job(), method)
        if not np.isfinite(run.stats["lp"]).all():
            raise RunError("the log density is not finite at some draws.")
        chains, count, size = run.draws.shape
        points = np.ascontiguousarray(run.draws).reshape(chains * count, size)
        columns, values = self.shared.backend.constrain_points(self._make_job(), points, Flag.NONE)
        by_chain = values.reshape(chains, count, len(columns))
        facts = _collect_facts(run.stats, run.step_size, method)
        estimates = _summarise(columns, by_chain)
        checks = _ask_checks("nuts", facts | {"estimates": estimates})
        return checks, self._rank(points[choose_ranked(len(points))], columns, values)

    def _fit_laplace(self, method: Laplace) -> tuple[Mapping[str, bool], QuantityNumbers]:
        result, search = find_map(self.context, Map(jacobian=True), method)
        run = None if search is None else search.best.approximation
        if search is None or run is None or not run.converged or search.problem:
            words = "" if search is None else search.problem or search.best.approximation_problem
            raise RunError(words or result.reason or "Stan could not draw from the approximation.")
        weights = compute_importance_weights(run.stats["log_p"][0] - run.stats["log_q"][0])
        checks = _ask_checks("laplace", {"khat": weights.khat, "draws": run.draws.shape[1]})
        columns, values = self._take_parameters(run)
        kept = values[choose_ranked(len(values))]
        numbers = self._rank(self._unconstrain(columns, kept), columns, values)
        return checks, self._place_exactly(numbers, columns, search)

    def _fit_pathfinder(self, method: Pathfinder) -> tuple[Mapping[str, bool], QuantityNumbers]:
        result, run = run_pathfinder(self.context, method)
        if run is None or not result.is_ok:
            raise RunError(result.reason)
        facts = {name: result.facts[name] for name in ("khat", "draws")}
        columns, values = self._take_parameters(run)
        points = self._unconstrain(columns, values[choose_ranked(len(values))])
        return _ask_checks("pathfinder", facts), self._rank(points, columns, values)

    def _fit_wald(
        self, values: Mapping[str, float], errors: Mapping[str, float]
    ) -> tuple[Mapping[str, bool], QuantityNumbers]:
        """Return where truths lie in the normal distributions that Wald intervals are made from."""
        truths = self.truths
        names = [name for name in values if name in truths and errors.get(name, 0.0) > 0]
        truth = np.array([truths[name] for name in names])
        value = np.array([values[name] for name in names])
        error = np.array([errors[name] for name in names])
        place = place_in_normal(truth, value, error)
        reach = error * float(special.ndtri((1 + self.context.request.level) / 2))
        if set(self.data.columns) <= set(values):
            estimate = np.array([[values[name] for name in self.data.columns]])
            self._measure_probabilities(self._unconstrain(self.data.columns, estimate))
        ranks = np.full(len(names), np.nan)
        return {}, QuantityNumbers(
            tuple(names), truth, ranks, place, value, error, value - reach, value + reach
        )

    # --- Truths among draws -------------------------------------------------------------------------------

    def _rank(self, points: Floats, columns: tuple[str, ...], values: Floats) -> QuantityNumbers:
        """Return where truths lie among draws.

        Parameters
        ----------
        points
            The draws that they are ranked among, unconstrained, `(R, U)`.
        columns, values
            The parameters at all draws, `(S, column)`: for means and standard deviations.
        """
        # The truth stands last. Its transformed quantities need all of its parameters.
        self._measure_probabilities(points)
        names, rows = self._evaluate(points, columns)
        means = rows[:-1].mean(axis=0)
        sds = rows[:-1].std(axis=0, ddof=1)
        places = [names.index(column) for column in columns if column in names]
        known = [place for place, column in enumerate(columns) if column in names]
        means[places], sds[places] = values[:, known].mean(axis=0), values[:, known].std(axis=0, ddof=1)
        ends = self._find_interval(rows[:-1])
        ends[:, places] = self._find_interval(values[:, known])
        rng = np.random.default_rng(self.context.request.seed)
        ranks, uniform = rank_truths(rows[:-1], rows[-1], rng)
        return QuantityNumbers(names, rows[-1], ranks, uniform, means, sds, *ends)

    def _find_interval(self, draws: Floats) -> Floats:
        """Return the ends of central intervals, `(2, quantity)`: Weibull's quantiles hold what they should.

        A new draw lies below the quantile of probability p of any number of draws with a probability of p.
        """
        tail = (1 - self.context.request.level) / 2
        return np.asarray(np.quantile(draws, (tail, 1 - tail), axis=0, method="weibull"))

    def _measure_probabilities(self, points: Floats) -> None:
        """Keep the error of mean probabilities of a yes at unconstrained points, where rows were chosen."""
        if self.data.rows is None:
            return
        truth = self._unconstrain(self.data.columns, self.data.truth[None])
        every = np.concatenate([truth, points]) if truth.shape[1] == points.shape[1] else np.empty((0, 0))
        if not every.size or not np.isfinite(every).all():
            return
        found = compute_yes_probabilities(self.context, self.shared.backend, self.data, every)
        if found is not None:
            self.probability_error = compute_calibration_error(found[0], found[1:].mean(axis=0))

    def _evaluate(self, points: Floats, columns: tuple[str, ...]) -> tuple[tuple[str, ...], Floats]:
        """Return the quantities, and their values at points and then at the truth, `(R + 1, quantity)`."""
        job, backend, truths = self._make_job(), self.shared.backend, self.truths
        is_complete = set(columns) <= truths.keys()
        ends = np.full((1, points.shape[1]), np.nan)
        if is_complete:
            ends = self._unconstrain(columns, np.array([[truths[name] for name in columns]]))
        is_inside = bool(np.isfinite(ends).all())
        every = np.concatenate([points, ends]) if is_inside else points
        names, rows = backend.constrain_points(job, every, Flag.TRANSFORMED | Flag.GENERATED)
        if not is_inside:
            rows = np.concatenate([rows, np.full((1, rows.shape[1]), np.nan)])
        for place, name in enumerate(names):
            rows[-1, place] = truths.get(name, rows[-1, place])
        shared = [name for name in list_compared(self.context.request.program, names) if name in truths]
        chosen = [item for item in self.shared.quantities if item.text not in shared]
        places = [names.index(name) for name in shared]
        found = [rows[:, places], evaluate_quantities(chosen, names, rows)]
        labels = [*shared, *(item.text for item in chosen)]
        for label, sums in self._list_likelihoods(names, rows, is_complete=is_complete):
            labels.append(label)
            found.append(sums[:, None])
        return tuple(labels), np.concatenate(found, axis=1)

    def _list_likelihoods(
        self, names: tuple[str, ...], rows: Floats, *, is_complete: bool
    ) -> list[tuple[str, Floats]]:
        """Return the joint log likelihoods, of the program and of the one that simulated.

        Each needs all parameters of its program, of truth and draws.
        """
        found = []
        own = sum_likelihood(self.context.request, names, rows) if is_complete else None
        if own is not None:
            found.append((LOG_LIKELIHOOD, own))
        other, needed = self.shared.simulated_by, self.data.columns
        if other is not None and set(needed) <= set(list_compared(self.context.request.program, names)):
            request, job = self._make_simulator_job(other)
            values = rows[:, [names.index(name) for name in needed]]
            points = self.shared.backend.unconstrain_values(job, needed, values)
            is_inside = np.isfinite(points).all(axis=1)
            sums = np.full(len(rows), np.nan)
            if is_inside.any():
                theirs, values = self.shared.backend.constrain_points(job, points[is_inside], Flag.GENERATED)
                likelihood = sum_likelihood(request, theirs, values)
                sums[is_inside] = np.nan if likelihood is None else likelihood
            found.append((other.name, sums))
        return found

    def _place_exactly(
        self, numbers: QuantityNumbers, columns: tuple[str, ...], search: OptimumSearch
    ) -> QuantityNumbers:
        """Return exact places, without draws, for parameters with a dimension of their own."""
        curvature, newton = search.best.curvature, search.best.newton
        if curvature is None or newton is None or not set(columns) <= set(numbers.names):
            return numbers
        truth = dict(zip(numbers.names, numbers.truth.tolist(), strict=True))
        point = self._unconstrain(columns, np.array([[truth[name] for name in columns]]))[0]
        exact = place_in_normal(point, newton.point, np.sqrt(np.diag(newton.covariance)))
        place = numbers.place.copy()
        for dim, name in enumerate(curvature.free_names):
            if name in curvature.names and name in numbers.names:
                slopes = curvature.constrain_jacobian[curvature.names.index(name)]
                others = np.abs(np.delete(slopes, dim)).max(initial=0.0)
                if np.isfinite(exact[dim]) and others <= _ALONE * abs(slopes[dim]):
                    is_rising = slopes[dim] > 0
                    place[numbers.names.index(name)] = exact[dim] if is_rising else 1 - exact[dim]
        return replace(numbers, place=place)

    def _take_parameters(self, run: RawRun) -> tuple[tuple[str, ...], Floats]:
        width = count_parameter_columns(run.columns, self.context.request.program)
        return tuple(run.columns[:width]), run.draws[0][:, :width]

    def _unconstrain(self, columns: tuple[str, ...], values: Floats) -> Floats:
        return self.shared.backend.unconstrain_values(self._make_job(), columns, values)

    def _make_job(self) -> Job:
        return make_plain_job(self.context)

    def _make_simulator_job(self, other: LikelihoodProgram) -> tuple[FitRequest, Job]:
        """Return the request of the program that simulated, with the simulated data, and a call of it."""
        request = replace_outcomes(other.request, self.data)
        folder = self.context.folder / "simulator"
        context = FitContext(request, other.model.exe, self.shared.backend, folder, SILENT)
        return request, make_plain_job(context)


def _list_intervals(result: MethodResult) -> tuple[dict[str, float], dict[str, float]]:
    """Return the estimates and the standard errors of an MLE.

    Raises
    ------
    RunError
        There is none.
    """
    if not result.is_ok:
        raise RunError(result.reason)
    values = {name: float(item["value"]) for name, item in result.estimates.items()}
    return values, {name: float(item["se"]) for name, item in result.estimates.items() if "se" in item}


def _list_map_intervals(
    result: MethodResult, search: OptimumSearch | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the mode and the standard errors of its curvature, by the delta method.

    Raises
    ------
    RunError
        There is none.
    """
    if not result.is_ok or search is None:
        raise RunError(result.reason)
    return search.best.values, compute_standard_errors(search.best)


def list_compared(program: Program, columns: Sequence[str]) -> list[str]:
    """Return the columns that truths of another program are compared in: parameters, also transformed."""
    declared = {item.name for item in (*program.parameters, *program.transformed_parameters)}
    return [column for column in columns if owner(column) in declared]


def make_plain_job(context: FitContext, *, pointwise: bool = False) -> Job:
    """Return a call without replicates and, unless asked for, without log densities of single rows."""
    request = context.request
    instrumented = request.program.instrumented
    own: Mapping[str, Any] = {}
    if instrumented is not None:
        own = instrumented.make_data(
            weights=request.weights, hyperparameters=request.priors.lifted, pointwise=pointwise
        )
    return replace(context.make_job_with(context.exe, "calibration", own), folder=context.folder / "calls")


def sum_likelihood(request: FitRequest, names: tuple[str, ...], rows: Floats) -> Floats | None:
    """Return the log density of all observations at each row; `None` where the program does not tell.

    Parameters
    ----------
    request
        The program.
    names, rows
        Its generated quantities, among others, and their values `(row, column)`.
    """
    instrumented = request.program.instrumented
    if instrumented is None:
        return None
    output = instrumented.outputs.densities
    terms = [f"{output}[{term.index}]" for term in instrumented.terms if term.role == "likelihood"]
    if not terms or not set(terms) <= set(names):
        return None
    return np.asarray(rows[:, [names.index(term) for term in terms]].sum(axis=1))


def compute_yes_probabilities(
    context: FitContext, backend: StanBackend, data: SimulatedData, points: Floats
) -> Floats | None:
    """Return the probability of a yes for each row at unconstrained points, `(point, row)`.

    It is the density of an outcome that is yes everywhere; with that of no it makes 1, else the outcome is
    none of yes and no.

    Parameters
    ----------
    context, backend, data
        The fit of the data set, what runs it, and the data set.
    points
        Unconstrained values of the parameters.

    Returns
    -------
    `None` where there is not exactly one outcome, each element of it yes or no with a density of its own.
    """
    instrumented = context.request.program.instrumented
    if instrumented is None or len(data.outcomes) != 1:
        return None
    ((name, outcome),) = data.outcomes.items()
    outcome = np.asarray(outcome)
    if outcome.dtype.kind != "i" or not np.isin(outcome, (0, 1)).all():
        return None
    found = []
    for number in (0, 1):
        variables = tuple(
            replace(item, value=np.full_like(outcome, number)) if item.name == name else item
            for item in context.request.data.variables
        )
        request = replace(context.request, data=replace(context.request.data, variables=variables))
        folder = context.folder / f"all-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        job = make_plain_job(replace(context, request=request, folder=folder), pointwise=True)
        try:
            names, rows = backend.constrain_points(job, points, Flag.GENERATED)
        except RunError:
            return None
        finally:
            backend.free(context.exe)
        places = [
            place for place, column in enumerate(names) if owner(column) == instrumented.outputs.log_lik
        ]
        if len(places) != outcome.size:
            return None
        found.append(np.exp(rows[:, places]))
    no, yes = found
    return yes if np.allclose(no + yes, 1.0, rtol=0, atol=_SURE) else None


# --- Checks -----------------------------------------------------------------------------------------------


def _collect_facts(stats: Mapping[str, Floats], step_size: Floats | None, method: Nuts) -> dict[str, Any]:
    """Return what `run.json` says about the sampler as a whole."""
    facts: dict[str, Any] = {"chains": method.chains, "draws": method.draws, "warmup": method.warmup}
    if "divergent" not in stats:
        return facts
    depth = stats["treedepth"]
    return facts | {
        "divergences": int(stats["divergent"].sum()),
        "max_treedepth": method.max_treedepth,
        "max_treedepth_hits": int((depth >= method.max_treedepth).sum()),
        "adapt_delta": method.adapt_delta,
        "accept_stat": stats["accept_stat"].mean(axis=1).tolist(),
        "step_size": [] if step_size is None else step_size.tolist(),
        "ebfmi": np.atleast_1d(array_stats.bfmi(stats["energy"])).tolist(),
    }


def _summarise(columns: tuple[str, ...], draws: Floats) -> dict[str, dict[str, float]]:
    """Return what checks of chains need of each parameter that varies, of all at once."""
    varies = np.ptp(draws, axis=(0, 1)) > 0
    kept = draws[:, :, varies]
    axes: dict[str, int] = {"chain_axis": 0, "draw_axis": 1}
    numbers = {
        "mean": kept.mean(axis=(0, 1)),
        "sd": kept.std(axis=(0, 1), ddof=1),
        "mcse_mean": array_stats.mcse(kept, method="mean", **axes),
        "rhat": array_stats.rhat(kept, **axes),
        "ess_bulk": array_stats.ess(kept, method="bulk", **axes),
        "ess_tail": array_stats.ess(kept, method="tail", prob=_TAIL, **axes),
    }
    names = [column for column, is_varying in zip(columns, varies, strict=True) if is_varying]
    return {
        name: {number: float(values[place]) for number, values in numbers.items()}
        for place, name in enumerate(names)
    }


def _ask_checks(method: str, facts: Mapping[str, Any]) -> dict[str, bool]:
    """Return, by code, whether each check of a method fires: those that do not apply are left out."""
    names = {name.partition("[")[0] for name in facts.get("estimates", {})}
    parameters = [{"name": name, "block": "parameters"} for name in sorted(names)]
    record = {"model": {"parameters": parameters}, method: {"status": "ok", **facts}}
    fit = Fit(record, xr.DataTree())
    asked = {check.code: check.assess(fit).status for check in CATALOGUE if check.code in WATCHED}
    return {
        code: status in ("issue", "tip") for code, status in asked.items() if status not in ("skipped", "n/a")
    }

"""Power-scaling: how much the posterior moves when a prior, or the likelihood, gets a little more weight.

Nothing is fitted again: the draws are reweighted by their own log densities, which the run directory holds.

References
----------
Kallioinen, Paananen, Bürkner and Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity
with power-scaling, Statistics and Computing 34:57, doi:10.1007/s11222-023-10366-5. The distance is ArviZ's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.loo import count_rows
from workbench.diagnostics.prior_weight import PriorTerm, measure_prior_weights
from workbench.errors import RunIncomplete
from workbench.estimation.sampling.psis import (
    EQUAL_RATIOS,
    choose_tail_length,
    estimate_khat,
    smooth_log_weights,
)
from workbench.late_imports import LateModule
from workbench.results import Fit
from workbench.results.quantities import SAMPLE_DIMS, Draws, find_kept_draws, finite_elements
from workbench.results.view import NO_LIKELIHOOD, PowerScalingResult, PriorStatement, Results, Sensitivity
from workbench.thresholds import FEWEST_POWER_SCALING_DRAWS, POWERS, SENSITIVITY_LIMIT, khat_limit

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")
    xr = LateModule("xarray")

Floats = NDArray[np.float64]

CONFLICT = "prior-data conflict"
"""Diagnosis where prior and likelihood both move the posterior: they pull against each other."""

STRONG_PRIOR = "strong prior / weak likelihood"
"""Diagnosis where only the prior moves the posterior."""

_TAIL = 0.05
"""Probability of the tails whose effective sample size decides how many ratios are smoothed; as in ArviZ."""

_ROUNDING = 1e-9
"""Range of a log density, relative to its size, that is rounding."""


@dataclass(frozen=True)
class Component:
    """A part of the log density that is raised to a power.

    Attributes
    ----------
    name
        `prior` for all priors together, `likelihood`, or a prior statement.
    log_density
        Its log density at the draws, `(chain, draw)`.
    line, term
        The line and the number of a statement; `None` for the whole.
    """

    name: str
    log_density: Floats
    line: int | None = None
    term: int | None = None

    @property
    def is_statement(self) -> bool:
        """Whether it is a single prior statement."""
        return self.line is not None


def measure_power_scaling(fit: Fit) -> PowerScalingResult:
    """Return the power-scaling sensitivity of every quantity of a fit.

    Parameters
    ----------
    fit
        With posterior draws and their log densities.
    """
    reason = _explain_missing(fit)
    if reason:
        return PowerScalingResult(status="not available", reason=reason)
    components = read_components(fit.tree)
    estimates = fit.results.nuts.estimates
    elements = finite_elements(fit.tree["posterior"].to_dataset())
    quantities = {name: draws for name, draws in elements.items() if name in estimates}
    labels = {name: estimates[name].label for name in quantities}
    sensitivities = measure_sensitivities(quantities, components, labels)
    return PowerScalingResult(
        alphas=POWERS,
        threshold=SENSITIVITY_LIMIT,
        khat_threshold=khat_limit(components[0].log_density.size),
        statements=tuple(
            PriorStatement(component.name, component.line, component.term)
            for component in components
            if component.is_statement
        ),
        khat={component.name: estimate_power_khat(component.log_density) for component in components},
        parameters=_add_prior_weights(fit, sensitivities, quantities, components),
        predictions=_measure_predictions(fit.tree, components),
    )


def _measure_predictions(tree: xr.DataTree, components: tuple[Component, ...]) -> dict[str, Sensitivity]:
    """Return the sensitivity of the replicated data sets, at the draws that have them."""
    predictions = summarise_predictions(tree)
    if not predictions:
        return {}
    kept = find_kept_draws(tree, "posterior_predictive")
    at_kept = (replace(component, log_density=component.log_density[:, kept]) for component in components)
    return measure_sensitivities(predictions, tuple(at_kept), {})


def _add_prior_weights(
    fit: Fit,
    sensitivities: Mapping[str, Sensitivity],
    quantities: Mapping[str, Draws],
    components: tuple[Component, ...],
) -> dict[str, Sensitivity]:
    """Return sensitivities with the weight of the priors where it is known, also in rows.

    With latent variables the information of the data about a parameter does not stand in the likelihood.
    """
    log_data = _read_likelihood(fit.tree)
    has_latents = "log_density" in fit.tree.children and "latent" in fit.tree["log_density"].data_vars
    if log_data is None or has_latents:
        return dict(sensitivities)
    known = {name: quantities[name] for name in sensitivities}
    rows = count_rows(fit)
    weights = measure_prior_weights(fit.results, known, _list_prior_terms(fit.results, components), log_data)
    return dict(sensitivities) | {
        name: msgspec.structs.replace(
            sensitivities[name], prior_weight=weight, prior_rows=None if rows is None else weight * rows
        )
        for name, weight in weights.items()
    }


def _list_prior_terms(results: Results, components: tuple[Component, ...]) -> list[PriorTerm]:
    """Return the prior statements with the variables in them; all priors as one if these are not known."""
    variables: dict[int | None, set[str]] = {}
    for term in results.model.terms:
        variables.setdefault(term.line, set()).update(term.parameters)
    statements = [component for component in components if component.is_statement]
    if not statements:
        return [PriorTerm(components[0].log_density, frozenset())]
    return [
        PriorTerm(component.log_density, frozenset(variables.get(component.line, ())))
        for component in statements
    ]


def read_components(tree: xr.DataTree) -> tuple[Component, ...]:
    """Return what can be raised to a power: all priors, the likelihood where it is known, each statement.

    Raises
    ------
    RunIncomplete
        The run does not hold the log density of its prior.
    """
    if "log_prior" not in tree.children:
        raise RunIncomplete("the run was expected to hold `log_prior` in `fit.nc`; it does not.")
    prior = tree["log_prior"].to_dataset()["lprior"]
    own = [dim for dim in prior.dims if dim not in SAMPLE_DIMS]
    components = [Component("prior", _to_matrix(prior.sum(own)))]
    likelihood = _read_likelihood(tree)
    if likelihood is not None:
        components.append(Component("likelihood", likelihood))
    if "prior_statement" in prior.dims:
        for statement in prior.transpose("prior_statement", ...):
            name = str(statement["prior_statement"].item())
            line, term = int(statement["prior_line"]), int(statement["prior_term"])
            components.append(Component(name, _to_matrix(statement), line, term))
    return tuple(components)


def measure_sensitivities(
    quantities: Mapping[str, Draws], components: tuple[Component, ...], labels: Mapping[str, str]
) -> dict[str, Sensitivity]:
    """Return the sensitivity of each quantity `(chain, draw)` to each component, and the diagnosis.

    A constant quantity is left out: nothing moves it.
    """
    weights = {component.name: compute_power_weights(component.log_density) for component in components}
    statements = [component.name for component in components if component.is_statement]
    sensitivities: dict[str, Sensitivity] = {}
    for name, draws in quantities.items():
        if not np.ptp(draws) > 0:
            continue
        distances = {component: measure_distance(draws, *pair) for component, pair in weights.items()}
        sensitivities[name] = Sensitivity(
            label=labels.get(name, ""),
            prior=distances["prior"],
            likelihood=distances.get("likelihood"),
            statements=tuple(distances[statement] for statement in statements),
            diagnosis=diagnose_sensitivity(distances["prior"], distances.get("likelihood")),
        )
    return sensitivities


def select_parameters(results: Results) -> dict[str, Sensitivity]:
    """Return the sensitivity of each parameter and transformed parameter, by label."""
    return {
        sensitivity.label or name: sensitivity
        for name, sensitivity in results.power_scaling.parameters.items()
        if results.is_declared(name)
    }


def compute_power_weights(log_density: Floats) -> tuple[Floats, Floats]:
    """Return the weights of the draws at the lower and at the upper power, each `(chain, draw)`, sum 1."""
    return _weigh(log_density, POWERS[0]), _weigh(log_density, POWERS[1])


def measure_distance(draws: Draws, lower: Floats, upper: Floats) -> float:
    """Return ArviZ's sensitivity: the cumulative Jensen-Shannon distance per doubling of the power."""
    return float(array_stats.power_scale_sense(draws, lower, upper, POWERS[0], POWERS[1]))


def estimate_power_khat(log_density: Floats) -> float:
    """Return the larger k-hat of the two powers' weights."""
    return max(estimate_khat(((power - 1) * log_density).ravel()) for power in POWERS)


def diagnose_sensitivity(prior: float, likelihood: float | None) -> str:
    """Return the diagnosis in the words of Kallioinen et al. (2024), or an empty string.

    >>> diagnose_sensitivity(0.2, 0.1), diagnose_sensitivity(0.2, 0.01), diagnose_sensitivity(0.01, 0.1)
    ('prior-data conflict', 'strong prior / weak likelihood', '')
    """
    if likelihood is None:
        return ""
    if prior >= SENSITIVITY_LIMIT and likelihood >= SENSITIVITY_LIMIT:
        return CONFLICT
    return STRONG_PRIOR if prior > SENSITIVITY_LIMIT > likelihood else ""


def summarise_predictions(tree: xr.DataTree) -> dict[str, Floats]:
    """Return mean and standard deviation of each replicated data set, `(chain, draw)`, by variable."""
    if "posterior_predictive" not in tree.children:
        return {}
    summaries: dict[str, Floats] = {}
    for name, array in tree["posterior_predictive"].data_vars.items():
        own = [dim for dim in array.dims if dim not in SAMPLE_DIMS]
        if own:
            summaries[f"mean({name})"] = _to_matrix(array.mean(own))
            summaries[f"sd({name})"] = _to_matrix(array.std(own))
        else:
            summaries[str(name)] = _to_matrix(array)
    return {name: draws for name, draws in summaries.items() if np.isfinite(draws).all()}


def _explain_missing(fit: Fit) -> str:
    """Return why no component can be scaled; empty where it can."""
    if not fit.results.nuts.is_ok:
        return "there are no posterior draws to reweight."
    if fit.results.model.has_no_likelihood:
        return NO_LIKELIHOOD[:1].lower() + NO_LIKELIHOOD[1:]
    if "log_prior" not in fit.tree.children:
        return (
            "the program states no prior: all are flat."
            if fit.results.model.instrumented
            else "the log prior of the draws is not known: the program could not be taken apart."
        )
    sizes = fit.tree["posterior"].sizes
    if sizes["chain"] * sizes["draw"] < FEWEST_POWER_SCALING_DRAWS:
        return f"fewer than {FEWEST_POWER_SCALING_DRAWS} draws are too few to reweight."
    return ""


def _read_likelihood(tree: xr.DataTree) -> Floats | None:
    """Return the log likelihood of the draws: the sum of its terms, else of what the program itself keeps."""
    densities = tree["log_density"].to_dataset() if "log_density" in tree.children else xr.Dataset()
    if "likelihood" in densities:
        return _to_matrix(densities["likelihood"])
    if "log_likelihood" not in tree.children:
        return None
    rows = tree["log_likelihood"].to_dataset().to_stacked_array("all", sample_dims=SAMPLE_DIMS)
    return _to_matrix(rows.sum("all"))


def _weigh(log_density: Floats, power: float) -> Floats:
    """Return smoothed weights of the draws at a power; equal ones where the density hardly varies.

    No power changes a flat prior, and ArviZ refuses it.
    """
    size = max(1.0, float(np.abs(log_density).max()))
    if np.ptp(log_density) < max(_ROUNDING * size, EQUAL_RATIOS):
        return np.full(log_density.shape, 1 / log_density.size)
    log_ratios = (power - 1) * log_density.reshape(1, -1)
    log_weights, _ = smooth_log_weights(log_ratios, _choose_tail_length(log_density))
    weights: Floats = np.exp(log_weights[0]).reshape(log_density.shape)
    return weights


def _choose_tail_length(log_density: Floats) -> int:
    """Return how many of the largest ratios are smoothed: by the ESS of both tails, as in ArviZ."""
    efficiency = float(
        array_stats.ess(
            log_density.reshape(1, -1), chain_axis=0, draw_axis=1, method="tail", prob=_TAIL, relative=True
        )
    )
    return min(choose_tail_length(log_density.size, efficiency), log_density.size // 2)


def _to_matrix(array: xr.DataArray) -> Floats:
    return np.asarray(array.transpose(*SAMPLE_DIMS).values, dtype=float)

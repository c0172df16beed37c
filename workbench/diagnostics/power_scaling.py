"""Power-scaling: how much the posterior moves when a prior, or the likelihood, counts a little more or less.

Nothing is fitted again: the draws are reweighted by their own log densities, which the run directory holds.

References
----------
Kallioinen, Paananen, Bürkner and Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity
with power-scaling, Statistics and Computing 34:57, doi:10.1007/s11222-023-10366-5. The distance is ArviZ's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from workbench.estimation.sampling.importance import EQUAL_RATIOS, estimate_khat
from workbench.estimation.sampling.psis import choose_tail_length, smooth_log_weights
from workbench.results import Fit
from workbench.thresholds import FEWEST_POWER_SCALING_DRAWS, POWERS, SENSITIVITY_LIMIT, khat_limit

Floats = NDArray[np.float64]

CONFLICT = "prior-data conflict"
"""Prior and likelihood both move the posterior: they pull against each other."""

STRONG_PRIOR = "strong prior / weak likelihood"
"""Only the prior moves the posterior."""

EXTREME = 0.05
"""The tails whose effective sample size decides how many ratios are smoothed; as in ArviZ."""

_EQUAL = 1e-9


@dataclass(frozen=True)
class Component:
    """A part of the log density that is raised to a power.

    Attributes
    ----------
    name
        `prior` for all of them, `likelihood`, or a prior statement.
    log_density
        Its log density at the draws, `(chain, draw)`.
    line, term
        Where the statement stands and its number; `None` for the whole.
    """

    name: str
    log_density: Floats
    line: int | None = None
    term: int | None = None


def power_scaling(fit: Fit) -> dict[str, Any]:
    """Return the power-scaling sensitivity of every quantity of a fit, as it stands in `run.json`.

    Parameters
    ----------
    fit
        With posterior draws and their log densities.

    Returns
    -------
    `status`, with a `reason` unless it is `ok`; `statements`, one for each prior statement; `parameters`,
    with the sensitivity to the prior, to the likelihood and to each statement, and the diagnosis; the same
    for `predictions`; `khat` of the weights by component, and the thresholds.
    """
    reason = _unavailable(fit)
    if reason:
        return {"status": "not available", "reason": reason}
    parts = components(fit.tree)
    labels = fit.record["nuts"]["estimates"]
    quantities = {name: draws for name, draws in elements(fit.tree).items() if name in labels}
    named = {name: {"label": labels[name]["label"]} if "label" in labels[name] else {} for name in quantities}
    return {
        "status": "ok",
        "alphas": list(POWERS),
        "threshold": SENSITIVITY_LIMIT,
        "khat_threshold": khat_limit(parts[0].log_density.size),
        "statements": [
            {"statement": one.name, "line": one.line, "term": one.term}
            for one in parts
            if one.line is not None
        ],
        "khat": {one.name: khat(one.log_density) for one in parts},
        "parameters": {name: named[name] | entry for name, entry in sensitivities(quantities, parts).items()},
        "predictions": sensitivities(predictions(fit.tree), parts),
    }


def components(tree: xr.DataTree) -> tuple[Component, ...]:
    """Return what can be raised to a power: all priors, the likelihood where it is known, each statement."""
    prior = tree["log_prior"]["lprior"]
    found = [Component("prior", _matrix(prior.sum([dim for dim in prior.dims if dim not in _SAMPLE])))]
    likelihood = _likelihood(tree)
    if likelihood is not None:
        found.append(Component("likelihood", likelihood))
    if "prior_statement" in prior.dims:
        for one in prior.transpose("prior_statement", ...):
            place = (int(one["prior_line"]), int(one["prior_term"]))
            found.append(Component(str(one["prior_statement"].item()), _matrix(one), *place))
    return tuple(found)


def sensitivities(
    quantities: Mapping[str, Floats], parts: tuple[Component, ...]
) -> dict[str, dict[str, Any]]:
    """Return, for each quantity `(chain, draw)`, its sensitivity to each component and the diagnosis."""
    weights = {one.name: power_weights(one.log_density) for one in parts}
    whole = [one.name for one in parts if one.line is None]
    found: dict[str, dict[str, Any]] = {}
    for name, draws in quantities.items():
        if not np.ptp(draws) > 0:
            continue  # a constant does not move
        moved = {component: distance(draws, *pair) for component, pair in weights.items()}
        found[name] = {component: moved[component] for component in whole}
        found[name]["statements"] = [moved[one.name] for one in parts if one.line is not None]
        found[name]["diagnosis"] = judge(moved["prior"], moved.get("likelihood"))
    return found


def power_weights(log_density: Floats) -> tuple[Floats, Floats]:
    """Return the weights of the draws at the lower and at the upper power, each `(chain, draw)`, sum 1."""
    return _normalised(log_density, POWERS[0]), _normalised(log_density, POWERS[1])


def distance(draws: Floats, lower: Floats, upper: Floats) -> float:
    """Return ArviZ's sensitivity: the cumulative Jensen-Shannon distance per doubling of the power."""
    return float(array_stats.power_scale_sense(draws, lower, upper, POWERS[0], POWERS[1]))


def khat(log_density: Floats) -> float:
    """Return the larger k-hat of the two powers' weights."""
    return max(estimate_khat(((alpha - 1) * log_density).ravel()) for alpha in POWERS)


def judge(prior: float, likelihood: float | None) -> str:
    """Return the diagnosis in the words of Kallioinen et al. (2024), or nothing.

    >>> judge(0.2, 0.1), judge(0.2, 0.01), judge(0.01, 0.1)
    ('prior-data conflict', 'strong prior / weak likelihood', '')
    """
    if likelihood is None:
        return ""
    if prior >= SENSITIVITY_LIMIT and likelihood >= SENSITIVITY_LIMIT:
        return CONFLICT
    return STRONG_PRIOR if prior > SENSITIVITY_LIMIT > likelihood else ""


def elements(tree: xr.DataTree) -> dict[str, Floats]:
    """Return the draws `(chain, draw)` of each element of the posterior, by Stan name."""
    found: dict[str, Floats] = {}
    for variable, array in tree["posterior"].data_vars.items():
        values = array.transpose(*_SAMPLE, ...).values
        for index in np.ndindex(*values.shape[2:]):
            inside = ",".join(str(one + 1) for one in index)
            found[f"{variable}[{inside}]" if inside else str(variable)] = np.asarray(
                values[(..., *index)], float
            )
    return {name: draws for name, draws in found.items() if np.isfinite(draws).all()}


def predictions(tree: xr.DataTree) -> dict[str, Floats]:
    """Return mean and standard deviation of each replicated data set, `(chain, draw)`, by variable."""
    found: dict[str, Floats] = {}
    for group in tree.children.values():
        if group.name != "posterior_predictive":
            continue
        for name, array in group.data_vars.items():
            own = [dim for dim in array.dims if dim not in _SAMPLE]
            if own:
                found[f"mean({name})"] = _matrix(array.mean(own))
                found[f"sd({name})"] = _matrix(array.std(own))
            else:
                found[str(name)] = _matrix(array)
    return {name: draws for name, draws in found.items() if np.isfinite(draws).all()}


_SAMPLE = ("chain", "draw")


def _unavailable(fit: Fit) -> str:
    if fit.record["nuts"]["status"] != "ok":
        return "there are no posterior draws to reweight."
    if "log_prior" not in fit.tree.children:
        instrumented = fit.record["model"]["instrumented"]
        return (
            "the program states no prior: all are flat."
            if instrumented
            else "the log prior of the draws is not known: the program could not be taken apart."
        )
    if (
        fit.tree["posterior"].sizes["chain"] * fit.tree["posterior"].sizes["draw"]
        < FEWEST_POWER_SCALING_DRAWS
    ):
        return f"fewer than {FEWEST_POWER_SCALING_DRAWS} draws are too few to reweight."
    return ""


def _likelihood(tree: xr.DataTree) -> Floats | None:
    """Return the log-likelihood of the draws: the sum of its terms, else of what the program itself keeps."""
    if "log_density" in tree.children and "likelihood" in tree["log_density"].data_vars:
        return _matrix(tree["log_density"]["likelihood"])
    if "log_likelihood" not in tree.children:
        return None
    array = tree["log_likelihood"].to_dataset().to_stacked_array("all", sample_dims=_SAMPLE).sum("all")
    return _matrix(array)


def _normalised(log_density: Floats, alpha: float) -> Floats:
    """Return smoothed weights; a density that is the same at all draws leaves them equal."""
    if np.ptp(log_density) < _EQUAL * max(1.0, float(np.abs(log_density).max())):
        return np.full(log_density.shape, 1 / log_density.size)
    if np.ptp(log_density) < EQUAL_RATIOS:  # a flat prior: no power changes it, and ArviZ refuses it
        return np.full(log_density.shape, 1 / log_density.size)
    log_ratios = (alpha - 1) * log_density.reshape(1, -1)
    log_weights, _ = smooth_log_weights(log_ratios, _tail_length(log_density))
    weights: Floats = np.exp(log_weights[0]).reshape(log_density.shape)
    return weights


def _tail_length(log_density: Floats) -> int:
    """Return how many of the largest ratios are smoothed: as in ArviZ, which takes both tails for it."""
    efficiency = float(
        array_stats.ess(
            log_density.reshape(1, -1),
            chain_axis=0,
            draw_axis=1,
            method="tail",
            prob=EXTREME,
            relative=True,
        )
    )
    return min(choose_tail_length(log_density.size, efficiency), log_density.size // 2)


def _matrix(array: Any) -> Floats:
    return np.asarray(array.transpose(*_SAMPLE).values, dtype=float)

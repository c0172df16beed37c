"""The draws of a stored run that stand for its posterior: those of NUTS, else of an approximation.

Draws of the Laplace approximation are drawn again with their importance weights where k-hat shows that these
are reliable. Those of Pathfinder were drawn so when the run was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError, RunIncomplete
from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.provenance import derive_seeds
from workbench.results import Fit
from workbench.results.quantities import SAMPLE_DIMS
from workbench.results.sampling_command import advise_draws, explain_no_chains, suggest_sampling
from workbench.results.stored import PlainArray, PlainGroup
from workbench.results.view import ApproximationResult, Results
from workbench.thresholds import format_beside_limit

_SEED = 2
"""Which of the seeds derived from that of the run is for drawing again; Stan uses those before it."""

POINT_DRAWS = 4_000
"""How often a point is repeated: as many draws as NUTS makes by default. Ours."""

_DENSITIES = ("log_p", "log_q")
"""The log densities of the posterior and of the approximation, beside the draws of an approximation."""

_PHRASES = {"laplace": "the Laplace approximation", "pathfinder": "Pathfinder"}
"""Approximations as they stand in a sentence."""

POINTS = ("map", "mle")
"""Methods whose result is a point."""

METHODS = ("nuts", "laplace", "pathfinder", *POINTS)
"""Methods that can be predicted from, the best first."""


@dataclass(frozen=True)
class StoredDraws:
    """Draws that stand for a posterior.

    Attributes
    ----------
    draws
        Every variable by name, each `(chain, draw, ...)`; of an approximation one chain.
    remark
        Which approximation they are of and how far they can be relied on; empty for those of NUTS.
    method
        The key of the method.
    """

    draws: Mapping[str, PlainArray]
    remark: str = ""
    method: str = ""

    @property
    def chains(self) -> int:
        """How many chains the draws come from, one after the other."""
        return next((variable.values.shape[0] for variable in self.draws.values()), 1)


def choose_source(results: Results) -> str:
    """Return the key of the method whose draws stand for the posterior; empty where none has draws."""
    methods = ("nuts", "laplace", "pathfinder")
    return next((key for key in methods if results.method(key).is_ok), "")


def select_draws(fit: Fit, method: str = "") -> StoredDraws:
    """Return the draws of a run that stand for its posterior.

    Parameters
    ----------
    fit
        The run.
    method
        ``nuts``, ``laplace`` or ``pathfinder``, or ``map`` or ``mle`` for a point in the place of draws; by
        default the best that the run has.

    Raises
    ------
    RunIncomplete
        The run has no draws: it holds point estimates alone, or every method failed.
    """
    results = fit.results
    if method in POINTS:
        return _select_point(fit, method)
    posterior = fit.find_group("posterior")
    source = method or ("nuts" if posterior is not None else choose_source(results))
    if source == "nuts" and posterior is not None:
        return StoredDraws(dict(posterior.list_data()), method="nuts")
    group = fit.find_group(source) if source else None
    if method and (group is None or not results.method(method).is_ok):
        raise _describe_absent(fit, method)
    if group is None:
        has_points = results.mle.is_ok or results.map.is_ok or results.map_unconstrained.is_ok
        cause = "point estimates have no spread" if has_points else explain_no_chains(results).rstrip(".")
        hint = advise_draws(results)
        if results.nuts.status != "failed":
            hint += "; `workbench fit` with `--method auto` makes do with Laplace where that is accepted"
        raise RunIncomplete(f"the run has no draws to predict from: {cause}.", hint=hint)
    approximation = results.laplace if source == "laplace" else results.pathfinder
    is_weighted = source == "laplace" and approximation.corrected
    rows = _draw_again(group, fit) if is_weighted else slice(None)
    chosen = {
        name: PlainArray(("chain", *variable.dims), variable.values[rows][None])
        for name, variable in group.list_data()
        if name not in _DENSITIES
    }
    return StoredDraws(chosen, describe_source(results, source), source)


def _select_point(fit: Fit, method: str) -> StoredDraws:
    """Return a point as draws that are all the same, so that outcomes are drawn given it many times."""
    group = fit.find_group(method)
    if group is None or not fit.results.method(method).is_ok:
        raise _describe_absent(fit, method)
    point = {
        key: PlainArray(
            (*SAMPLE_DIMS, *variable.dims),
            np.broadcast_to(variable.values, (1, POINT_DRAWS, *variable.values.shape)),
        )
        for key, variable in group.list_data()
    }
    name = "maximum-likelihood estimate" if method == "mle" else "posterior mode (MAP)"
    remark = (
        f"the {name} stands for the posterior: intervals leave out that the parameters are uncertain, "
        "and are too narrow."
    )
    return StoredDraws(point, remark, method)


def _describe_absent(fit: Fit, method: str) -> RequestError:
    """Return the error for a method without a result in a run."""
    results = fit.results
    names = [name for name in METHODS if fit.find_group("posterior" if name == "nuts" else name) is not None]
    found = results.method(method)
    reason = f": {found.reason.rstrip('.')}" if found.reason else ""
    hint = f"it has {', '.join(names)}" if names else advise_draws(results)
    return RequestError(f"the run has no result of `{method}` to predict from{reason}.", hint=hint)


def describe_source(results: Results, source: str = "") -> str:
    """Return which approximation stands for the posterior, and how good it is; empty for NUTS or none."""
    source = source or choose_source(results)
    if source in ("", "nuts"):
        return ""
    approximation = results.method(source)
    assert isinstance(approximation, ApproximationResult)  # noqa: S101 - the methods besides NUTS that draw
    khat, limit = approximation.khat, approximation.khat_threshold
    origin = f"the draws are of {_PHRASES[source]}"
    if khat is None or limit is None:  # JSON has no infinity
        shown = "k-hat is infinite"
    else:
        number, beside = format_beside_limit(khat, limit, 2)
        shown = f"k-hat is {number}, {'at most' if khat <= limit else 'above'} {beside}"
    if approximation.corrected:
        return f"{origin}, corrected by importance weights ({shown})."
    if results.nuts.status == "failed":
        remedy = "NUTS failed when the run was made."
    else:
        remedy = f"{suggest_sampling(results)} samples the posterior itself."
    return (
        f"{origin}, and importance weights cannot correct it ({shown}): means and intervals can be far off. "
        f"{remedy}"
    )


def _draw_again(group: PlainGroup, fit: Fit) -> NDArray[np.int64]:
    """Return the draws to take, by systematic resampling: each as often as its weight says, rounded."""
    log_p, log_q = (group.variables[name].values for name in _DENSITIES)
    log_ratios = np.asarray(log_p - log_q, dtype=float)
    weights = compute_importance_weights(log_ratios).weights
    random = np.random.default_rng(derive_seeds(fit.results.seed or 0, _SEED + 1)[_SEED])
    count = len(weights)
    places = (random.random() + np.arange(count)) / count
    rows = np.minimum(np.searchsorted(np.cumsum(weights), places), count - 1)
    return random.permutation(rows)

"""Runs compared by leave-one-out: which predicts unseen rows better, and whether the difference is clear.

References
----------
Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4. Sivula, Magnusson, Matamoros and Vehtari
(2020), Uncertainty in Bayesian leave-one-out cross-validation based model comparison, arXiv:2008.10296.
Weights by stacking: Yao, Vehtari, Simpson and Gelman (2018), doi:10.1214/17-BA1091. All as ArviZ
computes them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature

import numpy as np
import xarray as xr
from arviz_stats import compare, loo

from workbench.diagnostics.loo import explain_missing_loo, read_log_likelihood
from workbench.results import Fit
from workbench.thresholds import ELPD_DIFFERENCE_LIMIT, ELPD_STANDARD_ERRORS, FEWEST_COMPARED_ROWS

_UNROUNDED = {"round_to": "none"} if "round_to" in signature(compare).parameters else {}
"""Asks ArviZ 1 for all digits; older versions know nothing else."""


@dataclass(frozen=True)
class Standing:
    """How well a run predicts, compared with the best.

    Attributes
    ----------
    elpd, se
        Expected log predictive density and its standard error [nats].
    p_loo
        Effective number of parameters.
    difference, difference_se
        How far its elpd is below that of the best run, and the standard error of that [nats]; 0 for the best.
    weight
        Its weight in the stack of predictive distributions.
    is_unreliable
        Whether some k-hat is too large for the number of draws.
    """

    elpd: float
    se: float
    p_loo: float
    difference: float
    difference_se: float
    weight: float
    is_unreliable: bool


def explain_incomparable(fits: Mapping[str, Fit]) -> str:
    """Return why runs cannot be compared by leave-one-out; empty where they can."""
    for name, fit in fits.items():
        reason = explain_missing_loo(fit)
        if reason:
            return f"`{name}` has no leave-one-out: {reason}"
    (first, reference), *others = fits.items()
    for name, fit in others:
        if not _have_same_outcome(reference, fit):
            return f"`{name}` and `{first}` were not fitted to the same outcome."
    return ""


def _have_same_outcome(fit: Fit, other: Fit) -> bool:
    """Return whether two fits have equal outcomes, and as many rows of the log likelihood."""
    log_liks = [read_log_likelihood(fit), read_log_likelihood(other)]
    if len({None if log_lik is None else len(log_lik) for log_lik in log_liks}) != 1 or log_liks[0] is None:
        return False
    observed, others = _read_observed(fit), _read_observed(other)
    if not observed or not others:
        return fit.results.data.sha256 == other.results.data.sha256
    return any(
        first.shape == second.shape and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
        for first in observed
        for second in others
    )


def _read_observed(fit: Fit) -> list[np.ndarray]:
    if "observed_data" not in fit.tree.children:
        return []
    return [np.asarray(array.values).ravel() for array in fit.tree["observed_data"].data_vars.values()]


def compare_predictions(fits: Mapping[str, Fit]) -> dict[str, Standing]:
    """Return how well each run predicts, the best first; `explain_incomparable` must be empty."""
    trees = {name: _reduce_tree(fit) for name, fit in fits.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `is_unreliable` reports large k-hats
        table = compare(trees, **_UNROUNDED)
    return {
        str(name): Standing(
            elpd=float(row["elpd"]),
            se=float(row["se"]),
            p_loo=float(row["p"]),
            difference=abs(float(row["elpd_diff"])),
            difference_se=float(row["dse"]),
            weight=float(row["weight"]),
            is_unreliable=_is_unreliable(trees[str(name)]),
        )
        for name, row in table.iterrows()
    }


def _is_unreliable(tree: xr.DataTree) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the return value says the same
        return bool(loo(tree).warning)


def _reduce_tree(fit: Fit) -> xr.DataTree:
    """Return posterior and log likelihood alone, the latter as one variable over all rows."""
    log_lik = read_log_likelihood(fit)
    assert log_lik is not None  # noqa: S101 - `explain_incomparable` is empty
    posterior = fit.tree["posterior"].to_dataset()
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(log_lik))
    dims = ("chain", "draw", "row")
    coords = {name: posterior[name] for name in ("chain", "draw")}
    rows = xr.Dataset({"log_lik": (dims, log_lik.T.reshape(shape))}, coords=coords)
    return xr.DataTree.from_dict({"/posterior": posterior, "/log_likelihood": rows})


def find_doubts(standing: Standing, rows: int) -> tuple[str, ...]:
    """Return why a difference to the best run is not clear; empty where it is.

    >>> find_doubts(Standing(-10, 1, 2, 3.0, 1.0, 0.1, False), 50)
    ('fewer than 100 rows', 'a difference below 4 nats')
    """
    doubts = []
    if rows < FEWEST_COMPARED_ROWS:
        doubts.append(f"fewer than {FEWEST_COMPARED_ROWS} rows")
    if standing.difference < ELPD_DIFFERENCE_LIMIT:
        doubts.append(f"a difference below {ELPD_DIFFERENCE_LIMIT:g} nats")
    elif standing.difference < ELPD_STANDARD_ERRORS * standing.difference_se:
        doubts.append("a difference within two standard errors")
    if standing.is_unreliable:
        doubts.append("a k-hat above its limit")
    return tuple(doubts)

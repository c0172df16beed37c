"""Runs compared by leave-one-out: which predicts unseen rows better, and whether one can tell.

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
from arviz_stats import compare
from arviz_stats import loo as leave_one_out

from workbench.diagnostics import loo
from workbench.results import Fit
from workbench.thresholds import ELPD_DIFFERENCE_LIMIT, ELPD_STANDARD_ERRORS, FEWEST_COMPARED_ROWS

# ArviZ 1 rounds its table unless told otherwise; before, it knew nothing else.
_UNROUNDED = {"round_to": "none"} if "round_to" in signature(compare).parameters else {}


@dataclass(frozen=True)
class Standing:
    """How one run fares among the others.

    Attributes
    ----------
    elpd, se
        Expected log predictive density and its standard error [nats].
    p_loo
        Effective number of parameters.
    behind, behind_se
        How far it is behind the best run, and the standard error of that [nats]; 0 for the best.
    weight
        Its weight in the stack of predictive distributions.
    is_unreliable
        Some k-hat is too large for the number of draws.
    """

    elpd: float
    se: float
    p_loo: float
    behind: float
    behind_se: float
    weight: float
    is_unreliable: bool


def incomparable(fits: Mapping[str, Fit]) -> str:
    """Return why runs cannot be compared by leave-one-out; empty where they can."""
    for name, fit in fits.items():
        reason = loo.unavailable(fit)
        if reason:
            return f"`{name}` has no leave-one-out: {reason}"
    (first, reference), *others = fits.items()
    for name, fit in others:
        if not _same_outcome(reference, fit):
            return f"`{name}` and `{first}` were not fitted to the same outcome."
    return ""


def _same_outcome(one: Fit, other: Fit) -> bool:
    """Return whether two fits hold log-likelihoods of as many rows, of equal data."""
    rows = [found.shape[0] for fit in (one, other) if (found := loo.log_likelihood(fit)) is not None]
    if len(set(rows)) != 1 or len(rows) != 2:
        return False
    outcomes = [_outcomes(fit) for fit in (one, other)]
    if not all(outcomes):
        return bool(one.record["data"].get("sha256") == other.record["data"].get("sha256"))
    return any(
        first.shape == second.shape and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
        for first in outcomes[0]
        for second in outcomes[1]
    )


def _outcomes(fit: Fit) -> list[np.ndarray]:
    if "observed_data" not in fit.tree.children:
        return []
    return [np.asarray(array.values).ravel() for array in fit.tree["observed_data"].data_vars.values()]


def standings(fits: Mapping[str, Fit]) -> dict[str, Standing]:
    """Return how each run fares, the best first; `incomparable` must be empty."""
    trees = {name: _plain(fit) for name, fit in fits.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # large k-hats are said by `is_unreliable`
        table = compare(trees, **_UNROUNDED)
    return {
        str(name): Standing(
            float(row["elpd"]),
            float(row["se"]),
            float(row["p"]),
            abs(float(row["elpd_diff"])),
            float(row["dse"]),
            float(row["weight"]),
            _is_unreliable(trees[str(name)]),
        )
        for name, row in table.iterrows()
    }


def _is_unreliable(tree: xr.DataTree) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is what is asked
        return bool(leave_one_out(tree).warning)


def _plain(fit: Fit) -> xr.DataTree:
    """Return posterior and log likelihood alone, the latter as one variable over all rows."""
    log_lik = loo.log_likelihood(fit)
    assert log_lik is not None  # noqa: S101 - `incomparable` has said so
    posterior = fit.tree["posterior"].to_dataset()
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(log_lik))
    dims = ("chain", "draw", "row")
    coords = {name: posterior[name] for name in ("chain", "draw")}
    rows = xr.Dataset({"log_lik": (dims, log_lik.T.reshape(shape))}, coords=coords)
    return xr.DataTree.from_dict({"/posterior": posterior, "/log_likelihood": rows})


def doubts(standing: Standing, rows: int) -> tuple[str, ...]:
    """Return why a difference to the best run does not tell the two apart; empty where it may.

    >>> doubts(Standing(-10, 1, 2, 3.0, 1.0, 0.1, False), 50)
    ('fewer than 100 rows', 'a difference below 4')
    """
    found = []
    if rows < FEWEST_COMPARED_ROWS:
        found.append(f"fewer than {FEWEST_COMPARED_ROWS} rows")
    if standing.behind < ELPD_DIFFERENCE_LIMIT:
        found.append(f"a difference below {ELPD_DIFFERENCE_LIMIT:g}")
    elif standing.behind < ELPD_STANDARD_ERRORS * standing.behind_se:
        found.append("a difference within two standard errors")
    if standing.is_unreliable:
        found.append("a k-hat above its limit")
    return tuple(found)

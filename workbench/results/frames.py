"""Results as pandas tables: the estimates of a method, confidence intervals, gaps and draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from workbench.errors import MethodError, RunIncomplete
from workbench.late_imports import LateModule
from workbench.methods import RESULTS
from workbench.results.quantities import iterate_elements, owner
from workbench.results.view import MleResult, Results

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from scipy import stats
else:
    stats = LateModule("scipy.stats")
    pd = LateModule("pandas")

METHODS_WITH_ESTIMATES = (*RESULTS, "exact")
"""The parts of `run.json` that hold estimates."""


def estimates_frame(results: Results, method: str) -> pd.DataFrame:
    """Return the estimates of one method, a row for each quantity.

    Parameters
    ----------
    results
        The results of a fit.
    method
        A key of `run.json`: `mle`, `map`, `map_unconstrained`, `laplace`, `pathfinder`, `nuts` or `exact`.

    Returns
    -------
    A frame indexed by the names for people, with Stan's name in `parameter` and a column for each number.

    Raises
    ------
    RunIncomplete
        The method has no estimates; the message says why.
    """
    if method not in METHODS_WITH_ESTIMATES:
        listed = ", ".join(METHODS_WITH_ESTIMATES)
        raise MethodError(f"`{method}` is not a method of a fit.", hint=f"there are {listed}")
    result = results.method(method)
    if not result.is_ok:
        raise RunIncomplete(f"the fit has no estimates by {method}: {result.reason}")
    rows = [
        {"parameter": name, **_numbers(msgspec.structs.asdict(estimate))}
        for name, estimate in result.estimates.items()
    ]
    index = pd.Index([results.label(name) for name in result.estimates], name="quantity")
    return pd.DataFrame(rows, index=index).dropna(axis="columns", how="all")


def _numbers(fields: dict[str, object]) -> dict[str, object]:
    return {
        key: np.nan if value is None else value
        for key, value in fields.items()
        if isinstance(value, int | float | None)
    }


def mle_result(results: Results) -> MleResult:
    """Return the maximum-likelihood result.

    Raises
    ------
    RunIncomplete
        There is none; the message says why.
    """
    if not results.mle.is_ok:
        raise RunIncomplete(f"the fit has no maximum-likelihood estimate: {results.mle.reason}")
    return results.mle


def mle_column(results: Results, field: str) -> pd.Series[float]:
    """Return one number of each maximum-likelihood estimate, such as `value` or `se`.

    Raises
    ------
    RunIncomplete
        There is no maximum-likelihood estimate; the message says why.
    """
    estimates = mle_result(results).estimates
    values = {results.label(name): getattr(estimate, field) for name, estimate in estimates.items()}
    return pd.Series(values, dtype=float, name=field)


def gaps_frame(results: Results) -> pd.DataFrame:
    """Return how far the modes lie from the posterior means, a row for each quantity that has a gap."""
    rows = [_numbers(msgspec.structs.asdict(gap)) for gap in results.gaps.values()]
    index = pd.Index([results.label(name) for name in results.gaps], name="quantity")
    return pd.DataFrame(rows, index=index)


def confidence_intervals(results: Results, alpha: float | None = None) -> pd.DataFrame:
    """Return the Wald intervals of the maximum-likelihood estimates, as `conf_int` of statsmodels does.

    Parameters
    ----------
    results
        The results of a fit.
    alpha
        One minus the probability of the intervals; by default that of the fit.

    Returns
    -------
    A frame with the lower ends in column 0 and the upper ends in column 1.
    """
    mle = mle_result(results)
    width = stats.norm.ppf(1 - (1 - results.interval.level if alpha is None else alpha) / 2)
    ends = [
        (np.nan, np.nan)
        if estimate.value is None or estimate.se is None
        else (estimate.value - width * estimate.se, estimate.value + width * estimate.se)
        for estimate in mle.estimates.values()
    ]
    index = pd.Index([results.label(name) for name in mle.estimates], name="quantity")
    return pd.DataFrame(ends, index=index, columns=[0, 1])


def draws_frame(posterior: xr.Dataset, variables: Sequence[str] = ()) -> pd.DataFrame:
    """Return posterior draws, a row for each draw and a column for each element by Stan's name.

    Parameters
    ----------
    posterior
        The group of that name, its draws `(chain, draw, ...)`.
    variables
        Which variables; all of them by default.

    Returns
    -------
    A frame whose first columns are `chain` and `draw`, both counted from 0.
    """
    elements = iterate_elements(posterior)
    wanted = {name: draws.ravel() for name, draws in elements if _is_among(name, variables)}
    chains, draws = np.meshgrid(posterior["chain"].values, posterior["draw"].values, indexing="ij")
    return pd.DataFrame({"chain": chains.ravel(), "draw": draws.ravel(), **wanted})


def _is_among(name: str, variables: Sequence[str]) -> bool:
    return not variables or name in variables or owner(name) in variables

"""Log likelihoods of sampled rows at all draws, and summaries of every row, as `fit.nc` holds them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import xarray as xr

    from workbench.results.fit import Fit
else:
    xr = LateModule("xarray")

SAMPLED_ROWS = "log_likelihood_rows"
"""The group with `log_lik`, `(chain, draw, observation)`; `observation` numbers rows from 0."""

ROW_SUMMARIES = "log_likelihood_summaries"
"""The group with `elpd`, `mean` and `variance` of each row over all draws, `(row,)`, as in `RowSample`."""

Floats = NDArray[np.float64]


def build_sample_groups(
    rows: NDArray[np.int64], log_lik: Floats, elpd: Floats, mean: Floats, variance: Floats
) -> Groups:
    """Return the groups of `fit.nc`.

    Parameters
    ----------
    rows
        The rows of the sample, counted from 0, `(row,)`.
    log_lik
        Their log likelihoods, `(chain, draw, row)` [nats].
    elpd, mean, variance
        Of every row over all draws, `(N,)`.
    """
    chains, draws, _ = log_lik.shape
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "observation": rows}
    single = log_lik.astype(np.float32)  # a relative error of 6e-8, far below that of the draws
    sampled = xr.Dataset({"log_lik": (("chain", "draw", "observation"), single)}, coords=coords)
    summaries = {"elpd": elpd, "mean": mean, "variance": variance}
    of_rows = xr.Dataset({name: (("row",), values) for name, values in summaries.items()})
    return {SAMPLED_ROWS: sampled, ROW_SUMMARIES: of_rows}


def has_sampled_rows(fit: Fit) -> bool:
    """Return whether a run holds a sample of its rows."""
    return SAMPLED_ROWS in fit.tree.children and ROW_SUMMARIES in fit.tree.children


def join_summaries(earlier: xr.Dataset, count: int, more: xr.Dataset, added: int) -> xr.Dataset:
    """Return the summaries over the draws of two runs, of which there are `count` and `added`.

    References
    ----------
    Chan, Golub and LeVeque (1983), doi:10.1080/00031305.1983.10483115.
    """
    total = count + added
    shift = more["mean"] - earlier["mean"]
    squares = (count - 1) * earlier["variance"] + (added - 1) * more["variance"]
    variance = (squares + shift**2 * (count * added / total)) / (total - 1)
    inverse = np.logaddexp(math.log(count) - earlier["elpd"], math.log(added) - more["elpd"])
    elpd = math.log(total) - inverse
    mean = earlier["mean"] + shift * (added / total)
    return xr.Dataset({"elpd": elpd, "mean": mean, "variance": variance})


Groups = dict[str, "xr.Dataset"]
"""Groups of `fit.nc` by name."""

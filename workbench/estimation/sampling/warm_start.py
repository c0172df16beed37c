"""Where a finished run left off, as a place to start from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from workbench.backends import Start
from workbench.errors import RunIncomplete
from workbench.estimation.sampling.initial_values import nest_initial_values
from workbench.program import Program


def extract_warm_start(tree: xr.DataTree, program: Program) -> Start:
    """Return the last draw, step size and inverse metric of each chain of a run.

    Parameters
    ----------
    tree
        The content of `fit.nc`.
    program
        What was fitted, or another program with the same parameters.

    Raises
    ------
    RunIncomplete
        The run has no posterior, or does not say how its sampler was adapted.
    """
    if not {"posterior", "adaptation"} <= set(tree.children):
        hint = "it was made without NUTS, for a program without parameters, or by an older workbench"
        raise RunIncomplete(
            "the run does not hold the adapted step size and metric of its chains.", hint=hint
        )
    posterior, adaptation = tree["posterior"].to_dataset(), tree["adaptation"].to_dataset()
    last = posterior.isel(draw=-1)
    inits = []
    for chain in range(posterior.sizes["chain"]):
        cells = list(_cells(last.isel(chain=chain)))
        inits.append(nest_initial_values((name for name, _ in cells), (value for _, value in cells), program))
    return Start(tuple(inits), adaptation["step_size"].to_numpy(), adaptation["inv_metric"].to_numpy())


def _cells(point: xr.Dataset) -> Iterator[tuple[str, float]]:
    """Yield every value of a draw by Stan name."""
    for name, array in point.data_vars.items():
        values = array.to_numpy()
        for index in np.ndindex(values.shape):
            suffix = f"[{','.join(str(one + 1) for one in index)}]" if index else ""
            yield f"{name}{suffix}", float(values[index])

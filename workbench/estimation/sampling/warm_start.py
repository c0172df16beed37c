"""The end of a finished run as a start for further chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.backends import Start
from workbench.errors import RunIncomplete
from workbench.estimation.sampling.initial_values import nest_initial_values
from workbench.program import Program
from workbench.results.quantities import iterate_elements

if TYPE_CHECKING:
    import xarray as xr


def extract_warm_start(tree: xr.DataTree, program: Program) -> Start:
    """Return the last draw, step size and inverse metric of each chain of a run.

    Parameters
    ----------
    tree
        The content of `fit.nc`.
    program
        The program that was fitted, or another one with the same parameters.

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
    last = {name: draws[:, -1] for name, draws in iterate_elements(posterior)}
    inits = tuple(
        nest_initial_values(last, (values[chain] for values in last.values()), program)
        for chain in range(posterior.sizes["chain"])
    )
    return Start(inits, adaptation["step_size"].to_numpy(), adaptation["inv_metric"].to_numpy())

"""The posterior draws of all parameters side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.loo import flatten_cells
from workbench.results import Fit
from workbench.results.quantities import element_names


def read_parameter_draws(fit: Fit) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return Stan's names and the draws `(sample, quantity)` of parameters and transformed parameters.

    Samples are the draws of one chain after another.
    """
    names: list[str] = []
    columns: list[NDArray[np.float64]] = []
    group = fit.tree["posterior"].data_vars if "posterior" in fit.tree.children else {}
    for variable, array in group.items():
        if fit.results.is_declared(str(variable)):
            columns.append(flatten_cells(array))
            names += element_names(str(variable), array.shape[2:])
    if not columns:
        return (), np.empty((0, 0))
    return tuple(names), np.concatenate(columns).T

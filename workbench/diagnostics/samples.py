"""The posterior draws of all parameters side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.check import parameter_names
from workbench.diagnostics.loo import flat
from workbench.results import Fit


def parameter_draws(fit: Fit) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return Stan's names and the draws `(sample, quantity)` of parameters and transformed parameters.

    Samples run over the draws of one chain after another.
    """
    names: list[str] = []
    columns: list[NDArray[np.float64]] = []
    declared = parameter_names(fit.record)
    group = fit.tree["posterior"].data_vars if "posterior" in fit.tree.children else {}
    for variable, array in group.items():
        if str(variable).split(".")[0] not in declared:
            continue
        columns.append(flat(array))
        names += _elements(str(variable), array.shape[2:])
    if not columns:
        return (), np.empty((0, 0))
    return tuple(names), np.concatenate(columns).T


def _elements(variable: str, shape: tuple[int, ...]) -> list[str]:
    """Return the names of a variable's elements, row-major.

    >>> _elements("Sigma", (1, 2))
    ['Sigma[1,1]', 'Sigma[1,2]']
    """
    if not shape:
        return [variable]
    return [f"{variable}[{','.join(str(one + 1) for one in index)}]" for index in np.ndindex(*shape)]

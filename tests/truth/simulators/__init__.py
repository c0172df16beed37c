"""Every bundled model written a second time, in NumPy: parameters from the prior, data from the parameters.

A simulator takes a random generator and returns the truth, by Stan's names, and the program's whole data
block. Because the truth is drawn from the very prior that is fitted, posterior intervals must cover it
exactly as often as they say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.library.conjugate.oracles import ORACLES
from tests.truth.simulators.hierarchical import HIERARCHICAL
from tests.truth.simulators.regression import REGRESSION

Simulated = tuple[dict[str, Any], dict[str, Any]]
Simulator = Callable[[np.random.Generator], Simulated]


def _conjugate(name: str) -> Simulator:
    def simulate(rng: np.random.Generator) -> Simulated:
        point, values = ORACLES[name].simulate(rng)
        return dict(point), {**values, **_sizes(name, values)}

    return simulate


def _sizes(name: str, values: dict[str, Any]) -> dict[str, int]:
    if name == "beta_binomial":
        return {"J": len(values["y"])}
    first = values["t"] if "t" in values else values["y"]
    sizes = {"N": len(first)}
    if "X" in values or np.ndim(first) == 2:
        sizes["K"] = np.shape(values.get("X", first))[1]
    return sizes


def _dirichlet_multinomial(rng: np.random.Generator) -> Simulated:
    theta = rng.dirichlet(np.full(4, 1.5))
    return {"theta": theta}, {"K": 4, "y": rng.multinomial(60, theta), "theta_prior_concentration": 1.5}


SIMULATORS: dict[str, Simulator] = {
    **{name: _conjugate(name) for name in ORACLES},
    "dirichlet_multinomial": _dirichlet_multinomial,
    **REGRESSION,
    **HIERARCHICAL,
}

"""A fit for the page of draws: a few schools; quantities that are whole, constant or not always finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.report.simulated import _summarise_draws, simulate_fit
from workbench.results import Fit


def simulate_draws(schools: int = 3, draws: int = 100, **extra: np.ndarray) -> Fit:
    """Return a simulated fit with further generated quantities, `(chain, draw)` each."""
    fit = simulate_fit(schools=schools, draws=draws)
    rng = np.random.default_rng(3)
    shape = (4, draws)
    holes = rng.normal(2, 1, shape)
    holes[2, 5:9] = np.nan
    holes[0, 0] = np.inf
    added = {
        "count": rng.poisson(3, shape).astype(float),
        "large": rng.normal(1e6, 1e-3, shape),
        "heavy": rng.standard_cauchy(shape),
        "spread": np.exp(rng.normal(0, 3, shape)),
        "constant": np.full(shape, 2.5),
        "holes": holes,
        **extra,
    }
    tree = fit.tree.copy()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = posterior.assign(
        {name: (("chain", "draw"), values) for name, values in added.items()}
    )
    estimates: dict[str, Any] = {name: _summarise(values) for name, values in added.items()}
    nuts = fit.record["nuts"]
    record = {**fit.record, "nuts": {**nuts, "estimates": {**nuts["estimates"], **estimates}}}
    return Fit(record, tree)


def _summarise(values: np.ndarray) -> dict[str, Any]:
    if not np.isfinite(values).all():
        return {}
    if np.ptp(values) == 0:
        return {"mean": float(values.mean()), "sd": 0.0}
    return _summarise_draws(values)

"""Power-scaling within a study: the stored numbers, and refits at those powers where weights fail."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.powerscale import (
    ALPHAS,
    components,
    distance,
    judge,
    khat_threshold,
    power_scaling,
)
from workbench.estimation import Fit
from workbench.studies.plan import Point
from workbench.studies.posterior import Posterior
from workbench.studies.sweep import Fits, add_fit
from workbench.studies.workshop import Workshop

Floats = NDArray[np.float64]


def scaled(shop: Workshop, fits: Fits, fit: Fit) -> dict[str, Any]:
    """Return the power-scaling of the base fit; components whose k-hat is too high are refitted.

    Besides the entries of `diagnostics.powerscale.power_scaling` there is `how` by component (`weights`,
    `refit` or `failed`), and `noise` by refitted component: what two fits of the same posterior differ by.
    """
    stored = fit.record.get("power_scaling", {})
    found = copy.deepcopy(dict(stored)) if stored.get("status") == "ok" else power_scaling(fit)
    if found["status"] != "ok":
        return found
    how = dict.fromkeys(found["khat"], "weights")
    noise: dict[str, float] = {}
    lines = {one.name: one.line for one in components(fit.tree)}
    for place, name in enumerate(found["khat"]):
        if found["khat"][name] <= khat_threshold(fits.found[0].size):
            continue
        line = lines[name]
        moved = _refitted(shop, fits, f"power({name})" if line is None else f"power(line {line})")
        how[name] = "failed" if moved is None else "refit"
        if moved is not None:
            noise[name] = _noise(fits.found[0])
            _enter(found["parameters"], name, place - _whole(found), moved, is_whole=line is None)
    return {**found, "how": how, "noise": noise}


def refit_weights(draws: Floats, others: Floats) -> Floats:
    """Return weights of draws that make their distribution that of other draws, where the draws lie.

    The cumulative distribution of the weighted draws equals that of the others at every draw.

    Parameters
    ----------
    draws, others
        Each `(chain, draw)`.
    """
    flat = draws.ravel()
    order = np.argsort(flat)
    share = np.searchsorted(np.sort(others.ravel()), flat[order], side="right") / others.size
    weights = np.empty(len(flat))
    weights[order] = np.diff(share, prepend=0.0)
    return weights.reshape(draws.shape)


def _whole(found: Mapping[str, Any]) -> int:
    """Return how many components are not single statements."""
    return len(found["khat"]) - len(found["statements"])


def _refitted(shop: Workshop, fits: Fits, power: str) -> dict[str, float] | None:
    """Return the sensitivity of each reported quantity from full fits at both powers."""
    pair: list[Posterior] = []
    for alpha in ALPHAS:
        point = Point({power: alpha})
        add_fit(shop, fits, point)
        own = [one for one in fits.found if one.point.key == point.key]
        if not own:
            return None
        pair.append(own[0])
    base = fits.found[0]
    lower, upper = pair
    return {
        name: distance(
            base.draws[name],
            refit_weights(base.draws[name], lower.draws[name]),
            refit_weights(base.draws[name], upper.draws[name]),
        )
        for name in base.names
        if np.ptp(base.draws[name]) > 0
    }


def _noise(base: Posterior) -> float:
    """Return the sensitivity that chance alone gives: between one half of the base's draws and the other."""
    found = []
    for name in base.names:
        draws = base.draws[name]
        half = draws.shape[1] // 2
        if np.ptp(draws) > 0:
            first, second = draws[:, :half], draws[:, half : 2 * half]
            found.append(distance(first, *(2 * [refit_weights(first, second)])))
    return float(np.median(found)) if found else 0.0


def _enter(
    parameters: dict[str, Any], name: str, place: int, moved: Mapping[str, float], *, is_whole: bool
) -> None:
    for quantity, value in moved.items():
        if quantity not in parameters:
            continue
        entry = parameters[quantity]
        if is_whole:
            entry[name] = value
            entry["diagnosis"] = judge(entry["prior"], entry.get("likelihood"))
        else:
            entry["statements"][place] = value

"""Power-scaling within a study: the stored numbers, and refits at those powers where weights fail."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.power_scaling import (
    Component,
    components,
    judge,
    power_scaling,
    predictions,
)
from workbench.results import Fit
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.posterior import Posterior
from workbench.studies.fits.sweep import FullFits, add_fit
from workbench.studies.plan.plan import Point
from workbench.thresholds import CHANCE_RATIO_LIMIT, POWERS, khat_limit

Floats = NDArray[np.float64]

WIDE = (0.5, 2.0)
"""Powers for what chance hides at 0.99 and 1.01. Two fits of one posterior lie about 0.01 apart by chance;
per doubling of the power that is 0.7 at 1.01, far above the threshold of 0.05, and 0.01 at 2. Ours."""

_BLOCKS = 4  # in each chain; halves are made of whole blocks, so that autocorrelation stays inside them
_HALVES = 10


def refine_power_scaling(shop: StudyContext, fits: FullFits, fit: Fit) -> dict[str, Any]:
    """Return the power-scaling of the base fit; components whose k-hat is too high are refitted.

    A refit is a sample of its own, which chance alone puts at a distance from the base's. What is no farther
    than that at the usual powers is looked at again at wide ones.

    Returns
    -------
    Besides the entries of `diagnostics.powerscale.power_scaling` there is, by component, `how` (`weights`,
    `refit` or `failed`); by refitted component `powers`, those that were fitted, and `noise`, the median
    sensitivity that chance alone gives at the powers used; by failed component `failures`, the reason.
    """
    stored = fit.record.get("power_scaling", {})
    found = copy.deepcopy(dict(stored)) if stored.get("status") == "ok" else power_scaling(fit)
    if found["status"] != "ok":
        return found
    parts = components(fit.tree)
    found |= {"how": dict.fromkeys(found["khat"], "weights"), "noise": {}, "powers": {}, "failures": {}}
    kept: dict[str, dict[str, float]] = {}
    for part in parts:
        if found["khat"][part.name] <= khat_limit(fits.found[0].size):
            continue
        power = _power(part, parts)
        if power not in kept:
            kept[power] = _refitted(shop, fits, found, part.name, power)
        else:  # the only prior statement is the prior
            for entry in ("how", "noise", "powers", "failures"):
                if "prior" in found[entry]:
                    found[entry][part.name] = found[entry]["prior"]
        _enter(found, part, [one.name for one in parts if one.line is not None], kept[power])
    return found


def compute_cjs_distance(draws: Floats, others: Floats) -> float:
    """Return the cumulative Jensen-Shannon distance of two samples, between 0 and 1.

    It is ArviZ's, over the range of the first sample, with a second one in the place of weights: they may lie
    apart, at distance 1.

    References
    ----------
    Nguyen and Vreeken (2015), Non-parametric Jensen-Shannon divergence, doi:10.1007/978-3-319-23525-7_11.
    """
    return max(_one_sided(draws.ravel(), others.ravel()), _one_sided(-draws.ravel(), -others.ravel()))


def estimate_chance_distance(draws: Floats) -> float:
    """Return the distance `(chain, draw)` that another sample of the same posterior would have by chance.

    The root mean square over halves of the draws, each made of whole blocks; two halves are as far apart as
    whole samples times the square root of two.
    """
    blocks = [block for chain in draws for block in np.array_split(chain, _BLOCKS)]
    squares = []
    for first in _halves(len(blocks)):
        rest = [number for number in range(len(blocks)) if number not in first]
        one, other = (np.concatenate([blocks[number] for number in half]) for half in (first, rest))
        squares.append(compute_cjs_distance(one, other) ** 2)
    return float(np.sqrt(np.mean(squares) / 2))


def _halves(count: int) -> list[tuple[int, ...]]:
    """Return some halves of so many blocks, always the same ones."""
    rng = np.random.default_rng(count)
    return [tuple(sorted(rng.permutation(count)[: count // 2].tolist())) for _ in range(_HALVES)]


def _one_sided(draws: Floats, others: Floats) -> float:
    is_inside = (others >= draws.min()) & (others <= draws.max())
    places = np.sort(np.concatenate([draws, others[is_inside]]))
    widths = np.diff(places)
    p, q = (np.searchsorted(np.sort(one), places[:-1], side="right") / one.size for one in (draws, others))
    bound = float(widths @ (p + q))
    if bound <= 0:
        return 0.0
    middle = 0.5 * (p + q)
    apart = sum(max(0.0, _divergence(one, middle, other, widths)) for one, other in ((p, q), (q, p)))
    return float(np.sqrt(apart / bound))


def _divergence(p: Floats, middle: Floats, q: Floats, widths: Floats) -> float:
    """Return the cumulative Kullback-Leibler divergence of one distribution from the middle of both."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(p > 0, p * np.log2(p / middle), 0.0)
    return float(widths @ logs + 0.5 / np.log(2) * (widths @ (q - p)))


def _power(part: Component, parts: Sequence[Component]) -> str:
    """Return the power that raises a component."""
    if part.line is None:
        return f"power({part.name})"
    is_only = sum(one.line is not None for one in parts) == 1
    return "power(prior)" if is_only else f"power(term {part.term})"


def _refitted(
    shop: StudyContext, fits: FullFits, found: dict[str, Any], name: str, power: str
) -> dict[str, float]:
    """Return the sensitivity of each quantity to a component, from full fits at other powers of it."""
    pair = _pair(shop, fits, power, POWERS)
    if isinstance(pair, str):
        found["how"][name], found["failures"][name] = "failed", pair
        return {}
    base = _quantities(fits.found[0])
    wanted = [one for one in (*found["parameters"], *found["predictions"]) if one in base]
    chance = {one: estimate_chance_distance(base[one]) for one in wanted}
    moved, noise = _moved(base, pair, chance, POWERS)
    found["powers"][name] = list(POWERS)
    unclear = [one for one in moved if moved[one] < CHANCE_RATIO_LIMIT * noise[one]]
    wide = _pair(shop, fits, power, WIDE) if unclear else ""
    if not isinstance(wide, str):
        again = _moved(base, wide, {one: chance[one] for one in unclear}, WIDE)
        moved, noise = moved | again[0], noise | again[1]
        found["powers"][name] += list(WIDE)
    found["how"][name] = "refit"
    found["noise"][name] = float(np.median(list(noise.values()))) if noise else 0.0
    return {one: float(np.sqrt(max(0.0, moved[one] ** 2 - noise[one] ** 2))) for one in moved}


def _pair(
    shop: StudyContext, fits: FullFits, power: str, alphas: tuple[float, float]
) -> tuple[Posterior, Posterior] | str:
    """Return full fits at two powers, or why there are none."""
    pair: list[Posterior] = []
    for alpha in alphas:
        point = Point({power: alpha})
        add_fit(shop, fits, point)
        own = [one for one in fits.found if one.point.key == point.key]
        if not own:
            return f"at {power} = {alpha:g}: {fits.failures.get(point.key, 'it could not be fitted.')}"
        pair.append(own[0])
    return pair[0], pair[1]


def _quantities(fit: Posterior) -> dict[str, Floats]:
    """Return the draws of every quantity, and those of the mean and SD of what is predicted."""
    if "predictions" not in fit.tree.children:
        return {**predictions(fit.tree), **fit.draws}
    kept = fit.tree["predictions"].data_vars
    return {**{str(name): np.asarray(values) for name, values in kept.items()}, **fit.draws}


def _moved(
    base: Mapping[str, Floats],
    pair: tuple[Posterior, Posterior],
    chance: Mapping[str, float],
    alphas: tuple[float, float],
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the sensitivity of each quantity, and that which chance alone gives, per doubling."""
    lower, upper = (_quantities(one) for one in pair)
    steps = [abs(float(np.log2(alpha))) for alpha in alphas]
    moved, noise = {}, {}
    for name in chance:
        if name not in lower or name not in upper:
            continue
        pairs = zip((lower[name], upper[name]), steps, strict=True)
        moved[name] = float(
            np.mean([compute_cjs_distance(base[name], other) / step for other, step in pairs])
        )
        noise[name] = chance[name] * float(np.mean([1 / step for step in steps]))
    return moved, noise


def _enter(
    found: dict[str, Any], part: Component, statements: Sequence[str], moved: Mapping[str, float]
) -> None:
    for quantity, entry in itertools.chain(found["parameters"].items(), found["predictions"].items()):
        if quantity not in moved:
            continue
        if part.line is None:
            entry[part.name] = moved[quantity]
            entry["diagnosis"] = judge(entry["prior"], entry.get("likelihood"))
        else:
            entry["statements"][list(statements).index(part.name)] = moved[quantity]

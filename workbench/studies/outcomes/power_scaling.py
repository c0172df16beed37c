"""Power-scaling of the base fit, with refits at other powers where importance weights fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.power_scaling import (
    Component,
    diagnose_sensitivity,
    measure_power_scaling,
    read_components,
    summarise_predictions,
)
from workbench.errors import RunIncomplete
from workbench.results import Fit
from workbench.results.view import PowerScalingResult, Sensitivity
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.posterior import Posterior
from workbench.studies.fits.sweep import FullFits, add_fit
from workbench.studies.plan.plan import Point
from workbench.studies.view import ScalingResult
from workbench.thresholds import CHANCE_RATIO_LIMIT, POWERS, khat_limit

Floats = NDArray[np.float64]

WIDE_POWERS = (0.5, 2.0)
"""Powers for what chance hides at 0.99 and 1.01. Two fits of one posterior lie about 0.01 apart by chance;
per doubling of the power that is 0.7 at 1.01, far above the threshold of 0.05, and 0.01 at 2. Ours."""

_BLOCKS = 4
"""Blocks of each chain. Halves are made of whole blocks, so that autocorrelation stays inside them. Ours."""

_HALVES = 10
"""Splits into halves over which the chance distance is averaged. Ours."""


@dataclass(frozen=True)
class _RefitScaling:
    """The sensitivity to one component by full fits at other powers of it.

    Attributes
    ----------
    sensitivities
        By quantity, per doubling of the power.
    noise
        The median sensitivity that chance alone gives.
    powers
        The powers that were fitted.
    failure
        Why a power could not be fitted; empty if all could.
    """

    sensitivities: Mapping[str, float] = field(default_factory=dict)
    noise: float = 0.0
    powers: tuple[float, ...] = ()
    failure: str = ""


def refine_power_scaling(context: StudyContext, fits: FullFits, fit: Fit) -> ScalingResult:
    """Return the power-scaling of the base fit, with refits for components whose k-hat is too high.

    A refit is a sample of its own, and chance alone puts it at a distance from the base fit. Quantities that
    move no farther than that at the usual powers are measured again at wide ones.

    Parameters
    ----------
    context, fits
        The study, and its full fits; refits are added.
    fit
        The base fit with its diagnosis.
    """
    stored = fit.results.power_scaling
    measured = stored if stored.is_ok else measure_power_scaling(fit)
    if not measured.is_ok:
        return ScalingResult(status=measured.status, reason=measured.reason)
    components = read_components(fit.tree)
    if not {component.name for component in components} <= set(measured.khat):
        raise RunIncomplete("the power-scaling of the run is not about the prior statements of its draws.")
    limit = khat_limit(fits.base.size)
    by_power: dict[str, _RefitScaling] = {}
    refitted: dict[str, _RefitScaling] = {}
    for component in components:
        khat = measured.khat[component.name]
        if khat is not None and khat <= limit:
            continue
        power = _name_power(component, components)
        if power not in by_power:
            by_power[power] = _scale_by_refits(context, fits, measured, power)
        refitted[component.name] = by_power[power]
    return _combine(measured, components, refitted)


def compute_cjs_distance(draws: Floats, others: Floats) -> float:
    """Return the cumulative Jensen-Shannon distance between two samples, from 0 to 1.

    It is ArviZ's distance over the range of the first sample, with a second sample instead of weights; the
    two may lie apart, at distance 1.

    References
    ----------
    Nguyen and Vreeken (2015), Non-parametric Jensen-Shannon divergence, doi:10.1007/978-3-319-23525-7_11.
    """
    return max(
        _compute_one_sided(draws.ravel(), others.ravel()), _compute_one_sided(-draws.ravel(), -others.ravel())
    )


def estimate_chance_distance(draws: Floats) -> float:
    """Return the distance at which another sample of the same posterior would lie by chance.

    It is the root mean square over splits of the draws, `(chain, draw)`, into halves of whole blocks; two
    halves lie as far apart as whole samples do, times the square root of two.
    """
    blocks = [block for chain in draws for block in np.array_split(chain, _BLOCKS)]
    squares = []
    for first in _choose_halves(len(blocks)):
        second = [number for number in range(len(blocks)) if number not in first]
        halves = [np.concatenate([blocks[number] for number in numbers]) for numbers in (first, second)]
        squares.append(compute_cjs_distance(*halves) ** 2)
    return float(np.sqrt(np.mean(squares) / 2))


def _choose_halves(count: int) -> list[tuple[int, ...]]:
    """Return some halves of a number of blocks, always the same ones."""
    rng = np.random.default_rng(count)
    return [tuple(sorted(rng.permutation(count)[: count // 2].tolist())) for _ in range(_HALVES)]


def _compute_one_sided(draws: Floats, others: Floats) -> float:
    is_inside = (others >= draws.min()) & (others <= draws.max())
    places = np.sort(np.concatenate([draws, others[is_inside]]))
    widths = np.diff(places)
    p, q = (
        np.searchsorted(np.sort(sample), places[:-1], side="right") / sample.size
        for sample in (draws, others)
    )
    bound = float(widths @ (p + q))
    if bound <= 0:
        return 0.0
    middle = 0.5 * (p + q)
    total = sum(
        max(0.0, _compute_divergence(first, middle, second, widths)) for first, second in ((p, q), (q, p))
    )
    return float(np.sqrt(total / bound))


def _compute_divergence(p: Floats, middle: Floats, q: Floats, widths: Floats) -> float:
    """Return the cumulative Kullback-Leibler divergence of one distribution from the middle of both."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(p > 0, p * np.log2(p / middle), 0.0)
    return float(widths @ logs + 0.5 / np.log(2) * (widths @ (q - p)))


def _name_power(component: Component, components: Sequence[Component]) -> str:
    """Return the power that raises a component."""
    if not component.is_statement:
        return f"power({component.name})"
    is_only = sum(other.is_statement for other in components) == 1
    return "power(prior)" if is_only else f"power(term {component.term})"


def _scale_by_refits(
    context: StudyContext, fits: FullFits, measured: PowerScalingResult, power: str
) -> _RefitScaling:
    """Return the sensitivity of each quantity to a component, from full fits at other powers of it."""
    pair = _fit_pair(context, fits, power, POWERS)
    if isinstance(pair, str):
        return _RefitScaling(failure=pair)
    base = _collect_quantities(fits.base)
    names = [name for name in (*measured.parameters, *measured.predictions) if name in base]
    chance = {name: estimate_chance_distance(base[name]) for name in names}
    moved, noise = _measure_moves(base, pair, chance, POWERS)
    powers: tuple[float, ...] = POWERS
    unclear = [name for name in moved if moved[name] < CHANCE_RATIO_LIMIT * noise[name]]
    wide_pair = _fit_pair(context, fits, power, WIDE_POWERS) if unclear else ""
    if not isinstance(wide_pair, str):
        hidden = {name: chance[name] for name in unclear}
        wide_moved, wide_noise = _measure_moves(base, wide_pair, hidden, WIDE_POWERS)
        moved, noise = moved | wide_moved, noise | wide_noise
        powers = (*POWERS, *WIDE_POWERS)
    sensitivities = {name: float(np.sqrt(max(0.0, moved[name] ** 2 - noise[name] ** 2))) for name in moved}
    return _RefitScaling(sensitivities, float(np.median(list(noise.values()))) if noise else 0.0, powers)


def _fit_pair(
    context: StudyContext, fits: FullFits, power: str, values: tuple[float, float]
) -> tuple[Posterior, Posterior] | str:
    """Return full fits at two values of a power, or why there are none."""
    pair: list[Posterior] = []
    for value in values:
        point = Point({power: value})
        add_fit(context, fits, point)
        here = [posterior for posterior in fits.posteriors if posterior.point.key == point.key]
        if not here:
            return f"at {power} = {value:g}: {fits.failures.get(point.key, 'it could not be fitted.')}"
        pair.append(here[0])
    return pair[0], pair[1]


def _collect_quantities(posterior: Posterior) -> dict[str, Floats]:
    """Return the draws of every quantity, and those of the mean and SD of replicated data."""
    if "predictions" not in posterior.tree.children:
        return {**summarise_predictions(posterior.tree), **posterior.draws}
    kept = posterior.tree["predictions"].data_vars
    return {**{str(name): np.asarray(values) for name, values in kept.items()}, **posterior.draws}


def _measure_moves(
    base: Mapping[str, Floats],
    pair: tuple[Posterior, Posterior],
    chance: Mapping[str, float],
    powers: tuple[float, float],
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the sensitivity of each quantity, and what chance alone gives, per doubling of the power."""
    lower, upper = (_collect_quantities(posterior) for posterior in pair)
    steps = [abs(float(np.log2(power))) for power in powers]
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


def _combine(
    measured: PowerScalingResult, components: Sequence[Component], refitted: Mapping[str, _RefitScaling]
) -> ScalingResult:
    """Return the sensitivities by reweighting, those to refitted components replaced."""
    statements = [component.name for component in components if component.is_statement]
    parameters, predictions = dict(measured.parameters), dict(measured.predictions)
    for component in components:
        moved = refitted.get(component.name, _RefitScaling()).sensitivities
        for group in (parameters, predictions):
            for name in group.keys() & moved.keys():
                group[name] = _replace_sensitivity(group[name], component, statements, moved[name])
    successes = {name: scaling for name, scaling in refitted.items() if not scaling.failure}
    failures = {name: scaling.failure for name, scaling in refitted.items() if scaling.failure}
    return ScalingResult(
        alphas=measured.alphas,
        threshold=measured.threshold,
        khat_threshold=measured.khat_threshold,
        statements=measured.statements,
        khat=measured.khat,
        parameters=parameters,
        predictions=predictions,
        how={
            name: "failed" if name in failures else "refit" if name in successes else "weights"
            for name in measured.khat
        },
        noise={name: scaling.noise for name, scaling in successes.items()},
        powers={name: scaling.powers for name, scaling in successes.items()},
        failures=failures,
    )


def _replace_sensitivity(
    sensitivity: Sensitivity, component: Component, statements: Sequence[str], moved: float
) -> Sensitivity:
    """Return the sensitivities of a quantity with another number for one component."""
    if component.is_statement:
        each = list(sensitivity.statements)
        each[statements.index(component.name)] = moved
        return msgspec.structs.replace(sensitivity, statements=tuple(each))
    changed = msgspec.structs.replace(sensitivity, **{component.name: moved})
    if changed.prior is None:
        return changed
    return msgspec.structs.replace(changed, diagnosis=diagnose_sensitivity(changed.prior, changed.likelihood))

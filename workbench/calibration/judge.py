"""Whether each method is calibrated, for which quantities it is not, and in which way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.calibration.quantities import LOG_LIKELIHOOD
from workbench.calibration.record import (
    CheckRate,
    FailureCount,
    IntervalShare,
    MethodCalibration,
    QuantityCalibration,
)
from workbench.calibration.simulated_fit import NUMBERS, SimulatedFit
from workbench.calibration.uniformity import compute_p_value
from workbench.calibration.words import SUSPICIOUS, advise, describe_method, describe_quantity
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.late_imports import LateModule
from workbench.methods import RESULTS
from workbench.thresholds import (
    CALIBRATION_P_VALUE_LIMIT,
    FEWEST_SIMULATIONS,
    QUIET_FITS_P_VALUE_LIMIT,
    QUIET_FITS_SHARE,
    VARIANCE_ERROR_LIMIT,
)

if TYPE_CHECKING:
    from scipy import special, stats
else:
    special = LateModule("scipy.special")
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]
"""An array of doubles."""

POINT_METHODS = ("mle", "map")
"""The methods that have an estimate and a Wald interval, and no posterior."""

LEVELS = (0.5, 0.8)
"""The central intervals whose coverage is given besides that of the stated level. Ours."""

_FARTHEST = 8.0
"""The largest normal score: beyond, the distribution function is 1 in double precision."""

_MIDDLE = 0.8
"""The share of scores by which a spread is measured: their tails, which few simulations show, do not count.
Ours."""


def judge_method(
    method: str,
    fits: Sequence[SimulatedFit],
    labels: Mapping[str, str],
    level: float,
    *,
    is_foreign: bool,
    wanted: Sequence[str] = (),
    nuts: MethodCalibration | None = None,
) -> MethodCalibration:
    """Return whether the fits of one method are calibrated.

    The verdict goes by the ranks of every quantity: each has the exact probability of a departure from
    uniformity as large anywhere (Säilynoja et al. 2022), and Holm's (1979) method adjusts these for their
    number, however they depend on each other. A method whose posteriors are all right is so called wrong with
    a probability of at most `CALIBRATION_P_VALUE_LIMIT`. Ranks as a whole say little of tails: by the same
    limit, a method is not called right whose intervals hold the truth too rarely or too often. MLE and MAP,
    which have no posterior, go by the coverage of their intervals alone, with exact binomial probabilities.

    Parameters
    ----------
    method
        Key of the method.
    fits
        Its fits.
    labels
        Names for people by quantity.
    level
        Probability of the intervals.
    is_foreign
        Whether another program simulated the data.
    wanted
        Quantities without which the method is not called right: chosen ones, and those of another simulator.
    nuts
        What was found of NUTS, where that is another one.
    """
    done = [fit for fit in fits if not fit.failure]
    quantities = _judge_quantities(method, done, labels, level)
    label = RESULTS[method].label
    quantities = [
        msgspec.structs.replace(
            item, sentence=describe_quantity(label, item, level, is_point=method in POINT_METHODS)
        )
        if item.is_off
        else item
        for item in quantities
    ]
    found = MethodCalibration(
        method=method,
        label=label,
        judgement="undecided",
        sentence="",
        fits=len(done),
        failed=len(fits) - len(done),
        seconds=float(np.median([fit.seconds for fit in done])) if done else None,
        checks=_count_checks(done),
        failures=_count_failures(fits),
        quantities=tuple(quantities),
    )
    compared = {item.quantity for item in quantities if item.fits} | _list_constant(done)
    lacking = [labels.get(name, name) for name in dict.fromkeys(wanted) if name not in compared]
    judgement, sentence = describe_method(found, lacking, level=level, is_point=method in POINT_METHODS)
    found = msgspec.structs.replace(found, judgement=judgement, sentence=sentence)
    is_nuts_off = method == "nuts" and judgement == "not calibrated"
    alarmed = _count_blamed(done, found, labels, level) if is_nuts_off else 0
    advice = advise(found, is_foreign=is_foreign, nuts=nuts, blamed=alarmed)
    return msgspec.structs.replace(found, advice=advice)


def _judge_quantities(
    method: str, fits: Sequence[SimulatedFit], labels: Mapping[str, str], level: float
) -> list[QuantityCalibration]:
    """Return the quantities of fits that did not fail, with p-values adjusted for their number."""
    return _adjust([
        _judge_quantity(method, name, labels.get(name, name), numbers, level)
        for name, numbers in _collect(fits).items()
    ])  # fmt: skip


def _count_blamed(
    fits: Sequence[SimulatedFit], found: MethodCalibration, labels: Mapping[str, str], level: float
) -> int:
    """Return how many fits make all that is wrong, their checks firing; 0 where the others are wrong too.

    Checks of chains do not know the truth: whichever fits they leave, ranks among right draws are uniform.
    """
    quiet = [fit for fit in fits if not any(fit.checks.get(code) for code in SUSPICIOUS)]
    if not max(FEWEST_SIMULATIONS, QUIET_FITS_SHARE * len(fits)) <= len(quiet) < len(fits):
        return 0
    off = {item.quantity for item in found.quantities if item.is_off}
    p_values = {
        item.quantity: item.adjusted for item in _judge_quantities(found.method, quiet, labels, level)
    }
    is_right = all((p_values.get(name) or 0.0) > QUIET_FITS_P_VALUE_LIMIT for name in off)
    return len(fits) - len(quiet) if is_right else 0


def _collect(fits: Sequence[SimulatedFit]) -> dict[str, dict[str, Floats]]:
    """Return the numbers of each quantity over all fits, those that vary; in the order of their names."""
    found = _gather(fits)
    return {name: numbers for name, numbers in found.items() if not _is_constant(numbers)}


def _list_constant(fits: Sequence[SimulatedFit]) -> set[str]:
    return {name for name, numbers in _gather(fits).items() if _is_constant(numbers)}


def _gather(fits: Sequence[SimulatedFit]) -> dict[str, dict[str, Floats]]:
    names = list(dict.fromkeys(name for fit in fits for name in fit.numbers.names))
    by_name: dict[str, list[tuple[SimulatedFit, int]]] = {name: [] for name in names}
    for fit in fits:
        for place, name in enumerate(fit.numbers.names):
            by_name[name].append((fit, place))
    return {
        name: {
            number: np.array([getattr(fit.numbers, number)[place] for fit, place in entries])
            for number in NUMBERS
        }
        for name, entries in by_name.items()
    }


def _is_constant(numbers: Mapping[str, Floats]) -> bool:
    """Return whether a quantity never varies, such as the diagonal of a correlation matrix."""
    return bool((numbers["sd"] == 0).all()) and np.ptp(numbers["truth"]) == 0


def _judge_quantity(
    method: str, name: str, label: str, numbers: Mapping[str, Floats], level: float
) -> QuantityCalibration:
    known = np.isfinite(numbers["place"])
    place, truth, mean, sd = (numbers[item][known] for item in ("place", "truth", "mean", "sd"))
    count = len(place)
    if not count:
        return QuantityCalibration(quantity=name, label=label, fits=0)
    coverage = tuple(measure_coverage(place, one) for one in sorted({*LEVELS, level}))
    tail = (1 - level) / 2
    if method in POINT_METHODS:
        held = int((np.abs(place - 0.5) <= level / 2).sum())
        p_value = float(stats.binomtest(held, count, level).pvalue)
    else:
        p_value = compute_p_value(place)
    bias, bias_se, spread, spread_se = measure_shape(place)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (mean - truth) / sd
        error = mean - truth
        error_se = error.std(ddof=1) / np.sqrt(count) if count > 1 else np.nan
    z = z[np.isfinite(z)]
    is_ranked = not name.startswith(LOG_LIKELIHOOD) and method not in POINT_METHODS
    return QuantityCalibration(
        quantity=name,
        label=label,
        fits=count,
        p_value=p_value,
        coverage=coverage,
        below=float((place < tail).mean()),
        above=float((place > 1 - tail).mean()),
        bias=bias,
        bias_se=bias_se,
        spread=spread,
        spread_se=spread_se,
        contraction=measure_contraction(sd, truth) if is_ranked else None,
        z_mean=_finite(z.mean()) if len(z) else None,
        z_sd=_finite(z.std(ddof=1)) if len(z) > 1 else None,
        error=_finite(error.mean()),
        error_se=_finite(error_se),
    )


def measure_coverage(place: Floats, level: float) -> IntervalShare:
    """Return how many truths central intervals hold, with the binomial standard error.

    >>> measure_coverage(np.array([0.1, 0.5, 0.9, 0.99]), 0.9)
    IntervalShare(level=0.9, share=0.75, se=0.21650635094610965)
    """
    share = float((np.abs(place - 0.5) <= level / 2).mean())
    return IntervalShare(level, share, float(np.sqrt(share * (1 - share) / len(place))))


def measure_contraction(sd: Floats, truth: Floats) -> float | None:
    """Return how much smaller the median posterior variance is than that of the truths, as a share.

    `None` where these have no variance that their number tells: under a half-Cauchy prior there is none, and
    that of some draws is made by the largest.

    >>> measure_contraction(np.array([0.5, 0.5, 0.5, 0.5]), np.array([-1.0, 1.0, -1.0, 1.0]))
    0.75
    >>> measure_contraction(np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 2.0, 0.0, 1e9])) is None
    True
    """
    if len(truth) < 2 or not np.isfinite(truth).all():
        return None
    squares = np.square(truth - truth.mean())
    variance = float(squares.mean())
    if not variance > 0 or squares.std() / variance / np.sqrt(len(truth)) > VARIANCE_ERROR_LIMIT:
        return None
    return _finite(1 - float(np.median(sd**2)) / variance)


def measure_shape(place: Floats) -> tuple[float, float, float, float]:
    """Return how far truths lie above the centre, and how far they are spread, each with its standard error.

    Both are of the normal scores of the places, which are standard normal if the method is right: their mean,
    and the range that holds the middle four fifths around their median, relative to that of the normal.
    """
    scores = np.clip(special.ndtri(place), -_FARTHEST, _FARTHEST)
    count = len(scores)
    middle = np.quantile(np.abs(scores - np.median(scores)), _MIDDLE) / special.ndtri(0.5 + _MIDDLE / 2)
    # The standard error of a quantile of |z|: sqrt(p (1 - p) / n) / density, relative to the quantile.
    edge = float(special.ndtri(0.5 + _MIDDLE / 2))
    density = 2 * np.exp(-(edge**2) / 2) / np.sqrt(2 * np.pi)
    relative = np.sqrt(_MIDDLE * (1 - _MIDDLE) / count) / density / edge
    deviation = scores.std(ddof=1) if count > 1 else 1.0
    return float(scores.mean()), float(deviation / np.sqrt(count)), float(middle), float(relative)


def adjust_p_values(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number by Holm's method.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics
    6(2), 65-70.

    >>> adjust_p_values([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    stepped = np.minimum(1.0, np.maximum.accumulate(np.asarray(values)[order] * factors))
    adjusted = np.empty(len(values))
    adjusted[order] = stepped
    return [float(value) for value in adjusted]


def _adjust(quantities: list[QuantityCalibration]) -> list[QuantityCalibration]:
    known = [item for item in quantities if item.p_value is not None]
    adjusted = adjust_p_values([item.p_value or 0.0 for item in known])
    by_name = dict(zip((item.quantity for item in known), adjusted, strict=True))
    return [
        msgspec.structs.replace(
            item,
            adjusted=by_name.get(item.quantity),
            is_off=by_name.get(item.quantity, 1.0) < CALIBRATION_P_VALUE_LIMIT,
        )
        for item in quantities
    ]


def _count_checks(fits: Sequence[SimulatedFit]) -> tuple[CheckRate, ...]:
    titles = {check.code: check.title for check in CATALOGUE}
    asked = Counter(code for fit in fits for code in fit.checks)
    fired = Counter(code for fit in fits for code, has_fired in fit.checks.items() if has_fired)
    return tuple(CheckRate(code, titles[code], fired[code], asked[code]) for code in sorted(asked))


def _count_failures(fits: Sequence[SimulatedFit]) -> tuple[FailureCount, ...]:
    failed = [fit for fit in fits if fit.failure]
    kinds = Counter(_without_numbers(fit.failure) for fit in failed)
    return tuple(
        FailureCount(first.failure, count, first.simulation)
        for kind, count in kinds.most_common()
        for first in [next(fit for fit in failed if _without_numbers(fit.failure) == kind)]
    )


def _without_numbers(text: str) -> str:
    """Return a text that is the same for the same reason with other numbers."""
    return "".join(letter for letter in text if not (letter.isdigit() or letter in "+-.e"))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

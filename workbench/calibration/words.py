"""Sentences about calibration: what is wrong with which quantity, by how much, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from workbench.calibration.quantities import LOG_LIKELIHOOD
from workbench.calibration.record import (
    CheckRate,
    IntervalShare,
    Judgement,
    MethodCalibration,
    QuantityCalibration,
)
from workbench.late_imports import LateModule
from workbench.thresholds import (
    ALARMED_FITS_SHARE,
    CALIBRATION_P_VALUE_LIMIT,
    FAILED_FITS_SHARE,
    FEWEST_SIMULATIONS,
    SHAPE_STANDARD_ERRORS,
)

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

_MOST_NAMED = 3
"""Quantities that a sentence names."""

_POWER_SIMULATIONS, _SEEN_FACTOR, _SEEN_SHIFT = 200, 1.4, 0.4
"""With so many simulations, the factor and the shift that nine of ten cases show among ten quantities, as
measured (docs/calibration.md); logarithm and shift go with one over the root of the number, which the factor
of 1.15 and the shift of 0.16 that were measured with 1000 bear out."""

_OFTEN = 0.1
"""Share of fits in which a check fires from which advice names it. Ours."""

SUSPICIOUS = ("WB101", "WB102", "WB201", "WB203")
"""Checks of whether chains have seen all of the posterior: R-hat, ESS, divergences, E-BFMI."""


def describe_quantity(method: str, item: QuantityCalibration, level: float, *, is_point: bool) -> str:
    """Return what is wrong with the fits of a quantity: shifted, too narrow, too wide, or another shape.

    Parameters
    ----------
    method
        The method's name for people.
    item
        The quantity.
    level
        The probability of the intervals.
    is_point
        Whether the method has intervals and no ranks.
    """
    sentences = []
    name, fits = f"`{item.label}`", f"{item.fits:,} simulations"
    shift, spread = item.bias or 0.0, item.spread or 1.0
    is_shifted = abs(shift) > SHAPE_STANDARD_ERRORS * (item.bias_se or 0.0)
    is_other = abs(spread - 1) > SHAPE_STANDARD_ERRORS * (item.spread_se or 0.0) * spread
    wide = _find(item.coverage, level)
    if is_shifted:
        side = "low" if shift > 0 else "high"
        sentences.append(
            f"{method} puts {name} too {side}, by {abs(shift):.2g} of its standard deviations on average: "
            f"the truth lies above its {level:.0%} interval in {item.above or 0:.0%} of {fits}, and below "
            "it in "
            f"{item.below or 0:.0%}."
        )
    if is_other and spread > 1:
        sentences.append(
            f"{method}'s intervals for {name} are too narrow by a factor of {spread:.2g}: {level:.0%} "
            f"intervals hold the truth in {_show(wide)} of {fits} (SE {100 * wide.se:.1f})."
        )
    elif is_other:
        half = _find(item.coverage, 0.5)
        sentences.append(
            f"{method}'s intervals for {name} are too wide by a factor of {1 / max(spread, 1e-9):.2g}: 50% "
            f"intervals hold the truth in {_show(half)} of {fits} (SE {100 * half.se:.1f})."
        )
    if not sentences:
        what = f"coverage for {name} is wrong" if is_point else f"ranks of {name} are not uniform"
        sentences.append(
            f"{method}'s {what} (p {_round_p(item.adjusted)}): {level:.0%} intervals hold the truth in "
            f"{_show(wide)} of {fits} (SE {100 * wide.se:.1f}), and it lies below them in "
            f"{item.below or 0:.1%}, above them in {item.above or 0:.1%}."
        )
    return " ".join(sentences)


def describe_method(
    found: MethodCalibration, lacking: Sequence[str] = (), *, level: float, is_point: bool
) -> tuple[Judgement, str]:
    """Return what is said of a method, and the sentence.

    Parameters
    ----------
    found
        Its quantities and fits.
    lacking
        Names of quantities that were to be compared, and were not.
    level
        The probability of the intervals.
    is_point
        Whether it has intervals and no posterior.
    """
    label, total = found.label, found.fits + found.failed
    off = [item for item in found.quantities if item.is_off]
    judged = sum(item.p_value is not None for item in found.quantities)
    if not found.fits or not judged:
        words = found.failures[0].words if found.failures else "no quantity could be compared with its truth."
        return "no result", f"{label} has no result in any of {total:,} simulations: {words}"
    what = "intervals" if is_point else "posteriors"
    if off:
        first = ", ".join(f"`{item.label}`" for item in off[:_MOST_NAMED])
        more = f" and {len(off) - _MOST_NAMED} more" if len(off) > _MOST_NAMED else ""
        return "not calibrated", (
            f"{label} is not calibrated: its {what} are wrong for {first}{more} ({len(off)} of {judged} "
            f"quantities)."
        )
    if found.fits < FEWEST_SIMULATIONS:
        return "undecided", (
            f"{label} cannot be judged by {found.fits} fits: at least {FEWEST_SIMULATIONS} are needed, and "
            "200 show moderate faults."
        )
    if found.failed > FAILED_FITS_SHARE * total:
        return "undecided", (
            f"{label} has no fit in {found.failed:,} of {total:,} simulations{_explain_failures(found)}. The "
            f"{what} of the others show no fault, but they are selected: those without a fit may be the "
            "difficult ones."
        )
    if lacking:
        names = ", ".join(f"`{name}`" for name in lacking[:_MOST_NAMED])
        more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
        return "undecided", (
            f"{label} shows no fault in {found.fits:,} simulations, but could not be compared with the truth "
            f"of {names}{more}."
        )
    alarm = max((rate for rate in found.checks if rate.code in SUSPICIOUS), key=_share_alarms, default=None)
    if alarm is not None and _share_alarms(alarm) > ALARMED_FITS_SHARE:
        return "undecided", (
            f"{label} shows no fault in {found.fits:,} simulations, but {alarm.code} ({alarm.title}) fired "
            f"in {alarm.fired:,} of {alarm.fits:,} fits: ranks need not show what chains missed so often."
        )
    if not is_point and (tails := _doubt_tails(found, level, judged)):
        return "undecided", tails
    count = "the only quantity" if judged == 1 else f"all {judged} quantities"
    compared = (
        "the coverage of its intervals does not differ from their probability"
        if is_point
        else "the ranks of the truth are uniform as far as can be seen"
    )
    return "calibrated", f"{label} is calibrated for {count} in {found.fits:,} simulations: {compared}."


def _doubt_tails(found: MethodCalibration, level: float, judged: int) -> str:
    """Return what is said where ranks as a whole are right, and intervals hold the truth too rarely or often.

    A test of the whole ECDF has little power in the tails.
    """
    by_p_value = [
        (float(stats.binomtest(round(share.share * item.fits), item.fits, level).pvalue), item, share)
        for item in found.quantities
        for share in item.coverage
        if share.level == level and item.fits
    ]
    least, item, share = min(by_p_value, key=lambda entry: entry[0])
    adjusted = min(1.0, least * judged)
    if adjusted >= CALIBRATION_P_VALUE_LIMIT:
        return ""
    return (
        f"{found.label} shows no fault in the ranks of {found.fits:,} simulations as a whole, but its "
        f"{level:.0%} intervals for `{item.label}` hold the truth in {_show(share)} "
        f"(SE {100 * share.se:.1f}, p {_round_p(adjusted)}): ranks say little of the tails. More simulations "
        "decide."
    )


def _explain_failures(found: MethodCalibration) -> str:
    """Return the most frequent reason, with how often it came."""
    if not found.failures:
        return ""
    first = found.failures[0]
    words = " ".join(first.words.split()).rstrip(".")
    return f": {words}" + ("" if first.fits == found.failed else f" (in {first.fits:,} of them)")


def _share_alarms(rate: CheckRate) -> float:
    return rate.fired / rate.fits if rate.fits else 0.0


def describe_power(count: int) -> str:
    """Return which differences between two programs would have been seen with so many data sets."""
    scale = (_POWER_SIMULATIONS / max(1, count)) ** 0.5
    factor, shift = _SEEN_FACTOR**scale, _SEEN_SHIFT * scale
    return (
        f"Among ten quantities, {count:,} simulations show intervals that are wrong by a factor of "
        f"{factor:.2g}, or a shift of {shift:.2g} posterior standard deviations, in about nine of ten cases: "
        "a smaller error may be there."
    )


def describe_all(methods: Sequence[MethodCalibration], *, is_foreign: bool = False) -> str:
    """Return the answer in one sentence; `is_foreign` says whether another program simulated the data.

    >>> describe_all([MethodCalibration(method="nuts", label="NUTS", judgement="calibrated", sentence="")])
    'NUTS can be relied on for this model.'
    """
    by_judgement = {
        judgement: [item.label for item in methods if item.judgement == judgement]
        for judgement in ("calibrated", "not calibrated", "undecided", "no result")
    }
    parts = []
    if right := by_judgement["calibrated"]:
        fits = min(item.fits for item in methods if item.judgement == "calibrated")
        parts.append(
            f"no difference between the programs is visible in {fits:,} simulations fitted by {_join(right)}"
            if is_foreign
            else f"{_join(right)} can be relied on for this model"
        )
    if wrong := by_judgement["not calibrated"]:
        parts.append(
            f"{_join(wrong)} cannot"
            if parts and not is_foreign
            else f"{_join(wrong)} cannot be relied on for this model"
        )
    if unknown := by_judgement["undecided"]:
        parts.append(f"{_join(unknown)} cannot be judged")
    if none := by_judgement["no result"]:
        parts.append(f"{_join(none)} {'has' if len(none) == 1 else 'have'} no result")
    answer = "; ".join(parts)
    return f"{answer[0].upper()}{answer[1:]}." if parts else "There is no result."


def advise(
    found: MethodCalibration, *, is_foreign: bool, nuts: MethodCalibration | None = None, blamed: int = 0
) -> tuple[str, ...]:
    """Return what to do about a method that is not calibrated.

    Parameters
    ----------
    found
        The method.
    is_foreign
        Whether another program simulated the data, and no method is known to be right for them.
    nuts
        What was found of NUTS, where that is another one.
    blamed
        How many fits of NUTS, their checks firing, make all that is wrong; 0 where the others are wrong too.
    """
    if found.judgement != "not calibrated":
        return ()
    if blamed:
        return (*_advise_to_repeat(found), _blame_alarmed(found, blamed))
    if is_foreign and found.method != "nuts":
        return (
            f"The two programs differ, or {found.label} is wrong for the program that is fitted: NUTS, which "
            "is right for it if its checks are quiet, tells which (--method nuts).",
        )
    if found.method != "nuts" and nuts is not None and nuts.judgement == "not calibrated":
        return (
            "See NUTS first, which is not calibrated either: what is wrong with it may be wrong with "
            f"{found.label}, too, and no method here can take its place.",
        )
    is_open = nuts is not None and nuts.judgement != "calibrated"
    once = " once it can be judged" if is_open else ""
    if found.method in ("laplace", "pathfinder"):
        return (f"Use NUTS for this model{once}: {found.label} approximates its posterior badly.",)
    if found.method in ("mle", "map"):
        return (
            f"Do not use the intervals of {found.label} here: take those of the posterior (NUTS){once}, or "
            "for the MLE profile intervals (--profile).",
        )
    often = [rate for rate in found.checks if _share_alarms(rate) > _OFTEN]
    sentences = list(_advise_to_repeat(found))
    alarms = [
        f"{rate.code} ({rate.title}) fired in {rate.fired:,} of {rate.fits:,} fits"
        for rate in often
        if rate.code in SUSPICIOUS
    ]
    if alarms:
        sentences.append(
            f"{_join(alarms)}: first see whether the sampler is at fault, with longer chains or what "
            "`workbench fit` advises."
        )
    is_alarmed = bool(alarms)
    beginning = "Else " if is_alarmed else "The checks of the sampler are quiet: "
    off = [item.quantity for item in found.quantities if item.is_off]
    if is_foreign:
        sentences.append(
            f"{beginning}the two programs differ. Compare their priors, their likelihoods and the Jacobians "
            "of their transformations, first where the quantities above are."
        )
    else:
        sentences.append(
            f"{beginning}look for a transformed parameter with a prior but without its Jacobian, a "
            "constraint that the simulator does not know, or a density whose `_rng` is another one."
        )
    if off and all(name.startswith(LOG_LIKELIHOOD) for name in off):
        sentences.append(
            "Parameters are ranked as they should be, and the likelihood is not: the fit uses less of the "
            "data than was simulated, or other data."
        )
    return tuple(sentences)


def _blame_alarmed(found: MethodCalibration, blamed: int) -> str:
    """Return the advice where all that is wrong is in fits whose checks fired."""
    codes = [rate.code for rate in found.checks if rate.code in SUSPICIOUS and rate.fired]
    fits = "the fit" if blamed == 1 else f"the {blamed:,} fits"
    return (
        f"All that is wrong comes from {fits} in which checks of the chains fired ({_join(codes)}): the "
        f"ranks of the other {found.fits - blamed:,} are uniform as far as can be seen. The sampler fails on "
        "some of the simulated data sets, and says so: a fit whose checks are quiet can be relied on."
    )


def _advise_to_repeat(found: MethodCalibration) -> Iterator[str]:
    """Yield the advice to look again where chance may have its hand in."""
    chances = [item.adjusted for item in found.quantities if item.is_off and item.adjusted is not None]
    if chances and min(chances) > CALIBRATION_P_VALUE_LIMIT / 10:
        count = max(_POWER_SIMULATIONS, 4 * found.fits)
        yield (
            f"Chance alone blames a right sampler so in 1 of {1 / min(chances):,.0f} calibrations: repeat "
            f"this one with another --seed and --simulations {count} first."
        )


def _find(coverage: Sequence[IntervalShare], level: float) -> IntervalShare:
    return next(item for item in coverage if item.level == level)


def _show(item: IntervalShare) -> str:
    shown = f"{item.share:.0%}"
    return f"{item.share:.1%}" if shown in ("0%", "100%") and item.share not in (0, 1) else shown


def _round_p(value: float | None) -> str:
    return "unknown" if value is None else "< 0.0001" if value < 1e-4 else f"= {value:.2g}"


def _join(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last

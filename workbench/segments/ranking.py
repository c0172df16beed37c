"""What needs a look, the most urgent first, and how estimates vary between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.segments.folder import Segments
from workbench.segments.pooling import estimate_spread
from workbench.segments.row import SegmentRow
from workbench.thresholds import FAMILY_ERROR_LIMIT, FEWEST_COMPARED_GROUPS

Floats = NDArray[np.float64]

_MAD_TO_SD = 1.4826
"""The SD of a normal distribution whose median absolute deviation is 1: 1 / Phi^-1(3/4)."""


_MAD_EFFICIENCY = 0.37
"""The efficiency of the median absolute deviation as a scale of a normal distribution, by which it has fewer
degrees of freedom than a standard deviation: Rousseeuw and Croux (1993), doi:10.2307/2291267."""


@dataclass(frozen=True)
class Outlier:
    """An estimate far from those of the other groups.

    Attributes
    ----------
    quantity
        Its label.
    value, median
        The estimate, and the median of all groups.
    distance
        How far it is from the median, in the SD that groups differ by and its own taken together; for
        quantities that are positive, on the logarithmic scale.
    """

    quantity: str
    value: float
    median: float
    distance: float


@dataclass(frozen=True)
class Concern:
    """A group that needs a look.

    Attributes
    ----------
    row
        The group.
    kind
        `no fit`, `not reliable`, `outlying` or `reservations`, the most urgent first.
    outliers
        Its outlying estimates, the farthest first.
    """

    row: SegmentRow
    kind: str
    outliers: tuple[Outlier, ...] = ()


KINDS = ("no fit", "not reliable", "outlying", "reservations")
"""Why a group needs a look, in the order of the ranking."""


@dataclass(frozen=True)
class Spread:
    """How the estimates of a quantity vary between groups.

    Attributes
    ----------
    quantity
        Its label.
    values, sds
        `(groups,)`: the estimates, and their posterior SDs; NaN where there is none.
    lowest, median, highest
        The 5 %, 50 % and 95 % quantiles of the estimates.
    between
        The SD between groups, without what chance adds to the estimates (Paule-Mandel); `None` where it
        cannot be estimated. Where a prior is shared, it is that of the estimates before.
    within
        The typical posterior SD of a group: their median.
    """

    quantity: str
    values: Floats
    sds: Floats
    lowest: float
    median: float
    highest: float
    between: float | None
    within: float | None


def rank_concerns(segments: Segments) -> list[Concern]:
    """Return the groups that need a look, the most urgent first.

    First come those without a fit, then those whose fit cannot be relied on, those with outlying estimates,
    and those whose checks have reservations; within each, the worst first. Fits that cannot be relied on are
    not searched for outlying estimates, nor do they count for the others.
    """
    outliers = find_outliers(segments)
    found = []
    for row in segments.rows:
        own = outliers.get(row.values, ())
        if row.failure:
            found.append(Concern(row, "no fit"))
        elif row.verdict == "fail":
            found.append(Concern(row, "not reliable"))
        elif own:
            found.append(Concern(row, "outlying", own))
        elif row.verdict == "caution":
            found.append(Concern(row, "reservations"))
    return sorted(found, key=_urgency)


def _urgency(concern: Concern) -> tuple[float, ...]:
    row = concern.row
    farthest = max((abs(one.distance) for one in concern.outliers), default=0.0)
    return (
        KINDS.index(concern.kind),
        -len(row.failed),
        -(row.rhat_max or 0.0),
        -farthest,
        -len(row.cautions),
    )


def find_outliers(segments: Segments) -> dict[tuple[str, ...], tuple[Outlier, ...]]:
    """Return the outlying estimates of each group, the farthest first.

    An estimate is outlying if its distance from the median of all groups is one that chance gives any of the
    groups with a probability below 5 % (Bonferroni), were the groups' values normal: the scale of that is the
    median absolute deviation of the estimates, uncertain as it is, and the estimate's own SD as far as that
    is larger than in most groups. Quantities that are positive by declaration are compared on the
    logarithmic scale.
    """
    from scipy import stats

    found: dict[tuple[str, ...], list[Outlier]] = {}
    for spread in measure_spreads(segments):
        is_known = np.isfinite(spread.values)
        count = int(is_known.sum())
        if count < FEWEST_COMPARED_GROUPS:
            continue
        values, sds = _transform(spread, is_positive=spread.quantity in segments.record.positive)
        center = float(np.nanmedian(values))
        scale = _MAD_TO_SD * float(np.nanmedian(np.abs(values - center)))
        extra = np.maximum(0.0, np.nan_to_num(sds) ** 2 - np.nan_to_num(np.nanmedian(sds) ** 2))
        if scale <= 0:
            continue
        distances = (values - center) / np.sqrt(scale**2 + extra)
        freedom = _MAD_EFFICIENCY * (count - 1)
        limit = float(stats.t.isf(FAMILY_ERROR_LIMIT / 2 / count, freedom))
        for place in np.flatnonzero(np.abs(distances) > limit):
            row = segments.rows[place]
            one = Outlier(
                spread.quantity, float(spread.values[place]), spread.median, float(distances[place])
            )
            found.setdefault(row.values, []).append(one)
    return {key: tuple(sorted(own, key=lambda one: -abs(one.distance))) for key, own in found.items()}


def _transform(spread: Spread, *, is_positive: bool) -> tuple[Floats, Floats]:
    """Return estimates and SDs on the scale on which they are compared."""
    if not is_positive or not (spread.values[np.isfinite(spread.values)] > 0).all():
        return spread.values, spread.sds
    return np.log(spread.values), spread.sds / spread.values


def measure_spreads(segments: Segments) -> list[Spread]:
    """Return how each quantity varies between the groups whose fit can be relied on."""
    spreads = []
    for label in segments.record.quantities:
        values, sds = collect(segments.rows, label)
        is_known = np.isfinite(values)
        if is_known.sum() < 2:
            continue
        low, middle, high = np.quantile(values[is_known], (0.05, 0.5, 0.95))
        has_sd = is_known & np.isfinite(sds) & (sds > 0)
        within = float(np.median(sds[has_sd])) if has_sd.any() else None
        own, own_sds = collect(segments.rows, label, unshared=bool(segments.record.shared))
        says = np.isfinite(own) & np.isfinite(own_sds) & (own_sds > 0)
        found = estimate_spread(own[says], own_sds[says]) if says.sum() > 1 else None
        between = None if found is None else found.between
        spreads.append(Spread(label, values, sds, float(low), float(middle), float(high), between, within))
    return spreads


def collect(rows: Sequence[SegmentRow], label: str, *, unshared: bool = False) -> tuple[Floats, Floats]:
    """Return the estimates of a quantity and their SDs, `(groups,)`; NaN where a fit is not reliable."""

    def read(row: SegmentRow) -> tuple[float, float]:
        source: Mapping[str, object] = row.unshared if unshared else row.estimates
        one = source.get(label) if row.verdict != "fail" and not row.failure else None
        mean, sd = getattr(one, "mean", None), getattr(one, "sd", None)
        return (np.nan if mean is None else mean, np.nan if sd is None else sd)

    pairs = np.array([read(row) for row in rows], dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def count_reasons(rows: Sequence[SegmentRow]) -> list[tuple[str, list[SegmentRow]]]:
    """Return why groups have no fit, each reason with its groups, the most frequent first.

    Reasons that differ only in numbers are one.
    """
    by_text: dict[str, list[SegmentRow]] = {}
    for row in rows:
        if row.failure:
            by_text.setdefault("".join("#" if c.isdigit() else c for c in row.failure), []).append(row)
    ordered = sorted(by_text.values(), key=lambda group: -len(group))
    return [(group[0].failure, group) for group in ordered]

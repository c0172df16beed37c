"""Where the detectors of a monitor stand: whether there is an alarm, what moved, and since when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.monitoring.detector import (
    Detector,
    find_direction,
    find_onset,
    follow,
    join_detectors,
)
from workbench.monitoring.events import BatchWatched, FamilyTransforms
from workbench.monitoring.predictors import ENERGY
from workbench.monitoring.transforms import Family

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FamilyStanding:
    """The detector of one family of statistics.

    Attributes
    ----------
    family
        The family.
    names
        Its statistics, `k` of them.
    places
        Which of the batches that are watched have the family, `(t,)`.
    values, scores
        Their transforms, and how far out they are [SD], each `(t, k)`.
    detector
        What the detector says after each.
    """

    family: Family
    names: tuple[str, ...]
    places: NDArray[np.int64]
    values: Floats
    scores: Floats
    detector: Detector

    def at(self, place: int) -> float:
        """Return the log of the detector after a batch, by its place among those that are watched."""
        seen = int(np.searchsorted(self.places, place, side="right"))
        return float(self.detector.log_value[seen - 1]) if seen else -math.inf


@dataclass(frozen=True)
class MovedStatistic:
    """What leads the detectors after a batch.

    Attributes
    ----------
    family, statistic
        What leads.
    direction
        1 where it rose, -1 where it fell.
    onset
        The place among the batches that are watched from which on it has moved most likely.
    place
        The place of the batch after which this is said.
    share
        The share of the family in the joint detector.
    others
        The statistics that come next in the same family, each with its direction.
    """

    family: Family
    statistic: str
    direction: Literal[-1, 1]
    onset: int
    place: int
    share: float
    others: tuple[tuple[str, Literal[-1, 1]], ...] = ()


@dataclass(frozen=True)
class MonitorStanding:
    """Where the detectors stand.

    Attributes
    ----------
    arl
        The threshold: the average run length.
    log_value
        The log of the joint detector after each batch that is watched, `(t,)`.
    families
        Each family that some batch has.
    alarm
        What led when the detector first reached its threshold; `None` while it has not.
    """

    arl: float
    log_value: Floats
    families: tuple[FamilyStanding, ...]
    alarm: MovedStatistic | None

    @property
    def is_alarm(self) -> bool:
        """Whether an alarm stands."""
        return self.alarm is not None

    @property
    def value(self) -> float:
        """The detector after the last batch; 0 before the first."""
        return math.exp(min(700.0, float(self.log_value[-1]))) if len(self.log_value) else 0.0

    @property
    def highest(self) -> float:
        """The highest value of the detector."""
        return math.exp(min(700.0, float(self.log_value.max()))) if len(self.log_value) else 0.0

    @property
    def leading(self) -> MovedStatistic | None:
        """What leads after the last batch; `None` before the first."""
        return find_leading(self.families, len(self.log_value) - 1) if len(self.log_value) else None


_MUCH = 0.5
"""The share of the largest log evidence from which on a statistic may lead. Ours."""

_MOST_OTHERS = 3
"""How many further statistics are named. Ours."""


def judge_batches(batches: Sequence[BatchWatched], families: Sequence[Family], arl: float) -> MonitorStanding:
    """Return where the detectors stand after some batches.

    Parameters
    ----------
    batches
        The batches that are watched, in the order in which they came.
    families
        The families that are watched: the joint detector is the average of theirs, whether or not batches
        have them.
    arl
        The average run length.
    """
    found = [_follow(batches, family) for family in families]
    known = tuple(each for each in found if each is not None)
    joint = np.array([_join(known, place, len(families)) for place in range(len(batches))], dtype=float)
    reached = np.flatnonzero(joint >= math.log(arl))
    alarm = find_leading(known, int(reached[0])) if len(reached) else None
    return MonitorStanding(arl, joint, known, alarm)


def find_leading(families: Sequence[FamilyStanding], place: int) -> MovedStatistic | None:
    """Return what leads after a batch, by its place among those that are watched."""
    values = {each.family: each.at(place) for each in families}
    if not any(math.isfinite(value) for value in values.values()):
        return None
    family = max(families, key=lambda each: each.at(place))
    seen = int(np.searchsorted(family.places, place, side="right"))
    order = _rank(family, seen)
    leading = order[0]
    onset = find_onset(family.values[:seen, leading])
    total = float(np.logaddexp.reduce([value for value in values.values() if math.isfinite(value)]))
    return MovedStatistic(
        family=family.family,
        statistic=family.names[leading],
        direction=_direct(family.values[onset:seen, leading]),
        onset=int(family.places[onset]),
        place=place,
        share=math.exp(values[family.family] - total),
        others=tuple(
            (family.names[k], _direct(family.values[onset:seen, k])) for k in order[1 : 1 + _MOST_OTHERS]
        ),
    )


def _direct(values: Floats) -> Literal[-1, 1]:
    return 1 if find_direction(values) > 0 else -1


def _rank(family: FamilyStanding, seen: int) -> list[int]:
    """Return the statistics, the one that moved most first.

    A shift moves several statistics at once. Transforms end where nothing that was drawn lies beyond: of
    those with much of the largest evidence the one leads that is farthest out, in its own SDs, since it
    moved. That all predictors together moved leads only where none of them did.
    """
    evidence = family.detector.log_statistics[seen - 1]
    is_clear = evidence >= _MUCH * evidence.max()

    def key(k: int) -> tuple[bool, bool, float]:
        onset = find_onset(family.values[:seen, k])
        own = np.nan_to_num(family.scores[onset:seen, k])
        distance = abs(float(own.sum())) / math.sqrt(len(own))
        return not is_clear[k], family.names[k] == ENERGY, -distance if is_clear[k] else -float(evidence[k])

    return sorted(range(len(evidence)), key=key)


def _follow(batches: Sequence[BatchWatched], family: Family) -> FamilyStanding | None:
    """Return the detector of a family; its statistics and their weights are those of its first batch."""
    own: list[tuple[int, FamilyTransforms]] = [
        (place, each)
        for place, batch in enumerate(batches)
        for each in batch.transforms
        if each.family == family and each.names
    ]
    if not own:
        return None
    first = own[0][1]
    values = np.array([_align(each.read_values(), first.names) for _, each in own], dtype=float)
    scores = np.array([_align(each.read_scores(), first.names) for _, each in own], dtype=float)
    places = np.array([place for place, _ in own], dtype=np.int64)
    detector = follow(values, np.array(first.weights))
    return FamilyStanding(family, first.names, places, values, scores, detector)


def _align(values: Mapping[str, float], names: Sequence[str]) -> list[float]:
    return [values.get(name, math.nan) for name in names]


def _join(families: Sequence[FamilyStanding], place: int, watched: int) -> float:
    known = {each.family: value for each in families if math.isfinite(value := each.at(place))}
    return join_detectors({str(family): value for family, value in known.items()}, watched)

"""The events of a monitor: everything that its state is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from workbench import journal
from workbench.journal import Hash
from workbench.monitoring.transforms import Family, Transforms

Count = Annotated[int, Meta(ge=0, le=10**12)]
"""How many."""

Mode = Literal["model", "reference"]
"""Whether batches are compared with what the model predicts of them, or with rows of a reference period."""


class MonitorBegun(Struct, frozen=True, kw_only=True, tag="begun"):
    """A version of a model is monitored from here on; alarms and detectors of the one before it end.

    `arl` is the average run length: the number of batches to a false alarm in expectation, at least.
    `fitted` counts the rows of the version's fit. `reference` names the arrays with the scores of the
    reference period.
    """

    name: str
    version: Annotated[int, Meta(ge=1)]
    run: Hash
    arl: Annotated[float, Meta(gt=1)]
    mode: Mode
    families: tuple[Family, ...]
    seed: Count
    fitted: Count = 0
    reference: Hash | None = None
    reference_name: str = ""
    reference_rows: Count = 0


class FamilyTransforms(Struct, frozen=True, kw_only=True):
    """The transforms of a batch by statistic, and how far out each is [SD]; `None` where it has none."""

    family: Family
    names: tuple[str, ...]
    weights: tuple[float, ...]
    values: tuple[Annotated[float, Meta(gt=0, lt=1)] | None, ...]
    scores: tuple[float | None, ...]

    def __post_init__(self) -> None:
        """Refuse lists of different lengths."""
        if not len(self.names) == len(self.weights) == len(self.values) == len(self.scores):
            raise ValueError("each statistic has one weight, one value and one score")

    def read_values(self) -> dict[str, float]:
        """Return the transform of each statistic; not a number where there is none."""
        return self._read(self.values)

    def read_scores(self) -> dict[str, float]:
        """Return how far out each statistic is [SD]; not a number where that is not known."""
        return self._read(self.scores)

    def _read(self, numbers: Sequence[float | None]) -> dict[str, float]:
        known = (math.nan if number is None else number for number in numbers)
        return dict(zip(self.names, known, strict=True))


class LeadingRow(Struct, frozen=True, kw_only=True):
    """A row that moves a statistic much: `contribution` is how far [SDs of the statistic]."""

    row: Count
    outcome: str
    observed: float
    mean: float
    lower: float
    upper: float
    contribution: float


class BatchWatched(Struct, frozen=True, kw_only=True, tag="batch"):
    """A batch of rows.

    `key` is the hash of its rows, `inputs` that of their predictors, `table` that of the file which keeps
    them, and `arrays` that of the file with what was computed of them. `start` and `time` are the times of
    its first and its last row. `unordered` are the outcomes whose values are categories without an order.
    `base` is the run whose draws predicted it. `window` is the number of the window in which it is
    suppressed: it counts for nothing, and nothing is learned from it. `khat` and `effective` are those of the
    weights of these draws once it is learned; `weights_reason` says why they will not do, so that the next
    batch is preceded by a fit.
    """

    key: Hash
    inputs: Hash | None = None
    name: str
    start: str
    time: str
    rows: Count
    with_outcome: Count
    table: Hash
    arrays: Hash
    base: Hash
    transforms: tuple[FamilyTransforms, ...]
    outcomes: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    statistic: str = ""
    leading_rows: tuple[LeadingRow, ...] = ()
    is_learned: bool = False
    khat: float | None = None
    effective: float | None = None
    weights_reason: str = ""
    window: Count = 0
    is_late: bool = False
    remarks: tuple[str, ...] = ()


class ModelRefitted(Struct, frozen=True, kw_only=True, tag="refitted"):
    """The champion's program was fitted to its rows and all batches so far; its draws take over."""

    run: Hash
    files: Mapping[str, Hash]
    batches: Count
    reason: str
    verdict: str = ""


class WindowSuppressed(Struct, frozen=True, kw_only=True, tag="suppressed"):
    """Batches of this time, which come from here on, count for nothing."""

    start: str
    end: str
    reason: str


class AlarmAcknowledged(Struct, frozen=True, kw_only=True, tag="acknowledged"):
    """An alarm is over; the detectors start at the next batch."""

    reason: str


Content = MonitorBegun | BatchWatched | ModelRefitted | WindowSuppressed | AlarmAcknowledged
"""What an event says."""

MonitorEvent = journal.Event[Content]
"""An event of a monitor."""


def record_transforms(transforms: Transforms) -> FamilyTransforms:
    """Return transforms as an event holds them."""
    return FamilyTransforms(
        family=transforms.family,
        names=transforms.names,
        weights=tuple(map(float, transforms.weights)),
        values=tuple(None if np.isnan(value) else float(value) for value in transforms.values),
        scores=tuple(None if np.isnan(score) else float(score) for score in transforms.scores),
    )

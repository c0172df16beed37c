"""Where a monitor stands as JSON: what `workbench monitor --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from workbench.journal import Hash
from workbench.monitoring.events import Count, LeadingRow, Mode, WindowSuppressed
from workbench.monitoring.transforms import Family

Direction = Literal["up", "down"]
"""Where a statistic moved."""


class DirectedStatistic(Struct, frozen=True, kw_only=True):
    """A statistic, and where it moved."""

    statistic: str
    direction: Direction


class RecordedFinding(Struct, frozen=True, kw_only=True):
    """What leads the detectors: since which batch most likely, after which batch that is said.

    `share` is the share of its family in the joint detector; `next` are the statistics that come next.
    """

    family: Family
    statistic: str
    direction: Direction
    since_batch: Count
    since_time: str
    with_batch: Count
    share: float
    next: tuple[DirectedStatistic, ...]


class RecordedRow(Struct, frozen=True, kw_only=True):
    """A row that moves the statistic much: `contribution` is how far [SDs of the statistic]."""

    batch: Count
    name: str
    row: Count
    outcome: str
    observed: float | None
    mean: float | None
    lower: float | None
    upper: float | None
    contribution: float


class RecordedBatch(Struct, frozen=True, kw_only=True):
    """The batch that the command was given.

    `is_repeated`: it was recorded before, and nothing changed. `is_suppressed`: it counts for nothing.
    `is_late`: it came after one that is later. `is_learned`: what follows is predicted given its rows too.
    """

    number: Count
    is_repeated: bool
    name: str
    key: Hash
    time: str
    rows: Count
    with_outcome: Count
    is_suppressed: bool
    is_late: bool
    is_learned: bool
    khat: float | None
    effective_draws: float | None
    weights_reason: str
    base: Hash
    transforms: Mapping[Family, Mapping[str, float | None]]
    leading_rows: tuple[LeadingRow, ...]
    remarks: tuple[str, ...]


class EarlierPeriod(Struct, frozen=True, kw_only=True):
    """A version that was monitored before."""

    version: Count
    batches: Count
    is_alarm: bool


class MonitorRecord(Struct, frozen=True, kw_only=True):
    """Where a monitor stands.

    `state` is its folder. `alarm` is what led when the detector reached its threshold `arl`, `leading` what
    leads now. `detector` is the joint detector after the last batch, `detectors` that of each family. `rows`
    move what it is about most. `head` is the hash of the last event.
    """

    model: str
    version: Count
    run: Hash
    state: str
    conclusion: tuple[str, ...]
    is_alarm: bool
    alarm: RecordedFinding | None
    leading: RecordedFinding | None
    arl: float
    mode: Mode
    watched: tuple[Family, ...]
    detector: float
    detectors: Mapping[Family, float]
    batches: Count
    batch: RecordedBatch | None
    rows: tuple[RecordedRow, ...]
    windows: tuple[WindowSuppressed, ...]
    earlier: tuple[EarlierPeriod, ...]
    head: Hash

"""What the events of a monitor add up to: periods, one for each version that was monitored."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

from workbench.errors import MonitorDamaged
from workbench.journal import FIRST
from workbench.monitoring.events import (
    AlarmAcknowledged,
    BatchWatched,
    ModelRefitted,
    MonitorBegun,
    MonitorEvent,
    WindowSuppressed,
)
from workbench.monitoring.standing import MonitorStanding, judge_batches

_LARGEST = 700.0
"""The largest log of a detector that is shown as a number."""


@dataclass(frozen=True)
class MonitoredBatch:
    """A batch with its place.

    Attributes
    ----------
    number
        Which batch of its period it is, from 1.
    recorded
        When it was recorded.
    event
        What its event says.
    """

    number: int
    recorded: str
    event: BatchWatched

    @property
    def is_counted(self) -> bool:
        """Whether it counts; otherwise it is suppressed."""
        return not self.event.window


@dataclass(frozen=True)
class Acknowledgement:
    """An alarm that is over: after which batch, when, by whom, and why."""

    after: int
    time: str
    author: str
    reason: str


@dataclass(frozen=True)
class PeriodPart:
    """Batches of a period from one acknowledged alarm to the next, and where the detectors stood."""

    batches: tuple[MonitoredBatch, ...]
    standing: MonitorStanding

    @property
    def values(self) -> tuple[float, ...]:
        """The detector after each batch."""
        return tuple(math.exp(min(_LARGEST, float(value))) for value in self.standing.log_value)


@dataclass(frozen=True)
class Period:
    """Everything about one version that was monitored.

    Attributes
    ----------
    begun
        What was said when it began.
    time
        When it began.
    batches
        In the order in which they came.
    acknowledgements
        In their order.
    refits
        In their order.
    """

    begun: MonitorBegun
    time: str
    batches: tuple[MonitoredBatch, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    refits: tuple[ModelRefitted, ...] = ()

    @property
    def reference(self) -> str:
        """The version, as it is called."""
        return f"{self.begun.name}@{self.begun.version}"

    @property
    def learned(self) -> tuple[MonitoredBatch, ...]:
        """The batches that the posterior has learned from."""
        return tuple(batch for batch in self.batches if batch.event.is_learned)

    @property
    def watched(self) -> tuple[MonitoredBatch, ...]:
        """The batches that the detectors see: those that count, since the last alarm that is over."""
        after = self.acknowledgements[-1].after if self.acknowledgements else 0
        return tuple(batch for batch in self.batches if batch.number > after and batch.is_counted)

    @cached_property
    def standing(self) -> MonitorStanding:
        """Where the detectors stand."""
        return judge_batches([batch.event for batch in self.watched], self.begun.families, self.begun.arl)

    @property
    def parts(self) -> tuple[PeriodPart, ...]:
        """The batches that count, divided where an alarm was acknowledged: detectors start anew there."""
        ends = [*(each.after for each in self.acknowledgements), len(self.batches)]
        starts = [0, *ends[:-1]]
        found = []
        for start, end in zip(starts, ends, strict=True):
            own = tuple(batch for batch in self.batches[start:end] if batch.is_counted)
            events = [batch.event for batch in own]
            found.append(PeriodPart(own, judge_batches(events, self.begun.families, self.begun.arl)))
        return tuple(found)

    def find(self, key: str) -> MonitoredBatch | None:
        """Return the batch of some rows, if they came before."""
        return next((batch for batch in self.batches if batch.event.key == key), None)


@dataclass(frozen=True)
class MonitorState:
    """A monitor as it is after its events.

    Attributes
    ----------
    periods
        One for each version that was monitored, the present one last.
    windows
        Times whose batches count for nothing.
    head, count
        The hash of the last event, and how many there are.
    """

    periods: tuple[Period, ...] = ()
    windows: tuple[WindowSuppressed, ...] = ()
    head: str = field(default=FIRST)
    count: int = 0

    @property
    def present(self) -> Period | None:
        """The period of the version that is monitored now; `None` before the first."""
        return self.periods[-1] if self.periods else None


def apply_event(state: MonitorState, event: MonitorEvent) -> MonitorState:
    """Return the state after one more event.

    Raises
    ------
    MonitorDamaged
        It contradicts the events before it.
    """
    content = event.content
    state = replace(state, head=event.hash, count=event.number)
    if isinstance(content, WindowSuppressed):
        return replace(state, windows=(*state.windows, content))
    if isinstance(content, MonitorBegun):
        # What began without a batch may begin with other options.
        earlier = [period for period in state.periods if period.batches]
        return replace(state, periods=(*earlier, Period(content, event.time)))
    if state.present is None:
        raise MonitorDamaged(f"event {event.number} comes before a version was monitored.")
    return replace(state, periods=(*state.periods[:-1], _apply(state, state.present, event)))


def _apply(state: MonitorState, period: Period, event: MonitorEvent) -> Period:
    content = event.content
    if isinstance(content, BatchWatched):
        if period.find(content.key) is not None:
            raise MonitorDamaged(f"event {event.number} records a batch that was recorded before.")
        if content.window > len(state.windows):
            raise MonitorDamaged(f"event {event.number} names a window that was never stated.")
        batch = MonitoredBatch(len(period.batches) + 1, event.time, content)
        return replace(period, batches=(*period.batches, batch))
    if isinstance(content, AlarmAcknowledged):
        done = Acknowledgement(len(period.batches), event.time, event.author, content.reason)
        return replace(period, acknowledgements=(*period.acknowledgements, done))
    assert isinstance(content, ModelRefitted)  # noqa: S101 - the last kind
    if content.batches > len(period.batches):
        raise MonitorDamaged(f"event {event.number} is a fit of batches that never came.")
    return replace(period, refits=(*period.refits, content))

"""Where a monitor stands, with all that is said and shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import MonitorDamaged
from workbench.monitoring.batch_arrays import BatchRow, find_moving_rows
from workbench.monitoring.folder import MonitorFolder
from workbench.monitoring.standing import MovedStatistic
from workbench.monitoring.state import MonitoredBatch, MonitorState, Period


@dataclass(frozen=True)
class MonitorAccount:
    """Where a monitor stands.

    Attributes
    ----------
    place
        The folder of its state.
    state
        Everything that was recorded.
    period
        The version that is monitored.
    batch
        The batch that this command was given; `None` for a question alone.
    is_repeated
        Whether that batch was recorded before, so that nothing changed.
    finding
        What the alarm is about; without an alarm, what leads.
    rows
        The rows that move that statistic most, the first one most.
    remarks
        What else is to be said, in sentences.
    """

    place: Path
    state: MonitorState
    period: Period
    batch: MonitoredBatch | None = None
    is_repeated: bool = False
    finding: MovedStatistic | None = None
    rows: tuple[BatchRow, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether an alarm stands."""
        return self.period.standing.is_alarm

    @property
    def onset(self) -> MonitoredBatch | None:
        """The batch from which on the statistic has moved most likely."""
        return None if self.finding is None else self.period.watched[self.finding.onset]


def make_account(
    folder: MonitorFolder,
    state: MonitorState,
    *,
    batch: MonitoredBatch | None = None,
    is_repeated: bool = False,
    remarks: Sequence[str] = (),
) -> MonitorAccount:
    """Return where a monitor stands.

    Raises
    ------
    MonitorDamaged
        A version was never monitored, or a file of a batch is not as it was written.
    """
    period = state.present
    if period is None:
        raise MonitorDamaged(f"`{folder.path}` holds no version that was monitored.")
    standing = period.standing
    finding = standing.alarm or standing.leading
    rows = () if finding is None else find_moving_rows(folder, period, finding)
    said = (*folder.remarks, *remarks)
    return MonitorAccount(folder.path, state, period, batch, is_repeated, finding, rows, said)

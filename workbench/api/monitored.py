"""Where a monitor stands, from Python: what `registry.monitor(...)` returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.monitoring.account import MonitorAccount

if TYPE_CHECKING:
    import pandas as pd


class Monitored:
    """Where the monitor of a model stands.

    Attributes
    ----------
    account
        All of it, with types.
    """

    def __init__(self, account: MonitorAccount) -> None:
        self.account = account

    def __repr__(self) -> str:
        """Return the first sentences."""
        return f"<Monitor of {self.account.period.reference}: {' '.join(self.conclusion[:2])}>"

    @property
    def is_alarm(self) -> bool:
        """Whether an alarm stands."""
        return self.account.is_alarm

    @property
    def detector(self) -> float:
        """The detector after the last batch; an alarm when it reaches the average run length."""
        return self.account.period.standing.value

    @property
    def statistic(self) -> str:
        """What the alarm is about, or what is closest to one; empty before the first batch."""
        return "" if self.account.finding is None else self.account.finding.statistic

    @property
    def direction(self) -> str:
        """Whether that went `up` or `down`; empty before the first batch."""
        finding = self.account.finding
        return "" if finding is None else "up" if finding.direction > 0 else "down"

    @property
    def since(self) -> int | None:
        """The number of the batch since which it has moved most likely; `None` without an alarm."""
        onset = self.account.onset if self.account.is_alarm else None
        return None if onset is None else onset.number

    @property
    def is_repeated(self) -> bool:
        """Whether the batch was recorded before, so that nothing changed."""
        return self.account.is_repeated

    @property
    def conclusion(self) -> tuple[str, ...]:
        """Where the monitor stands, in sentences, the answer first."""
        from workbench.report.monitor import describe_account

        return describe_account(self.account)

    @property
    def batches(self) -> pd.DataFrame:
        """A row for each batch.

        Columns are `batch`, `name`, `time`, `rows`, `with_outcome`, `detector` and `suppressed`;
        `detector` is missing for batches that count for nothing.
        """
        import pandas as pd

        period = self.account.period
        values = {
            batch.number: value
            for part in period.parts
            for batch, value in zip(part.batches, part.values, strict=True)
        }
        rows = [
            {
                "batch": batch.number,
                "name": batch.event.name,
                "time": batch.event.time,
                "rows": batch.event.rows,
                "with_outcome": batch.event.with_outcome,
                "detector": values.get(batch.number),
                "suppressed": not batch.is_counted,
            }
            for batch in period.batches
        ]
        frame = pd.DataFrame(rows)
        if not frame.empty:
            frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    @property
    def rows(self) -> pd.DataFrame:
        """The rows that move the statistic most, the first one most.

        Columns: `batch`, `row` (from 1), `outcome`, `observed`, `mean`, `lower`, `upper`, `contribution`
        [SDs of the statistic].
        """
        import msgspec
        import pandas as pd

        names = ["batch", "row", "outcome", "observed", "mean", "lower", "upper", "contribution"]
        found = [{"batch": item.batch, **msgspec.to_builtins(item.row)} for item in self.account.rows]
        return pd.DataFrame(found, columns=names)

    def report(self, output: str | Path) -> Path:
        """Write where the monitor stands as one HTML file, and return its path.

        Raises
        ------
        StoreError
            The file cannot be written.
        """
        from workbench.workflow.monitor_report import write_monitor_page

        target = Path(output)
        write_monitor_page(self.account, target)
        return target

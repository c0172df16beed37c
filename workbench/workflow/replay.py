"""A run made again from its own files, and held against what it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from workbench.progress import SILENT, Progress
from workbench.results import Fit, store
from workbench.results.comparison import Difference, differences
from workbench.toolchain import Settings
from workbench.workflow.resume import go_on
from workbench.workflow.saved_run import reopened


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Attributes
    ----------
    fit
        The run made again.
    differences
        Every number that both hold, the farthest apart first.
    is_identical
        Whether all of them are equal to the last digit.
    """

    fit: Fit
    differences: tuple[Difference, ...]

    @property
    def is_identical(self) -> bool:
        """Whether every number is the same to the last digit."""
        return all(one.before == one.after for one in self.differences)

    @property
    def disagreeing(self) -> tuple[Difference, ...]:
        """The numbers that are too far apart."""
        return tuple(one for one in self.differences if one.is_far)


def replay(
    folder: Path,
    *,
    seed: int | None = None,
    settings: Settings | None = None,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> Replay:
    """Run a stored run again and compare every summary; nothing is written.

    Parameters
    ----------
    folder
        The run directory.
    seed
        Another seed, for an independent replication; by default the run's own, which on the same machine and
        build gives the same draws.
    settings, jobs, progress
        Which Stan to use, chains at a time, where to report.

    Raises
    ------
    WorkbenchError
        There is no run, or it does not hold what it was made from.
    """
    fitted = store.read(folder)
    with reopened(fitted, settings, jobs=jobs, progress=progress) as run:
        if seed is not None:
            run = replace(run, request=replace(run.request, seed=seed))
        again = run.work_out(run.request)
        for number, longer in enumerate(fitted.record.get("continued", ())):
            again = go_on(replace(run, fit=again), again, longer["draws"], number)
    return Replay(again, tuple(differences(fitted.record, again.record)))

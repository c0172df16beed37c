"""Run a stored run again from its own files, and compare the two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from workbench.progress import SILENT, Progress
from workbench.results import Fit, run_directory
from workbench.results.comparison import Difference, compare_estimates
from workbench.toolchain import ToolchainSettings
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.resume import add_draws
from workbench.workflow.saved_run import open_run


@dataclass(frozen=True)
class Replay:
    """A run that was run again.

    Attributes
    ----------
    fit
        The second run.
    differences
        Every number that both runs have, the farthest apart first.
    """

    fit: Fit
    differences: tuple[Difference, ...]

    @property
    def is_identical(self) -> bool:
        """Whether every number is the same to the last digit."""
        return all(difference.before == difference.after for difference in self.differences)

    @property
    def disagreements(self) -> tuple[Difference, ...]:
        """The numbers that are too far apart."""
        return tuple(difference for difference in self.differences if difference.is_far)


def replay(
    folder: Path,
    *,
    seed: int | None = None,
    settings: ToolchainSettings | None = None,
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
    fit = run_directory.read(folder)
    with open_run(fit, settings, jobs=jobs, progress=progress) as run:
        if seed is not None:
            run = replace(run, request=replace(run.request, seed=seed))
        again = estimate_request(run.request, run.builds)
        for number, continuation in enumerate(fit.results.continued):
            again = add_draws(replace(run, fit=again), again, continuation.draws, number)
    return Replay(again, tuple(compare_estimates(fit.results, again.results)))

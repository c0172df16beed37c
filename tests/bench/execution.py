"""The cost of running tasks elsewhere: tasks that do nothing, and small fits, here and on two Dask workers.

Each fit is one chain of NUTS for the prior of a normal mean, with another standard deviation each time. The
workers run on the loopback interface, each with one slot, so that both ways have two processes at a time. Run
it by `make bench`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tests.execution import work
from tests.execution.clusters import DaskProcesses
from tests.studies import normal_mean
from workbench import tables, toolchain
from workbench.backends.stan import StanBackend
from workbench.execution import Executor, LocalExecutor, Task, name_function
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.methods import Nuts
from workbench.progress import SILENT
from workbench.studies import Plan, Point, StudyContext, make_form_key
from workbench.studies.fits.prior_draws import make_prior_task
from workbench.workflow.builds import Builds
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program
from workbench.workflow.study_variants import build_variant

FITS, NOTHING = 200, 500
"""How many fits, and how many tasks that do nothing."""


def make_context(folder: Path, count: int = FITS) -> StudyContext:
    """Return the context of a study with a compiled program and so many points."""
    model, data = folder / "normal_mean.stan", folder / "normal.csv"
    model.write_text(normal_mean.STAN)
    data.write_text(normal_mean.TABLE)
    tools, sampler = toolchain.provision(), Nuts(1, 500, 500)
    request = prepare_request(
        read_program(model, {}, tools), tables.read(data), FitOptions(methods=(sampler,))
    )
    backend = StanBackend()
    variant = build_variant(request, Builds(request, tools, SILENT), backend, {})
    points = tuple(Point({"mu.sigma": 0.5 + number / 100}) for number in range(count))
    plan = Plan(points=points, sampler=sampler)
    return StudyContext(plan, {make_form_key({}): variant}, backend, folder, folder / "scratch")


def time_fits(executor: Executor, context: StudyContext, folder: Path) -> float:
    """Return how long all fits take [s]."""
    folder.mkdir()
    started = time.perf_counter()
    tasks = (make_prior_task(context, point) for point in context.plan.points)
    failed = [outcome.failure for outcome in executor.map(tasks, folder) if outcome.failure]
    assert not failed, failed[0]
    return time.perf_counter() - started


def time_nothing(executor: Executor, folder: Path) -> float:
    """Return how long a task that does nothing takes [ms]."""
    tasks = [Task(f"nothing {number}", name_function(work.nothing)) for number in range(NOTHING)]
    list(executor.map(tasks[:10], folder))
    started = time.perf_counter()
    list(executor.map(tasks, folder))
    return (time.perf_counter() - started) / NOTHING * 1000


def main(rounds: int = 1) -> None:
    """Print the times."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = make_context(folder)
        processes = DaskProcesses(folder)
        try:
            processes.start_worker("first")
            processes.start_worker("second")
            with open_executor(parse_scheduler(processes.address), 2) as dask:
                local = LocalExecutor(2)
                console.print(f"no-op task: local {time_nothing(local, folder):.2f} ms")
                console.print(f"no-op task: Dask  {time_nothing(dask, folder):.2f} ms")
                for number in range(rounds):
                    here = time_fits(local, context, folder / f"local {number}")
                    there = time_fits(dask, context, folder / f"dask {number}")
                    console.print(
                        f"{FITS} fits: local {here:.1f} s, Dask {there:.1f} s, ratio {there / here:.3f}"
                    )
        finally:
            processes.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

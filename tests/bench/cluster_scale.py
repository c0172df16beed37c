"""A Dask scheduler under many tasks: its processor time, memory and messages by the number of tasks.

`python -m tests.bench.cluster_scale [--tasks 100000] [--fits 1000] [--workers 2]` runs tasks that do nothing,
then small fits, through our executor on workers of this machine, and prints a line for each tenth of them:
wall time, and processor time and memory of the scheduler, the client and the workers. Its figures stand in
`docs/thousand-workers.md`. It is no part of `make bench`, as it takes long.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
from rich.console import Console

from tests.bench import execution
from tests.execution import work
from tests.execution.clusters import DaskProcesses
from workbench.execution import Executor, LocalExecutor, Task, name_function
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.studies import StudyContext
from workbench.studies.fits.prior_draws import make_prior_task

console = Console(width=140)


def make_nothing(count: int, seconds: float = 0.0) -> Iterator[Task]:
    """Yield tasks that do nothing, or wait as if for Stan, and leave nothing."""
    for number in range(count):
        if seconds:
            yield Task(f"waiting {number}", name_function(work.tell_cores), (seconds,))
        else:
            yield Task(f"nothing {number}", name_function(work.nothing))


def list_processes(cluster: DaskProcesses) -> dict[str, list[psutil.Process]]:
    """Return the processes by what they are; workers with their nannies, without Stan's."""
    workers = [name for name in cluster.children if name != "scheduler"]
    return {
        "scheduler": [psutil.Process(cluster.children["scheduler"].pid)],
        "client": [psutil.Process()],
        "workers": [
            one
            for name in workers
            for one in (psutil.Process(cluster.children[name].pid), *cluster.find_worker_processes(name))
        ],
    }


def measure(processes: dict[str, list[psutil.Process]]) -> dict[str, tuple[float, float]]:
    """Return processor time [s] and memory [MB] of each kind."""
    return {
        kind: (
            sum(sum(one.cpu_times()[:2]) for one in group),
            sum(one.memory_info().rss for one in group) / 1e6,
        )
        for kind, group in processes.items()
    }


def run(executor: Executor, tasks: Iterable[Task], count: int, folder: Path, cluster: DaskProcesses) -> float:
    """Run tasks, print a line for each tenth of them, and return how long all take [s]."""
    folder.mkdir(exist_ok=True)
    processes = list_processes(cluster)
    started, before = time.perf_counter(), measure(processes)
    for done, outcome in enumerate(executor.map(tasks, folder), start=1):
        assert outcome.failure is None, outcome.failure
        if done % max(1, count // 10) == 0:
            now = measure(processes)
            parts = [
                f"{kind} {(now[kind][0] - before[kind][0]) / done * 1000:.2f} ms/task {now[kind][1]:.0f} MB"
                for kind in processes
            ]
            seconds = time.perf_counter() - started
            each = f"{seconds:7.1f} s {seconds / done * 1000:6.2f} ms/task"
            console.print(f"{done:7,} tasks {each} | {' | '.join(parts)}")
    return time.perf_counter() - started


def print_sizes(context: StudyContext, folder: Path) -> None:
    """Print how large tasks, what they share and what they leave are."""
    tasks = [make_prior_task(context, point) for point in context.plan.points]
    (shared,) = tasks[0].shared
    packed = len(pickle.dumps(shared.pack(shared.value)))
    alone = Task(tasks[0].key, tasks[0].function, tasks[0].arguments, (), tasks[0].pieces)
    left = [sum(file.stat().st_size for file in files_of(folder / name)) for name in tasks[0].pieces]
    console.print(
        f"a task {len(pickle.dumps(alone)):,} bytes; what all share {packed:,} bytes, once for each worker; "
        f"what a fit leaves {sum(left):,} bytes"
    )


def files_of(path: Path) -> list[Path]:
    """Return a file, or the files of a folder."""
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def main() -> None:
    """Run everything, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long each of the tasks waits")
    parser.add_argument("--local", action="store_true", help="run the fits on the local executor, too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cluster = DaskProcesses(folder)
        try:
            for number in range(asked.workers):
                cluster.start_worker(f"worker {number}")
            with open_executor(parse_scheduler(cluster.address), asked.workers) as dask:
                list(dask.map(make_nothing(20), folder))  # until all are there
                load = ", ".join(f"{each:.1f}" for each in psutil.getloadavg())
                console.print(f"{asked.workers} workers, load {load}")
                tasks = make_nothing(asked.tasks, asked.seconds)
                run(dask, tasks, asked.tasks, folder / "nothing", cluster)
                if asked.fits:
                    time_fits(dask, asked.fits, folder, cluster, asked.workers if asked.local else 0)
        finally:
            cluster.close()


def time_fits(dask: Executor, count: int, folder: Path, cluster: DaskProcesses, cores: int) -> None:
    """Run fits on the cluster and, where cores are given, on as many of this machine without one."""
    context = execution.make_context(folder, count)
    tasks = (make_prior_task(context, point) for point in context.plan.points)
    there = run(dask, tasks, count, folder / "dask", cluster)
    print_sizes(context, folder / "dask")
    if cores:
        here = execution.time_fits(LocalExecutor(cores), context, folder / "local")
        console.print(f"{count} fits: local {here:.1f} s, Dask {there:.1f} s, ratio {there / here:.3f}")


if __name__ == "__main__":
    main()

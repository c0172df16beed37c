"""Measure many rows: time and memory from a file to the first gradient, and gradients on one and two threads.

Three programs: a regression whose likelihood becomes a generalised linear model, a loop with a density that
has none, and effects of a hundred groups. Each is read and loaded in a process of its own, from Parquet and
from CSV; its executables are compiled before. Gradients are the fastest of three runs, which other work on
the machine slows down least.

`make bench` runs it with a million rows; `--rows 1e7` takes more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from rich.console import Console
from rich.table import Table

from workbench import tables
from workbench.backends.evaluator import Evaluator, Flag
from workbench.backends.stan import StanBackend
from workbench.estimation.context import FitContext
from workbench.progress import SILENT
from workbench.request import FitRequest
from workbench.toolchain import provision
from workbench.workflow.builds import Builds
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program
from workbench.workflow.shared_rows import share_request_rows

SIZES = (10_000, 100_000, 1_000_000)
"""Rows at which gradients are timed, as far as there are so many."""

_DATA = "int<lower=0> N; vector[N] x1; vector[N] x2; vector[N] y;"

_PRIORS = "beta1 ~ normal(0, 5); beta2 ~ normal(0, 5); sigma ~ normal(0, 5);"

PROGRAMS = {
    "regression": f"""
data {{ {_DATA} }}
parameters {{ real alpha; real beta1; real beta2; real<lower=0> sigma; }}
model {{
  alpha ~ normal(0, 5); {_PRIORS}
  y ~ normal(alpha + beta1 * x1 + beta2 * x2, sigma);
}}
""",
    "loop": f"""
data {{ {_DATA} }}
parameters {{ real alpha; real beta1; real beta2; real<lower=0> sigma; }}
model {{
  alpha ~ normal(0, 5); {_PRIORS}
  for (n in 1 : N) {{
    real mu = alpha + beta1 * x1[n] + beta2 * x2[n];
    y[n] ~ student_t(4, mu, sigma);
  }}
}}
""",
    "groups": f"""
data {{ {_DATA} int<lower=1> J; array[N] int<lower=1, upper=J> group; }}
parameters {{
  real mu; real<lower=0> tau; vector<offset=mu, multiplier=tau>[J] alpha;
  real beta1; real beta2; real<lower=0> sigma;
}}
model {{
  mu ~ normal(0, 5); tau ~ normal(0, 2); alpha ~ normal(mu, tau); {_PRIORS}
  for (n in 1 : N) y[n] ~ normal(alpha[group[n]] + beta1 * x1[n] + beta2 * x2[n], sigma);
}}
""",
}
"""The programs by name."""


def write_tables(folder: Path, rows: int) -> None:
    """Write the table as `rows.parquet` and `rows.csv`."""
    rng = np.random.default_rng(1)
    x1, x2 = rng.normal(size=(2, rows)).round(4)
    group = rng.integers(1, 101, rows)
    effects = np.r_[0.0, rng.normal(size=100) * 0.5]
    y = (1 + 0.5 * x1 - 0.3 * x2 + effects[group] + rng.normal(size=rows)).round(4)
    table = pa.table({"y": y, "x1": x1, "x2": x2, "group": group})
    pyarrow.parquet.write_table(table, folder / f"{rows}.parquet")
    pyarrow.csv.write_csv(table, folder / f"{rows}.csv")


def prepare(name: str, table: Path, threads: int) -> tuple[FitRequest, Builds]:
    """Return the request of a program and a table, and its executables."""
    tools = provision()
    path = table.parent / f"{name}.stan"
    path.write_text(PROGRAMS[name])
    program = read_program(path, {}, tools)
    options = FitOptions(threads=threads, output=table.parent / "run")
    request = share_request_rows(prepare_request(program, tables.read(table), options), tools)
    return request, Builds(request, tools, SILENT)


def measure_gradient(name: str, table: Path, threads: int, folder: Path) -> dict[str, Any]:
    """Return times [s] and memory [GB] from file to first gradient, and the time of a later one [s]."""
    began = time.perf_counter()
    request, builds = prepare(name, table, threads)
    bound = time.perf_counter() - began
    exe = builds.build_instrumented().exe
    began = time.perf_counter()
    context = FitContext(request, exe, StanBackend(), folder, SILENT)
    job = context.make_job("map")
    written = time.perf_counter() - began
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(cores)[:threads]))
    evaluator = Evaluator(exe, job.data, threads=threads)
    size = len(evaluator.describe(job).free)
    loaded = time.perf_counter() - began - written
    points = np.full((1, size), 0.1)
    evaluator.compute_log_density(job, points, Flag.GRADIENTS | Flag.JACOBIAN)
    first = time.perf_counter() - began - written - loaded
    repeats = max(3, 2_000_000 // (request.data.rows or 1))
    best = np.inf
    for _ in range(3):
        started = time.perf_counter()
        evaluator.compute_log_density(job, np.repeat(points, repeats, axis=0), Flag.GRADIENTS | Flag.JACOBIAN)
        best = min(best, (time.perf_counter() - started) / repeats)
    (stan,) = [item for item in psutil.Process().children() if item.exe() == os.path.realpath(exe)]
    memory = stan.memory_info().rss / 1e9
    os.sched_setaffinity(0, cores)
    evaluator.close()
    return {
        "read and bound": bound,
        "written": written,
        "loaded": loaded,
        "first gradient": first,
        "ours": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "Stan": memory,
        "gradient": best,
    }


def run_fresh(name: str, table: Path, threads: int) -> dict[str, Any]:
    """Return what `measure_gradient` measures in a process of its own."""
    argv = [sys.executable, "-m", "tests.bench.large_data", "--one", name, str(table), str(threads)]
    found: dict[str, Any] = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)
    return found


def show_files(folder: Path, rows: int, console: Console) -> None:
    """Print time and memory from each kind of file to the first gradient."""
    page = Table(title=f"{rows:,} rows: from the file to the first gradient")
    for heading in ("program", "file", "read, bound [s]", "data written [s]", "data loaded [s]"):
        page.add_column(heading)
    for heading in ("first gradient [s]", "our peak [GB]", "Stan's process [GB]"):
        page.add_column(heading)
    for name in PROGRAMS:
        for kind in ("parquet", "csv"):
            found = run_fresh(name, folder / f"{rows}.{kind}", 1)
            cells = [found[key] for key in ("read and bound", "written", "loaded", "first gradient")]
            cells += [found["ours"], found["Stan"]]
            page.add_row(name, kind, *(f"{cell:.2f}" for cell in cells))
    console.print(page)


def show_threads(folder: Path, rows: int, console: Console) -> None:
    """Print the time of a gradient on one thread, and with the rows shared out among two."""
    page = Table(title="A gradient [ms]")
    for heading in ("program", "rows", "1 thread", "2 threads", "ratio"):
        page.add_column(heading)
    for name in PROGRAMS:
        for size in (size for size in SIZES if size <= rows):
            times = [run_fresh(name, folder / f"{size}.parquet", threads)["gradient"] for threads in (1, 2)]
            cells = [f"{1000 * item:.3g}" for item in times]
            page.add_row(name, f"{size:,}", *cells, f"{times[0] / times[1]:.2f}")
    console.print(page)


def build_all(folder: Path, table: Path) -> None:
    """Compile the executables, so that no measurement does."""
    for name in PROGRAMS:
        for threads in (1, 2):
            request, builds = prepare(name, table, threads)
            replace(builds, request=request).build_instrumented()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=1e6, help="rows of the table; by default a million")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if parsed.one:
            name, table, threads = parsed.one
            found = measure_gradient(name, Path(table), int(threads), folder / "job")
            sys.stdout.write(json.dumps(found))
            return
        rows, console = int(parsed.rows), Console()
        for size in {rows, *(size for size in SIZES if size <= rows)}:
            write_tables(folder, size)
        build_all(folder, folder / f"{min(rows, SIZES[0])}.parquet")
        show_files(folder, rows, console)
        show_threads(folder, rows, console)


if __name__ == "__main__":
    main()

"""Ten million rows of eight columns, from a CSV file to Stan's data file: time and peak memory.

Beside it the usual way on the same file: pandas reads, cmdstanpy writes. Each way runs in a process of its
own, in turn, so that a machine whose speed drifts favours neither; quoted are the medians. Run it by
`make bench`, or with a number of rows: `python tests/bench/binding.py 1000000`.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from workbench import process

ROWS = 10_000_000
ROUNDS = 2

PROGRAM = """
data {
  int N; int K; int J;
  matrix[N, K] X; array[N] int<lower=1, upper=J> group; array[N] int<lower=0, upper=1> won; vector[N] y;
}
parameters { vector[K] b; vector[J] a; }
model { b ~ normal(0, 1); a ~ normal(0, 1); }
"""


def main() -> None:
    """Measure, and print one table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        source = Path(folder) / "table.csv"
        _write_table(source, rows)
        (Path(folder) / "model.stan").write_text(PROGRAM)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                found[way].append(_measured(way, Path(folder)))
    _show(found, rows)


def _write_table(path: Path, rows: int) -> None:
    rng = np.random.default_rng(1)
    for start in range(0, rows, 500_000):
        count = min(500_000, rows - start)
        columns = {name: rng.normal(size=count) for name in ("y", "x1", "x2", "x3", "x4", "x5")}
        frame = pd.DataFrame(
            columns | {"group": rng.integers(1, 51, count), "won": rng.integers(0, 2, count)}
        )
        frame.to_csv(path, mode="a", index=False, header=start == 0)


def _measured(way: str, folder: Path) -> dict[str, float]:
    """Run one way in a process of its own; return seconds, peak memory [MB] and size of the file [MB]."""
    done = process.run([sys.executable, __file__, "--way", way, str(folder)])
    if done.returncode:
        raise SystemExit(done.output)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _bind(folder: Path) -> float:
    from workbench import binding, program, tables
    from workbench.toolchain import provision

    read = program.read_program(folder / "model.stan", provision().stanc)
    started = time.monotonic()
    bound = binding.bind(read, tables.read(folder / "table.csv"))
    binding.write_stan_data(folder / "ours.json", bound.values)
    return time.monotonic() - started


def _pandas(folder: Path) -> float:
    from cmdstanpy import write_stan_json

    started = time.monotonic()
    frame = pd.read_csv(folder / "table.csv")
    predictors = frame[["x1", "x2", "x3", "x4", "x5"]].to_numpy()
    data = {"N": len(frame), "K": predictors.shape[1], "J": int(frame["group"].max()), "X": predictors}
    data |= {name: frame[name].to_numpy() for name in ("group", "won", "y")}
    write_stan_json(str(folder / "pandas.json"), data)
    return time.monotonic() - started


WAYS = {"workbench": (_bind, "ours.json"), "pandas + cmdstanpy": (_pandas, "pandas.json")}


def _work(way: str, folder: Path) -> None:
    act, name = WAYS[way]
    seconds = act(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    size = (folder / name).stat().st_size / 1e6
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak, "size": size}))


def _show(found: dict[str, list[dict[str, float]]], rows: int) -> None:
    table = Table(title=f"{rows:,} rows x 8 columns from CSV to Stan's data file", title_justify="left")
    for heading in ("", r"time \[s]", r"peak memory \[MB]", r"file \[MB]"):
        table.add_column(heading, justify="right" if heading else "left")
    for way, results in found.items():
        medians = [statistics.median(one[key] for one in results) for key in ("seconds", "peak", "size")]
        table.add_row(way, f"{medians[0]:.1f}", f"{medians[1]:.0f}", f"{medians[2]:.0f}")
    Console().print(table)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--way":
        _work(sys.argv[2], Path(sys.argv[3]))
    else:
        main()

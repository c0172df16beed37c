"""Predictions of new rows: `workbench predict`, compared with a script by hand, or with another checkout.

A few rows are predicted from a stored fit of kidiq: this checkout against a script that reads `fit.nc` with
xarray, draws with NumPy and writes the same columns with pandas. Each round runs all ways in turn; the first
call, which compiles, does not count. Reported are medians of wall time and of processor time (children
included), and of the ratios within rounds; on a busy machine the ratio of processor times is the one to
trust. Then a large table is predicted, which shows what a row costs and that memory is bounded.

    python -m tests.bench.predictions --rounds 5
    git worktree add ../before v1.0 && python -m tests.bench.predictions --than ../before
    python -m tests.bench.predictions --rows 1000000
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.end_to_end import ROOT, Spent, run_process

BY_HAND = """
import sys
import numpy as np, pandas as pd, xarray as xr
run, table, output = sys.argv[1:]
new = pd.read_csv(table)
posterior = xr.open_datatree(f"{run}/fit.nc", engine="h5netcdf")["posterior"]
take = lambda name: posterior[name].to_numpy().reshape(-1, *posterior[name].shape[2:])
old = pd.read_csv(f"{run}/../kidiq.csv")
names = ["mom_hs", "mom_iq", "mom_age"]
X = (new[names] - old[names].mean()).to_numpy()
expected = take("alpha")[:, None] + take("beta") @ X.T
draws = np.random.default_rng(1).normal(expected, take("sigma")[:, None])
low, median, high = np.quantile(draws, [0.025, 0.5, 0.975], axis=0)
expected_low, expected_high = np.quantile(expected, [0.025, 0.975], axis=0)
pd.DataFrame({
    "mean": draws.mean(0), "sd": draws.std(0), "median": median, "lower": low, "upper": high,
    "expected": expected.mean(0), "expected_lower": expected_low, "expected_upper": expected_high,
}).to_csv(output, index=False)
"""
"""What people write by hand for this one program."""


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each way runs (default: 5)")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the large table (default: 100000)")
    parser.add_argument("--than", type=Path, metavar="FOLDER", help="another checkout to compare with")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as name:
        folder = Path(name)
        table = pd.read_csv(ROOT / "data" / "kidiq.csv")
        table.to_csv(folder / "kidiq.csv", index=False)
        table.head(5).to_csv(folder / "new.csv", index=False)
        ways = _list_ways(folder, arguments.than)
        spent: dict[str, list[Spent]] = {way: [] for way in ways}
        for number in range(arguments.rounds + 1):
            for way, (command, environment) in ways.items():
                once = run_process(command, folder, environment)
                spent[way] += [once] if number else []
        print(_compare(spent))  # noqa: T201
        print(f"\n{_predict_many(folder, arguments.rows, table)}")  # noqa: T201


def _list_ways(folder: Path, than: Path | None) -> dict[str, tuple[Sequence[str], Mapping[str, str]]]:
    """Return the command and the environment of each way, after a fit by each checkout."""
    ways: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {}
    for way, checkout in {"workbench predict": ROOT, "another checkout": than}.items():
        if checkout is None:
            continue
        environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
        run = folder / way.replace(" ", "_")
        workbench = [sys.executable, "-m", "workbench"]
        run_process([*workbench, "fit", "linear", "kidiq.csv", "-o", str(run)], folder, environment)
        command = [*workbench, "predict", str(run), "new.csv", "-o", f"{run}.csv", "--quiet"]
        ways[way] = command, environment
    run = folder / "workbench_predict"
    by_hand = [sys.executable, "-c", BY_HAND, str(run), "new.csv", "by_hand.csv"]
    return ways | {"xarray, NumPy and pandas by hand": (by_hand, os.environ)}


def _compare(spent: Mapping[str, Sequence[Spent]]) -> str:
    """Return times and ratios in Markdown."""
    ours = spent["workbench predict"]
    rows = [
        "| five rows of kidiq, 4000 draws | wall \\[s] | this / it | processor \\[s] | this / it |",
        "|---|---|---|---|---|",
    ]
    for way, times in spent.items():
        cells = []
        for measure in ("wall", "processor"):
            values = [getattr(once, measure) for once in times]
            ratios = [getattr(mine, measure) / value for mine, value in zip(ours, values, strict=True)]
            cells += [f"{statistics.median(values):.2f}", f"{statistics.median(ratios):.2f}"]
        rows.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _predict_many(folder: Path, count: int, table: pd.DataFrame) -> str:
    """Return what a tenth of a large table and the whole cost."""
    rows = ["| rows | wall \\[s] | processor \\[s] | memory \\[MB] |", "|---|---|---|---|"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for size in (count // 10, count):
        chosen = np.random.default_rng(2).integers(0, len(table), size)
        table.iloc[chosen].to_csv(folder / "many.csv", index=False)
        command = [sys.executable, "-m", "workbench", "predict", "workbench_predict", "many.csv"]
        once = run_process([*command, "-o", "many_predicted.csv", "--quiet"], folder, environment)
        rows.append(f"| {size:,} | {once.wall:.1f} | {once.processor:.1f} | {once.memory:.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()

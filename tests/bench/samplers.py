"""Effective draws per second of `workbench fit` by Stan's own sampler and by nutpie, side by side.

In each round every sampler runs in turn on the same compiled program, each in a fresh process. The time is
what the run records for NUTS: chains from their start to their end, and all quantities computed from their
draws. Printed are the medians over the rounds of that time, and of the smallest bulk ESS of a parameter per
second. Without nutpie, Stan's sampler runs alone.

    python -m tests.bench.samplers [--rounds 3] [--only radon]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.bench.end_to_end import Case, list_cases
from workbench.results.quantities import owner

SAMPLERS: dict[str, tuple[str, ...]] = {"Stan": ()}
if find_spec("nutpie") is not None:
    SAMPLERS |= {
        "nutpie, diag": ("--sampler", "nutpie"),
        "nutpie, low_rank": ("--sampler", "nutpie", "--metric", "low_rank"),
    }
"""What is compared, and its options."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each sampler runs (default: 3)")
    parser.add_argument("--only", default="", help="the cases whose names contain this")
    arguments = parser.parse_args()
    _show("| program | sampler | seconds | smallest ESS | ESS per second | divergences |")
    _show("|---|---|---|---|---|---|")
    for case in list_cases():
        if arguments.only in case.name:
            with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
                _compare(case, Path(folder), arguments.rounds)


def _compare(case: Case, folder: Path, rounds: int) -> None:
    """Print a row for each sampler."""
    case.table.to_csv(folder / "table.csv", index=False)
    (folder / "program.stan").write_text(case.program)
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in SAMPLERS}
    for number in range(rounds + 1):  # the first round compiles
        for name, options in SAMPLERS.items():
            once = _fit(case, folder, (*options, "--seed", str(number + 1)))
            if number:
                found[name].append(once)
    for name, runs in found.items():
        seconds, sizes, divergences = (statistics.median(column) for column in zip(*runs, strict=True))
        rate = statistics.median(size / time for time, size, _ in runs)
        _show(f"| {case.name} | {name} | {seconds:.2f} | {sizes:,.0f} | {rate:,.0f} | {divergences:.0f} |")


def _fit(case: Case, folder: Path, options: tuple[str, ...]) -> tuple[float, float, int]:
    """Return the time of NUTS [s], the smallest bulk ESS of a parameter, and the divergences."""
    words = (folder / "program.stan", folder / "table.csv", *case.options, *options, "-o", folder / "run")
    subprocess.run(
        [sys.executable, "-m", "workbench", "fit", *map(str, words), "--method", "nuts", "--no-report", "-q"],
        check=True,
        capture_output=True,
    )
    record = json.loads((folder / "run" / "run.json").read_text())
    sizes = [
        numbers["ess_bulk"]
        for name, numbers in record["nuts"]["estimates"].items()
        if owner(name) in case.parameters
    ]
    return record["timings"]["nuts"], min(sizes), record["nuts"]["divergences"]


def _show(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

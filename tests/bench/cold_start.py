"""From an empty cache to the first report: `workbench fit`, compared with another way to get there.

Each round runs both ways in turn, each with an empty cache: Stan and the compiler are fetched from the
package index, Stan's header and the driver are built, eight schools is compiled, fitted and drawn. The other
way is this checkout with g++ alone, or another checkout (`--than FOLDER`) with its own defaults. Reported are
medians of wall time and of processor time (children included), and of the ratios within rounds. On a busy
machine the ratio of processor times is the one to trust. cmdstanpy's `install_cmdstan` fetches CmdStan from
GitHub, where this measurement may have no access: it is not compared.

    python -m tests.bench.cold_start --rounds 3
    git worktree add ../before v1.0 && python -m tests.bench.cold_start --than ../before
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.end_to_end import ROOT, Spent, run_process


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="how often each way runs (default: 2)")
    parser.add_argument("--than", type=Path, metavar="FOLDER", help="another checkout to compare with")
    arguments = parser.parse_args()
    ours, theirs = "this checkout", f"{arguments.than or 'with --compiler g++'}"
    checkouts = {ours: ROOT, theirs: arguments.than or ROOT}
    options: dict[str, tuple[str, ...]] = {ours: (), theirs: () if arguments.than else ("--compiler", "g++")}
    spent: dict[str, list[Spent]] = {ours: [], theirs: []}
    for _ in range(arguments.rounds):
        for way, times in spent.items():
            times.append(_fit(checkouts[way].resolve(), options[way]))
            print(_format_table(spent, ours), file=sys.stderr)  # noqa: T201 - so far
    print(_format_table(spent, ours))  # noqa: T201


def _fit(checkout: Path, options: Sequence[str]) -> Spent:
    """Fit eight schools with the workbench of a checkout and an empty cache."""
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if name != "CMDSTAN"}
        environment |= {"WORKBENCH_CACHE": f"{folder}/cache", "PYTHONPATH": str(checkout)}
        files = [
            checkout / "stan_models/hierarchical/eight_schools.stan",
            checkout / "data/eight_schools.csv",
        ]
        command = [sys.executable, "-m", "workbench", "fit", *map(str, files), *options]
        return run_process([*command, "--output", f"{folder}/run"], Path(folder), environment)


def _format_table(spent: Mapping[str, Sequence[Spent]], ours: str) -> str:
    """Return the table in Markdown, of the rounds that both ways have finished."""
    rows = [
        "| from an empty cache | wall \\[s] | this / it | processor \\[s] | this / it |",
        "|---|---|---|---|---|",
    ]
    for way, times in spent.items():
        pairs = list(zip(spent[ours], times, strict=False))
        cells: list[str] = []
        for measure in ("wall", "processor"):
            values = [getattr(once, measure) for once in times]
            ratios = [getattr(mine, measure) / getattr(other, measure) for mine, other in pairs]
            cells.append(f"{statistics.median(values):.1f}" if values else "")
            cells.append(f"{statistics.median(ratios):.2f}" if ratios and way != ours else "")
        rows.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()

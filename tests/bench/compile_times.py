"""Measure how long programs take to compile, with each compiler of this machine and as CmdStan compiles them.

CmdStan compiles with g++ and a precompiled header, as `--compiler g++` does here. Each round compiles the
same program with every compiler in turn, so that no compiler gains from changes in the machine's speed. The
table shows the median of the ratios within rounds. `make bench` runs this.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from workbench.errors import ToolchainError
from workbench.progress import SILENT
from workbench.toolchain import Toolchain, ToolchainSettings, build, find_cache_folder, provision
from workbench.toolchain.header_and_driver import build_driver

ROUNDS = 3
"""How often each program is compiled."""

BASELINE = "g++"
"""The compiler that CmdStan uses."""

BERNOULLI = """
data {{ int N; array[N] int<lower=0, upper=1> y; }}
transformed data {{ int round = {round}; }}
parameters {{ real<lower=0, upper=1> theta; }}
model {{ theta ~ beta(1, 1); y ~ bernoulli(theta); }}
"""

HIERARCHICAL_LOGISTIC = """
data {{
  int N; int K; int J;
  matrix[N, K] X; array[N] int<lower=1, upper=J> group; array[N] int<lower=0, upper=1> y;
}}
transformed data {{ int round = {round}; }}
parameters {{ vector[K] beta; vector[J] z; real mu; real<lower=0> tau; }}
transformed parameters {{ vector[J] alpha = mu + tau * z; }}
model {{
  beta ~ normal(0, 1); z ~ std_normal(); mu ~ normal(0, 2); tau ~ normal(0, 1);
  y ~ bernoulli_logit(alpha[group] + X * beta);
}}
generated quantities {{
  vector[N] p = inv_logit(alpha[group] + X * beta);
  array[N] int y_rep = bernoulli_rng(p);
}}
"""

PROGRAMS = {"bernoulli": BERNOULLI, "hierarchical logistic": HIERARCHICAL_LOGISTIC}


def main() -> None:
    """Measure, and print a table."""
    names = [name for name in ("clang++", BASELINE) if _is_available(name)]
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        tools = {name: _make_toolchain(name, Path(folder) / name) for name in names}
        seconds = {name: {"header and driver": [_prepare(tools[name])]} for name in names}
        for program, text in PROGRAMS.items():
            for number in range(ROUNDS):
                for name in names:
                    duration = _compile(tools[name], text.format(round=number))
                    seconds[name].setdefault(program, []).append(duration)
        disk = {name: _measure_megabytes(Path(folder) / name) for name in names}
    _show(seconds, disk)


def _is_available(name: str) -> bool:
    try:
        provision(ToolchainSettings(compiler=name, source="embedded"))
    except ToolchainError:  # the table leaves out missing compilers
        return False
    return True


def _make_toolchain(name: str, folder: Path) -> Toolchain:
    """Return a toolchain with an empty cache, except for Stan's sources from the user's cache."""
    folder.mkdir(parents=True)
    shutil.copytree(find_cache_folder() / "stan", folder / "stan", symlinks=True)
    return provision(ToolchainSettings(compiler=name, cache=folder, source="embedded"))


def _prepare(tools: Toolchain) -> float:
    started = time.monotonic()
    build_driver(tools, False, SILENT)
    return time.monotonic() - started


def _compile(tools: Toolchain, text: str) -> float:
    return build("bench", text, tools).seconds


def _measure_megabytes(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _show(seconds: dict[str, dict[str, list[float]]], disk: dict[str, float]) -> None:
    table = Table(
        title=r"compile times \[s], median, and ratio to g++ as CmdStan uses it", title_justify="left"
    )
    for column in ("step", *seconds, *(f"{name} / {BASELINE}" for name in seconds if name != BASELINE)):
        table.add_column(column, justify="left" if column == "step" else "right")
    for step in ("header and driver", *PROGRAMS):
        medians = [f"{statistics.median(times[step]):.1f}" for times in seconds.values()]
        ratios = [
            f"{_compute_ratio(times[step], seconds[BASELINE][step]):.2f}"
            for name, times in seconds.items()
            if name != BASELINE and BASELINE in seconds
        ]
        table.add_row(step, *medians, *ratios)
    table.add_row("disk [MB]", *(f"{size:.0f}" for size in disk.values()))
    Console().print(table)


def _compute_ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    main()

"""`workbench fit` with its report, compared with what people write by hand, and with sampling alone.

Each round runs every way in turn, each in a fresh process, and compares them within the round: `workbench
fit`, a script with cmdstanpy and ArviZ that ends with the same numbers and six pictures
(`tests/bench/by_hand.py`), and cmdstanpy's sampling alone. The scripts run executables of the workbench's own
toolchain, built from the program as written with a `log_lik` of its own. Everything is compiled beforehand;
`--cold` lets each way compile its program, with Stan's header and driver built beforehand. Reported are
medians of wall time and of processor time (children included), the largest memory of a process, and the
smallest bulk ESS of a parameter per second of sampling. `--arviz PYTHON` names another interpreter for the
script (it needs arviz before 1.0, cmdstanpy and matplotlib); `--samplers PYTHON` one with stanli and nutpie,
which are compared too. `make benchmarks` runs this and puts the ratios into the tables of README.md and
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats

from workbench.toolchain import build, provide_cmdstan_home, provision

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

BY_HAND = Path(__file__).with_name("by_hand.py")
OTHER_SAMPLERS = Path(__file__).with_name("other_samplers.py")
"""What runs in processes of its own."""

BUNDLED = ROOT / "stan_models"

WELLS_ROWS = 3020
"""Rows of the simulated table: those of the survey of wells in Bangladesh, which is not bundled."""

RADON_LOOP = """
data {
  int<lower=1> N; int<lower=1> J;
  array[N] int<lower=1, upper=J> county; vector[N] floor_measure; vector[N] y;
}
parameters { vector[J] alpha; real beta; real mu; real<lower=0> tau; real<lower=0> sigma; }
model {
  mu ~ normal(0, 10); tau ~ normal(0, 1); sigma ~ normal(0, 1); beta ~ normal(0, 10);
  alpha ~ normal(mu, tau);
  for (n in 1 : N) y[n] ~ normal(alpha[county[n]] + beta * floor_measure[n], sigma);
}
generated quantities {
  array[N] real y_rep;
  for (n in 1 : N) y_rep[n] = normal_rng(alpha[county[n]] + beta * floor_measure[n], sigma);
}
"""


@dataclass(frozen=True)
class Case:
    """A program with a table.

    Attributes
    ----------
    name
        What the table of results calls it.
    program
        The text of the program as written.
    log_lik
        The lines of generated quantities that a script needs for leave-one-out.
    table
        The table, as a data frame.
    data
        The same for Stan.
    options
        What `workbench fit` needs to be told about the table.
    parameters
        All of its parameters, which are compared by ESS.
    drawn
        Those that the script draws.
    """

    name: str
    program: str
    log_lik: str
    table: pd.DataFrame
    data: Mapping[str, Any]
    options: tuple[str, ...]
    parameters: tuple[str, ...]
    drawn: tuple[str, ...]


@dataclass(frozen=True)
class Spent:
    """What a process spent: wall and processor time [s], memory [MB], and if it says so, time of sampling."""

    wall: float
    processor: float
    memory: float
    sampling: float | None = None


def list_cases() -> list[Case]:
    """Return the programs that are compared."""
    return [_eight_schools(), _kidiq(), _radon(), _wells()]


def _eight_schools() -> Case:
    table = pd.read_csv(ROOT / "data" / "eight_schools.csv")
    priors = {"mu_prior_mean": 0, "mu_prior_sd": 5, "tau_prior_scale": 5}
    data = {"J": len(table), "y": table["y"].tolist(), "sigma": table["sigma"].tolist(), **priors}
    return Case(
        "eight schools",
        (BUNDLED / "hierarchical" / "eight_schools.stan").read_text(),
        "vector[J] log_lik; for (j in 1 : J) log_lik[j] = normal_lpdf(y[j] | theta[j], sigma[j]);",
        table,
        data,
        _set(priors),
        ("mu", "tau", "theta_raw"),
        ("mu", "tau", "theta_raw"),
    )


def _kidiq() -> Case:
    table = pd.read_csv(ROOT / "data" / "kidiq.csv")
    names = ["mom_hs", "mom_iq", "mom_age"]
    priors = {"alpha_prior_mean": 100, "alpha_prior_sd": 50, "beta_prior_sd": 20, "sigma_prior_sd": 20}
    return Case(
        "kidiq, 434 rows",
        (BUNDLED / "regression" / "linear.stan").read_text(),
        "vector[N] log_lik; for (n in 1 : N) "
        "log_lik[n] = normal_lpdf(y[n] | alpha + X_centred[n] * beta, sigma);",
        table,
        _regression(table, "kid_score", names, priors),
        ("--column", "y=kid_score", "--column", f"X={','.join(names)}", *_set(priors)),
        ("alpha", "beta", "sigma"),
        ("alpha", "beta", "sigma"),
    )


def _wells() -> Case:
    table = simulate_wells()
    names = ["dist", "arsenic", "assoc", "educ"]
    priors = {"alpha_prior_mean": 0, "alpha_prior_sd": 2.5, "beta_prior_sd": 1}
    return Case(
        "wells, 3,020 rows (simulated)",
        (BUNDLED / "regression" / "logistic.stan").read_text(),
        "vector[N] log_lik; for (n in 1 : N) log_lik[n] = bernoulli_logit_lpmf(y[n] | alpha + Z[n] * beta);",
        table,
        _regression(table, "switch", names, priors),
        ("--column", "y=switch", "--column", f"X={','.join(names)}", *_set(priors)),
        ("alpha", "beta"),
        ("alpha", "beta"),
    )


def _radon() -> Case:
    table = pd.read_csv(ROOT / "data" / "radon.csv")
    codes, counties = pd.factorize(table["county"], sort=True)
    table = pd.DataFrame(
        {"y": table["log_radon"], "floor_measure": table["floor"].astype(float), "county": codes + 1}
    )
    data = {
        "N": len(table),
        "J": len(counties),
        **{name: table[name].tolist() for name in ("y", "floor_measure", "county")},
    }
    return Case(
        "radon, 919 rows, scalar loop",
        RADON_LOOP,
        "vector[N] log_lik; for (n in 1 : N) "
        "log_lik[n] = normal_lpdf(y[n] | alpha[county[n]] + beta * floor_measure[n], sigma);",
        table,
        data,
        (),
        ("mu", "beta", "tau", "sigma", "alpha"),
        ("mu", "beta", "tau", "sigma"),
    )


def simulate_wells() -> pd.DataFrame:
    """Return a table with the size and the scales of the survey of wells: who changed to another well."""
    rng = np.random.default_rng(3020)
    dist = rng.gamma(1.6, 30, WELLS_ROWS).round(2)
    arsenic = (0.5 + rng.gamma(1.2, 0.95, WELLS_ROWS)).round(2)
    assoc = rng.integers(0, 2, WELLS_ROWS)
    educ = rng.integers(0, 13, WELLS_ROWS)
    logit = -0.15 - 0.009 * dist + 0.47 * arsenic - 0.12 * assoc + 0.042 * educ
    switch = (rng.random(WELLS_ROWS) < 1 / (1 + np.exp(-logit))).astype(int)
    return pd.DataFrame({"switch": switch, "dist": dist, "arsenic": arsenic, "assoc": assoc, "educ": educ})


def _regression(
    table: pd.DataFrame, outcome: str, names: list[str], priors: Mapping[str, float]
) -> dict[str, Any]:
    predictors = table[names].to_numpy(float).tolist()
    return {"N": len(table), "K": len(names), "X": predictors, "y": table[outcome].tolist(), **priors}


def _set(values: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(word for name, value in values.items() for word in ("--prior", f"{name}={value}"))


def main() -> None:
    """Measure, print what each way spent, and with `--write` refresh the tables of the pages."""
    arguments = _parse_arguments()
    cases = [case for case in list_cases() if arguments.only is None or arguments.only in case.name]
    lines = []
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
            lines.append(_measure(case, Path(folder), arguments))
        print(_format_table(lines[-1:]), file=sys.stderr)  # noqa: T201 - so far
    print(_format_table(lines))  # noqa: T201
    if arguments.write:
        for page, rows in summarise(lines).items():
            page.write_text(replace_rows(page.read_text(encoding="utf-8"), rows), encoding="utf-8")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="each way compiles its program")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way runs (default: 3)")
    parser.add_argument("--only", help="the cases whose names contain this")
    parser.add_argument("--arviz", default=sys.executable, metavar="PYTHON", help="runs the script")
    parser.add_argument("--samplers", metavar="PYTHON", help="has stanli or nutpie")
    parser.add_argument(
        "--write", action="store_true", help="refresh the tables of README and benchmarks page"
    )
    arguments = parser.parse_args()
    if arguments.write and (arguments.only or arguments.cold):
        parser.error("--write is for all cases, with everything compiled beforehand")
    return arguments


@dataclass(frozen=True)
class Line:
    """What was measured of a case: what each way spent in each round, and effective draws per second."""

    case: Case
    spent: Mapping[str, Sequence[Spent]]
    effective: Mapping[str, float]


WORKBENCH, SCRIPT, SAMPLING = "workbench fit", "script", "sampling alone"
"""The ways that are compared."""


def _measure(case: Case, folder: Path, arguments: argparse.Namespace) -> Line:
    commands = _prepare(case, folder, arguments)
    spent: dict[str, list[Spent]] = {way: [] for way in commands}
    for number in range(arguments.rounds + 1):  # the first round warms up
        for way, command in commands.items():
            once = run_process(command(number), folder)
            if number:
                spent[way].append(once)
    last = commands[SAMPLING](arguments.rounds)[4]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # processes inherit our largest memory
        sizes = pool.submit(_find_sizes, case, folder / "run", Path(last)).result()
    seconds = {
        "workbench": json.loads((folder / "run" / "run.json").read_text())["timings"]["nuts"],
        "cmdstanpy": statistics.median(once.sampling or np.nan for once in spent[SAMPLING]),
    }
    effective = {way: sizes[way] / seconds[way] for way in sizes}
    others = _try_other_samplers(case, folder, arguments.samplers)
    return Line(case, spent, effective | others)


def _prepare(
    case: Case, folder: Path, arguments: argparse.Namespace
) -> dict[str, Callable[[int], list[str]]]:
    """Write the files of a case, and return the command of each way, by the number of the round."""
    case.table.to_csv(folder / "table.csv", index=False)
    (folder / "data.json").write_text(json.dumps(case.data))
    with_log_lik = _add_to_last_block(case.program, case.log_lik)
    (folder / "program.stan").write_text(case.program)
    tools = provision()
    exe = str(build("by_hand", with_log_lik, tools).exe)
    if arguments.cold:
        os.environ["CMDSTAN"] = str(provide_cmdstan_home(tools))

    def choose_program(text: str, compiled: str, name: str) -> str:
        """Return what is compiled already, or a program that is not: a quantity that nobody uses is new."""
        if not arguments.cold:
            return compiled
        path = folder / f"{name}_program.stan"  # its executable and its output have different names
        path.write_text(_add_to_last_block(text, f"real unused = {time.time_ns()}.0;"))
        return str(path)

    def fit(number: int) -> list[str]:
        program = choose_program(case.program, str(folder / "program.stan"), f"fit_{number}")
        workbench = str(Path(sys.executable).parent / "workbench")
        source = ["--toolchain", "embedded"]  # CMDSTAN is for cmdstanpy
        run = ["--output", str(folder / "run")]
        return [workbench, "fit", program, str(folder / "table.csv"), *case.options, *source, *run]

    def script(name: str, number: int, *drawn: str) -> list[str]:
        program = choose_program(with_log_lik, exe, f"{name}_{number}")
        output = folder / f"{name}_{number}"
        output.mkdir(exist_ok=True)
        return [arguments.arviz, str(BY_HAND), program, str(folder / "data.json"), str(output), *drawn]

    return {
        WORKBENCH: fit,
        SCRIPT: lambda number: script("script", number, *case.drawn),
        SAMPLING: lambda number: script("sampling", number),
    }


def _add_to_last_block(program: str, lines: str) -> str:
    """Return a program with further lines at the end of its last block, which is generated quantities."""
    return f"{program.rstrip().removesuffix('}')}  {lines}\n}}\n"


def run_process(command: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ) -> Spent:
    """Run a command to its end, and return what it spent, processes that it started included."""
    environment = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {process.returncode}:\n{text}")
    sampling = [float(line.split()[1]) for line in text.splitlines() if line.startswith("sampling ")]
    processor, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3
    return Spent(wall, processor, memory, sampling[0] if sampling else None)


def _read_run(run: Path) -> dict[str, np.ndarray]:
    """Return the draws of a run by quantity, each `(chain, draw)`."""
    with xr.open_datatree(run / "fit.nc", engine="h5netcdf") as tree:
        return {
            str(name): np.moveaxis(array.to_numpy().reshape(*array.shape[:2], -1), -1, 0)
            for name, array in tree["posterior"].data_vars.items()
        }


def _read_csv(folder: Path) -> dict[str, np.ndarray]:
    """Return the draws of cmdstanpy's files by quantity, each `(element, chain, draw)`."""
    draws = cmdstanpy.from_csv(str(folder)).stan_variables()
    chains = len(list(folder.glob("*.csv")))
    return {
        name: np.moveaxis(values.reshape(chains, len(values) // chains, -1), -1, 0)
        for name, values in draws.items()
    }


def _find_sizes(case: Case, run: Path, output: Path) -> dict[str, float]:
    """Return the smallest bulk ESS of the parameters of a case, by who has sampled."""
    draws = {"workbench": _read_run(run), "cmdstanpy": _read_csv(output)}
    return {way: _find_least_ess(draws[way], case) for way in draws}


def _find_least_ess(draws: Mapping[str, np.ndarray], case: Case) -> float:
    """Return the smallest bulk ESS of the parameters."""
    elements = (element for name in case.parameters for element in draws[name])
    return min(float(array_stats.ess(element, method="bulk")) for element in elements)


def _try_other_samplers(case: Case, folder: Path, python: str | None) -> dict[str, float]:
    """Return effective draws per second of other packages; what is missing says so, and is left out."""
    if python is None:
        return {}
    effective = {}
    for sampler in ("stanli", "nutpie"):
        command = [python, str(OTHER_SAMPLERS), sampler, str(folder / "program.stan")]
        done = subprocess.run(
            [*command, str(folder / "data.json"), str(folder / f"{sampler}.npz")],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"{case.name}: {sampler} is left out: {reason}", file=sys.stderr)  # noqa: T201
            continue
        draws = dict(np.load(folder / f"{sampler}.npz"))
        effective[sampler] = _find_least_ess(draws, case) / float(done.stdout.split()[-1])
    return effective


def summarise(lines: Sequence[Line]) -> dict[Path, list[str]]:
    """Return the rows of the table of each page: ratios of each round, and effective draws per second."""
    short, full = [], []
    for line in lines:
        script, sampling = _compare(line, SCRIPT), _compare(line, SAMPLING)
        ratios = f"{script[0]:.2f} | {script[1]:.2f}"
        draws = " | ".join(f"{line.effective[name]:,.0f}" for name in ("workbench", "cmdstanpy"))
        short.append(f"| {line.case.name} | {ratios} |")
        full.append(f"| {line.case.name} | {ratios} | {sampling[0]:.1f} | {draws} |")
    return {ROOT / "README.md": short, ROOT / "docs" / "benchmarks.md": full}


def replace_rows(page: str, rows: Sequence[str]) -> str:
    """Return a page with other rows in its table of programs; the header stays.

    Raises
    ------
    ValueError
        The page has no such table, or it is about other programs, or has other columns.

    >>> replace_rows("| program | wall |\\n|---|---|\\n| a | 1 |\\n\\nEnd.", ["| a | 2 |"])
    '| program | wall |\\n|---|---|\\n| a | 2 |\\n\\nEnd.'
    """
    lines = page.split("\n")
    start = next((place for place, line in enumerate(lines) if line.startswith("| program |")), None)
    if start is None:
        raise ValueError("the page has no table of programs")
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    old = lines[start + 2 : end]
    if [row.split("|")[1] for row in old] != [row.split("|")[1] for row in rows]:
        raise ValueError("the table of the page is about other programs")
    if {row.count("|") for row in rows} != {lines[start].count("|")}:
        raise ValueError("the table of the page has other columns")
    return "\n".join([*lines[: start + 2], *rows, *lines[end:]])


def _compare(line: Line, way: str) -> tuple[float, float]:
    """Return our wall and processor time as shares of another way's: medians over rounds."""
    pairs = list(zip(line.spent[WORKBENCH], line.spent[way], strict=True))
    walls = statistics.median(mine.wall / other.wall for mine, other in pairs)
    return walls, statistics.median(mine.processor / other.processor for mine, other in pairs)


def _format_table(lines: Sequence[Line]) -> str:
    """Return the Markdown tables: what each way spent, and effective draws per second."""
    rows = [
        "| program | way | wall \\[s] | `workbench fit` / it | processor \\[s] | `workbench fit` / it | MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        for way, spent in line.spent.items():
            walls, processors = _compare(line, way)
            cells = (
                f"{statistics.median(once.wall for once in spent):.1f}",
                "" if way == WORKBENCH else f"{walls:.2f}",
                f"{statistics.median(once.processor for once in spent):.1f}",
                "" if way == WORKBENCH else f"{processors:.2f}",
                f"{statistics.median(once.memory for once in spent):.0f}",
            )
            rows.append(f"| {line.case.name} | {way} | {' | '.join(cells)} |")
    samplers = list(dict.fromkeys(name for line in lines for name in line.effective))
    rows += [
        "",
        f"| effective draws per second | {' | '.join(samplers)} |",
        "|---" * (len(samplers) + 1) + "|",
    ]
    for line in lines:
        counts = (f"{line.effective[name]:.0f}" if name in line.effective else "" for name in samplers)
        rows.append(f"| {line.case.name} | {' | '.join(counts)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()

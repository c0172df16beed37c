"""Calibrations: `workbench calibrate` by NUTS, compared with loops over cmdstanpy by hand.

Both simulate data sets of eight schools and of kidiq's regression with known parameters, sample each with
four chains of 1000 draws, and rank the truths among the draws. One loop does no more than that; the other
also asks what a fit of the workbench asks of its chains, with ArviZ: R-hat, ESS and MCSE of each parameter,
E-BFMI and divergences. The loops run executables that the workbench built, on two cores too, for fewer data
sets. All times are for one data set, a share of what the whole takes from start to end. Reported are medians
of wall time, and of the ratios within rounds: it takes a quiet machine. Processor times would leave out what
the processes of the workbench leave behind when they are ended.

    python -m tests.bench.calibration --rounds 3 --simulations 200
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.end_to_end import Case, list_cases, run_process
from workbench.toolchain import build, provision

BY_HAND = """
import json, logging, sys, warnings
from pathlib import Path
import cmdstanpy, numpy as np
warnings.simplefilter("ignore")
logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
exe, data, folder, name, count, checks = sys.argv[1:]
data, rng = json.loads(Path(data).read_text()), np.random.default_rng(1)
model = cmdstanpy.CmdStanModel(exe_file=exe)

def draw_schools():
    truth = {"mu": rng.normal(0, 5), "tau": abs(5 * rng.standard_cauchy())}
    truth["theta_raw"] = rng.normal(size=data["J"])
    return truth, rng.normal(truth["mu"] + truth["tau"] * truth["theta_raw"], data["sigma"])

def draw_kidiq():
    truth = {"alpha": rng.normal(100, 50), "beta": rng.normal(0, 20, data["K"])}
    truth["sigma"] = abs(rng.normal(0, 20))
    X = np.array(data["X"])
    return truth, rng.normal(truth["alpha"] + (X - X.mean(0)) @ truth["beta"], truth["sigma"])

rows = []
for number in range(int(count)):
    truth, y = draw_schools() if name == "eight schools" else draw_kidiq()
    file = Path(folder) / "data.json"
    file.write_text(json.dumps({**data, "y": y.tolist()}))
    output = Path(folder) / str(number)
    fit = model.sample(str(file), chains=4, parallel_chains=2, seed=number + 1, output_dir=output,
                       show_progress=False)
    draws = {key: fit.stan_variable(key)[::4] for key in truth}
    row = {key: (draws[key] < truth[key]).sum(0).tolist() for key in truth}
    if int(checks):
        import arviz as az
        found = az.from_cmdstanpy(fit)
        row["summary"] = az.summary(found, var_names=list(truth)).to_dict()
        row["bfmi"] = az.bfmi(found).tolist()
        row["divergences"] = int(found.sample_stats["diverging"].sum())
    rows.append(row)
Path(folder, "ranks.json").write_text(json.dumps(rows))
"""
"""What people write by hand for these two programs."""

OURS, LOOP, CHECKED = "workbench calibrate", "loop over cmdstanpy", "the same, with checks of the chains"
"""The ways."""


@dataclass(frozen=True)
class Way:
    """A command, and how many data sets it simulates and fits."""

    command: Sequence[str]
    simulations: int


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="how often each way runs (default: 2)")
    parser.add_argument("--simulations", type=int, default=200, help="data sets of ours (default: 200)")
    parser.add_argument("--looped", type=int, default=40, help="data sets of a loop (default: 40)")
    arguments = parser.parse_args()
    lines = [
        "| one data set | way | wall \\[s] | ours / it |",
        "|---|---|---|---|",
    ]
    for case in list_cases()[:2]:
        with tempfile.TemporaryDirectory(prefix="workbench-bench-") as name:
            lines += _compare(case, Path(name), arguments)
    print("\n".join(lines))  # noqa: T201


def _compare(case: Case, folder: Path, arguments: argparse.Namespace) -> list[str]:
    """Return the lines of a case."""
    case.table.to_csv(folder / "table.csv", index=False)
    (folder / "data.json").write_text(json.dumps(case.data))
    (folder / "program.stan").write_text(case.program)
    spent: dict[str, list[float]] = {}
    for number in range(arguments.rounds + 1):  # the first one compiles
        ways = _list_ways(case, folder, arguments, number)
        for way, asked in ways.items():
            once = run_process(asked.command, folder)
            if number:
                spent.setdefault(way, []).append(once.wall / asked.simulations)
    return [_describe(case.name, way, times, spent[OURS]) for way, times in spent.items()]


def _list_ways(case: Case, folder: Path, arguments: argparse.Namespace, number: int) -> Mapping[str, Way]:
    count = arguments.simulations if number else 4
    looped = arguments.looped if number else 2
    workbench = [sys.executable, "-m", "workbench", "calibrate", "program.stan", "table.csv", *case.options]
    workbench += ["--simulations", str(count), "--method", "nuts", "--quiet", "-o", f"ours-{number}"]
    exe = str(build("by_hand", case.program, provision()).exe)

    def loop(name: str, checks: int) -> Way:
        output = folder / f"{name}-{number}"
        output.mkdir()
        given = [exe, str(folder / "data.json"), str(output), case.name, str(looped), str(checks)]
        return Way([sys.executable, "-c", BY_HAND, *given], looped)

    return {OURS: Way(workbench, count), LOOP: loop("loop", 0), CHECKED: loop("checked", 1)}


def _describe(case: str, way: str, walls: Sequence[float], ours: Sequence[float]) -> str:
    ratio = statistics.median(mine / wall for mine, wall in zip(ours, walls, strict=True))
    return f"| {case} | {way} | {statistics.median(walls):.3f} | {ratio:.2f} |"


if __name__ == "__main__":
    main()

"""What a sweep over priors costs: 25 points of a hierarchical logistic regression, at NUTS quality.

Four ways in one run, all compiled beforehand: `workbench sensitivity` from two files to a report (its base
fit included), a plain loop that refits points with cmdstanpy, one single fit with cmdstanpy and one
`workbench fit`. The loop runs through every sixth point and its time is scaled to all. The answers are
compared point by point in Monte Carlo standard errors. It is done for tables of two sizes: with the smaller
the priors matter enough that a point has to be fitted again. Run it by `make bench`.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cmdstanpy
import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from rich.console import Console
from rich.table import Table

from workbench.methods import Nuts
from workbench.studies import Study, parse_axis
from workbench.toolchain import build, provision
from workbench.workflow import fit as fit_workflow
from workbench.workflow import sensitivity, study_options
from workbench.workflow.options import FitOptions

T = TypeVar("T")

SIZES, GROUPS, SLOPES = (2500, 6000), 60, 5  # rows
LOOPED = 6  # the loop fits every sixth point, from the base on
AXES = ("beta.sigma=0.25:4:log:5", "tau.sigma=0.25:4:log:5")
WATCHED = ("beta[1]", "beta[2]", "beta[3]", "mu", "tau")

PROGRAM = """
data {{
  int N; int K; int J;
  matrix[N, K] X; array[N] int<lower=1, upper=J> group; array[N] int<lower=0, upper=1> y; {data}
}}
parameters {{ vector[K] beta; vector[J] z; real mu; real<lower=0> tau; }}
model {{
  vector[J] alpha = mu + tau * z;
  beta ~ normal(0, {beta}); z ~ std_normal(); mu ~ normal(0, 2); tau ~ normal(0, {tau});
  y ~ bernoulli_logit_glm(X, alpha[group], beta);
}}
"""
OURS = PROGRAM.format(data="", beta=1, tau=1)
THEIRS = PROGRAM.format(data="real beta_sigma; real tau_sigma;", beta="beta_sigma", tau="tau_sigma")


def main() -> None:
    """Measure, and print a table for each size."""
    for rows in SIZES:
        _measure(rows)


def _measure(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as place:
        folder = Path(place)
        table = _table(rows)
        table.to_csv(folder / "rows.csv", index=False)
        (folder / "logistic.stan").write_text(OURS)
        jobs = len(os.sched_getaffinity(0))
        _sweep(folder, jobs, "warm", Nuts(2, 50, 50), AXES[0].replace(":5", ":2"))  # compiles
        model = cmdstanpy.CmdStanModel(exe_file=str(build("loop", THEIRS, provision()).exe))
        before = _spent(lambda: _fit(model, table, 1.0, 1.0, jobs))[0]
        ours, study = _spent(lambda: _sweep(folder, jobs, "study", Nuts(), *AXES))
        points = {number: point["values"] for number, point in enumerate(study.record["points"])}
        looped = dict(list(points.items())[::LOOPED])
        spent, answers = _spent(
            lambda: {
                number: _fit(model, table, one.get("beta.sigma", 1.0), one.get("tau.sigma", 1.0), jobs)
                for number, one in looped.items()
            }
        )
        loop = spent * len(points) / len(looped)
        whole = _spent(lambda: _whole(folder, jobs))[0]
        after = _spent(lambda: _fit(model, table, 1.0, 1.0, jobs))[0]
    _show(study, {"sensitivity": ours, "loop (cmdstanpy)": loop}, whole, (before + after) / 2)
    _compare(study, len(looped), loop / ours, _apart(study, answers))


def _spent(work: Callable[[], T]) -> tuple[np.ndarray, T]:
    """Return wall time and processor time [s] of some work and the processes it starts, and its result."""
    started = _clocks()
    result = work()
    return _clocks() - started, result


def _clocks() -> np.ndarray:
    times = os.times()
    processor = times.user + times.system + times.children_user + times.children_system
    return np.array([time.monotonic(), processor])


def _table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(2024)
    group = rng.integers(1, GROUPS + 1, rows)
    predictors = rng.normal(size=(rows, SLOPES))
    alpha = rng.normal(-0.5, 0.7, GROUPS)
    logit = alpha[group - 1] + predictors @ np.resize([0.8, -0.4, 0.1], SLOPES)
    y = rng.random(rows) < 1 / (1 + np.exp(-logit))
    named = {f"x{k + 1}": predictors[:, k] for k in range(SLOPES)}
    return pd.DataFrame({"y": y.astype(int), "group": group, **named})


def _whole(folder: Path, jobs: int) -> object:
    options = FitOptions(columns=_columns(), methods=(Nuts(),), jobs=jobs, output=folder / "run")
    return fit_workflow.fit_files(folder / "logistic.stan", folder / "rows.csv", options)


def _columns() -> dict[str, tuple[str, ...]]:
    return {"X": tuple(f"x{k + 1}" for k in range(SLOPES))}


def _sweep(folder: Path, jobs: int, name: str, sampler: Nuts, *axes: str) -> Study:
    asked = study_options.StudyOptions(
        axes=tuple(parse_axis(text) for text in axes),
        methods=("nuts",),
        with_prior=False,
        jobs=jobs,
        output=folder / name,
    )
    options = FitOptions(columns=_columns(), methods=(sampler,), jobs=jobs)
    return sensitivity.study_files(folder / "logistic.stan", folder / "rows.csv", options, asked)


def _fit(
    model: cmdstanpy.CmdStanModel, table: pd.DataFrame, beta: float, tau: float, jobs: int
) -> dict[str, tuple[float, float]]:
    """Fit with cmdstanpy alone; return mean and Monte Carlo error of what is watched."""
    data = {
        "N": len(table),
        "K": SLOPES,
        "J": GROUPS,
        "beta_sigma": beta,
        "tau_sigma": tau,
        "X": table[[f"x{k + 1}" for k in range(SLOPES)]].to_numpy().tolist(),
        "group": table["group"].tolist(),
        "y": table["y"].tolist(),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.json"
        path.write_text(json.dumps(data))
        fit = model.sample(
            str(path), parallel_chains=min(jobs, 4), seed=7, show_progress=False, output_dir=folder
        )
        draws = np.moveaxis(fit.draws(), 1, 0)
        names = [one.replace(".", "[") + "]" if "." in one else one for one in fit.column_names]
    columns = {name: draws[:, :, names.index(name)] for name in WATCHED}
    return {
        name: (float(one.mean()), float(array_stats.mcse(one, method="mean")))
        for name, one in columns.items()
    }


def _apart(study: Study, answers: dict[int, dict[str, tuple[float, float]]]) -> np.ndarray:
    """Return the differences of posterior means, in their Monte Carlo standard errors."""
    own = study.frame[study.frame["method"] == "nuts"]
    rows = {(row["point"], row["parameter"]): row for row in own.to_dict("records")}
    found = []
    for number, answer in answers.items():
        for name, (mean, error) in answer.items():
            row = rows[number, name]
            found.append((float(row["mean"]) - mean) / np.hypot(float(row["mcse_mean"]), error))
    return np.array(found)


def _show(study: Study, swept: dict[str, np.ndarray], whole: np.ndarray, single: np.ndarray) -> None:
    count = len(study.record["points"])
    table = Table(
        title=f"{count} points, {study.record['data']['rows']} rows, {GROUPS} groups", title_justify="left"
    )
    for column in ("what", "wall [s]", "processor [s]", "in cmdstanpy fits", "in workbench fits"):
        table.add_column(column.replace("[", r"\["), justify="left" if column == "what" else "right")
    ways = {"one fit (cmdstanpy)": single, "one fit (workbench fit)": whole, **swept}
    for what, spent in ways.items():
        cells = (*spent, spent[1] / single[1], spent[1] / whole[1])
        table.add_row(what, *(f"{cell:.1f}" for cell in cells))
    Console().print(table)


def _compare(study: Study, looped: int, faster: np.ndarray, apart: np.ndarray) -> None:
    console = Console()
    fits = study.record["fits"]
    worst = max(point["khat"] for point in study.record["points"])
    console.print(f"the loop takes {faster[0]:.1f} times as long, {faster[1]:.1f} times the processor")
    console.print(f"({looped} of its points were fitted)")
    console.print(f"{fits['full']} full fits, {fits['weights']} points by weights, largest k-hat {worst:.2f}")
    console.print(f"means differ by {np.sqrt(np.mean(apart**2)):.2f} MCSE (root mean square), by")
    console.print(f"{np.abs(apart).max():.1f} at most, over {len(apart)} comparisons")


if __name__ == "__main__":
    main()

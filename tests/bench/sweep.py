"""The cost of a sweep over priors: 25 points of a hierarchical logistic regression, at the quality of NUTS.

Four ways in one run, all compiled beforehand: `workbench sensitivity` from two files to a report (its base
fit included), a plain loop that refits points with cmdstanpy, one single fit with cmdstanpy, and one
`workbench fit`. The loop runs through every sixth point, and its time is scaled to all. The results are
compared point by point in Monte Carlo standard errors. There are tables of two sizes: with the smaller one
the priors matter so much that a point has to be refitted. Run it by `make bench`.
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
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

T = TypeVar("T")

SIZES, GROUPS, SLOPES = (2500, 6000), 60, 5
"""Rows of each table, and groups and slopes of both."""

LOOP_STEP = 6
"""The loop fits every sixth point, from the base on."""

AXES = ("beta.sigma=0.25:4:log:5", "tau.sigma=0.25:4:log:5")
"""What is varied."""

COMPARED = ("beta[1]", "beta[2]", "beta[3]", "mu", "tau")
"""Quantities whose posterior means are compared."""

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
WITH_CONSTANTS = PROGRAM.format(data="", beta=1, tau=1)
WITH_DATA = PROGRAM.format(data="real beta_sigma; real tau_sigma;", beta="beta_sigma", tau="tau_sigma")


def main() -> None:
    """Measure, and print a table for each size."""
    for rows in SIZES:
        _measure(rows)


def _measure(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder_name:
        folder = Path(folder_name)
        table = _make_table(rows)
        table.to_csv(folder / "rows.csv", index=False)
        (folder / "logistic.stan").write_text(WITH_CONSTANTS)
        jobs = len(os.sched_getaffinity(0))
        _sweep(folder, jobs, "warm", Nuts(2, 50, 50), AXES[0].replace(":5", ":2"))  # compiles
        model = cmdstanpy.CmdStanModel(exe_file=str(build("loop", WITH_DATA, provision()).exe))
        before = _time(lambda: _fit(model, table, 1.0, 1.0, jobs))[0]
        ours, study = _time(lambda: _sweep(folder, jobs, "study", Nuts(), *AXES))
        points = study.results.points
        looped = points[::LOOP_STEP]
        spent, answers = _time(
            lambda: {
                point.number: _fit(
                    model,
                    table,
                    point.values.get("beta.sigma", 1.0),
                    point.values.get("tau.sigma", 1.0),
                    jobs,
                )
                for point in looped
            }
        )
        loop = spent * len(points) / len(looped)
        whole = _time(lambda: _fit_with_workbench(folder, jobs))[0]
        after = _time(lambda: _fit(model, table, 1.0, 1.0, jobs))[0]
    _show(study, {"sensitivity": ours, "loop (cmdstanpy)": loop}, whole, (before + after) / 2)
    _compare(study, len(looped), loop / ours, _measure_differences(study, answers))


def _time(work: Callable[[], T]) -> tuple[np.ndarray, T]:
    """Return wall time and processor time [s] of some work and the processes it starts, and its result."""
    started = _read_clocks()
    result = work()
    return _read_clocks() - started, result


def _read_clocks() -> np.ndarray:
    times = os.times()
    processor = times.user + times.system + times.children_user + times.children_system
    return np.array([time.monotonic(), processor])


def _make_table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(2024)
    group = rng.integers(1, GROUPS + 1, rows)
    predictors = rng.normal(size=(rows, SLOPES))
    alpha = rng.normal(-0.5, 0.7, GROUPS)
    logit = alpha[group - 1] + predictors @ np.resize([0.8, -0.4, 0.1], SLOPES)
    y = rng.random(rows) < 1 / (1 + np.exp(-logit))
    named = {f"x{k + 1}": predictors[:, k] for k in range(SLOPES)}
    return pd.DataFrame({"y": y.astype(int), "group": group, **named})


def _fit_with_workbench(folder: Path, jobs: int) -> object:
    options = FitOptions(columns=_name_columns(), methods=(Nuts(),), jobs=jobs, output=folder / "run")
    return fit_workflow.fit_files(folder / "logistic.stan", folder / "rows.csv", options)


def _name_columns() -> dict[str, tuple[str, ...]]:
    return {"X": tuple(f"x{k + 1}" for k in range(SLOPES))}


def _sweep(folder: Path, jobs: int, name: str, sampler: Nuts, *axes: str) -> Study:
    options = StudyOptions(
        axes=tuple(parse_axis(text) for text in axes),
        methods=("nuts",),
        with_prior=False,
        jobs=jobs,
        output=folder / name,
    )
    fit_options = FitOptions(columns=_name_columns(), methods=(sampler,), jobs=jobs)
    return study_files(folder / "logistic.stan", folder / "rows.csv", fit_options, options)


def _fit(
    model: cmdstanpy.CmdStanModel, table: pd.DataFrame, beta: float, tau: float, jobs: int
) -> dict[str, tuple[float, float]]:
    """Fit with cmdstanpy alone; return mean and Monte Carlo error of each compared quantity."""
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
        names = [f"{name.replace('.', '[')}]" if "." in name else name for name in fit.column_names]
    columns = {name: draws[:, :, names.index(name)] for name in COMPARED}
    return {
        name: (float(draws.mean()), float(array_stats.mcse(draws, method="mean")))
        for name, draws in columns.items()
    }


def _measure_differences(study: Study, answers: dict[int, dict[str, tuple[float, float]]]) -> np.ndarray:
    """Return the differences of posterior means, in their Monte Carlo standard errors."""
    own = study.frame[study.frame["method"] == "nuts"]
    rows = {(row["point"], row["parameter"]): row for row in own.to_dict("records")}
    differences = []
    for number, answer in answers.items():
        for name, (mean, error) in answer.items():
            row = rows[number, name]
            differences.append((float(row["mean"]) - mean) / np.hypot(float(row["mcse_mean"]), error))
    return np.array(differences)


def _show(study: Study, swept: dict[str, np.ndarray], whole: np.ndarray, single: np.ndarray) -> None:
    results = study.results
    title = f"{len(results.points)} points, {results.data.rows} rows, {GROUPS} groups"
    table = Table(title=title, title_justify="left")
    for column in ("what", "wall [s]", "processor [s]", "in cmdstanpy fits", "in workbench fits"):
        table.add_column(column.replace("[", r"\["), justify="left" if column == "what" else "right")
    ways = {"one fit (cmdstanpy)": single, "one fit (workbench fit)": whole, **swept}
    for what, spent in ways.items():
        cells = (*spent, spent[1] / single[1], spent[1] / whole[1])
        table.add_row(what, *(f"{cell:.1f}" for cell in cells))
    Console().print(table)


def _compare(study: Study, looped: int, faster: np.ndarray, differences: np.ndarray) -> None:
    console = Console()
    fits = study.results.fits
    worst = max(point.khat or 0.0 for point in study.results.points)
    console.print(f"the loop takes {faster[0]:.1f} times as long, {faster[1]:.1f} times the processor")
    console.print(f"({looped} of its points were fitted)")
    console.print(f"{fits.full} full fits, {fits.weights} points by weights, largest k-hat {worst:.2f}")
    console.print(f"means differ by {np.sqrt(np.mean(differences**2)):.2f} MCSE (root mean square), by")
    console.print(f"{np.abs(differences).max():.1f} at most, over {len(differences)} comparisons")


if __name__ == "__main__":
    main()

"""Time and size of the report of a large fit, compared with ArviZ's plots of the same fit.

The fit has 1,000 parameters and 4 x 1,000 simulated draws (`tests.report.simulated`). ArviZ's plots need an
interpreter with `arviz-plots`, whose current line is not compatible with current matplotlib: name one as the
only argument. Each round times both in turn, each in its own process; the median of the ratios by round is
reported. ArviZ draws what the report draws (12 marginal densities, 4 traces and 4 rank plots, the energy and
a pair) as PNG files; the report has tables, checks and predictive figures in addition. `make bench` runs it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.report.simulated import simulate_fit
from workbench.results import store

ROUNDS = 3
"""Pairs of measurements."""

PARAMETERS = 1000
"""Parameters of the fit."""

DRAWS = 1000
"""Draws of each of its 4 chains."""

MARGINALS, CHAINS = 12, 4
"""Quantities whose densities are drawn, and whose chains are."""

OURS = """
import sys, time
from pathlib import Path
from workbench.results import run_directory, store
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
fit = run_directory.read(Path(sys.argv[1]))
started = time.perf_counter()
(Path(sys.argv[1]) / "drawn.html").write_text(render(build_fit_report(fit)), encoding="utf-8")
print(time.perf_counter() - started)
"""

ARVIZ = """
import sys, time
from pathlib import Path
import matplotlib
matplotlib.use("agg")
import arviz_plots
import xarray
run, marginals, chains = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
tree = xarray.open_datatree(run / "fit.nc", engine="h5netcdf").load()
started = time.perf_counter()
for names, plots in ((marginals, ("plot_dist",)), (chains, ("plot_trace", "plot_rank"))):
    chosen = {"theta_raw": list(range(1, names + 1))}
    for plot in plots:
        drawn = getattr(arviz_plots, plot)(
            tree, var_names=["theta_raw"], coords={"J": chosen["theta_raw"]}, backend="matplotlib"
        )
        drawn.savefig(run / f"{plot}.png")
arviz_plots.plot_energy(tree, backend="matplotlib").savefig(run / "energy.png")
arviz_plots.plot_pair(tree, var_names=["mu", "tau"], backend="matplotlib").savefig(run / "pair.png")
print(time.perf_counter() - started)
"""


def main() -> None:
    """Measure, and print one table."""
    arviz = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        run = Path(folder) / "run"
        fit = simulate_fit(schools=PARAMETERS - 2, draws=DRAWS)
        store.write(fit, "", run)
        assert len(fit.results.quantities) == PARAMETERS
        seconds: dict[str, list[float]] = {"report": [], "ArviZ's plots": []}
        for _ in range(ROUNDS):
            seconds["report"].append(_time(sys.executable, OURS, str(run)))
            if arviz:
                sizes = (str(MARGINALS), str(CHAINS))
                seconds["ArviZ's plots"].append(_time(arviz, ARVIZ, str(run), *sizes))
        size = (run / "drawn.html").stat().st_size / 1e6
        pictures = sum(path.stat().st_size for path in run.glob("*.png")) / 1e6
    _print_table(seconds, {"report": size, "ArviZ's plots": pictures})


def _time(python: str, program: str, *arguments: str) -> float:
    """Return the seconds that a program took, as it says itself, without imports and reading."""
    started = time.perf_counter()
    done = subprocess.run(
        [python, "-W", "ignore", "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{python} failed after {time.perf_counter() - started:.1f} s:\n{done.stderr}")
    return float(done.stdout.split()[-1])


def _print_table(seconds: dict[str, list[float]], megabytes: dict[str, float]) -> None:
    title = f"{PARAMETERS} parameters, 4 x {DRAWS} draws; median of {ROUNDS} rounds"
    table = Table("", "seconds", "MB", "report / it", title=title)
    for name, times in seconds.items():
        if not times:
            table.add_row(name, "name an interpreter with arviz-plots", "", "")
            continue
        ratio = statistics.median(ours / other for ours, other in zip(seconds["report"], times, strict=True))
        median = statistics.median(times)
        table.add_row(name, f"{median:.2f}", f"{megabytes[name]:.2f}", f"{ratio:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

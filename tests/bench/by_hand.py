"""What people write by hand: a program fitted with cmdstanpy, summarised and drawn with ArviZ.

It ends with the numbers and about the pictures that `workbench fit` ends with: the mode, a Laplace
approximation, NUTS, ArviZ's summary and leave-one-out, and six PNG files. The program has its `y_rep` and its
`log_lik` in generated quantities, as ArviZ needs them. `tests.bench.end_to_end` runs it as a process:

    python by_hand.py MODEL DATA.json FOLDER [NAME...]

MODEL is an executable, or a Stan program that cmdstanpy compiles first. NAMEs are the parameters that are
drawn; without any, the script ends after sampling. It prints the seconds of sampling.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import cmdstanpy

CORES = 2
"""Chains at a time."""


def main(model_file: str, data: str, folder: str, *names: str) -> None:
    """Fit, and summarise and draw what `names` says."""
    cmdstanpy.disable_logging()
    if model_file.endswith(".stan"):
        model = cmdstanpy.CmdStanModel(stan_file=model_file)
    else:
        model = cmdstanpy.CmdStanModel(exe_file=model_file)
    if not names:
        _sample(model, data, folder)
        return
    _approximate(model, data, Path(folder))
    _summarise(_sample(model, data, folder), Path(folder), list(names))


def _sample(model: cmdstanpy.CmdStanModel, data: str, folder: str) -> cmdstanpy.CmdStanMCMC:
    started = time.perf_counter()
    fit = model.sample(data, chains=4, parallel_chains=CORES, seed=1, output_dir=folder, show_progress=False)
    print("sampling", time.perf_counter() - started)  # noqa: T201
    return fit


def _approximate(model: cmdstanpy.CmdStanModel, data: str, folder: Path) -> None:
    """Find the modes, and draw from the normal approximation; a centred hierarchy has neither."""
    try:
        model.optimize(data, seed=1, jacobian=False)
        mode = model.optimize(data, seed=1, jacobian=True)
    except RuntimeError:
        print("no mode")  # noqa: T201
        return
    laplace = model.laplace_sample(data, mode=mode, seed=1, draws=1000)
    frame = laplace.draws_pd()
    frame.describe().to_csv(folder / "laplace.csv")


def _summarise(fit: cmdstanpy.CmdStanMCMC, folder: Path, names: list[str]) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import arviz as az
    import matplotlib.pyplot as plt

    data = az.from_cmdstanpy(
        fit,
        posterior_predictive="y_rep",
        log_likelihood="log_lik",
        observed_data={"y_rep": _read_outcome(sys.argv[2])},
    )
    az.summary(data, var_names=names).to_csv(folder / "summary.csv")
    print(az.loo(data))  # noqa: T201
    data.to_netcdf(str(folder / "fit.nc"))
    pictures = {
        "trace": lambda: az.plot_trace(data, var_names=names),
        "posterior": lambda: az.plot_posterior(data, var_names=names),
        "rank": lambda: az.plot_rank(data, var_names=names),
        "energy": lambda: az.plot_energy(data),
        "pair": lambda: az.plot_pair(data, var_names=names[:2], divergences=True),
        "predictions": lambda: az.plot_ppc(data, num_pp_samples=100),
    }
    for name, draw in pictures.items():
        draw()
        plt.savefig(folder / f"{name}.png")
        plt.close("all")


def _read_outcome(path: str) -> list[float]:
    import json

    outcome: list[float] = json.loads(Path(path).read_text(encoding="utf-8"))["y"]
    return outcome


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])

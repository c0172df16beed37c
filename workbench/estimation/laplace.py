"""The Laplace approximation: a normal distribution around the unconstrained mode."""

from __future__ import annotations

import numpy as np
from arviz_stats.base import array_stats

from workbench.backends.base import Floats
from workbench.estimation import draws, mode
from workbench.estimation.part import Part
from workbench.estimation.setting import Setting

EQUAL_RATIOS = 1e-6
"""Log ratios [nats] closer than this are equal: draws and densities are printed with ten digits."""


def approximate(setting: Setting, found: mode.Mode | None) -> Part:
    """Return draws around the unconstrained mode, with the k-hat of the approximation."""
    if found is None:
        return Part("failed", "there is no unconstrained mode to approximate around.")
    run = found.best.approximation
    if found.problem or run is None or not run.converged:
        reason = found.problem or "Stan could not draw from the approximation."
        return Part("failed", f"there is no mode to approximate around: {reason}")
    program, data = setting.request.program, setting.request.data
    names = draws.parameters(program)
    keep = [i for i, column in enumerate(run.columns) if draws.owner(column) in names]
    tail = (1 - setting.request.level) / 2
    values = run.draws[0][:, keep]
    lower, upper = np.quantile(values, [tail, 1 - tail], axis=0)
    estimates = {
        run.columns[i]: {
            "mean": float(values[:, k].mean()),
            "sd": float(values[:, k].std(ddof=1)),
            "lower": float(lower[k]),
            "upper": float(upper[k]),
        }
        for k, i in enumerate(keep)
    }
    group = draws.read(run, program, data, names, ("draw",))
    for name in ("log_p", "log_q"):
        group[name] = (("draw",), run.stats[name][0])
    facts = {"khat": pareto_khat(run.stats["log_p"][0] - run.stats["log_q"][0]), "draws": run.draws.shape[1]}
    return Part("ok", "", facts, estimates, {"laplace": group}, run.console, run.seconds)


def pareto_khat(log_ratios: Floats) -> float:
    """Return the shape of the tail of importance ratios.

    It is 0 where all ratios are equal, up to rounding in Stan's output: the approximation is then exact.

    Parameters
    ----------
    log_ratios
        Log density of the target minus that of the approximation at each draw, `(draw,)`.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72); its use
    for approximations: Yao et al. (2018), Yes, but did it work?, arXiv:1802.02538.
    """
    if np.ptp(log_ratios) < EQUAL_RATIOS:
        return 0.0
    # ArviZ takes the negative, as leave-one-out does: a log-likelihood where the log ratio is its negative.
    negative = np.where(np.isfinite(log_ratios), -log_ratios, np.inf)
    with np.errstate(all="ignore"):
        return float(array_stats.psislw(negative)[1])

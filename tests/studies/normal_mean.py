"""The mean of a normal with known variance: every point of a sweep, and its derivatives, in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import optimize, stats

from workbench.studies import Study
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

Y = np.round(np.random.default_rng(11).normal(0.45, 1, 20), 2)
MEAN, SD = 0.0, 1.0

STAN = f"""
data {{
  int<lower=0> N;
  vector[N] y;
}}
parameters {{
  real mu;
}}
model {{
  mu ~ normal({MEAN:g}, {SD:g});
  y ~ normal(mu, 1);
}}
generated quantities {{
  array[N] real y_rep = normal_rng(rep_vector(mu, N), 1);
}}
"""

TABLE = "y\n" + "\n".join(f"{value:g}" for value in Y) + "\n"


def posterior(mean: float = MEAN, sd: float = SD) -> tuple[float, float]:
    """Return mean and standard deviation of the posterior."""
    precision = sd**-2 + len(Y)
    return float((mean * sd**-2 + Y.sum()) / precision), float(precision**-0.5)


def slope_in_mean(mean: float = MEAN, sd: float = SD) -> float:
    """Return the derivative of the posterior mean with respect to the prior's mean."""
    del mean
    return float(sd**-2 / (sd**-2 + len(Y)))


def slope_in_sd(mean: float = MEAN, sd: float = SD) -> float:
    """Return the derivative of the posterior mean with respect to the prior's standard deviation."""
    precision = sd**-2 + len(Y)
    return float(-2 * sd**-3 * (mean * precision - (mean * sd**-2 + Y.sum())) / precision**2)


def tipping_sd(probability: float) -> float:
    """Return the prior's standard deviation at which P(mu > 0) is a given probability."""

    def margin(sd: float) -> float:
        mean, spread = posterior(MEAN, sd)
        return float(stats.norm.cdf(mean / spread) - probability)

    return float(optimize.brentq(margin, 1e-3, 100))


def run_study(files: tuple[Path, Path], fit_options: FitOptions, options: StudyOptions) -> Study:
    """Study the program and the table in two files."""
    model, data = files
    return study_files(model, data, fit_options, options)

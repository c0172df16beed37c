"""Stan's univariate densities as SciPy's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

FAMILIES: Mapping[str, Callable[..., Any]] = {
    "normal": lambda mu, sigma: stats.norm(mu, sigma),
    "std_normal": lambda: stats.norm(),
    "student_t": lambda nu, mu, sigma: stats.t(nu, mu, sigma),
    "cauchy": lambda mu, sigma: stats.cauchy(mu, sigma),
    "double_exponential": lambda mu, sigma: stats.laplace(mu, sigma),
    "logistic": lambda mu, sigma: stats.logistic(mu, sigma),
    "gumbel": lambda mu, beta: stats.gumbel_r(mu, beta),
    "skew_normal": lambda xi, omega, alpha: stats.skewnorm(alpha, xi, omega),
    "lognormal": lambda mu, sigma: stats.lognorm(sigma, scale=np.exp(mu)),
    "exponential": lambda beta: stats.expon(scale=1 / beta),
    "gamma": lambda alpha, beta: stats.gamma(alpha, scale=1 / beta),
    "inv_gamma": lambda alpha, beta: stats.invgamma(alpha, scale=beta),
    "chi_square": lambda nu: stats.chi2(nu),
    "inv_chi_square": lambda nu: stats.invgamma(nu / 2, scale=0.5),
    "scaled_inv_chi_square": lambda nu, s: stats.invgamma(nu / 2, scale=nu * s**2 / 2),
    "weibull": lambda alpha, sigma: stats.weibull_min(alpha, scale=sigma),
    "frechet": lambda alpha, sigma: stats.invweibull(alpha, scale=sigma),
    "rayleigh": lambda sigma: stats.rayleigh(scale=sigma),
    "loglogistic": lambda alpha, beta: stats.fisk(beta, scale=alpha),
    "exp_mod_normal": lambda mu, sigma, rate: stats.exponnorm(1 / (sigma * rate), mu, sigma),
    "skew_double_exponential": lambda mu, sigma, tau: stats.laplace_asymmetric(
        np.sqrt(tau / (1 - tau)), mu, sigma / (2 * np.sqrt(tau * (1 - tau)))
    ),
    "beta_proportion": lambda mu, kappa: stats.beta(mu * kappa, (1 - mu) * kappa),
    "pareto_type_2": lambda mu, scale, alpha: stats.lomax(alpha, mu, scale),
    "pareto": lambda y_min, alpha: stats.pareto(alpha, scale=y_min),
    "beta": lambda alpha, beta: stats.beta(alpha, beta),
    "uniform": lambda alpha, beta: stats.uniform(alpha, beta - alpha),
}
"""Stan's univariate densities as SciPy's, in Stan's order and meaning of the arguments."""

SYMMETRIC = frozenset({"normal", "std_normal", "student_t", "cauchy", "double_exponential", "logistic"})
"""Distributions on the real line that are symmetric around their argument `mu`, or around 0."""

SUPPORTS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(
        (*SYMMETRIC, "gumbel", "skew_normal", "exp_mod_normal", "skew_double_exponential"),
        (-math.inf, math.inf),
    ),
    **dict.fromkeys(
        (
            "lognormal", "exponential", "gamma", "inv_gamma", "chi_square", "inv_chi_square",
            "scaled_inv_chi_square", "weibull", "frechet", "rayleigh", "pareto", "loglogistic",
        ),
        (0.0, math.inf),
    ),
    **dict.fromkeys(("beta", "beta_proportion"), (0.0, 1.0)),
}  # fmt: skip
"""An interval that holds the whole support of a distribution, whatever its arguments."""

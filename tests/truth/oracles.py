"""What the bundled models must give, computed without Stan.

Three kinds of truth: the beta posterior in closed form; least squares by statsmodels; and, for models that
are normal once one scale is known (linear regression given `sigma`, eight schools given `tau`), the exact
marginal posteriors by one-dimensional quadrature over that scale.

Every function takes the data as arrays and the hyperparameters by their Stan names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy import integrate, optimize, stats

from tests.truth.tables import Array

Conditional = Callable[[float], tuple[Array, Array]]

_TOLERANCE = 1e-10


# The beta-binomial model


def beta_binomial_posterior(y: Array, n: Array, *, theta_prior_a: float, theta_prior_b: float) -> Any:
    """Return the exact posterior of `theta`, a frozen SciPy distribution."""
    return stats.beta(theta_prior_a + np.sum(y), theta_prior_b + np.sum(n) - np.sum(y))


def beta_mode(a: float, b: float, *, jacobian: bool) -> float:
    """Return the mode of beta(a, b): on the scale of probabilities, or of log odds (`jacobian`).

    On the log odds the Jacobian theta (1 - theta) adds one to each exponent: the mode sits at the mean.
    """
    return a / (a + b) if jacobian else (a - 1) / (a + b - 2)


# Models that are normal given one scale


@dataclass(frozen=True)
class ScaleMixture:
    """A posterior that is normal given a positive scale, with that scale integrated out.

    Attributes
    ----------
    names
        The parameters that are normal given the scale.
    log_density
        Unnormalised log marginal posterior density of the scale.
    conditional
        Means and variances of those parameters given the scale.
    typical
        A value of the scale where its density is not negligible.
    """

    names: tuple[str, ...]
    log_density: Callable[[float], float]
    conditional: Conditional
    typical: float

    def expect(self, function: Callable[[float], Array]) -> Array:
        """Return the posterior expectation of a function of the scale."""
        peak = self.log_density(self.typical)

        def integrand(scale: float) -> Array:
            weight = np.exp(self.log_density(scale) - peak)
            weighted: Array = np.append(function(scale), 1.0) * weight
            return weighted

        near, _ = integrate.quad_vec(integrand, 0, 4 * self.typical, epsrel=_TOLERANCE)
        far, _ = integrate.quad_vec(integrand, 4 * self.typical, np.inf, epsrel=_TOLERANCE)
        total: Array = near + far
        expectation: Array = total[:-1] / total[-1]
        return expectation

    @cached_property
    def mean(self) -> dict[str, float]:
        """Posterior mean of each parameter."""
        return dict(zip(self.names, self._moments[0], strict=True))

    @cached_property
    def sd(self) -> dict[str, float]:
        """Posterior standard deviation of each parameter."""
        first, second = self._moments
        return dict(zip(self.names, np.sqrt(second - first**2), strict=True))

    @cached_property
    def scale(self) -> tuple[float, float]:
        """Posterior mean and standard deviation of the scale."""
        first, second = self.expect(lambda scale: np.array([scale, scale**2]))
        return float(first), float(np.sqrt(second - first**2))

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        def moments(scale: float) -> Array:
            mean, variance = self.conditional(scale)
            return np.concatenate([mean, variance + mean**2])

        first, second = np.split(self.expect(moments), 2)
        return first, second

    def cdf(self, name: str, value: float) -> float:
        """Return the posterior probability that a parameter is below a value."""
        index = self.names.index(name)

        def below(scale: float) -> Array:
            mean, variance = self.conditional(scale)
            return np.array([stats.norm.cdf(value, mean[index], np.sqrt(variance[index]))])

        return float(self.expect(below)[0])

    def quantile(self, name: str, probability: float) -> float:
        """Return a posterior quantile of a parameter."""
        mean, sd = self.mean[name], self.sd[name]
        return float(
            optimize.brentq(lambda value: self.cdf(name, value) - probability, mean - 9 * sd, mean + 9 * sd)
        )


# Linear regression


@dataclass(frozen=True)
class LinearPrior:
    """Hyperparameters of the model, by their Stan names."""

    alpha_prior_mean: float
    alpha_prior_sd: float
    beta_prior_sd: float
    sigma_prior_sd: float

    def mean(self, slopes: int) -> Array:
        """Return the prior means of alpha and the slopes."""
        return np.append(self.alpha_prior_mean, np.zeros(slopes))

    def precision(self, slopes: int) -> Array:
        """Return the prior precisions of alpha and the slopes."""
        return np.append(self.alpha_prior_sd**-2, np.full(slopes, self.beta_prior_sd**-2))


@dataclass(frozen=True)
class LinearMle:
    """Maximum-likelihood estimates and standard errors of the linear model, by Stan's names."""

    value: Mapping[str, float]
    se: Mapping[str, float]
    log_lik: float


def _design(X: Array) -> Array:  # noqa: N803
    return np.column_stack([np.ones(len(X)), X - X.mean(axis=0)])


def _coefficients(X: Array) -> tuple[str, ...]:  # noqa: N803
    return ("alpha", *(f"beta[{k + 1}]" for k in range(X.shape[1])))


def linear_mle(X: Array, y: Array) -> LinearMle:  # noqa: N803
    """Return least squares as maximum likelihood: `sigma` divides by n, and so do the standard errors.

    The observed information of `sigma` at the maximum is 2 n / sigma².
    """
    result = sm.OLS(y, _design(X)).fit()
    n = len(y)
    sigma = float(np.sqrt(result.ssr / n))
    ml_per_ols = sigma / np.sqrt(result.mse_resid)
    names = _coefficients(X)
    value = {**dict(zip(names, result.params, strict=True)), "sigma": sigma}
    se = {**dict(zip(names, result.bse * ml_per_ols, strict=True)), "sigma": sigma / np.sqrt(2 * n)}
    return LinearMle(value, se, float(result.llf))


def linear_posterior(X: Array, y: Array, prior: LinearPrior) -> ScaleMixture:  # noqa: N803
    """Return the exact posterior of `alpha` and `beta`, with `sigma` integrated out."""
    design, n = _design(X), len(y)
    gram, moment, square = design.T @ design, design.T @ y, float(y @ y)
    prior_mean, prior_precision = prior.mean(X.shape[1]), prior.precision(X.shape[1])

    def given(sigma: float) -> tuple[Array, Array, float]:
        precision = gram / sigma**2 + np.diag(prior_precision)
        shift = moment / sigma**2 + prior_precision * prior_mean
        mean = np.linalg.solve(precision, shift)
        return mean, precision, float(shift @ mean)

    def log_density(sigma: float) -> float:
        # the evidence of a normal linear model given sigma, by completing the square
        if sigma <= 0:
            return -np.inf
        _, precision, completed = given(sigma)
        evidence = -n * np.log(sigma) - square / (2 * sigma**2) + completed / 2
        return float(
            evidence - np.linalg.slogdet(precision)[1] / 2 + stats.norm.logpdf(sigma, 0, prior.sigma_prior_sd)
        )

    def conditional(sigma: float) -> tuple[Array, Array]:
        mean, precision, _ = given(sigma)
        return mean, np.diag(np.linalg.inv(precision))

    return ScaleMixture(_coefficients(X), log_density, conditional, float(linear_mle(X, y).value["sigma"]))


def linear_mode(X: Array, y: Array, prior: LinearPrior, *, jacobian: bool) -> dict[str, float]:  # noqa: N803
    """Return the joint mode of `alpha`, `beta`, `sigma`; with `jacobian`, on the scale of log sigma."""
    design, n = _design(X), len(y)
    prior_mean, prior_precision = prior.mean(X.shape[1]), prior.precision(X.shape[1])

    def best(sigma: float) -> Array:
        precision = design.T @ design / sigma**2 + np.diag(prior_precision)
        return np.linalg.solve(precision, design.T @ y / sigma**2 + prior_precision * prior_mean)

    def loss(sigma: float) -> float:
        coefficients = best(sigma)
        residual = y - design @ coefficients
        penalty = float(prior_precision @ (coefficients - prior_mean) ** 2)
        fit = (n - jacobian) * np.log(sigma) + residual @ residual / (2 * sigma**2)
        return float(fit + penalty / 2 + sigma**2 / (2 * prior.sigma_prior_sd**2))

    start = linear_mle(X, y).value["sigma"]
    found = optimize.minimize_scalar(loss, bounds=(start / 3, start * 3), options={"xatol": 1e-10})
    sigma = float(found.x)
    return {**dict(zip(_coefficients(X), best(sigma), strict=True)), "sigma": sigma}


# Eight schools


@dataclass(frozen=True)
class EightSchoolsPrior:
    """Hyperparameters of the model, by their Stan names."""

    mu_prior_mean: float
    mu_prior_sd: float
    tau_prior_scale: float


def eight_schools_posterior(y: Array, sigma: Array, prior: EightSchoolsPrior) -> ScaleMixture:
    """Return the exact posterior of `mu` and `theta`, with `tau` integrated out.

    An infinite `mu_prior_sd` is the flat prior, an infinite `tau_prior_scale` the uniform one.

    References
    ----------
    Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, equations 5.17 to 5.21.
    """
    mu_prior_precision = prior.mu_prior_sd**-2

    def mu_given(tau: float) -> tuple[float, float]:
        weights = 1 / (sigma**2 + tau**2)
        precision = float(weights.sum()) + mu_prior_precision
        return (float(weights @ y) + mu_prior_precision * prior.mu_prior_mean) / precision, 1 / precision

    def log_density(tau: float) -> float:
        mean, variance = mu_given(tau)
        # p(tau | y) = p(tau) p(mu) p(y | mu, tau) / p(mu | tau, y), which holds for any mu
        likelihood = np.sum(stats.norm.logpdf(y, mean, np.sqrt(sigma**2 + tau**2)))
        mu_prior = -(mu_prior_precision / 2) * (mean - prior.mu_prior_mean) ** 2
        tau_prior = -np.log1p((tau / prior.tau_prior_scale) ** 2)
        return float(likelihood + mu_prior + tau_prior + np.log(variance) / 2)

    def conditional(tau: float) -> tuple[Array, Array]:
        mean, variance = mu_given(tau)
        shrink = sigma**2 / (sigma**2 + tau**2)  # weight of mu in the mean of theta
        theta_mean = shrink * mean + (1 - shrink) * y
        theta_variance = (1 - shrink) * sigma**2 + shrink**2 * variance
        return np.append(mean, theta_mean), np.append(variance, theta_variance)

    names = ("mu", *(f"theta[{j + 1}]" for j in range(len(y))))
    return ScaleMixture(names, log_density, conditional, typical=5.0)


def eight_schools_mode(
    y: Array, sigma: Array, prior: EightSchoolsPrior, *, jacobian: bool
) -> dict[str, float]:
    """Return the joint mode of `mu`, `tau` and `theta` of the non-centred form.

    Given mu and tau, the best `theta_raw` leaves (y - mu)² / (sigma² + tau²) of each school's misfit, without
    the log of the marginal likelihood: only the prior keeps tau finite.
    """

    def loss(point: Array) -> float:
        mu, tau = point[0], np.exp(point[1])
        misfit = np.sum((y - mu) ** 2 / (sigma**2 + tau**2))
        misfit += ((mu - prior.mu_prior_mean) / prior.mu_prior_sd) ** 2
        return float(misfit / 2 + np.log1p((tau / prior.tau_prior_scale) ** 2) - jacobian * point[1])

    found = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
    mu, tau = float(found.x[0]), float(np.exp(found.x[1]))
    theta = mu + (y - mu) * tau**2 / (sigma**2 + tau**2)
    return {"mu": mu, "tau": tau, **{f"theta[{j + 1}]": float(value) for j, value in enumerate(theta)}}

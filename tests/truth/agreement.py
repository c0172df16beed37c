"""When a fit agrees with the truth.

Modes agree to optimiser precision. Posterior summaries agree within four Monte Carlo standard errors, as the
fit itself states them: seeds are fixed, and there are a few dozen comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pytest

from tests.truth.oracles import ScaleMixture
from workbench.results import Fit

_MODE_PRECISION = 1e-5


def values(fit: Fit, method: str, key: str = "value") -> dict[str, float]:
    """Return one number of each quantity from a method that succeeded."""
    assert fit.record[method]["status"] == "ok", fit.record[method].get("reason")
    return {name: numbers[key] for name, numbers in fit.record[method]["estimates"].items() if key in numbers}


def assert_close(
    found: Mapping[str, float], exact: Mapping[str, float], *, rel: float = _MODE_PRECISION
) -> None:
    """Every exact number is found, to a relative precision."""
    for name, value in exact.items():
        assert found[name] == pytest.approx(value, rel=rel, abs=rel), name


def assert_moments(fit: Fit, name: str, mean: float, sd: float) -> None:
    """Posterior mean and standard deviation are within a few of their Monte Carlo standard errors.

    The error of a standard deviation is underestimated: over 30 seeds of a linear regression, the
    deviations in units of it had standard deviations from 1.1 to 1.5.
    """
    numbers = fit.record["nuts"]["estimates"][name]
    assert abs(numbers["mean"] - mean) < 4 * numbers["mcse_mean"], name
    assert abs(numbers["sd"] - sd) < 6 * numbers["mcse_sd"], name


def assert_interval(fit: Fit, name: str, cdf: Callable[[float], float]) -> None:
    """The ends cut off what they should, within the error of as many draws as the tails are worth."""
    numbers = fit.record["nuts"]["estimates"][name]
    tail = (1 - fit.record["interval"]["level"]) / 2
    slack = 4 * np.sqrt(tail * (1 - tail) / numbers["ess_tail"])
    assert cdf(numbers["lower"]) == pytest.approx(tail, abs=slack), name
    assert cdf(numbers["upper"]) == pytest.approx(1 - tail, abs=slack), name


def assert_posterior(fit: Fit, exact: ScaleMixture, scale: str) -> None:
    """The whole posterior agrees with an exact mixture over the named scale."""
    for name in exact.names:
        assert_moments(fit, name, exact.mean[name], exact.sd[name])
        assert_interval(fit, name, partial(exact.cdf, name))
    assert_moments(fit, scale, *exact.scale)

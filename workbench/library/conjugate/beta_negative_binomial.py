"""Failures before the r-th success, with a beta prior; r = 1 is the geometric distribution.

References
----------
Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, 3rd edition, section 6.2.3.
doi:10.1002/0471715816
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln

from workbench.library.conjugate.beta_binomial import Beta, derive_marginals, find_mode, parse_prior
from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class _Counts:
    """The successes and failures in a batch, and the log number of ways in which they can occur."""

    successes: float
    failures: float
    log_ways: float


def update(prior: Beta, values: Values) -> Beta:
    """Return the posterior: each count ends with `r` successes.

    >>> update(Beta(1.0, 1.0), {"y": [3, 0], "r": 1.0})
    Beta(a=3.0, b=4.0)
    """
    counts = _count(values)
    return Beta(prior.a + counts.successes, prior.b + counts.failures)


def compute_log_evidence(prior: Beta, values: Values) -> float:
    """Return the log marginal likelihood of the counts: beta negative binomial."""
    posterior = update(prior, values)
    return float(_count(values).log_ways + betaln(posterior.a, posterior.b) - betaln(prior.a, prior.b))


def predict(state: Beta, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new count of failures, which SciPy has for whole `r` only."""
    if float(values["r"]) % 1:
        return {}
    return {"y": Marginal("betanbinom", {"n": float(values["r"]), "a": state.a, "b": state.b})}


def _count(values: Values) -> _Counts:
    y, r = np.asarray(values["y"], dtype=float), float(values["r"])
    log_ways = float(np.sum(gammaln(y + r) - gammaln(y + 1) - gammaln(r)))
    return _Counts(r * y.size, float(y.sum()), log_ways)


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""

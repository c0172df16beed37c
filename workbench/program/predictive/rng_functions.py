"""The random number generator of a density: the call that draws an outcome from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.program.terms.distributions import DISTRIBUTIONS

MISSING = -2147483647
"""The integer for a replicate that could not be drawn; among reals it is any number that is not finite."""

GUARDED = {
    "poisson": (
        "int {name}(real lambda) {{ if (lambda == 0) return 0; "
        "return lambda < 1e9 ? poisson_rng(lambda) : {missing}; }}"
    ),
    "poisson_log": (
        "int {name}(real alpha) {{ if (alpha < -700) return 0; "
        "return alpha < 20.7 ? poisson_log_rng(alpha) : {missing}; }}"
    ),
    "gamma_poisson": (
        "int {name}(real mu, real phi) {{ real lambda = gamma_rng(phi, 1) * (mu / phi); "
        "if (lambda == 0) return 0; return lambda < 1e9 ? poisson_rng(lambda) : {missing}; }}"
    ),
}
"""Generators that return a missing value where Stan's own throw, at the cost of all quantities of that draw.

Stan's own refuse a rate of zero, and one so large that no integer holds the draw; the densities accept both.
"""

_SPECIAL_CALLS = {
    "beta_neg_binomial": "{poisson}(gamma_rng({0}, 1) * gamma_rng({2}, 1) / gamma_rng({1}, 1))",
    "binomial_logit": "binomial_rng({0}, inv_logit({1}))",
    "dirichlet_multinomial": "dirichlet_multinomial_rng({0}, sum({observed}))",
    "lkj_corr": "lkj_corr_rng(rows({observed}), {0})",
    "lkj_corr_cholesky": "lkj_corr_cholesky_rng(rows({observed}), {0})",
    "multi_normal_prec": "multi_normal_rng({0}, inverse_spd({1}))",
    "multinomial": "multinomial_rng({0}, sum({observed}))",
    "multinomial_logit": "multinomial_logit_rng({0}, sum({observed}))",
    "neg_binomial": "{gamma_poisson}(({0}) / ({1}), {0})",
    "neg_binomial_2": "{gamma_poisson}({0}, {1})",
    "neg_binomial_2_log": "{gamma_poisson}(exp({0}), {1})",
    "poisson": "{poisson}({0})",
    "poisson_log": "{poisson_log}({0})",
    "von_mises": "({0}) + von_mises_rng(0, {1})",
    "yule_simon": "1 + {poisson}(exponential_rng(1) * expm1(exponential_rng({0})))",
}
"""The calls for distributions that Stan's `_rng` function does not draw as it is.

It may be missing, take other arguments than the density, or throw; that of `von_mises` lies around a location
between 0 and 2 pi, a turn away from one that is negative. Gaps are the density's arguments by
position, the observed outcome, and the names of guarded generators.
"""

_WITHOUT_GENERATOR = frozenset({"gaussian_dlm_obs", "lkj_cov", "multi_gp", "multi_gp_cholesky", "wiener"})
"""Distributions from which Stan cannot draw."""

INVERSES = {"log": "exp({})", "log1p": "expm1({})", "logit": "inv_logit({})"}
"""Functions of an outcome, each with the inverse that takes a draw of the function back to the outcome."""


def format_rng_call(
    distribution: str, texts: Sequence[str], observed: str, guarded: Mapping[str, str]
) -> str | None:
    """Return the call that draws from one of Stan's distributions; `None` if Stan cannot.

    Parameters
    ----------
    distribution
        Its name in a distribution statement.
    texts
        Its arguments as Stan, without the outcome.
    observed
        The outcome, whose sum is the size of a multinomial.
    guarded
        The names that the program gives to the generators of `GUARDED`.

    >>> format_rng_call("binomial_logit", ["10", "eta"], "y", {})
    'binomial_rng(10, inv_logit(eta))'
    """
    if distribution not in DISTRIBUTIONS or distribution in _WITHOUT_GENERATOR:
        return None
    if distribution in _SPECIAL_CALLS:
        return _SPECIAL_CALLS[distribution].format(*texts, observed=observed, **guarded)
    return f"{distribution}_rng({', '.join(texts)})"

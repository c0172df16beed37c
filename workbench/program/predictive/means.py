"""The mean of each distribution, as Stan: what an outcome is expected to be, given the parameters."""

from __future__ import annotations

from collections.abc import Sequence

_MEANS = {
    "bernoulli": "{0}",
    "bernoulli_logit": "inv_logit({0})",
    "beta": "({0}) / (({0}) + ({1}))",
    "beta_binomial": "({0}) * ({1}) / (({1}) + ({2}))",
    "beta_neg_binomial": "({1}) > 1 ? ({0}) * ({2}) / (({1}) - 1) : positive_infinity()",
    "beta_proportion": "{0}",
    "binomial": "({0}) * ({1})",
    "binomial_logit": "({0}) * inv_logit({1})",
    "chi_square": "{0}",
    "dirichlet": "({0}) / sum({0})",
    "discrete_range": "(({0}) + ({1})) / 2.0",
    "double_exponential": "{0}",
    "exp_mod_normal": "({0}) + 1 / ({2})",
    "exponential": "1 / ({0})",
    "frechet": "({0}) > 1 ? ({1}) * tgamma(1 - 1 / ({0})) : positive_infinity()",
    "gamma": "({0}) / ({1})",
    "gumbel": "({0}) + 0.57721566490153286 * ({1})",
    "hypergeometric": "({0}) * ({1}) * 1.0 / (({1}) + ({2}))",
    "inv_chi_square": "({0}) > 2 ? 1 / (({0}) - 2) : positive_infinity()",
    "inv_gamma": "({0}) > 1 ? ({1}) / (({0}) - 1) : positive_infinity()",
    "logistic": "{0}",
    "loglogistic": "({1}) > 1 ? ({0}) * (pi() / ({1})) / sin(pi() / ({1})) : positive_infinity()",
    "lognormal": "exp(({0}) + square({1}) / 2)",
    "multi_normal": "{0}",
    "multi_normal_cholesky": "{0}",
    "multi_normal_prec": "{0}",
    "multinomial": "({0}) * sum({observed})",
    "multinomial_logit": "softmax({0}) * sum({observed})",
    "neg_binomial": "({0}) / ({1})",
    "neg_binomial_2": "{0}",
    "neg_binomial_2_log": "exp({0})",
    "normal": "{0}",
    "pareto": "({1}) > 1 ? ({1}) * ({0}) / (({1}) - 1) : positive_infinity()",
    "pareto_type_2": "({2}) > 1 ? ({0}) + ({1}) / (({2}) - 1) : positive_infinity()",
    "poisson": "{0}",
    "poisson_binomial": "sum({0})",
    "poisson_log": "exp({0})",
    "rayleigh": "({0}) * sqrt(pi() / 2)",
    "scaled_inv_chi_square": "({0}) > 2 ? ({0}) * square({1}) / (({0}) - 2) : positive_infinity()",
    "skew_double_exponential": "({0}) + ({1}) * (1 - 2 * ({2})) / (2 * ({2}) * (1 - ({2})))",
    "skew_normal": "({0}) + ({1}) * sqrt(2 / pi()) * ({2}) / sqrt(1 + square({2}))",
    "std_normal": "0",
    "student_t": "({0}) > 1 ? ({1}) : not_a_number()",
    "uniform": "(({0}) + ({1})) / 2",
    "weibull": "({1}) * tgamma(1 + 1 / ({0}))",
    "yule_simon": "({0}) > 1 ? ({0}) / (({0}) - 1) : positive_infinity()",
}
"""By distribution; gaps are the density's arguments by position, and the observed outcome.

The formulas are those of Stan's functions reference, where it gives them, and of Johnson, Kotz and
Balakrishnan, Continuous Univariate Distributions (1994, 1995). Distributions without a mean, and circular and
categorical ones, are left out.
"""


def format_mean(distribution: str, texts: Sequence[str], observed: str) -> str:
    """Return the mean of one of Stan's distributions as Stan; empty where it has none in closed form.

    Parameters
    ----------
    distribution
        Its name in a distribution statement.
    texts
        Its arguments as Stan, without the outcome.
    observed
        The outcome, whose sum is the size of a multinomial.

    >>> format_mean("binomial_logit", ["10", "eta"], "y")
    '(10) * inv_logit(eta)'
    """
    return _MEANS.get(distribution, "").format(*texts, observed=observed)

"""Stan's distributions: the names of their arguments, and how a vectorised one splits into observations."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DENSITY = re.compile(r"^(?P<name>\w+)_(?P<suffix>lpdf|lpmf|lupdf|lupmf|lcdf|lccdf)$")
"""The name of a density or distribution function."""

_TABLE = """
bernoulli theta
bernoulli_logit alpha
bernoulli_logit_glm# x alpha beta*
beta alpha+ beta+
beta_binomial N alpha+ beta+
beta_neg_binomial r+ alpha+ beta+
beta_proportion mu kappa+
binomial N theta
binomial_logit N alpha
binomial_logit_glm# N x alpha beta*
categorical theta*
categorical_logit beta*
categorical_logit_glm# x alpha* beta*
cauchy mu sigma+
chi_square nu+
dirichlet@ alpha+
dirichlet_multinomial! alpha+
discrete_range l u
double_exponential mu sigma+
exp_mod_normal mu sigma+ lambda+
exponential beta+
frechet alpha+ sigma+
gamma alpha+ beta+
gaussian_dlm_obs! F G V W m0 C0
gumbel mu beta+
hypergeometric N a b
inv_chi_square nu+
inv_gamma alpha+ beta+
inv_wishart@ nu+ Sigma
inv_wishart_cholesky@ nu+ L_S
lkj_corr@ eta+
lkj_corr_cholesky@ eta+
lkj_cov@ mu sigma+ eta+
logistic mu sigma+
loglogistic alpha+ beta+
lognormal mu sigma+
multi_gp! Sigma w
multi_gp_cholesky! L w
multi_normal@ mu Sigma*
multi_normal_cholesky@ mu L*
multi_normal_prec@ mu Omega*
multi_student_t@ nu*+ mu Sigma*
multi_student_t_cholesky@ nu*+ mu L*
multinomial! theta
multinomial_logit! gamma
neg_binomial alpha+ beta+
neg_binomial_2 mu phi+
neg_binomial_2_log eta phi+
neg_binomial_2_log_glm# x alpha beta* phi
normal mu sigma+
normal_id_glm# x alpha beta* sigma
ordered_logistic eta c*
ordered_logistic_glm# x beta* c*
ordered_probit eta c*
pareto y_min+ alpha+
pareto_type_2 mu lambda+ alpha+
poisson lambda+
poisson_binomial theta*
poisson_log alpha
poisson_log_glm# x alpha beta*
rayleigh sigma+
scaled_inv_chi_square nu+ sigma+
skew_double_exponential mu sigma+ tau
skew_normal xi omega+ alpha
std_normal
student_t nu+ mu sigma+
uniform alpha beta
von_mises mu kappa+
weibull alpha+ sigma+
wiener alpha tau beta delta var_delta var_beta var_tau
wishart@ nu+ Sigma
wishart_cholesky@ nu+ L_S
yule_simon alpha+
"""
"""One line for each distribution, its arguments as Stan's functions reference names them.

Marks of an argument: ``*``, all observations share it although it is a container; ``+``, it must be positive.
Marks of a distribution: ``@``, an observation is a whole vector or matrix, so that only arrays split into
observations; ``!``, it never splits; ``#``, its means come from a design matrix, one row an observation.
"""


GLM_DISTRIBUTIONS = {
    "bernoulli_logit_glm": "bernoulli_logit",
    "binomial_logit_glm": "binomial_logit",
    "categorical_logit_glm": "categorical_logit",
    "neg_binomial_2_log_glm": "neg_binomial_2_log",
    "normal_id_glm": "normal",
    "ordered_logistic_glm": "ordered_logistic",
    "poisson_log_glm": "poisson_log",
}
"""The distribution of one outcome given its linear predictor, by the name of the generalised linear model."""


@dataclass(frozen=True)
class Distribution:
    """One of Stan's distributions.

    Attributes
    ----------
    name
        Its name in a distribution statement.
    arguments
        The names of its arguments, without the outcome.
    shared
        The arguments that all observations share although they are containers.
    positive
        The arguments that must be positive.
    is_multivariate
        Whether one observation is a whole vector or matrix.
    is_glm
        Whether its means come from a design matrix.
    is_joint
        Whether its whole outcome is one observation.
    """

    name: str
    arguments: tuple[str, ...]
    shared: frozenset[str] = frozenset()
    positive: frozenset[str] = frozenset()
    is_multivariate: bool = False
    is_glm: bool = False
    is_joint: bool = False


def _parse_line(line: str) -> Distribution:
    head, *arguments = line.split()
    name, mark = head.rstrip("@#!"), head[-1]
    return Distribution(
        name,
        tuple(argument.rstrip("*+") for argument in arguments),
        _select_marked(arguments, "*"),
        _select_marked(arguments, "+"),
        mark == "@",
        mark == "#",
        mark == "!",
    )


def _select_marked(arguments: list[str], mark: str) -> frozenset[str]:
    return frozenset(argument.rstrip("*+") for argument in arguments if mark in argument)


DISTRIBUTIONS = {item.name: item for item in map(_parse_line, _TABLE.strip().splitlines())}
"""The distributions by name."""


def split_density_name(function: str) -> tuple[str, str]:
    """Return the distribution and the suffix of a density function; the suffix of other functions is empty.

    >>> split_density_name("normal_lupdf")
    ('normal', 'lpdf')
    >>> split_density_name("exp")
    ('exp', '')
    """
    match = _DENSITY.match(function)
    if match is None:
        return function, ""
    return match["name"], match["suffix"].replace("lu", "l")


def get_argument_name(distribution: str, position: int) -> str:
    """Return Stan's name of an argument, counted from 0 without the outcome.

    >>> get_argument_name("normal", 1)
    'sigma'
    """
    entry = DISTRIBUTIONS.get(distribution)
    if entry is None or position >= len(entry.arguments):
        return f"argument{position + 1}"
    return entry.arguments[position]


def is_positive(distribution: str, argument: str) -> bool:
    """Return whether an argument of one of Stan's distributions must be positive.

    >>> is_positive("normal", "sigma"), is_positive("normal", "mu")
    (True, False)
    """
    entry = DISTRIBUTIONS.get(distribution)
    return entry is not None and argument in entry.positive

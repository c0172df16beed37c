"""The mean of each distribution is that of draws by Stan's own generator."""

import pytest

from tests.program.executable import build
from workbench.program.predictive.means import format_mean
from workbench.program.predictive.rng_functions import GUARDED, MISSING, format_rng_call

ARGUMENTS = {
    "bernoulli": ["0.3"],
    "bernoulli_logit": ["0.4"],
    "beta": ["2.0", "3.5"],
    "beta_binomial": ["12", "2.0", "3.0"],
    "beta_neg_binomial": ["3.0", "6.0", "2.0"],
    "beta_proportion": ["0.3", "4.0"],
    "binomial": ["9", "0.3"],
    "binomial_logit": ["9", "0.4"],
    "chi_square": ["3.0"],
    "discrete_range": ["2", "7"],
    "double_exponential": ["1.0", "2.0"],
    "exp_mod_normal": ["1.0", "0.5", "2.0"],
    "exponential": ["2.5"],
    "frechet": ["5.0", "2.0"],
    "gamma": ["2.0", "3.0"],
    "gumbel": ["1.0", "2.0"],
    "inv_chi_square": ["7.0"],
    "inv_gamma": ["6.0", "3.0"],
    "logistic": ["1.0", "2.0"],
    "loglogistic": ["2.0", "6.0"],
    "lognormal": ["0.3", "0.5"],
    "neg_binomial": ["3.0", "2.0"],
    "neg_binomial_2": ["3.0", "2.0"],
    "neg_binomial_2_log": ["0.7", "2.0"],
    "normal": ["1.5", "2.0"],
    "pareto": ["2.0", "6.0"],
    "pareto_type_2": ["1.0", "2.0", "6.0"],
    "poisson": ["3.2"],
    "poisson_log": ["0.9"],
    "rayleigh": ["2.0"],
    "scaled_inv_chi_square": ["7.0", "2.0"],
    "skew_double_exponential": ["1.0", "2.0", "0.3"],
    "skew_normal": ["1.0", "2.0", "3.0"],
    "std_normal": [],
    "student_t": ["6.0", "1.0", "2.0"],
    "uniform": ["1.0", "4.0"],
    "weibull": ["1.7", "2.0"],
    "yule_simon": ["6.0"],
}
"""Arguments at which the distribution has a variance, so that an average of draws has a standard error."""

GUARDS = {kind: f"drawn_{kind}_rng" for kind in GUARDED}

DRAWS = 20_000


def write_program():
    functions = "\n".join(text.format(name=GUARDS[kind], missing=MISSING) for kind, text in GUARDED.items())
    quantities = []
    for place, (name, texts) in enumerate(ARGUMENTS.items(), start=1):
        drawn = format_rng_call(name, texts, "", GUARDS)
        quantities += [
            f"found[{place}, 1] = {format_mean(name, texts, '')};",
            f"for (n in 1:{DRAWS}) drawn[n] = {drawn};",
            f"found[{place}, 2] = mean(drawn); found[{place}, 3] = sd(drawn) / sqrt({DRAWS});",
        ]
    body = "\n".join(quantities)
    return (
        f"functions {{ {functions} }} parameters {{ real<lower=0, upper=1> u; }} "
        f"generated quantities {{ matrix[{len(ARGUMENTS)}, 3] found; {{ vector[{DRAWS}] drawn; {body} }} }}"
    )


@pytest.mark.stan
def test_means_are_those_of_stans_generators(tools, tmp_path):
    program = build("means", write_program(), tools, tmp_path)
    program.write_data({})
    drawn = program.sample(1)
    for place, name in enumerate(ARGUMENTS, start=1):
        mean, average, error = (float(drawn[f"found.{place}.{column}"][0]) for column in (1, 2, 3))
        assert abs(mean - average) < 5 * error + 1e-12, name


@pytest.mark.parametrize(
    ("name", "texts"), [("frechet", ["0.9", "1"]), ("cauchy", ["0", "1"]), ("von_mises", ["0", "1"])]
)
def test_what_has_no_mean_has_no_number(name, texts):
    assert format_mean(name, texts, "") in (
        "",
        "(0.9) > 1 ? (1) * tgamma(1 - 1 / (0.9)) : positive_infinity()",
    )


def test_every_mean_with_numbers_for_arguments_is_tried():
    from workbench.program.predictive import means

    of_vectors = {"dirichlet", "multi_normal", "multi_normal_cholesky", "multi_normal_prec", "multinomial"}
    of_vectors |= {"multinomial_logit", "poisson_binomial"}
    of_vectors |= {"hypergeometric"}  # Stan's generator fails for small numbers
    assert set(means._MEANS) - of_vectors == set(ARGUMENTS)

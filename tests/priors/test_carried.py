"""A posterior carried as a normal on the unconstrained scale: the density Stan sees, and what is refused."""

import numpy as np
import pytest
from scipy import stats

from workbench import priors
from workbench.backends.base import Job
from workbench.backends.stored_chains import ChainDraws, StoredChains
from workbench.binding import evaluate_shape
from workbench.errors import PriorError
from workbench.priors.carried import CarriedPosterior
from workbench.priors.priors_file import format_posterior, read_priors
from workbench.toolchain import ModelSource, build_all

TRANSFORMS = """
data { int N; vector[N] y; real low; }
parameters {
  real mu;
  real<lower=low> a;
  real<upper=3> b;
  real<lower=-1, upper=mu + 20> c;
  vector<offset=mu, multiplier=a>[2] d;
  array[2] vector<lower=0>[2] e;
  matrix[2, 2] f;
  ordered[3] g;
  array[2] positive_ordered[2] h;
}
model {
  mu ~ normal(0, 1);
  a ~ normal(0, 1);
  d ~ normal(mu, a);
  to_vector(f) ~ normal(0, 1);
  y ~ normal(mu, 1);
}
"""

NAMES = (
    "mu", "a", "b", "c", "d[1]", "d[2]", "e[1,1]", "e[1,2]", "e[2,1]", "e[2,2]", "f[1,1]", "f[2,1]", "f[1,2]",
    "f[2,2]", "g[1]", "g[2]", "g[3]", "h[1,1]", "h[1,2]", "h[2,1]", "h[2,2]",
)  # fmt: skip
"""The unconstrained scale of `TRANSFORMS`, in Stan's order."""


TOGETHER = """
data { int N; vector[N] y; }
parameters {
  simplex[4] p;
  array[2] simplex[3] q;
  sum_to_zero_vector[3] s;
  corr_matrix[4] r;
  cov_matrix[3] v;
  cholesky_factor_corr[4] l;
  cholesky_factor_cov[3] m;
}
model { y ~ normal(p[1] + s[1], 1); }
"""

FREE = (
    *(f"p[{i}]" for i in (1, 2, 3)), "q[1,1]", "q[1,2]", "q[2,1]", "q[2,2]", "s[1]", "s[2]",
    *(f"r[{i}]" for i in range(1, 7)), *(f"v[{i}]" for i in range(1, 7)),
    *(f"l[{i}]" for i in range(1, 7)), *(f"m[{i}]" for i in range(1, 7)),
)  # fmt: skip
"""The unconstrained scale of `TOGETHER`, in Stan's order."""


def make_normal(names, seed=1):
    random = np.random.default_rng(seed)
    size = len(names)
    root = random.standard_normal((size, size)) / 10 + np.diag(random.uniform(0.5, 1.0, size))
    covariance = root @ root.T
    return CarriedPosterior(names, random.standard_normal(size), (covariance + covariance.T) / 2)


@pytest.mark.parametrize(
    ("text", "names"), [(TRANSFORMS, NAMES), (TOGETHER, FREE)], ids=["alone", "together"]
)
def test_the_density_on_the_unconstrained_scale_is_the_normal(program_from, tools, tmp_path, text, names):
    """Without rows nothing but the carried posterior is left: SciPy has its density, at points of our own."""
    carried = make_normal(names)
    program = priors.carry_posterior(program_from(text), carried, tools.stanc)
    (model,) = build_all([ModelSource("carried", program.source, False)], tools)
    data = tmp_path / "data.json"
    data.write_text('{"N": 0, "y": [], "low": 0.5}')
    backend = StoredChains(ChainDraws(np.empty((1, 0, 0)), {}))
    job = Job(model.exe, data, tmp_path, 1)
    points = np.random.default_rng(2).normal(0, 0.7, (40, len(names)))
    expected = stats.multivariate_normal(carried.mean, carried.covariance).logpdf(points)
    found = backend.measure_points(job, points, jacobian=True)
    assert np.ptp(found - expected) < 1e-9
    assert [term.role for term in program.terms] == ["likelihood", "prior"]
    removed = 4 if text == TRANSFORMS else 0
    assert [prior.statement for prior in program.replaced_priors[:-1]] == [""] * removed
    shapes = {item.name: evaluate_shape(item, {}) for item in program.parameters}
    assert names == tuple(
        name
        for item in program.parameters
        for name in priors.list_free_names(item, [int(length or 0) for length in shapes[item.name]])
    )
    assert len(names) == sum(
        priors.count_free(item, [int(length or 0) for length in shapes[item.name]])
        for item in program.parameters
    )


@pytest.mark.parametrize(
    ("parameter", "statement", "said"),
    [
        ("unit_vector[3] p;", "", "`p` is declared `unit_vector\\[3\\]`"),
        ("cholesky_factor_cov[3, 2] p;", "", "a factor is carried where it is square"),
        ("real<lower=max(y)> p;", "p ~ normal(0, 1);", "whose bounds are not numbers of their own"),
        ("real p;", "target += normal_lpdf(p | 0, 1) + normal_lpdf(y | p, 1);", "cannot be removed"),
    ],
)
def test_what_cannot_be_carried_is_refused(program_from, parameter, statement, said):
    text = f"data {{ int N; vector[N] y; }} parameters {{ {parameter} }} model {{ {statement} }}"
    with pytest.raises(PriorError, match=said):
        priors.check_can_carry(program_from(text))


def test_another_program_is_refused(program_from, tools):
    text = "data { int N; vector[N] y; } parameters { real a; } model { a ~ normal(0, 1); y ~ normal(a, 1); }"
    for names in (("a", "b"), ("b",)):
        with pytest.raises(PriorError, match="is not among the parameters of"):
            priors.carry_posterior(program_from(text), make_normal(names), tools.stanc)


def test_a_file_keeps_every_digit(tmp_path):
    carried = make_normal(("mu", "beta[1]", "beta[2]"))
    path = tmp_path / "priors.toml"
    path.write_text(format_posterior(carried, ["of `x`\n[prior]"]))
    found = read_priors(path).posterior
    assert found is not None
    assert found.names == carried.names
    assert (found.mean == carried.mean).all()
    assert (found.covariance == carried.covariance).all()


GOOD = {"parameters": '["a", "b"]', "mean": "[0, 1]", "covariance": "[[1, 0.5], [0.5, 1]]"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": '["a", "a"]'}, "each once"),
        ({"parameters": '["a; target += 1", "b"]'}, "to name parameters and elements"),
        ({"parameters": "3"}, "lists of texts and numbers"),
        ({"mean": "[0]"}, "to have 2 numbers, found 1"),
        ({"mean": "[0, nan]"}, "lists of texts and numbers"),
        ({"covariance": "[[1, 0.5]]"}, "2 rows of 2 numbers"),
        ({"covariance": "[[1, 0.5], [0.4, 1]]"}, "symmetric"),
        ({"covariance": "[[1, 2], [2, 1]]"}, "positive definite"),
        ({"sd": "[1, 1]"}, "`sd` is none of them"),
    ],
)
def test_a_normal_that_is_none_is_refused(tmp_path, changes, said):
    path = tmp_path / "priors.toml"
    lines = [f"{key} = {value}" for key, value in {**GOOD, **changes}.items()]
    path.write_text("\n".join(["[posterior]", *lines]))
    with pytest.raises(PriorError, match=said):
        read_priors(path)

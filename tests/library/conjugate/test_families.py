"""The closed forms compared with SciPy: evidence, modes, marginals, predictions, batches in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

from tests.library.conjugate.oracles import ORACLES
from workbench import library
from workbench.library.conjugate import FAMILIES, describe_posterior, to_scipy
from workbench.library.conjugate import conjugate_regression as regression
from workbench.library.conjugate import dirichlet_multinomial as dirichlet
from workbench.library.conjugate import normal_inverse_wishart as wishart

Floats = NDArray[np.float64]

BATCHED = [name for name, oracle in ORACLES.items() if oracle.rows]


def simulate(name, seed=0):
    return ORACLES[name].simulate(np.random.default_rng(seed))


def update_prior(name, values):
    family = FAMILIES[name]
    return family.update(family.parse_prior(values), values)


def take_rows(name, values, rows):
    return {key: value[rows] if key in ORACLES[name].rows else value for key, value in values.items()}


def flatten(state):
    return np.concatenate([np.ravel(value) for value in vars(state).values()])


def test_families_are_the_bundled_conjugate_models():
    assert set(FAMILIES) == {model.name for model in library.list_models() if model.family == "conjugate"}
    assert set(FAMILIES) == set(ORACLES)


@pytest.mark.parametrize("name", FAMILIES)
def test_evidence_is_joint_over_posterior_at_every_point(name):
    """Bayes' theorem: joint density over posterior density is the same at every point."""
    oracle, family = ORACLES[name], FAMILIES[name]
    _, values = simulate(name)
    evidence = family.compute_log_evidence(family.parse_prior(values), values)
    for seed in range(1, 6):
        point, _ = simulate(name, seed)
        ratio = oracle.log_joint(point, values) - oracle.log_posterior(update_prior(name, values), point)
        assert ratio == pytest.approx(evidence, rel=1e-9), seed


@pytest.mark.parametrize(
    "name",
    ["beta_binomial", "beta_negative_binomial", "gamma_poisson", "gamma_exponential", "normal_known_mean"],
)
def test_evidence_and_moments_by_quadrature(name):
    _, values = simulate(name)
    marginals = FAMILIES[name].derive_marginals(update_prior(name, values))
    parameter, marginal = next(iter(marginals.items()))
    distribution = to_scipy(marginal)
    low, high = distribution.ppf([1e-12, 1 - 1e-12])
    peak = ORACLES[name].log_joint({parameter: distribution.median()}, values)

    def moment(power):
        def integrand(x):
            return x**power * np.exp(ORACLES[name].log_joint({parameter: x}, values) - peak)

        return integrate.quad(integrand, low, high, epsabs=0, epsrel=1e-10, limit=200)[0]

    mass = moment(0)
    assert np.log(mass) + peak == pytest.approx(
        describe_posterior(name, values, 0.9)["log_evidence"], rel=1e-8
    )
    assert moment(1) / mass == pytest.approx(distribution.mean(), rel=1e-8)
    assert moment(2) / mass == pytest.approx(distribution.var() + distribution.mean() ** 2, rel=1e-6)


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ("normal_inverse_wishart",)])
def test_the_joint_density_is_lower_around_the_mode(name):
    point, values = simulate(name)
    mode = FAMILIES[name].find_mode(update_prior(name, values))
    at = {key: _collect(key, value, mode) for key, value in point.items()}
    best = ORACLES[name].log_joint(at, values)
    rng = np.random.default_rng(1)
    for _ in range(20):
        near = {key: value * (1 + 1e-3 * rng.normal(size=np.shape(value))) for key, value in at.items()}
        if "theta" in near:
            near["theta"] = near["theta"] / np.sum(near["theta"]) if np.ndim(near["theta"]) else near["theta"]
        assert ORACLES[name].log_joint(near, values) < best


def _collect(key, value, mode):
    if np.ndim(value) == 0:
        return mode[key]
    return np.array([mode[f"{key}[{k + 1}]"] for k in range(len(value))])


def test_mode_of_means_and_covariance_is_where_an_optimiser_converges():
    point, values = simulate("normal_inverse_wishart")
    size, lower = 3, np.tril_indices(3)

    def unpack(vector):
        root = np.zeros((size, size))
        root[lower] = vector[size:]
        return {"mu": vector[:size], "Sigma": root @ root.T}

    start = np.append(point["mu"], np.linalg.cholesky(point["Sigma"])[lower])
    joint = ORACLES["normal_inverse_wishart"].log_joint

    def loss(vector: Floats) -> float:
        return -joint(unpack(vector), values)

    result = optimize.minimize(loss, start.astype(np.float64), method="BFGS", options={"gtol": 1e-4})
    mode = FAMILIES["normal_inverse_wishart"].find_mode(update_prior("normal_inverse_wishart", values))
    sigma = unpack(result.x)["Sigma"]
    assert mode["mu[2]"] == pytest.approx(result.x[1], abs=1e-4)
    assert mode["Sigma[1,1]"] == pytest.approx(sigma[0, 0], rel=1e-3)
    assert mode["Sigma[3,1]"] == pytest.approx(sigma[2, 0], abs=1e-3)


def test_a_density_without_a_maximum_inside_its_range_has_no_mode():
    flat = {"y": [0], "n": [3], "theta_prior_a": 1.0, "theta_prior_b": 1.0}
    assert describe_posterior("beta_binomial", flat, 0.9)["estimates"]["theta"]["mode"] is None
    none = {"y": [0], "exposure": [3.0], "rate_prior_a": 1.0, "rate_prior_b": 1.0}
    assert describe_posterior("gamma_poisson", none, 0.9)["estimates"]["rate"]["mode"] is None
    assert dirichlet.find_mode(dirichlet.Dirichlet((0.5, 3.0))) == {}


@pytest.mark.parametrize("name", ["normal_inverse_gamma", "conjugate_regression", "normal_inverse_wishart"])
def test_marginals_are_those_of_exact_joint_draws(name):
    """Independent draws by NumPy and SciPy: quantiles within five standard errors."""
    _, values = simulate(name)
    state = update_prior(name, values)
    count, rng = 200_000, np.random.default_rng(5)
    draws = _joint_draws(name, state, count, rng)
    for quantity, marginal in FAMILIES[name].derive_marginals(state).items():
        share = np.mean(draws[quantity][:, None] < to_scipy(marginal).ppf([0.05, 0.5, 0.95]), axis=0)
        assert share == pytest.approx([0.05, 0.5, 0.95], abs=5 * 0.5 / count**0.5), quantity
    for quantity, (mean, sd) in FAMILIES[name].compute_moments(state).items():
        assert draws[quantity].mean() == pytest.approx(mean, abs=5 * sd / count**0.5), quantity
        assert draws[quantity].std() == pytest.approx(sd, rel=0.05), quantity


def _joint_draws(name, state, count, rng):
    if name == "normal_inverse_wishart":
        sigma = stats.invwishart(state.df, state.scale).rvs(count, random_state=rng)
        noise = np.einsum("nij,nj->ni", np.linalg.cholesky(sigma), rng.normal(size=(count, len(state.mean))))
        mu = state.mean + noise / state.n**0.5
        pairs = [(j, k) for j in range(3) for k in range(3)]
        return {f"mu[{k + 1}]": mu[:, k] for k in range(3)} | {
            f"Sigma[{j + 1},{k + 1}]": sigma[:, j, k] for j, k in pairs
        }
    sigma2 = state.b / rng.gamma(state.a, size=count)
    draws = {"sigma2": sigma2, "sigma": sigma2**0.5}
    if name == "normal_inverse_gamma":
        return {**draws, "mu": rng.normal(state.mean, (sigma2 / state.n) ** 0.5)}
    noise = rng.multivariate_normal(np.zeros(3), np.linalg.inv(state.precision), count)
    coefficients = state.mean + noise * sigma2[:, None] ** 0.5
    return {
        **draws,
        "alpha": coefficients[:, 0],
        "beta[1]": coefficients[:, 1],
        "beta[2]": coefficients[:, 2],
    }


@pytest.mark.parametrize("name", [name for name in BATCHED if name != "normal_inverse_wishart"])
def test_prediction_is_the_evidence_of_one_more_observation(name):
    _, values = simulate(name)
    state = update_prior(name, values)
    new = take_rows(name, values, slice(0, 1)) | (
        {"event": np.array([1])} if name == "gamma_exponential" else {}
    )
    [(_, marginal)] = FAMILIES[name].predict(state, new).items()
    distribution, value = to_scipy(marginal), new["t" if name == "gamma_exponential" else "y"][0]
    log_density = getattr(distribution, "logpdf" if name.startswith(("normal", "gamma_e")) else "logpmf")(
        value
    )
    assert log_density == pytest.approx(FAMILIES[name].compute_log_evidence(state, new), rel=1e-9)


def test_prediction_of_several_measurements_is_multivariate_student():
    _, values = simulate("normal_inverse_wishart")
    state = update_prior("normal_inverse_wishart", values)
    df = state.df - 2
    joint = stats.multivariate_t(state.mean, state.scale * (1 + 1 / state.n) / df, df)
    row = values["y"][:1]
    assert wishart.compute_log_evidence(state, {"y": row}) == pytest.approx(joint.logpdf(row[0]), rel=1e-9)
    for k, marginal in enumerate(wishart.predict(state, values).values()):
        expected = stats.t(df, state.mean[k], (state.scale[k, k] * (1 + 1 / state.n) / df) ** 0.5)
        assert to_scipy(marginal).interval(0.9) == pytest.approx(expected.interval(0.9))


def test_prediction_of_an_average_observation_is_student():
    _, values = simulate("conjugate_regression")
    state = update_prior("conjugate_regression", values)
    [marginal] = regression.predict(state, values).values()
    variance = state.b / state.a * (1 + np.linalg.inv(state.precision)[0, 0])
    expected = stats.t(2 * state.a, state.mean[0], variance**0.5)
    assert to_scipy(marginal).interval(0.9) == pytest.approx(expected.interval(0.9))


def test_prediction_of_counts_is_the_marginal_of_dirichlet_multinomial():
    state = dirichlet.Dirichlet((2.0, 3.0))
    marginal = dirichlet.predict(state, {"y": [4, 2]})["y[1]"]
    expected = stats.dirichlet_multinomial([2.0, 3.0], np.array(6)).logpmf([4, 2])
    assert to_scipy(marginal).logpmf(4) == pytest.approx(expected)


@pytest.mark.parametrize("name", BATCHED)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_batches_in_any_order_give_one_posterior_and_one_evidence(name, seed, data):
    _, values = simulate(name, seed)
    count = len(values[ORACLES[name].rows[0]])
    order = data.draw(st.permutations(range(count)))
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=3)))
    family = FAMILIES[name]
    state, evidence = family.parse_prior(values), 0.0
    for batch in np.split(np.array(order), cuts):
        rows = take_rows(name, values, batch.astype(int))
        evidence += family.compute_log_evidence(state, rows)
        state = family.update(state, rows)
    assert flatten(state) == pytest.approx(flatten(update_prior(name, values)), rel=1e-9, abs=1e-12)
    whole = family.compute_log_evidence(family.parse_prior(values), values)
    assert evidence == pytest.approx(whole, rel=1e-9, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.tuples(*[st.integers(0, 50)] * 3), min_size=1, max_size=5))
def test_counts_of_categories_add_up(counts):
    prior = dirichlet.Dirichlet((0.5, 1.0, 2.0))
    state = prior
    for count in counts:
        state = dirichlet.update(state, {"y": count})
    assert state == dirichlet.update(prior, {"y": np.sum(counts, axis=0)})


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 12))
def test_regression_in_batches_equals_regression_at_once(seed, cut):
    _, values = simulate("conjugate_regression", seed)
    design = np.column_stack([np.ones(12), values["X"] - values["X"].mean(axis=0)])
    prior = regression.parse_prior(values)
    second = regression.absorb(prior, design[cut:], values["y"][cut:])
    both = regression.absorb(second, design[:cut], values["y"][:cut])
    assert flatten(both) == pytest.approx(flatten(regression.update(prior, values)), rel=1e-7, abs=1e-9)


def test_the_record_has_an_interval_and_moments_of_every_quantity():
    _, values = simulate("normal_inverse_wishart")
    record = describe_posterior("normal_inverse_wishart", values, 0.9)
    assert {f"Sigma[{j},{k}]" for j in (1, 2, 3) for k in (1, 2, 3)} <= set(record["estimates"])
    assert "distribution" not in record["estimates"]["Sigma[1,2]"]
    mu = record["estimates"]["mu[1]"]
    assert stats.t(**mu["parameters"]).cdf(mu["upper"]) == pytest.approx(0.95)


def test_a_prediction_that_scipy_lacks_is_left_out():
    _, values = simulate("beta_negative_binomial")
    assert describe_posterior("beta_negative_binomial", {**values, "r": 2.5}, 0.9)["predictive"] == {}

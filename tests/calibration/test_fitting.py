"""Fits of simulated data agree with exact posteriors, with the sampler itself, and with their data."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from workbench import tables
from workbench.backends.evaluator import Flag
from workbench.backends.stan import StanBackend
from workbench.calibration.fitting import (
    CalibrationContext,
    SimulatedData,
    fit_simulated,
    list_fitted,
    make_plain_job,
    replace_outcomes,
)
from workbench.calibration.quantities import LOG_LIKELIHOOD, parse_quantities
from workbench.estimation.context import FitContext
from workbench.methods import Laplace, Map, Mle, Nuts, Pathfinder
from workbench.progress import SILENT
from workbench.workflow.builds import Builds
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program

PROGRAM = """
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
  real<upper=3> bound;
}
transformed parameters {
  vector[2] both = [mu, 2 * mu]';
}
model {
  mu ~ normal(1, 2);
  bound ~ normal(0, 0.5);
  y ~ normal(mu, 1.5);
}
"""
"""A normal mean with a normal prior, and a parameter with an upper bound that the data say nothing of."""

N = 5
METHODS = (Nuts(chains=2, warmup=300, draws=500), Laplace(), Pathfinder(), Map(), Mle())


@pytest.fixture(scope="module")
def context(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitting")
    model, data = folder / "program.stan", folder / "data.json"
    model.write_text(PROGRAM, encoding="utf-8")
    data.write_text(json.dumps({"N": N, "y": [0.0] * N}), encoding="utf-8")
    options = FitOptions(methods=METHODS)
    request = prepare_request(read_program(model, {}, tools), tables.read(data), options)
    built = Builds(request, tools, SILENT).build_instrumented()
    backend = StanBackend()
    quantities = parse_quantities(("both", "mu - both[2]"), ("mu", "bound", "both[1]", "both[2]"))
    yield CalibrationContext(request, built, backend, quantities)
    backend.end_idle()


def simulate(number):
    rng = np.random.default_rng(number)
    mu, bound = 1 + 2 * rng.standard_normal(), 0.5 * rng.standard_normal()
    y = mu + 1.5 * rng.standard_normal(N)
    return SimulatedData(number, ("mu", "bound"), np.array([mu, bound]), {"y": y})


def exact_posterior(y):
    precision = 1 / 4 + N / 1.5**2
    return stats.norm((1 / 4 + y.sum() / 1.5**2) / precision, precision**-0.5)


@pytest.fixture(scope="module")
def fits(context, tmp_path_factory):
    """The fits of 20 data sets, by data set and method."""
    folder = tmp_path_factory.mktemp("fits")
    found = [fit_simulated(context, simulate(number), folder / str(number)) for number in range(20)]
    return [{fit.method: fit for fit in each} for each in found]


def value(fit, quantity, number):
    return float(getattr(fit.numbers, number)[fit.numbers.names.index(quantity)])


def test_no_fit_fails_but_that_of_a_flat_likelihood(fits):
    assert {fit.failure for each in fits for name, fit in each.items() if name != "mle"} == {""}
    assert all("does not depend on `bound`" in each["mle"].failure for each in fits)


def test_laplace_and_map_have_the_exact_place_in_a_normal_posterior(fits):
    for number, each in enumerate(fits):
        data = simulate(number)
        exact = exact_posterior(data.outcomes["y"])
        for method in ("laplace", "map"):
            assert value(each[method], "mu", "place") == pytest.approx(exact.cdf(data.truth[0]), abs=1e-6)
            assert value(each[method], "mu", "truth") == data.truth[0]
        assert value(each["map"], "mu", "sd") == pytest.approx(exact.std(), rel=1e-6)


def test_an_upper_bound_does_not_turn_places_around(fits):
    for number, each in enumerate(fits):
        place = value(each["laplace"], "bound", "place")
        by_draws = value(each["nuts"], "bound", "place")
        assert abs(place - by_draws) < 0.25, number


@pytest.mark.parametrize("method", ["nuts", "pathfinder"])
def test_ranks_among_draws_are_those_of_the_exact_posterior(fits, method):
    scores = []
    for number, each in enumerate(fits):
        data = simulate(number)
        exact = exact_posterior(data.outcomes["y"]).cdf(data.truth[0])
        rank = value(each[method], "mu", "rank")
        scores.append((rank - 99 * exact) / np.sqrt(99 * exact * (1 - exact)))
        place = value(each[method], "mu", "place")
        assert rank / 100 <= place <= (rank + 1) / 100
    # Binomial standard errors; a sum of 20 squares is below 60 but once in 100,000.
    assert np.sum(np.square(scores)) < 60


def test_means_and_sds_are_those_of_all_draws(fits):
    for number, each in enumerate(fits):
        exact = exact_posterior(simulate(number).outcomes["y"])
        assert value(each["nuts"], "mu", "mean") == pytest.approx(
            exact.mean(), abs=6 * exact.std() / 200**0.5
        )
        assert value(each["nuts"], "mu", "sd") == pytest.approx(exact.std(), rel=0.25)


def test_the_joint_log_likelihood_of_the_truth_is_that_of_the_data(fits):
    for number, each in enumerate(fits):
        data = simulate(number)
        expected = stats.norm(data.truth[0], 1.5).logpdf(data.outcomes["y"]).sum()
        for method in ("nuts", "laplace", "pathfinder"):
            assert value(each[method], LOG_LIKELIHOOD, "truth") == pytest.approx(expected, rel=1e-9)


def test_chosen_quantities_are_computed_of_truth_and_draws(fits):
    for number, each in enumerate(fits):
        mu = simulate(number).truth[0]
        assert value(each["nuts"], "both[2]", "truth") == pytest.approx(2 * mu)
        assert value(each["nuts"], "mu - both[2]", "truth") == pytest.approx(-mu)
        assert value(each["nuts"], "both[1]", "rank") == value(each["nuts"], "mu", "rank")
        flipped = 99 - value(each["nuts"], "mu - both[2]", "rank")
        assert flipped == value(each["nuts"], "mu", "rank")


def test_checks_of_chains_and_approximations_are_asked(fits):
    assert set(fits[0]["nuts"].checks) >= {"WB101", "WB102", "WB103", "WB201", "WB202", "WB203"}
    assert set(fits[0]["laplace"].checks) == {"WB301"}
    assert set(fits[0]["pathfinder"].checks) == {"WB302"}
    assert not any(fit.checks["WB101"] for each in fits for fit in [each["nuts"]])


def test_a_fit_is_the_same_again_whatever_ran_before(context, fits, tmp_path):
    again = fit_simulated(context, simulate(3), tmp_path)
    for fit in again:
        before = fits[3][fit.method]
        assert fit.numbers.names == before.numbers.names
        assert np.array_equal(fit.numbers.place, before.numbers.place, equal_nan=True)


def test_chains_in_turn_are_those_of_the_sampler(context, tmp_path):
    request = replace_outcomes(context.request, simulate(1))
    job = make_plain_job(FitContext(request, context.model.exe, context.backend, tmp_path, SILENT))
    nuts = Nuts(chains=2, warmup=100, draws=50)
    in_turn, usual = context.backend.sample_in_turn(job, nuts), context.backend.sample(job, nuts)
    points = in_turn.draws.reshape(-1, in_turn.draws.shape[2])
    names, values = context.backend.constrain_points(job, points, Flag.NONE)
    assert names == usual.columns[: len(names)]
    assert np.array_equal(values.reshape(2, 50, -1), usual.draws[:, :, : len(names)])
    assert in_turn.step_size == pytest.approx(usual.step_size, rel=1e-5)  # comments have six digits
    for name in ("lp", "divergent", "energy", "treedepth"):
        assert np.array_equal(in_turn.stats[name], usual.stats[name])


def test_chains_that_have_not_converged_are_seen(context, tmp_path):
    far = replace(simulate(1), outcomes={"y": np.full(N, 4000.0)}, truth=np.array([4000.0, 0.0]))
    hasty = replace(context, request=replace(context.request, methods=(Nuts(chains=4, warmup=20, draws=20),)))
    (fit,) = fit_simulated(hasty, far, tmp_path)
    assert fit.checks["WB101"]


def test_a_truth_without_all_parameters_is_compared_in_those_it_has(context, tmp_path):
    data = simulate(2)
    part = replace(data, columns=("mu",), truth=data.truth[:1])
    (fit, *_) = fit_simulated(context, part, tmp_path)
    assert fit.numbers.names[0] == "mu"
    assert LOG_LIKELIHOOD not in fit.numbers.names
    assert np.isnan(value(fit, "both[1]", "place"))  # what is made of parameters is not known of the truth


def test_methods_come_in_the_order_of_results():
    methods = (Mle(), Map(jacobian=True), Laplace(), Nuts())
    assert [method.name for method in list_fitted(methods)] == ["nuts", "laplace", "mle"]

"""The Laplace approximation: corrected moments, its evidence, and why there may be none."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

import workbench
from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.conftest import MEANS, MODEL, SDS
from tests.estimation.minimal import declare, make_context, make_curvature, make_program, make_run
from workbench.backends import RawRun
from workbench.backends.fake import FakeBackend
from workbench.estimation.estimate import estimate
from workbench.estimation.optimum.newton import NewtonResult
from workbench.estimation.optimum.search import CURVATURE_ONLY, Optimum, find_optima
from workbench.estimation.sampling.laplace import (
    compute_exact_means,
    run_laplace,
    summarise_independent_draws,
)
from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.methods import Laplace, Map
from workbench.program import Expression
from workbench.program.syntax.nodes import Indexed, Variable


@dataclass(frozen=True)
class Shifted(FakeBackend):
    """A backend whose approximation has its centre 0.3 SDs beside the posterior's."""

    def laplace(self, job, mode, method, *, jacobian):
        run = super().laplace(job, mode, method, jacobian=jacobian)
        noise = (run.draws - self._location) / self._scale
        shifted = noise + 0.3
        stats = {"log_p": -0.5 * (shifted**2).sum(axis=2), "log_q": -0.5 * (noise**2).sum(axis=2)}
        return replace(run, draws=self._location + self._scale * shifted, stats=stats)


def test_corrected_moments_undo_a_wrong_approximation(request_for):
    """The plain mean is off by the shift, the corrected one right within its error."""
    record = estimate(request_for((Map(True), Laplace(20_000))), MODEL, Shifted(MEANS, SDS)).record["laplace"]
    alpha = record["estimates"]["alpha"]
    assert record["corrected"]
    assert alpha["mean"] - MEANS["alpha"] == pytest.approx(0.3 * SDS["alpha"], abs=0.05 * SDS["alpha"])
    assert abs(alpha["corrected_mean"] - MEANS["alpha"]) < 0.08 * SDS["alpha"]


def test_moments_and_their_errors_are_those_of_independent_normal_draws(tmp_path):
    """Quantiles of a normal; the error of its sd is sd / sqrt(2 n)."""
    context = make_context(ChosenDensity(), tmp_path)
    values = np.random.default_rng(1).normal(3.0, 2.0, size=(1, 40_000, 1))
    weights = compute_importance_weights(np.zeros(40_000))
    numbers = summarise_independent_draws(context, RawRun(("alpha",), values), weights)["alpha"]
    assert numbers["mean"] == pytest.approx(3.0, abs=5 * 2 / 200)
    assert numbers["mcse_mean"] == pytest.approx(2 / 200, rel=0.02)
    assert numbers["mcse_sd"] == pytest.approx(2 / np.sqrt(2 * 40_000), rel=0.05)
    assert numbers["lower"] == pytest.approx(3 - 1.96 * 2, abs=0.1)
    assert numbers["upper"] == pytest.approx(3 + 1.96 * 2, abs=0.1)
    assert numbers["corrected_mean"] == pytest.approx(numbers["mean"])


def test_draws_that_are_not_finite_have_no_moments_and_no_warning(tmp_path):
    context = make_context(ChosenDensity(), tmp_path)
    values = np.random.default_rng(2).normal(size=(1, 500, 2))
    values[0, ::3, 1] = -np.inf
    run = RawRun(("alpha", "beta[1]"), values)
    estimates = summarise_independent_draws(context, run, compute_importance_weights(np.zeros(500)))
    assert np.isfinite(list(estimates["alpha"].values())).all()
    assert np.isnan(list(estimates["beta[1]"].values())).all()


def test_unreliable_weights_correct_nothing(tmp_path):
    context = make_context(ChosenDensity(), tmp_path)
    weights = replace(compute_importance_weights(np.zeros(500)), khat=0.9)
    run = RawRun(("alpha",), np.zeros((1, 500, 1)))
    assert "corrected_mean" not in summarise_independent_draws(context, run, weights)["alpha"]


def run_on(density, tmp_path, program=None, laplace=None):
    context = make_context(ChosenDensity(density=density), tmp_path, program)
    search = find_optima(
        context, "map", jacobian=True, prior_weight=1.0, starts=1, laplace=laplace or Laplace(1000)
    )
    return run_laplace(context, search)


def normal(point):
    return -0.5 * point @ point, -point


def test_without_a_mode_the_reason_is_passed_on(tmp_path):
    def rising(point):
        return point[0] - 0.5 * point[1:] @ point[1:], np.array([1.0, *-point[1:]])

    result = run_on(rising, tmp_path)
    assert result.status == "failed"
    assert "it keeps rising along `alpha`" in result.reason


def test_a_mode_where_the_density_is_not_smooth_has_no_normal_approximation(tmp_path):
    def lasso(point):
        return normal(point)[0] - np.abs(point[0]), normal(point)[1] - np.sign([point[0], 0, 0])

    result = run_on(lasso, tmp_path, make_program(source="alpha ~ double_exponential(0, 1);"))
    assert result.status == "failed"
    assert "not smooth at the mode in `alpha`" in result.reason


def test_without_draws_there_is_no_approximation(tmp_path):
    assert "could not draw" in run_on(normal, tmp_path, laplace=CURVATURE_ONLY).reason


@pytest.mark.parametrize(("parameters", "status"), [((), "not available"), (None, "failed")])
def test_without_parameters_or_a_search_there_is_nothing(tmp_path, parameters, status):
    program = make_program() if parameters is None else make_program(parameters=parameters)
    assert run_laplace(make_context(ChosenDensity(), tmp_path, program), None).status == status


def test_without_priors_there_is_no_evidence(tmp_path):
    result = run_on(normal, tmp_path)
    assert result.facts["log_evidence"] is None
    assert result.facts["log_evidence_reason"] == "`alpha`, `beta` have no prior: there is no evidence."


SCALES = np.array([0.1, 2.0, 30.0])

NORMALISED = """
parameters { real alpha; vector[2] beta; }
model { alpha ~ normal(0, 0.1); beta[1] ~ normal(0, 2); beta[2] ~ normal(0, 30); }
"""


@dataclass(frozen=True)
class Normalised(ChosenDensity):
    """Independent normals with SDs 0.1, 2 and 30, up to a constant; the terms of the program normalised."""

    density: Callable[[np.ndarray], tuple[float, np.ndarray]] = lambda point: (
        -0.5 * ((point / SCALES) ** 2).sum() + 5.0,
        -point / SCALES**2,
    )
    output: str = ""

    def generate(self, job, columns, draws):
        terms = stats.norm.logpdf(draws, scale=SCALES)
        return RawRun(tuple(f"{self.output}[{index}]" for index in (1, 2, 3)), np.asarray(terms)[None])


def run_normalised(program, tmp_path):
    backend = Normalised(output=program.instrumented.outputs.densities)
    context = make_context(backend, tmp_path, program)
    search = find_optima(
        context, "map_unconstrained", jacobian=True, prior_weight=1.0, starts=1, laplace=Laplace(1000)
    )
    return run_laplace(context, search).facts


def test_the_evidence_of_a_density_that_integrates_to_one_is_zero(program_from, tmp_path):
    """Exact, since the density is normal; the constant that Stan leaves out does not matter."""
    facts = run_normalised(program_from(NORMALISED), tmp_path)
    assert facts["log_evidence"] == pytest.approx(0.0, abs=1e-6)
    assert facts["log_prior_mass"] == 0
    assert "Laplace" in facts["log_evidence_caveat"]


def test_the_evidence_is_that_of_the_prior_divided_by_its_mass_within_bounds(program_from, tmp_path):
    """A bound that leaves the mode alone and cuts off half of a prior: the evidence grows by log 2."""
    facts = run_normalised(program_from(NORMALISED.replace("real alpha", "real<lower=0> alpha")), tmp_path)
    assert facts["log_evidence"] == pytest.approx(np.log(2), abs=1e-6)
    assert facts["log_prior_mass"] == pytest.approx(-np.log(2))


def test_one_flat_element_is_enough_to_have_no_evidence(program_from, tmp_path):
    facts = run_normalised(program_from(NORMALISED.replace("beta[2] ~ normal(0, 30);", "")), tmp_path)
    assert facts["log_evidence"] is None
    assert facts["log_evidence_reason"] == "`beta[2]` has no prior: there is no evidence."


HALF_NORMAL = """
data { int N; vector[N] y; }
parameters { real<lower=0> mu; }
model { mu ~ normal(0, 10); y ~ normal(mu, 1); }
"""


def integrate_half_normal(y):
    """Return the log evidence of `HALF_NORMAL`, by quadrature."""
    top = stats.norm.logpdf(y, y.mean()).sum()

    def integrand(mu):
        return stats.halfnorm.pdf(mu, scale=10) * np.exp(stats.norm.logpdf(y, mu).sum() - top)

    value, _ = integrate.quad(integrand, 0, 20, points=[y.mean()], epsabs=1e-12)
    return np.log(value) + top


def test_the_evidence_of_a_mean_with_a_half_normal_prior(tools, tmp_path):
    """Against quadrature, with rows of which the true log evidence is -30.749 nats."""
    shape = np.linspace(-1, 1, 20)
    spread = optimize.brentq(lambda size: integrate_half_normal(5 + size * shape) + 30.749, 0.1, 5)
    y = 5 + spread * shape
    path = tmp_path / "half_normal.stan"
    path.write_text(HALF_NORMAL, encoding="utf-8")
    fit = workbench.Model(path).fit(
        {"N": 20, "y": y}, method=("map", "laplace"), seed=1, output=tmp_path / "run"
    )
    laplace = fit.results.laplace
    assert laplace.log_prior_mass == pytest.approx(-np.log(2))
    assert laplace.log_evidence == pytest.approx(-30.749, abs=0.01)
    assert laplace.log_evidence_corrected == pytest.approx(-30.749, abs=0.01)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, lambda: 0.4),
        ({"lower": 1}, lambda: 1 + stats.lognorm(0.8, scale=np.exp(0.4)).mean()),
        ({"upper": 1}, lambda: 1 - stats.lognorm(0.8, scale=np.exp(0.4)).mean()),
        (
            {"lower": -2, "upper": 3},
            lambda: -2 + 5 * integrate.quad(
                lambda z: special.expit(0.4 + 0.8 * z) * stats.norm.pdf(z), -12, 12, epsabs=1e-13
            )[0],
        ),
    ],
)  # fmt: skip
def test_means_of_the_approximation_that_need_no_draws(tmp_path, bounds, expected):
    """Mean 0.4 and SD 0.8 on the unconstrained scale, against quadrature and SciPy's lognormal."""
    curvature = make_curvature([0.4, 0.0, 0.0])
    newton = NewtonResult(
        curvature.point, np.zeros(3), 0.0, np.diag([0.8, 1.0, 1.0]), np.ones(3), is_converged=True
    )
    optimum = Optimum(make_run([0.4, 0.0, 0.0]), curvature, newton, "")
    context = make_context(ChosenDensity(), tmp_path, make_program(declare("alpha", **bounds)))
    means = compute_exact_means(context, optimum)
    assert means["alpha"] == pytest.approx(expected(), abs=1e-6)
    assert means["beta[1]"] == 0


def test_a_transform_that_is_not_known_has_no_mean_without_draws(tmp_path):
    curvature = make_curvature([0.4, 0.0, 0.0])
    newton = NewtonResult(curvature.point, np.zeros(3), 0.0, np.eye(3), np.ones(3), is_converged=True)
    optimum = Optimum(make_run([0.4, 0.0, 0.0]), curvature, newton, "")
    scale = Expression("beta[1]", Indexed(Variable("beta"), ()))
    program = make_program(declare("alpha", multiplier=scale), declare("beta", "unit_vector", 2))
    assert compute_exact_means(make_context(ChosenDensity(), tmp_path, program), optimum) == {}
    assert (
        compute_exact_means(make_context(ChosenDensity(), tmp_path, program), replace(optimum, newton=None))
        == {}
    )


def test_the_curvature_step_of_an_unbounded_parameter_is_exactly_zero(fitted):
    for gap in fitted.record["gaps"].values():
        assert gap["non_gaussian_error"] > 0
    assert fitted.record["gaps"]["alpha"]["curvature"] == 0
    assert fitted.record["gaps"]["alpha"]["curvature_error"] == 0

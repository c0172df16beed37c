"""The Laplace approximation: corrected moments, its evidence, and why there may be none."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.conftest import MEANS, MODEL, SDS
from tests.estimation.minimal import make_context, make_program, make_term
from workbench.backends import RawRun
from workbench.backends.fake import FakeBackend
from workbench.estimation import estimate
from workbench.estimation.optimum.search import CURVATURE_ONLY, find_optima
from workbench.estimation.sampling.laplace import run_laplace, summarise_independent_draws
from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.methods import Laplace, Map


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
    assert result.facts["log_evidence_reason"] == "`alpha`, `beta` has no prior: there is no evidence."


SCALES = np.array([0.1, 2.0, 30.0])


@dataclass(frozen=True)
class Normalised(ChosenDensity):
    """Independent normals with SDs 0.1, 2 and 30, up to a constant; the term of the program is normalised."""

    density: Callable[[np.ndarray], tuple[float, np.ndarray]] = lambda point: (
        -0.5 * ((point / SCALES) ** 2).sum() + 5.0,
        -point / SCALES**2,
    )

    def generate(self, job, columns, draws):
        terms = np.sum(stats.norm.logpdf(draws, scale=SCALES), axis=1)
        return RawRun(("d[1]",), terms[None, :, None])


def test_the_evidence_of_a_density_that_integrates_to_one_is_zero(tmp_path):
    """Exact, since the density is normal; the constant that Stan leaves out does not matter."""
    instrumented = SimpleNamespace(
        terms=[make_term("prior", ("alpha", "beta"))],
        outputs=SimpleNamespace(densities="d", log_lik=None),
        switch="",
        make_data=lambda **weights: {},
    )
    program = make_program(instrumented=instrumented, terms=tuple(instrumented.terms))
    context = make_context(Normalised(), tmp_path, program)
    search = find_optima(
        context, "map_unconstrained", jacobian=True, prior_weight=1.0, starts=1, laplace=Laplace(1000)
    )
    facts = run_laplace(context, search).facts
    assert facts["log_evidence"] == pytest.approx(0.0, abs=1e-6)
    assert "Laplace" in facts["log_evidence_caveat"]

"""The instrumented program is used only where it equals the original; otherwise the original is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from tests.estimation.minimal import declare, make_program, make_term
from workbench.backends import Job, RawRun
from workbench.backends.fake import FakeBackend
from workbench.errors import ChainFailed
from workbench.estimation.equivalence import REPEATED_DRAWS, check_equivalence, measure_density_error
from workbench.estimation.estimate import PlainerProgram, estimate
from workbench.program.rewrite.vectorise.statements import Vectorisation
from workbench.thresholds import TERM_SUM_LIMIT

ORIGINAL = replace(MODEL, exe=Path("/as-written"))

JOB = Job(Path("model"), Path("data.json"), Path("scratch"), 1)


@dataclass(frozen=True)
class WrongInstruments(FakeBackend):
    """A backend whose instrumented program has another density than the original."""

    means: Mapping[str, float] = field(default_factory=lambda: MEANS)
    sds: Mapping[str, float] = field(default_factory=lambda: SDS)
    density: float = 0.0
    gradient: float = 0.0
    constant: float = 0.0
    fails: bool = False

    def log_density(self, job, at, *, jacobian):
        if self.fails:
            raise ChainFailed("no density here.")
        density, gradient = super().log_density(job, at, jacobian=jacobian)
        if job.exe != MODEL.exe:
            return density, gradient
        return density + self.constant + self.density * at[:, 0], gradient + self.gradient


def fit_record(request_for, backend):
    return estimate(request_for(), MODEL, backend, original=ORIGINAL).record


def test_equal_programs_are_equal(request_for):
    model = fit_record(request_for, FakeBackend(MEANS, SDS))["model"]
    assert model["proof"] == {"status": "equal", "reason": "", "points": 10, "density": 0.0, "gradient": 0.0}
    assert model["instrumented"]


def test_a_constant_does_not_matter(request_for):
    """Normalising constants may be dropped in one and kept in the other."""
    assert fit_record(request_for, WrongInstruments(constant=17.5))["model"]["proof"]["status"] == "equal"


@pytest.mark.parametrize("wrong", [{"density": 1e-3}, {"gradient": 1e-3}])
def test_a_different_density_costs_the_instruments_and_not_the_posterior(request_for, wrong):
    record = fit_record(request_for, WrongInstruments(**wrong))
    assert record["model"]["proof"]["status"] == "different"
    assert not record["model"]["instrumented"]
    assert "log density differs from the original's" in record["model"]["obstacles"][-1]
    assert record["mle"]["status"] == "not available"
    assert record["nuts"]["status"] == "ok"


def test_where_stanc_optimised_wrongly_the_program_is_built_without_optimisation(request_for):
    optimized = replace(MODEL, optimized=True)
    plain = replace(MODEL, exe=Path("/unoptimized"), key="plain")
    wrong = WrongInstruments(density=1e-3)
    record = estimate(request_for(), optimized, wrong, original=ORIGINAL, unoptimized=lambda: plain).record
    assert record["model"]["proof"]["status"] == "equal"
    assert record["model"]["instrumented"]
    assert (record["toolchain"]["key"], record["toolchain"]["optimized"]) == ("plain", False)


def test_a_correctly_optimised_program_is_not_built_again(request_for):
    optimized = replace(MODEL, optimized=True)

    def build():
        raise AssertionError("it was built")

    record = estimate(
        request_for(), optimized, FakeBackend(MEANS, SDS), original=ORIGINAL, unoptimized=build
    ).record
    assert record["toolchain"]["optimized"]


VECTORISED = replace(MODEL, exe=Path("/vectorised"), key="vectorised")
"""The executable of a program with vectorised loops."""


@dataclass(frozen=True)
class WrongVectors(FakeBackend):
    """A backend whose vectorised program has another density, or rejects points that the original takes."""

    density: float = 0.0
    rejects: bool = False

    def log_density(self, job, at, *, jacobian):
        density, gradient = super().log_density(job, at, jacobian=jacobian)
        if job.exe != VECTORISED.exe:
            return density, gradient
        if self.rejects and (np.asarray(at)[:, 0] < 0).any():
            raise ChainFailed("rejected.")
        return density + self.density * at[:, 0], gradient


@pytest.fixture
def vectorised_request(request_for):
    """A request whose instrumented program has a vectorised loop, and what has the author's."""
    request = request_for()
    loops = request.program.instrumented
    entry = Vectorisation(1, "for (n in 1 : N)", "y ~ normal(mu, 1);")
    instrumented = replace(loops, vectorisations=(entry,))
    return replace(request, program=replace(request.program, instrumented=instrumented)), loops


@pytest.mark.parametrize("wrong", [{"density": 1e-3}, {"rejects": True}])
def test_vectorised_loops_that_are_not_proven_are_run_as_written(vectorised_request, wrong):
    request, loops = vectorised_request
    record = estimate(
        request,
        VECTORISED,
        WrongVectors(MEANS, SDS, **wrong),
        original=ORIGINAL,
        with_loops=lambda: PlainerProgram(loops, MODEL, lambda: MODEL),
    ).record
    assert record["model"]["proof"]["status"] == "equal"
    assert record["model"]["instrumented"]
    assert record["toolchain"]["key"] == MODEL.key
    assert record["model"]["obstacles"][-1].startswith("loops are run as written: ")


def test_vectorised_loops_that_are_proven_are_run(vectorised_request):
    def build():
        raise AssertionError("it was built")

    record = estimate(
        vectorised_request[0], VECTORISED, FakeBackend(MEANS, SDS), original=ORIGINAL, with_loops=build
    ).record
    assert record["toolchain"]["key"] == "vectorised"
    assert not record["model"]["obstacles"]


def test_where_nothing_can_be_evaluated_the_record_says_so(request_for):
    proof = fit_record(request_for, WrongInstruments(fails=True))["model"]["proof"]
    assert proof["status"] == "not available"
    assert proof["reason"] == "the density could not be evaluated at any random point."


def test_without_an_original_there_is_no_claim(request_for):
    record = estimate(request_for(), MODEL, FakeBackend(MEANS, SDS)).record
    assert record["model"]["proof"]["status"] == "not available"


@dataclass(frozen=True)
class OtherParameters(FakeBackend):
    """A backend whose instrumented program has a parameter less than the original."""

    def dimension(self, job):
        return len(self.means) - (job.exe == MODEL.exe)


def test_programs_with_other_parameters_are_different():
    backend = OtherParameters(MEANS, SDS)
    found = check_equivalence(backend, JOB, replace(JOB, exe=MODEL.exe))
    assert found.status == "different"
    assert "other parameters" in found.reason


def test_programs_without_parameters_are_equal():
    assert check_equivalence(FakeBackend({}, {}), JOB, JOB).status == "equal"


@dataclass(frozen=True)
class Rejecting(FakeBackend):
    """A backend that rejects calls in which any point has a negative first coordinate."""

    def log_density(self, job, at, *, jacobian):
        if (np.asarray(at)[:, 0] < 0).any():
            raise ChainFailed("rejected.")
        return super().log_density(job, at, jacobian=jacobian)


def test_points_that_both_programs_reject_are_left_out():
    points = np.random.default_rng(JOB.seed).uniform(-2, 2, (10, len(MEANS)))
    found = check_equivalence(Rejecting(MEANS, SDS), JOB, JOB)
    assert found.status == "equal"
    assert 0 < found.points == (points[:, 0] >= 0).sum() < 10


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"density": 1e-12}, "equal"),
        ({"density": 1e-6}, "different"),
        ({"gradient": 1e-12}, "equal"),
        ({"gradient": 1e-6}, "different"),
        ({"constant": 17.5}, "equal"),
    ],
)
def test_differences_beyond_rounding_count_and_constants_do_not(wrong, status):
    found = check_equivalence(WrongInstruments(**wrong), JOB, replace(JOB, exe=MODEL.exe))
    assert found.status == status


def test_differences_are_relative_to_the_size_of_what_differs():
    """The gradient of a normal with sd 1e-6 is of the order of 1e6: an error of 1e-3 is 1e-9 of it."""
    backend = WrongInstruments(means={"a": 0.0}, sds={"a": 1e-6}, gradient=1e-3)
    found = check_equivalence(backend, JOB, replace(JOB, exe=MODEL.exe))
    assert found.status == "equal"
    points = np.random.default_rng(JOB.seed).uniform(-2, 2, (10, 1))
    assert found.gradient == pytest.approx(1e-3 / (np.abs(points) * 1e12).min(), rel=1e-3)


@dataclass(frozen=True)
class Stored(FakeBackend):
    """A backend that gives the log density of draws: here, the parameter itself."""

    def log_density_at(self, job, columns, draws):
        assert columns == ("a",)
        return draws[:, 0], np.zeros((len(draws), 1))


def make_run_of_terms(a, **columns):
    columns = {"a": a, **columns}
    draws = np.stack(list(columns.values()), axis=-1)[None]
    return RawRun(tuple(columns), draws)


def make_instrumented_program(log_lik):
    terms = [make_term(role, ("a",), index=k) for k, role in enumerate(("prior", "likelihood", "latent"), 1)]
    outputs = SimpleNamespace(densities="d", lprior="lprior", log_lik=log_lik)
    instrumented = SimpleNamespace(terms=terms, outputs=outputs)
    return make_program(parameters=(declare("a"),), instrumented=instrumented)


@pytest.mark.parametrize("error", [0.0, 1e-3])
def test_the_sum_of_all_terms_is_compared_with_the_log_density_at_the_draws(error):
    """The density a is prior 0.2 a, observations 0.3 a and 0.1 a, latent 0.4 a - 7; one draw has an error."""
    a = np.linspace(-50.0, 40.0, 11)
    wrong = np.where(np.arange(11) == 3, error, 0.0)
    whole = {"lprior": 0.2 * a, "l[1]": 0.3 * a + wrong, "l[2]": 0.1 * a, "d[2]": 99 * a, "d[3]": 0.4 * a - 7}
    run = make_run_of_terms(a, **whole)
    found = measure_density_error(Stored({}, {}), JOB, run, make_instrumented_program("l"))
    assert found == pytest.approx(error / 50, abs=1e-13)


def test_without_pointwise_values_likelihood_terms_are_summed_one_by_one():
    a = np.linspace(-50.0, 40.0, 11)
    run = make_run_of_terms(a, **{"lprior": 0.2 * a, "d[1]": 99 * a, "d[2]": 0.4 * a, "d[3]": 0.4 * a})
    found = measure_density_error(Stored({}, {}), JOB, run, make_instrumented_program(None))
    assert found == pytest.approx(0, abs=1e-13)


def test_without_instruments_there_is_nothing_to_compare():
    run = make_run_of_terms(np.zeros(3))
    assert measure_density_error(Stored({}, {}), JOB, run, make_program()) is None


OBSERVED = 1e7 + np.array([-0.02, 0.01, 0.03])
"""Data that vary by a billionth of their size: ten digits of their mean are too few."""


def evaluate_terms(location):
    """Return the log likelihood of each observation, `(draw, 3)`: normal with SD 0.02."""
    return -0.5 * ((OBSERVED - np.asarray(location)[:, None]) / 0.02) ** 2


@dataclass(frozen=True)
class Exact(FakeBackend):
    """A backend that evaluates density and terms at the draws that it is given; a term may have an error."""

    error: float = 0.0
    counts: list[int] = field(default_factory=list)

    def log_density_at(self, job, columns, draws):
        return evaluate_terms(draws[:, 0]).sum(axis=1), np.zeros((len(draws), 1))

    def generate(self, job, columns, draws):
        self.counts.append(len(draws))
        terms = evaluate_terms(draws[:, 0])
        terms[0] += self.error
        return RawRun(("l[1]", "l[2]", "l[3]"), terms[None])


@pytest.mark.parametrize("error", [0.0, 0.5])
def test_rounded_draws_are_no_difference(error):
    """Rounding the mean to ten digits moves the density by more than 0.01 nats; the terms agree still."""
    a = OBSERVED.mean() + 0.02 / np.sqrt(3) * np.random.default_rng(1).normal(size=200)
    written = np.array([float(f"{value:.10g}") for value in a])
    terms = evaluate_terms(a)
    assert np.abs(evaluate_terms(written) - terms).sum(axis=1).max() > 0.01
    run = make_run_of_terms(written, **{f"l[{k + 1}]": terms[:, k] for k in range(3)})
    backend = Exact({}, {}, error=error)
    found = measure_density_error(backend, JOB, run, make_instrumented_program("l"))
    assert found is not None
    assert (found > 0.01) if error else (found < TERM_SUM_LIMIT)
    assert backend.counts == [REPEATED_DRAWS]

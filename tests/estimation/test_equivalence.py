"""The instrumented program is used only where it equals the original; otherwise the original is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends import Job
from workbench.backends.fake import FakeBackend
from workbench.errors import ChainFailed
from workbench.estimation import estimate
from workbench.estimation.equivalence import check_equivalence

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

"""The instrumented program is believed only where it equals the original; otherwise the original is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends.fake import FakeBackend
from workbench.errors import ChainFailed
from workbench.estimation import estimate

ORIGINAL = replace(MODEL, exe=Path("/as-written"))


@dataclass(frozen=True)
class Mistaken(FakeBackend):
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


def record_of(request_for, backend):
    return estimate(request_for(), MODEL, backend, original=ORIGINAL).record


def test_equal_programs_are_proved_equal(request_for):
    model = record_of(request_for, FakeBackend(MEANS, SDS))["model"]
    assert model["proof"] == {"status": "equal", "reason": "", "points": 10, "density": 0.0, "gradient": 0.0}
    assert model["instrumented"]


def test_a_constant_does_not_matter(request_for):
    """Normalising constants may be dropped in one and kept in the other."""
    assert record_of(request_for, Mistaken(constant=17.5))["model"]["proof"]["status"] == "equal"


@pytest.mark.parametrize("wrong", [{"density": 1e-3}, {"gradient": 1e-3}])
def test_a_mistake_costs_the_instruments_and_not_the_answer(request_for, wrong):
    record = record_of(request_for, Mistaken(**wrong))
    assert record["model"]["proof"]["status"] == "different"
    assert not record["model"]["instrumented"]
    assert "log density differs from the original's" in record["model"]["obstacles"][-1]
    assert record["mle"]["status"] == "not available"
    assert record["nuts"]["status"] == "ok"


def test_what_stanc_optimised_wrongly_is_run_as_it_stands(request_for):
    optimized = replace(MODEL, optimized=True)
    plain = replace(MODEL, exe=Path("/unoptimized"), key="plain")
    wrong = Mistaken(density=1e-3)
    record = estimate(request_for(), optimized, wrong, original=ORIGINAL, unoptimized=lambda: plain).record
    assert record["model"]["proof"]["status"] == "equal"
    assert record["model"]["instrumented"]
    assert (record["toolchain"]["key"], record["toolchain"]["optimized"]) == ("plain", False)


def test_what_was_optimised_rightly_is_not_built_again(request_for):
    optimized = replace(MODEL, optimized=True)

    def build():
        raise AssertionError("it was asked for")

    record = estimate(
        request_for(), optimized, FakeBackend(MEANS, SDS), original=ORIGINAL, unoptimized=build
    ).record
    assert record["toolchain"]["optimized"]


def test_where_nothing_can_be_evaluated_it_says_so(request_for):
    proof = record_of(request_for, Mistaken(fails=True))["model"]["proof"]
    assert proof["status"] == "not available"
    assert proof["reason"] == "the density could not be evaluated at any random point."


def test_without_an_original_there_is_no_claim(request_for):
    record = estimate(request_for(), MODEL, FakeBackend(MEANS, SDS)).record
    assert record["model"]["proof"]["status"] == "not available"

"""The cheapest adequate method: where the ladder stops, and what it says."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends import Start
from workbench.backends.fake import FakeBackend
from workbench.estimation import auto, estimate
from workbench.methods import Auto, Laplace, Map, Nuts, Pathfinder
from workbench.results.method_result import MethodResult

AUTO = (Auto(Nuts(4, 200, 100)),)


@dataclass(frozen=True)
class Doubtful(FakeBackend):
    """A backend whose approximations have importance ratios with a heavy tail, k-hat about 2."""

    doubted: frozenset[str] = frozenset()

    def laplace(self, job, mode, method, *, jacobian):
        return self._spoiled("laplace", super().laplace(job, mode, method, jacobian=jacobian), "log_p")

    def pathfinder(self, job, method):
        return self._spoiled("pathfinder", super().pathfinder(job, method), "lp")

    def sample(self, job, method, *, start=None, jobs=1, threads=1, progress=None):
        starts.append(start)
        return super().sample(job, method)

    def _spoiled(self, name, run, target):
        if name not in self.doubted:
            return run
        tail = 2 * np.random.default_rng(1).exponential(size=run.stats[target].shape)
        return replace(run, stats={**run.stats, target: run.stats[target] + tail})


starts: list[Start] = []


def climbed(request_for, doubted=()):
    starts.clear()
    return estimate(request_for(AUTO), MODEL, Doubtful(MEANS, SDS, doubted=frozenset(doubted))).record


def rungs(record):
    return [(rung["method"], rung["accepted"]) for rung in record["ladder"]]


def test_a_good_laplace_approximation_is_enough(request_for):
    record = climbed(request_for)
    assert rungs(record) == [("map_unconstrained", False), ("laplace", True)]
    assert record["nuts"]["status"] == record["pathfinder"]["status"] == "skipped"
    assert record["laplace"]["corrected"]
    assert "NUTS was saved. Risked: k-hat sees only" in record["ladder_words"]


def test_the_first_rung_climbs_from_as_many_points_as_are_asked_for(request_for):
    record = estimate(request_for((Auto(Nuts(4, 200, 100), starts=7),)), MODEL, Doubtful(MEANS, SDS)).record
    assert len(record["map_unconstrained"]["starts"]) == 7


def test_a_khat_that_rounds_to_the_limit_is_told_apart_from_it():
    part = MethodResult("ok", facts={"khat": 0.7004, "khat_threshold": 0.7})
    assert auto._of_khat(part, 1)[1].startswith("k-hat is 0.7004, above 0.7000")


def test_pathfinder_is_next(request_for):
    record = climbed(request_for, ["laplace"])
    assert rungs(record) == [("map_unconstrained", False), ("laplace", False), ("pathfinder", True)]
    assert not record["laplace"]["corrected"]
    assert "above 0.70" in record["ladder"][1]["why"]
    assert record["nuts"]["status"] == "skipped"


def test_nuts_is_last_and_starts_from_the_best(request_for):
    record = climbed(request_for, ["laplace", "pathfinder"])
    assert rungs(record)[-1] == ("nuts", True)
    assert len(starts[0].inits) == 4
    assert "nothing was saved" in record["ladder_words"]


@pytest.mark.parametrize("init", ["map", "pathfinder"])
def test_chains_start_where_they_are_told(request_for, init):
    starts.clear()
    estimate(request_for((Nuts(4, 100, 100, init=init),)), MODEL, Doubtful(MEANS, SDS))
    alphas = [one["alpha"] for one in starts[0].inits]
    assert len(set(alphas)) == 4
    assert max(abs(alpha - MEANS["alpha"]) for alpha in alphas) < 6 * SDS["alpha"]


@pytest.mark.parametrize(("init", "failing"), [("map", "optimize"), ("pathfinder", "pathfinder")])
def test_chains_that_start_at_random_instead_say_why(request_for, init, failing):
    backend = FakeBackend(MEANS, SDS, failing=frozenset({failing}))
    record = estimate(request_for((Nuts(4, 100, 100, init=init),)), MODEL, backend).record
    assert record["nuts"]["status"] == "ok"
    assert "chains started at random points" in record["nuts"]["init_remark"]


def test_corrected_moments_undo_a_wrong_approximation(request_for):
    """Draws of normals with the wrong centre, weighed by the right ones: the right mean within its error."""

    class Shifted(FakeBackend):
        def laplace(self, job, mode, method, *, jacobian):
            run = super().laplace(job, mode, method, jacobian=jacobian)
            away = (run.draws - self._location) / self._scale
            moved = away + 0.3
            return replace(
                run,
                draws=self._location + self._scale * moved,
                stats={"log_p": -0.5 * (moved**2).sum(axis=2), "log_q": -0.5 * (away**2).sum(axis=2)},
            )

    record = estimate(request_for((Map(True), Laplace(20_000))), MODEL, Shifted(MEANS, SDS)).record["laplace"]
    one = record["estimates"]["alpha"]
    assert record["corrected"]
    assert one["mean"] - MEANS["alpha"] == pytest.approx(0.3 * SDS["alpha"], abs=0.05 * SDS["alpha"])
    assert abs(one["corrected_mean"] - MEANS["alpha"]) < 0.08 * SDS["alpha"]


def test_pathfinder_by_itself(request_for):
    fitted = estimate(request_for((Pathfinder(draws=1000),)), MODEL, FakeBackend(MEANS, SDS))
    part = fitted.record["pathfinder"]
    assert part["khat"] == 0
    assert part["estimates"]["alpha"]["mean"] == pytest.approx(MEANS["alpha"], abs=6 * SDS["alpha"] / 31)
    assert fitted.tree["pathfinder"]["beta"].dims == ("draw", "K")


def test_an_interval_that_misses_is_measured_in_posterior_sds(request_for):
    """The cheap interval ends where the posterior's does, so it misses nothing; its ends say so."""
    methods = (Map(), Map(True), Laplace(20_000), Nuts(4, 5000, 100))
    gaps = estimate(request_for(methods), MODEL, FakeBackend(MEANS, SDS)).record["gaps"]
    for gap in gaps.values():
        assert abs(gap["missed"]["laplace"]["lower"]) < 0.15
        assert abs(gap["missed"]["laplace"]["upper"]) < 0.15
        assert abs(gap["median"]) < 0.05

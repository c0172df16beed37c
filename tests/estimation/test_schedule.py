"""Methods that help each other: where chains start, and gaps between approximation and posterior."""

import time

import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from tests.estimation.test_auto import HeavyTailed
from workbench.backends.fake import FakeBackend
from workbench.estimation.estimate import estimate
from workbench.methods import Laplace, Map, Mle, Nuts


@pytest.mark.parametrize("init", ["map", "pathfinder"])
def test_chains_start_at_draws_of_the_requested_approximation(request_for, init):
    backend = HeavyTailed(MEANS, SDS)
    estimate(request_for((Nuts(4, 100, 100, init=init),)), MODEL, backend)
    alphas = [values["alpha"] for values in backend.starts[0].inits]
    assert len(set(alphas)) == 4
    assert max(abs(alpha - MEANS["alpha"]) for alpha in alphas) < 6 * SDS["alpha"]


@pytest.mark.parametrize(("init", "failing"), [("map", "optimize"), ("pathfinder", "pathfinder")])
def test_chains_that_start_at_random_instead_say_why(request_for, init, failing):
    backend = FakeBackend(MEANS, SDS, failing=frozenset({failing}))
    record = estimate(request_for((Nuts(4, 100, 100, init=init),)), MODEL, backend).record
    assert record["nuts"]["status"] == "ok"
    assert "chains started at random points" in record["nuts"]["init_remark"]


def test_an_interval_that_misses_nothing_ends_where_the_posteriors_does(request_for):
    methods = (Map(), Map(True), Laplace(20_000), Nuts(4, 5000, 100))
    gaps = estimate(request_for(methods), MODEL, FakeBackend(MEANS, SDS)).record["gaps"]
    for gap in gaps.values():
        assert abs(gap["missed"]["laplace"]["lower"]) < 0.15
        assert abs(gap["missed"]["laplace"]["upper"]) < 0.15
        assert abs(gap["median"]) < 0.05


class Slow(FakeBackend):
    """A backend whose optimiser takes a while."""

    def optimize(self, *arguments, **options):
        time.sleep(0.02)
        return super().optimize(*arguments, **options)


def test_the_time_of_a_search_includes_every_start(request_for):
    record = estimate(request_for((Mle(5), Map(starts=5))), MODEL, Slow(MEANS, SDS)).record
    assert record["timings"]["mle"] >= 5 * 0.02
    assert record["timings"]["map"] >= 5 * 0.02

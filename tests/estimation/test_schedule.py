"""Methods that help each other: where chains start, and gaps between approximation and posterior."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from tests.estimation.minimal import make_curvature, make_run
from tests.estimation.test_auto import HeavyTailed
from workbench.backends.base import DEFAULT_START
from workbench.backends.fake import FakeBackend
from workbench.estimation.context import FitContext
from workbench.estimation.estimate import estimate
from workbench.estimation.schedule import run_methods
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.progress import SILENT


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


@dataclass(frozen=True)
class Trapped(FakeBackend):
    """A backend with two modes, at alpha = -5 and a higher one at 5; where the random starts end is chosen.

    With the Jacobian they reach the higher one; without it none does. A given start stays where it is.
    """

    def log_density(self, job, at, *, jacobian):
        centre = np.where(at[:, :1] > 0, 5.0, -5.0)
        away = at - np.hstack([centre, np.zeros((len(at), 2))])
        return np.where(centre[:, 0] > 0, 0.0, -3.0) - 0.5 * (away**2).sum(axis=1), -away

    def optimize(self, job, *, jacobian, algorithm="lbfgs", start=DEFAULT_START):
        alpha = start.inits[0]["alpha"] if start.inits else 5.0 if jacobian else -5.0
        return make_run((alpha, 0.0, 0.0), 0.0 if alpha > 0 else -3.0)

    def laplace(self, job, mode, method, *, jacobian):
        curvature = make_curvature(mode.draws[0, 0])
        return replace(mode, curvature=curvature)


@pytest.mark.parametrize("method", [Mle(), Map()])
def test_a_search_that_ends_lower_also_starts_at_the_unconstrained_mode(request_for, tmp_path, method):
    request = request_for((method, Map(jacobian=True)))
    context = FitContext(request, Path("model"), Trapped(MEANS, SDS), tmp_path / "scratch", SILENT)
    results, _ = run_methods(context, DEFAULT_START)
    result = results["mle" if isinstance(method, Mle) else "map"]
    assert result.estimates["alpha"]["value"] == pytest.approx(5.0)
    assert len(result.facts["starts"]) == method.starts + 1


class Slow(FakeBackend):
    """A backend whose optimiser takes a while."""

    def optimize(self, *arguments, **options):
        time.sleep(0.02)
        return super().optimize(*arguments, **options)


def test_the_time_of_a_search_includes_every_start(request_for):
    record = estimate(request_for((Mle(5), Map(starts=5))), MODEL, Slow(MEANS, SDS)).record
    assert record["timings"]["mle"] >= 5 * 0.02
    assert record["timings"]["map"] >= 5 * 0.02

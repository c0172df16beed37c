"""`--method auto`: the cheapest adequate method, where it stops, and what it says."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from tests.estimation.minimal import make_run
from workbench.backends import Start
from workbench.backends.fake import FakeBackend
from workbench.estimation import auto
from workbench.estimation.estimate import estimate
from workbench.methods import Auto, Nuts
from workbench.results.method_result import MethodResult

AUTO = (Auto(Nuts(4, 200, 100)),)


@dataclass(frozen=True)
class HeavyTailed(FakeBackend):
    """A backend whose named approximations have importance ratios with a heavy tail, k-hat about 2.

    It notes where chains start.
    """

    heavy_tailed: frozenset[str] = frozenset()
    starts: list[Start] = field(default_factory=list)

    def laplace(self, job, mode, method, *, jacobian):
        run = super().laplace(job, mode, method, jacobian=jacobian)
        return self._add_tail(run, "log_p") if "laplace" in self.heavy_tailed else run

    def pathfinder(self, job, method):
        run = super().pathfinder(job, method)
        return self._add_tail(run, "lp") if "pathfinder" in self.heavy_tailed else run

    def sample(self, job, method, *, start=None, jobs=1, threads=1, progress=None):
        self.starts.append(start)
        return super().sample(job, method)

    def _add_tail(self, run, target):
        tail = 2 * np.random.default_rng(1).exponential(size=run.stats[target].shape)
        return replace(run, stats={**run.stats, target: run.stats[target] + tail})


def make_backend(*heavy_tailed, **fields):
    return HeavyTailed(MEANS, SDS, heavy_tailed=frozenset(heavy_tailed), **fields)


def list_steps(record):
    return [(step["method"], step["accepted"]) for step in record["ladder"]]


def test_a_good_laplace_approximation_is_enough(request_for):
    record = estimate(request_for(AUTO), MODEL, make_backend()).record
    assert list_steps(record) == [("map_unconstrained", False), ("laplace", True)]
    assert record["nuts"]["status"] == record["pathfinder"]["status"] == "skipped"
    assert record["laplace"]["corrected"]
    assert "NUTS was skipped. The risk: k-hat" in record["ladder_words"]


def test_the_number_of_starts_is_the_requested_one(request_for):
    record = estimate(request_for((Auto(Nuts(4, 200, 100), starts=7),)), MODEL, make_backend()).record
    assert len(record["map_unconstrained"]["starts"]) == 7


def test_pathfinder_is_next(request_for):
    record = estimate(request_for(AUTO), MODEL, make_backend("laplace")).record
    assert list_steps(record) == [("map_unconstrained", False), ("laplace", False), ("pathfinder", True)]
    assert not record["laplace"]["corrected"]
    assert "above 0.70" in record["ladder"][1]["why"]
    assert record["nuts"]["status"] == "skipped"


def test_nuts_is_last_and_starts_from_the_best_approximation(request_for):
    backend = make_backend("laplace", "pathfinder")
    record = estimate(request_for(AUTO), MODEL, backend).record
    assert list_steps(record)[-1] == ("nuts", True)
    assert len(backend.starts[0].inits) == 4
    assert "NUTS ran" in record["ladder_words"]


def test_without_any_approximation_nuts_starts_at_random(request_for):
    backend = make_backend(failing=frozenset({"optimize", "pathfinder"}))
    record = estimate(request_for(AUTO), MODEL, backend).record
    assert [accepted for _, accepted in list_steps(record)] == [False, False, False, True]
    assert backend.starts[0].inits == ()


def make_result(khat):
    return MethodResult("ok", facts={"khat": khat, "khat_threshold": 0.7})


def test_a_khat_that_rounds_to_the_limit_is_printed_with_enough_digits():
    is_accepted, why = auto._judge_approximation(make_result(0.7004), 1)
    assert not is_accepted
    assert why.startswith("k-hat is 0.7004, above 0.7000")


def test_a_second_mode_rules_an_approximation_out():
    assert auto._judge_approximation(make_result(0.1), 1)[0]
    assert not auto._judge_approximation(make_result(0.1), 2)[0]


@pytest.mark.parametrize(("laplace", "pathfinder", "best"), [(0.5, 0.9, "mode"), (0.9, 0.5, "paths")])
def test_chains_start_at_the_approximation_with_the_smaller_khat(laplace, pathfinder, best):
    results = {"laplace": make_result(laplace), "pathfinder": make_result(pathfinder)}
    runs = {"mode": make_run((0, 0, 0)), "paths": make_run((1, 1, 1))}
    assert auto._choose_best(results, runs["mode"], runs["paths"]) is runs[best]
    assert auto._choose_best(results, runs["mode"], None) is runs["mode"]
    assert auto._choose_best(results, None, runs["paths"]) is runs["paths"]

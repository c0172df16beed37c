"""Optimisation from several starts: which optimiser reached what, and which starts are skipped."""

import pytest

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import make_context, make_run
from workbench.backends import Start
from workbench.backends.base import DEFAULT_START
from workbench.backends.stan_messages import ITERATIONS_USED_UP
from workbench.errors import RunTimedOut
from workbench.estimation.optimum.multistart import _join_failures, run_multistart


@pytest.fixture
def run_starts(tmp_path):
    def run(backend, starts=4):
        context = make_context(backend, tmp_path)
        return run_multistart(context, "map", jacobian=False, prior_weight=1.0, starts=starts)

    return run


def flat(point):
    return -2.5, point * 0


def test_each_start_has_a_seed_of_its_own_and_the_same_every_time(run_starts):
    first, second = (run_starts(ChosenDensity(density=flat), starts=7) for _ in range(2))
    assert len({result.seed for result in first}) == 7
    assert first[:4] != ()
    assert [result.seed for result in first] == [result.seed for result in second]


def test_a_start_that_converges_has_no_message(run_starts):
    (result,) = run_starts(ChosenDensity(density=flat), starts=1)
    assert (result.status, result.optimizer, result.reason) == ("converged", "L-BFGS", "")
    assert result.record["log_density"] == -2.5


def test_the_next_optimiser_is_tried_where_one_fails(run_starts):
    backend = ChosenDensity(density=flat, failing_algorithms=frozenset({"lbfgs", "bfgs"}))
    (result,) = run_starts(backend, starts=1)
    assert (result.status, result.optimizer) == ("converged", "Newton")
    assert result.reason == "L-BFGS failed: lbfgs was told to fail. BFGS failed: bfgs was told to fail."


def test_a_start_fails_if_every_optimiser_does_and_the_last_message_is_first(run_starts):
    backend = ChosenDensity(density=flat, failing_algorithms=frozenset({"lbfgs", "bfgs", "newton"}))
    (result,) = run_starts(backend, starts=1)
    assert (result.status, result.run, result.record["log_density"]) == ("failed", None, None)
    assert result.reason.startswith("Newton: newton was told to fail. BFGS:")


@pytest.mark.parametrize(("dimensions", "optimizer"), [(300, "Newton"), (301, "BFGS")])
def test_newton_is_left_out_where_its_hessians_take_too_long(run_starts, dimensions, optimizer):
    failing = frozenset({"lbfgs", "bfgs", "newton"})
    backend = ChosenDensity(density=flat, failing_algorithms=failing, dimensions=dimensions)
    (result,) = run_starts(backend, starts=1)
    assert (result.status, result.optimizer) == ("failed", optimizer)


def test_an_end_without_a_finite_density_is_a_failure(run_starts):
    (result,) = run_starts(ChosenDensity(density=lambda point: (float("nan"), point)), starts=1)
    assert result.status == "failed"
    assert "not finite" in result.reason


@pytest.mark.parametrize(("dimensions", "tried"), [(300, 4), (301, 1)])
def test_with_many_parameters_a_start_that_does_not_converge_is_not_repeated(run_starts, dimensions, tried):
    message = f"Optimization terminated normally:\n  {ITERATIONS_USED_UP}, may not be at an optima"
    results = run_starts(ChosenDensity(density=flat, converged=False, message=message, dimensions=dimensions))
    assert [result.status for result in results] == ["stopped"] * tried + ["skipped"] * (4 - tried)
    assert results[0].reason == f"{ITERATIONS_USED_UP}."
    assert all("more than 300 parameters" in result.reason for result in results[tried:])


def test_a_start_that_stopped_for_another_reason_is_repeated(run_starts):
    results = run_starts(ChosenDensity(density=flat, converged=False, dimensions=1000))
    assert [result.status for result in results] == ["stopped"] * 4
    assert results[0].reason == "Line search failed"


def test_a_known_point_is_passed_to_the_optimiser(tmp_path):
    class Noting(ChosenDensity):
        def optimize(self, job, *, jacobian, algorithm="lbfgs", start=None):
            starts.append(start)
            return make_run((0, 0, 0))

    starts: list[Start | None] = []
    known = Start(({"alpha": 1.0, "beta": [0.0, 0.0]},))
    context = make_context(Noting(), tmp_path)
    results = run_multistart(context, "map", jacobian=False, prior_weight=1.0, starts=4, at=known)
    assert len(results) == 1
    assert starts == [known]


def test_a_message_that_optimisers_share_stands_once():
    failures = {"L-BFGS": "it stopped.", "BFGS": "it stopped.", "Newton": "it stopped."}
    assert _join_failures(failures) == "Newton, BFGS and L-BFGS: it stopped."
    assert _join_failures({**failures, "BFGS": "no step."}) == "Newton and L-BFGS: it stopped. BFGS: no step."


def test_starts_that_take_too_long_are_not_repeated_for_ever(run_starts):
    class Slow(ChosenDensity):
        def optimize(self, job, *, jacobian, algorithm="lbfgs", start=DEFAULT_START):
            raise RunTimedOut("optimisation took longer than the 3 s allowed.", console="Iteration 1")

    results = run_starts(Slow(density=flat))
    assert [result.status for result in results] == ["failed", "failed", "skipped", "skipped"]
    assert results[0].reason == "L-BFGS: optimisation took longer than the 3 s allowed."
    assert results[0].console == "Iteration 1"
    assert "two earlier starts took longer" in results[3].reason

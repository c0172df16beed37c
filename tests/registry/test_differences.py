"""What differs between two fits, on numbers known in advance."""

import pytest

from tests.report.simulated import simulate_fit
from workbench.registry.differences import compare_fits, measure_move
from workbench.registry.summary import RememberedEstimate
from workbench.results import view


def results_of(**changes):
    return simulate_fit(**changes).results


def test_a_fit_does_not_differ_from_itself():
    found = compare_fits(results_of(), results_of())
    assert (found.program, found.facts, found.priors, found.distance) == ("", (), (), 0.0)


def test_a_move_is_in_combined_sds():
    assert measure_move(RememberedEstimate(1.0, 0.6), RememberedEstimate(2.0, 0.8)) == pytest.approx(1.0)
    assert measure_move(RememberedEstimate(1.0, 0.0), RememberedEstimate(2.0, 0.0)) is None
    assert measure_move(RememberedEstimate(1.0, None), RememberedEstimate(2.0, 1.0)) is None


def test_the_distance_is_the_root_mean_square_and_the_largest_move_is_first():
    nuts = {"status": "ok", "chains": 4, "draws": 100, "divergences": 0}
    one = {"mu": {"mean": 0.0, "sd": 3.0}, "tau": {"mean": 0.0, "sd": 3.0}, "old": {"mean": 0.0, "sd": 1.0}}
    other = {
        "mu": {"mean": 5.0, "sd": 4.0},
        "tau": {"mean": 10.0, "sd": 4.0},
        "new": {"mean": 0.0, "sd": 1.0},
    }
    found = compare_fits(
        results_of(nuts={**nuts, "estimates": one}), results_of(nuts={**nuts, "estimates": other})
    )
    assert [(move.name, move.in_sd) for move in found.moves] == [("tau", 2.0), ("mu", 1.0)]
    assert found.distance == pytest.approx((5 / 2) ** 0.5)
    assert (found.gone, found.new) == (("old",), ("new",))


def test_fits_without_chains_are_compared_by_what_both_have():
    skipped = {"status": "skipped", "reason": "not requested"}
    found = compare_fits(results_of(nuts=skipped, laplace=skipped), results_of(nuts=skipped))
    assert found.method == "map"
    assert found.distance is None, "a mode has no SD here"


def test_programs_and_priors_differ_by_line_and_by_name():
    before = results_of()
    model = {**simulate_fit().record["model"], "source": before.model.source.replace("cauchy", "normal")}
    after = view.view({**simulate_fit().record, "model": model, "priors": {"mu.mu": 0.0, "mu.sigma": 1.0}})
    found = compare_fits(before, after)
    assert "-  tau ~ cauchy(0, 5);\n+  tau ~ normal(0, 5);" in found.program
    assert {(change.name, change.before, change.after) for change in found.priors} == {
        ("mu.sigma", 5.0, 1.0),
        ("tau.sigma", 5.0, None),
    }

"""What differs between two fits, on numbers known in advance."""

import pytest

from tests.registry.remembered import summarise
from tests.report.simulated import simulate_fit
from workbench.registry.differences import compare_fits, compare_remembered, measure_move
from workbench.registry.summary import MOST_VALUES, RememberedEstimate, summarise_results
from workbench.results import view


def results_of(**changes):
    return simulate_fit(**changes).results


def test_a_fit_does_not_differ_from_itself():
    found = compare_fits(results_of(), results_of())
    assert (found.program, found.facts, found.priors, found.distance) == ("", (), (), 0.0)


def test_a_move_is_in_combined_sds():
    assert measure_move(RememberedEstimate(1.0, 0.6), RememberedEstimate(2.0, 0.8)) == pytest.approx(1.0)
    assert measure_move(RememberedEstimate(1.0, 0.0), RememberedEstimate(2.0, 0.0)) is None
    assert measure_move(RememberedEstimate(1.0, None), RememberedEstimate(2.0, 0.5)) == pytest.approx(2.0)
    assert measure_move(RememberedEstimate(1.0, None), RememberedEstimate(2.0, None)) is None


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


def test_what_is_remembered_says_the_same_of_priors_and_moves():
    """The page of pruned versions and `registry diff` agree."""
    one = results_of()
    changed = {
        name: {**each, "mean": each["mean"] + 1}
        for name, each in simulate_fit().record["nuts"]["estimates"].items()
    }
    nuts = {**simulate_fit().record["nuts"], "estimates": changed}
    other = results_of(priors={"mu.mu": 0.0, "mu.sigma": 9.0}, nuts=nuts, seed=3)
    whole = compare_fits(one, other)
    remembered = compare_remembered(summarise_results(one), summarise_results(other))
    assert remembered.priors == whole.priors
    assert remembered.moves == whole.moves
    assert remembered.distance == whole.distance != 0.0
    assert remembered.facts == (("seed", "20", "3"),)


def test_what_went_into_versions_is_told_by_name():
    other = summarise(
        data="3" * 64, rows=7, columns={"y": "column `z`"}, settings={"standardized": "proved, X"}
    )
    names = [name for name, _, _ in compare_remembered(summarise(), other).facts]
    assert names == ["data", "rows", "columns of `y`", "standardized"]
    assert compare_remembered(summarise(), summarise(verdict="fail", elpd=-99.0)).facts == ()


def test_estimates_by_different_methods_are_not_compared():
    found = compare_remembered(summarise(), summarise(method="map"))
    assert (found.method, found.moves, found.distance) == ("", (), None)
    assert [name for name, _, _ in found.facts] == ["method"]


def test_a_whole_prior_is_told_from_a_hyperparameter():
    found = compare_remembered(summarise(), summarise(replaced_priors={"tau": "tau ~ exponential(1);"}))
    assert [(each.name, each.is_whole, each.before) for each in found.priors] == [("tau", True, None)]


def test_a_change_beyond_the_remembered_values_of_a_prior_shows():
    values = [1.0] * (MOST_VALUES + 10)
    changed = [*values[:-1], 2.0]
    one, other = (summarise_results(results_of(priors={"w": each})) for each in (values, changed))
    assert len(one.priors["w"]) == MOST_VALUES + 1
    assert [each.name for each in compare_remembered(one, other).priors] == ["w"]
    assert compare_remembered(one, summarise_results(results_of(priors={"w": list(values)}))).priors == ()


def test_settings_are_remembered_by_method():
    request = {
        "methods": [["Nuts", {"draws": 200}], ["Map", {"jacobian": False}], ["Map", {"jacobian": True}]]
    }
    assert summarise_results(results_of(request=request)).settings == {
        "settings of Nuts": "draws 200",
        "settings of Map": "jacobian false; jacobian true",
    }

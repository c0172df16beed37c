"""The MAP: its record, and distances between modes in posterior SDs."""

from dataclasses import replace

import numpy as np
import pytest

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import NAMES, make_context, make_program
from workbench.estimation.optimum.map import find_map, measure_in_posterior_sds
from workbench.estimation.optimum.search import CURVATURE_ONLY
from workbench.methods import Map
from workbench.results.method_result import MethodResult


def test_the_result_has_the_mode_its_starts_and_its_console(tmp_path):
    backend = ChosenDensity(density=lambda point: (-0.5 * point @ point, -point))
    result, search = find_map(make_context(backend, tmp_path), Map(starts=3), CURVATURE_ONLY)
    assert search is not None
    assert result.status == "ok"
    assert set(result.estimates) == set(NAMES)
    assert np.allclose([numbers["value"] for numbers in result.estimates.values()], 0)
    assert (result.facts["reached"], len(result.facts["starts"])) == (3, 3)
    assert set(result.groups) == {"map"}


@pytest.mark.parametrize(("jacobian", "key"), [(False, "map"), (True, "map_unconstrained")])
def test_only_the_mode_on_the_declared_scale_is_a_penalised_estimate(tmp_path, jacobian, key):
    backend = ChosenDensity(density=lambda point: (-0.5 * point @ point, -point))
    result, _ = find_map(make_context(backend, tmp_path), Map(jacobian=jacobian), CURVATURE_ONLY)
    assert ("regularisation" in result.facts) is not jacobian
    assert set(result.groups) == {key}


def test_without_a_mode_the_result_says_where_the_best_start_stopped(tmp_path):
    backend = ChosenDensity(density=lambda point: (point[0], np.array([1.0, 0.0, 0.0])))
    result, search = find_map(make_context(backend, tmp_path), Map(), CURVATURE_ONLY)
    assert search is not None
    assert result.status == "failed"
    assert result.reason == search.problem != ""
    assert result.facts["stopped_at"] == {"alpha": 0.1, "beta[1]": 0.2, "beta[2]": 0.3}
    rows = replace(search.best, run=replace(search.best.run, columns=("alpha", "beta[1]", "log_lik[1]")))
    without = replace(search, optima=(rows,)).facts["stopped_at"]
    assert set(without) == {"alpha", "beta[1]"}


def test_a_program_without_parameters_has_no_mode(tmp_path):
    context = make_context(ChosenDensity(), tmp_path, make_program(parameters=()))
    result, search = find_map(context, Map(), CURVATURE_ONLY)
    assert (result.status, search) == ("not available", None)


def make_modes(*estimates):
    rows = [
        {"distance": float(k), "farthest": "b" if k else None, "estimates": values}
        for k, values in enumerate(estimates)
    ]
    return MethodResult("ok", facts={"modes": rows, "distance_in": "standard errors"})


SKIPPED = MethodResult("skipped")


def test_distances_are_in_posterior_sds_where_there_is_a_posterior():
    """From (1, 0) to (4, 4) with SDs of 1 and 0.5: 8 SDs, in b."""
    results = {
        "map": make_modes({"a": 1.0, "b": 0.0}, {"a": 4.0, "b": 4.0}),
        "map_unconstrained": SKIPPED,
        "nuts": MethodResult("ok", estimates={"a": {"sd": 1.0}, "b": {"sd": 0.5}}),
    }
    facts = measure_in_posterior_sds(results)["map"].facts
    assert facts["distance_in"] == "posterior SDs"
    assert facts["modes"][0]["distance"] == 0.0
    assert (facts["modes"][1]["distance"], facts["modes"][1]["farthest"]) == (8.0, "b")


@pytest.mark.parametrize("nuts", [SKIPPED, MethodResult("ok", estimates={"a": {"sd": 0.0}})])
def test_without_posterior_sds_distances_stay_in_standard_errors(nuts):
    results = {"map": make_modes({"a": 0.0}, {"a": 3.0}), "map_unconstrained": SKIPPED, "nuts": nuts}
    assert measure_in_posterior_sds(results) == results

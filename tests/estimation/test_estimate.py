"""A whole fit, against a posterior known in advance."""

import json
import math

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends.fake import FakeBackend
from workbench.estimation.estimate import estimate
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.results import store

PARAMETERS = ("alpha", "beta[1]", "beta[2]", "eta[1]", "eta[2]")
Z95 = 1.959963984540054


def test_every_method_has_every_parameter_and_no_prediction(fitted):
    for method in ("mle", "map", "map_unconstrained", "laplace", "nuts"):
        assert fitted.record[method]["status"] == "ok"
        assert tuple(fitted.record[method]["estimates"]) == PARAMETERS


def test_the_mle_carries_standard_errors_and_wald_intervals(fitted):
    beta = fitted.record["mle"]["estimates"]["beta[1]"]
    assert beta["value"] == MEANS["beta[1]"]
    assert beta["se"] == pytest.approx(SDS["beta[1]"])
    assert beta["lower"] == pytest.approx(MEANS["beta[1]"] - Z95 * SDS["beta[1]"])


@pytest.mark.parametrize("name", PARAMETERS)
def test_posterior_summaries_agree_with_the_known_normal(fitted, name):
    """Means within 5 Monte Carlo errors, sd within 5 of its own; intervals of a normal."""
    numbers = fitted.record["nuts"]["estimates"][name]
    assert abs(numbers["mean"] - MEANS[name]) < 5 * numbers["mcse_mean"]
    assert abs(numbers["sd"] - SDS[name]) < 5 * numbers["mcse_sd"]
    assert numbers["lower"] < MEANS[name] - 1.5 * SDS[name] < MEANS[name] + 1.5 * SDS[name] < numbers["upper"]
    assert numbers["rhat"] == pytest.approx(1, abs=0.02)


def test_the_approximation_equals_the_posterior_so_its_khat_is_zero(fitted):
    assert fitted.record["laplace"]["khat"] == 0


def test_the_steps_of_a_gap_add_up(fitted):
    for gap in fitted.record["gaps"].values():
        steps = gap["jacobian"] + gap["curvature"] + gap["non_gaussian"]
        assert steps == pytest.approx(gap["map_minus_mean"])


def test_labels_are_in_record_and_coords(fitted):
    assert fitted.record["nuts"]["estimates"]["beta[2]"]["label"] == "beta[dose]"
    assert fitted.tree["posterior"]["beta"].coords["K"].values.tolist() == ["age", "dose"]
    assert fitted.tree["posterior"]["eta"].coords["N"].values.tolist() == ["Ann", "Bob"]


def test_groups_and_dims_of_the_tree(fitted):
    tree = fitted.tree
    assert tree["posterior"]["beta"].dims == ("chain", "draw", "K")
    assert tree["laplace"]["beta"].dims == ("draw", "K")
    assert tree["map"]["beta"].dims == ("K",)
    assert tree["posterior_predictive"]["y_rep"].dims == ("chain", "draw", "N")
    assert tree["sample_stats"]["diverging"].dtype == bool
    assert set(tree["observed_data"].data_vars) == {"y"}
    assert set(tree["constant_data"].data_vars) == {"X"}


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(request_for):
    backend = FakeBackend(MEANS, SDS)
    first = estimate(request_for(seed=1), MODEL, backend).record["nuts"]["estimates"]
    assert first == estimate(request_for(seed=1), MODEL, backend).record["nuts"]["estimates"]
    assert first != estimate(request_for(seed=2), MODEL, backend).record["nuts"]["estimates"]


@pytest.mark.parametrize(
    ("failing", "without"),
    [
        ("optimize", {"mle", "map", "map_unconstrained", "laplace"}),
        ("laplace", {"laplace"}),
        ("sample", {"nuts"}),
    ],
)
def test_a_failing_method_has_a_reason_and_the_others_run_all_the_same(request_for, failing, without):
    backend = FakeBackend(MEANS, SDS, failing=frozenset({failing}))
    record = estimate(request_for(), MODEL, backend).record
    statuses = {
        name: record[name]["status"] for name in ("mle", "map", "map_unconstrained", "laplace", "nuts")
    }
    assert {name for name, status in statuses.items() if status == "failed"} == without
    assert all(record[name]["reason"] for name in without)


def test_methods_that_were_not_requested_are_skipped(request_for):
    record = estimate(request_for(methods=(Map(),)), MODEL, FakeBackend(MEANS, SDS)).record
    assert record["map"]["status"] == "ok"
    assert {record[name]["status"] for name in ("mle", "laplace", "nuts")} == {"skipped"}


def test_the_record_is_json_without_nan(fitted):
    text = store.dump({**fitted.record, "extra": [math.nan, np.float64(1), np.arange(2)]})
    assert json.loads(text)["extra"] == [None, 1.0, [0, 1]]


def test_the_key_of_a_request_covers_all_that_decides_the_numbers(request_for):
    base = request_for()
    others = [
        request_for(seed=2),
        request_for(methods=(Mle(),)),
        request_for(methods=(Mle(), Map(), Map(jacobian=True), Laplace(1000), Nuts(4, 501, 100))),
    ]
    assert len({base.key, *(other.key for other in others)}) == 4
    assert base.key == request_for().key

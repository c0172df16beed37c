"""The numbers on the pages of the models, and what counts as a move of them."""

import copy
import math

import pytest

from tests.library import exact_posteriors
from tests.library.gallery import compare, read_record
from workbench import library

RECORD = read_record()


def test_the_record_names_models_and_their_quantities():
    assert set(RECORD) == set(library.list_names())
    for entry in RECORD.values():
        assert entry["quantities"]
        assert all(row["sd"] > 0 for row in entry["quantities"])


@pytest.mark.parametrize("name", ["beta_binomial", "ridge"])
def test_chance_is_no_move_and_ten_errors_are(name):
    entry = RECORD[name]
    found = copy.deepcopy(entry)
    first = found["quantities"][0]
    first["mean"] += 2 * first["mcse_mean"]
    assert list(compare(entry, found)) == []
    first["mean"] += 10 * first["mcse_mean"] + 0.001 * abs(first["mean"])
    assert len(list(compare(entry, found))) == 1


def test_a_mode_that_moves_or_is_gone_is_a_move():
    entry = RECORD["ridge"]
    found = copy.deepcopy(entry)
    found["quantities"][0]["map"] = None
    found["quantities"][1]["mle"] += 0.1 * found["quantities"][1]["sd"]
    assert len(list(compare(entry, found))) == 2


def test_which_of_several_maxima_was_found_is_no_move_but_whether_there_is_one_is():
    entry = RECORD["item_response"]
    assert entry["several_maxima"] == ["map"]
    found = copy.deepcopy(entry)
    found["quantities"][0]["map"] += 10
    assert list(compare(entry, found)) == []
    found["quantities"][0]["map"] = None
    assert len(list(compare(entry, found))) == 1
    found["quantities"][0]["map"] = 0.0
    found["quantities"][0]["mean"] += 1
    assert len(list(compare(entry, found))) == 1


def test_other_quantities_are_a_move():
    entry = RECORD["ridge"]
    fewer = {**entry, "quantities": entry["quantities"][1:]}
    (sentence,) = compare(entry, fewer)
    assert sentence.startswith("the quantities were alpha, ")


@pytest.mark.parametrize("name", ["gaussian_process", "item_response", "local_level", "repeated_measures"])
def test_the_record_is_the_posterior_found_without_a_sampler(name):
    exact = getattr(exact_posteriors, name)()
    for row in RECORD[name]["quantities"]:
        mean, sd, error = exact[row["name"]]
        assert abs(row["mean"] - mean) < 4 * math.hypot(row["mcse_mean"], error), row["name"]
        # The SD of ESS normal draws has an error of SD / sqrt(2 ESS); twice that for tails that are heavier.
        assert abs(row["sd"] - sd) < 4 * math.sqrt(2) * math.hypot(row["mcse_mean"], error), row["name"]


def test_the_record_of_a_conjugate_model_is_its_exact_posterior():
    (row,) = RECORD["gamma_poisson"]["quantities"]
    a, b = 1 + 196, 1 + 280  # deaths, and corps-years
    assert abs(row["mean"] - a / b) < 4 * row["mcse_mean"]
    assert abs(row["map"] - (a - 1) / b) < 1e-4
    assert abs(row["mle"] - 196 / 280) < 1e-4

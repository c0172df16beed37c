"""The numbers on the pages of the models, and what counts as a move of them."""

import copy

import pytest

from tests.library.gallery import compare, read_record
from workbench import library

RECORD = read_record()


def test_the_record_names_models_and_their_quantities():
    assert set(RECORD) <= set(library.list_names())
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


def test_the_record_of_a_conjugate_model_is_its_exact_posterior():
    (row,) = RECORD["gamma_poisson"]["quantities"]
    a, b = 1 + 196, 1 + 280  # deaths, and corps-years
    assert abs(row["mean"] - a / b) < 4 * row["mcse_mean"]
    assert abs(row["map"] - (a - 1) / b) < 1e-4
    assert abs(row["mle"] - 196 / 280) < 1e-4

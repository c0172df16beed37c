"""WB702: can the effects of predictors be told apart?"""

import numpy as np
import pytest

from tests.diagnostics.checks.asking import ask

RNG = np.random.default_rng(7)


def asked(matrix):
    return ask("WB702", constant_data={"X": matrix})


def test_it_fires_on_columns_that_nearly_determine_each_other():
    one, other = RNG.normal(size=(2, 100))
    found = asked(np.stack([one, other, one + other + 0.01 * RNG.normal(size=100)], axis=1))
    assert (found.status, found.severity) == ("tip", "none")
    assert "Columns of `X` are nearly collinear" in found.message


def test_it_fires_on_columns_that_do():
    one = RNG.normal(size=100)
    assert "beyond any number" in asked(np.stack([one, 2 * one], axis=1)).message
    assert asked(RNG.normal(size=(4, 9))).status == "tip"


def test_the_number_is_that_of_numpy():
    matrix = RNG.normal(size=(200, 4)) @ RNG.normal(size=(4, 4))
    standardised = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    assert asked(matrix).measured == pytest.approx(np.linalg.cond(standardised))


def test_an_intercept_is_left_out():
    assert asked(np.column_stack([np.ones(50), RNG.normal(size=(50, 2))])).status == "passed"


def test_without_a_matrix_it_does_not_apply():
    assert ask("WB702").status == "n/a"
    assert asked(RNG.normal(size=(50, 1))).status == "n/a"

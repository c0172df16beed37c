"""WB702: are the predictors collinear?"""

import numpy as np
import pytest

from tests.diagnostics.checks.records import examine

RNG = np.random.default_rng(7)


def examine_matrix(matrix):
    return examine("WB702", constant_data={"X": matrix})


def test_it_fires_on_columns_that_nearly_determine_each_other():
    first, second = RNG.normal(size=(2, 100))
    result = examine_matrix(np.stack([first, second, first + second + 0.01 * RNG.normal(size=100)], axis=1))
    assert (result.status, result.severity) == ("tip", "none")
    assert "Columns of `X` are nearly collinear" in result.message


def test_it_fires_on_columns_that_do():
    first = RNG.normal(size=100)
    assert "infinite up to rounding" in examine_matrix(np.stack([first, 2 * first], axis=1)).message
    assert examine_matrix(RNG.normal(size=(4, 9))).status == "tip"


def test_the_number_is_that_of_numpy():
    matrix = RNG.normal(size=(200, 4)) @ RNG.normal(size=(4, 4))
    standardised = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    assert examine_matrix(matrix).measured == pytest.approx(np.linalg.cond(standardised))


def test_an_intercept_is_left_out():
    assert examine_matrix(np.column_stack([np.ones(50), RNG.normal(size=(50, 2))])).status == "passed"


def test_without_a_matrix_it_does_not_apply():
    assert examine("WB702").status == "n/a"
    assert examine_matrix(RNG.normal(size=(50, 1))).status == "n/a"

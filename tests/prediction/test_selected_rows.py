"""The log densities of a part of the rows, among those of all."""

import numpy as np

from workbench.prediction.proof import _select_rows

DRAWS = np.arange(2.0)[:, None]


def test_a_first_value_that_is_given_has_no_density():
    """Of five rows the last four have one: of the first three rows the first two of these."""
    among_all = DRAWS * 10 + np.arange(2.0, 6.0)
    [found] = _select_rows(among_all, np.arange(3), 5).values()
    np.testing.assert_array_equal(found, among_all[:, :2])


def test_two_outcomes_are_one_after_the_other_or_row_by_row():
    among_all = DRAWS * 10 + np.arange(6.0)
    one_by_one, row_by_row = _select_rows(among_all, np.array([2, 0]), 3).values()
    np.testing.assert_array_equal(one_by_one[0], [2, 0, 5, 3])
    np.testing.assert_array_equal(row_by_row[0], [4, 5, 0, 1])

"""How rows are divided into folds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.comparison.cross_validated import density_of_levels
from workbench.comparison.folds import (
    Division,
    Folds,
    Grouping,
    divide,
    divide_groups,
    divide_rows,
    find_strata,
    hash_folds,
)
from workbench.errors import RequestError

OUTCOME = (np.array([1.5, 2.5, 3.5, 0.5, 1.0, 2.0]),)


@st.composite
def sizes(draw):
    """Return numbers of rows and folds, and a seed."""
    folds = draw(st.integers(2, 12))
    return draw(st.integers(folds, 300)), folds, draw(st.integers(0, 2**32))


@given(sizes())
def test_folds_of_rows_are_balanced_and_follow_from_the_seed(given_sizes):
    rows, folds, seed = given_sizes
    found = divide_rows(rows, folds, seed)
    counts = np.bincount(found, minlength=folds)
    assert len(counts) == folds
    assert np.ptp(counts) <= 1
    assert (found == divide_rows(rows, folds, seed)).all()


@given(sizes(), st.integers(1, 5))
def test_folds_get_their_share_of_each_stratum(given_sizes, values):
    rows, folds, seed = given_sizes
    strata = np.random.default_rng(seed).integers(values, size=rows)
    found = divide_rows(rows, folds, seed, strata)
    assert np.ptp(np.bincount(found, minlength=folds)) <= 1
    for value in range(values):
        assert np.ptp(np.bincount(found[strata == value], minlength=folds)) <= 1


@given(sizes(), st.integers(2, 40))
def test_groups_are_not_divided_and_folds_are_even(given_sizes, groups):
    rows, folds, seed = given_sizes
    folds = min(folds, groups)
    codes = np.random.default_rng(seed).integers(groups, size=rows)
    _, codes = np.unique(codes, return_inverse=True)
    folds = min(folds, codes.max() + 1)
    found = divide_groups(codes, folds, seed)
    for group in np.unique(codes):
        assert len(np.unique(found[codes == group])) == 1
    counts = np.bincount(found, minlength=folds)
    assert counts.min() > 0
    # the last group of the fullest fold joined it when no other had fewer rows
    assert np.ptp(counts) <= np.bincount(codes).max()


@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 9))
def test_blocks_follow_the_first_rows_in_order(first, after, step):
    rows = first + after
    found = divide(Folds(first=first, step=step), rows)
    assert (found.unit[:first] == -1).all()
    assert (np.diff(found.unit[first:]) >= 0).all()
    assert found.unit_rows.sum() == after
    assert (found.unit_rows[:-1] == step).all()
    assert len(found.labels) == found.units == -(-after // step)


@given(sizes())
def test_rows_outside_a_fold_and_inside_are_all_rows(given_sizes):
    rows, folds, seed = given_sizes
    found = divide(Folds(kfold=folds, seed=seed), rows)
    for fold in range(found.count):
        both = np.concatenate([found.kept(fold), found.left_out(fold)])
        assert sorted(both.tolist()) == list(range(rows))


def test_another_seed_is_another_division():
    assert (divide_rows(100, 5, 1) != divide_rows(100, 5, 2)).any()


def test_blocks_are_named_by_their_rows():
    assert divide(Folds(first=3, step=2), 8).labels == ("4 to 5", "6 to 7", "8")


def test_the_hash_is_of_the_division_and_the_outcome():
    scheme = Folds(kfold=3)
    division = divide(scheme, 6)
    known = hash_folds(scheme, division, OUTCOME)
    assert known == hash_folds(scheme, divide(scheme, 6), [OUTCOME[0].copy()])
    assert known != hash_folds(scheme, divide(Folds(kfold=3, seed=2), 6), OUTCOME)
    assert known != hash_folds(scheme, division, [OUTCOME[0][::-1]])
    assert known != hash_folds(Folds(groups="g"), division, OUTCOME)
    both = (*OUTCOME, -OUTCOME[0])
    assert hash_folds(scheme, division, both) == hash_folds(scheme, division, both[::-1])


def test_a_whole_number_and_a_real_one_of_the_same_value_have_the_same_hash():
    scheme = Folds(kfold=2)
    division = divide(scheme, 3)
    found = [hash_folds(scheme, division, [np.array(values)]) for values in ([1, 0, 2], [1.0, -0.0, 2.0])]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "one way to leave rows out was expected, found none"),
        ({"kfold": 5, "groups": "g"}, "found 2"),
        ({"kfold": 1}, "--kfold was expected to be at least 2, found 1"),
        ({"groups": "g", "by": "h"}, "--by says which rows stay together"),
        ({"first": -3}, "--leave-future-out was expected to be at least 1, found -3"),
        ({"first": 3, "step": 0}, "--ahead was expected to be at least 1, found 0"),
    ],
)
def test_what_is_no_scheme_is_refused(options, words):
    with pytest.raises(RequestError, match=words):
        Folds(**options)


def test_more_folds_than_rows_or_groups_are_refused():
    with pytest.raises(RequestError, match="at least 7 rows were expected, found 6"):
        divide(Folds(kfold=7), 6)
    groups = Grouping(np.array([0, 0, 1, 1, 1, 1]), ("a", "b"))
    with pytest.raises(RequestError, match="at least 3 groups in `g` were expected, found 2"):
        divide(Folds(kfold=3, by="g"), 6, groups=groups)
    one = Grouping(np.zeros(6, dtype=np.int64), ("a",))
    with pytest.raises(RequestError, match="at least 2 groups in `g`"):
        divide(Folds(groups="g"), 6, groups=one)
    with pytest.raises(RequestError, match="below the number of rows, found 6 of 6"):
        divide(Folds(first=6), 6)


def test_outcomes_of_many_values_have_no_strata():
    assert find_strata(np.arange(30.0), 20) is None
    assert find_strata(np.ones(30), 20) is None


def test_fifty_thousand_rows_in_ten_thousand_groups_are_divided_at_once():
    codes = np.random.default_rng(1).integers(10_000, size=50_000)
    _, codes = np.unique(codes, return_inverse=True)
    counts = np.bincount(divide_groups(codes, 10, 1))
    assert np.ptp(counts) <= 1
    assert isinstance(divide(Folds(kfold=10), 50_000), Division)


def test_the_density_of_levels_is_that_of_scipy():
    """The closed form that groups left out are compared with."""
    codes, y = np.array([0, 0, 1, 2, 2, 2]), OUTCOME[0]
    same = codes[:, None] == codes[None, :]
    covariance = 4 + 0.7**2 * same + 0.4**2 * np.eye(6)
    expected = stats.multivariate_normal(np.zeros(6), covariance).logpdf(y)
    found = density_of_levels(codes, y, np.array([[0.7]]), np.array([[0.4]]))
    assert found.item() == pytest.approx(expected, abs=1e-10)

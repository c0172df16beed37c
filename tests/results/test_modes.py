"""Several modes: comparable by mass, equal, and mirrored."""

import pytest

from workbench.results.modes import are_equal, describe_symmetry, list_comparable_modes
from workbench.results.view import DistinctMode


def make_mode(height, mass=None, **estimates):
    return DistinctMode(log_density=height, log_mass=mass, estimates=estimates)


def test_modes_compare_by_mass_where_it_is_known_for_all():
    high, wide, low = make_mode(0.0, 0.0), make_mode(-20.0, 1.0), make_mode(-20.0, -20.0)
    assert list_comparable_modes((high, wide, low)) == (high, wide)
    assert list_comparable_modes((high, make_mode(-4.0))) == (high, make_mode(-4.0))
    assert list_comparable_modes((high, make_mode(-6.0))) == (high,)
    assert list_comparable_modes(()) == ()


def test_equal_modes_are_as_high_and_as_wide():
    assert are_equal(make_mode(-9.0, 1.0), make_mode(-9.0, 1.0))
    assert are_equal(make_mode(-9.0), make_mode(-9.001))
    assert not are_equal(make_mode(-9.0, 1.0), make_mode(-9.0, 2.0))
    assert not are_equal(make_mode(-9.0), make_mode(-9.5))


@pytest.mark.parametrize(
    ("first", "other", "text"),
    [
        ({"a[1]": 1.0, "a[2]": -2.0}, {"a[1]": -1.0, "a[2]": 2.0}, "they differ in the sign of `a`"),
        (
            {"mu[1]": 1.0, "mu[2]": 2.0, "s[1]": 3.0, "s[2]": 4.0},
            {"mu[1]": 2.0, "mu[2]": 1.0, "s[1]": 4.0, "s[2]": 3.0},
            "they exchange the elements of `mu` and `s`",
        ),
        ({"a": 1.0, "b": 5.0}, {"a": -1.0, "b": 6.0}, ""),
        ({"a": 1.0}, {"a": 1.0}, ""),
    ],
)
def test_how_modes_mirror_each_other(first, other, text):
    assert describe_symmetry(first, other) == text

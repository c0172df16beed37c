"""What `--vary` says, and the points of each design."""

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.studies.plan.plan import (
    BASE,
    Axis,
    Point,
    drop_repeated_points,
    make_axis,
    make_points,
    parse_axis,
)


def test_a_range_by_ratio():
    found = parse_axis("beta.sigma=0.1:10:log:9")
    assert found.name == "beta.sigma"
    assert found.is_log
    assert np.allclose(found.values, np.geomspace(0.1, 10, 9))


def test_a_range_by_difference_and_its_short_form():
    assert parse_axis("mu=-1:1:lin:3").values == parse_axis("mu=-1:1:3").values == (-1, 0, 1)
    assert parse_axis("mu=1:-1:3").values == (-1, 0, 1)


def test_a_list_is_ordered_and_without_repetition():
    assert parse_axis("sigma.beta = 2, 0.5, 1,1").values == (0.5, 1, 2)
    assert make_axis("a", [1, 10, 100]).is_log
    assert not make_axis("a", [1, 2, 3]).is_log


@pytest.mark.parametrize(
    "text", ["beta", "beta=", "=1", "beta=a,b", "beta=1:2:cubic:3", "beta=1:2:log:1", "beta=1:1:3", "b=1,inf"]
)
def test_what_is_not_of_the_form_is_refused(text):
    with pytest.raises(RequestError, match=r"--vary was expected to be NAME=FROM:TO:log:COUNT"):
        parse_axis(text)


def test_ratios_need_positive_ends():
    with pytest.raises(
        RequestError, match=r"--vary beta\.mu spreads values by ratio, so both ends must be pos"
    ):
        parse_axis("beta.mu=-1:1:log:3")


AXES = (Axis("a", (1.0, 2.0)), Axis("b", (0.1, 1.0, 10.0), True))


def test_a_grid_has_every_combination():
    points = make_points(AXES, "grid", 0, 1)
    assert len({point.key for point in points}) == 6
    assert all(set(point.values) == {"a", "b"} for point in points)


def test_one_at_a_time_changes_one():
    assert [tuple(point.values.items()) for point in make_points(AXES, "one", 0, 1)] == [
        (("a", 1.0),), (("a", 2.0),), (("b", 0.1),), (("b", 1.0),), (("b", 10.0),),
    ]  # fmt: skip


def test_a_latin_hypercube_has_one_point_in_each_slice():
    points = make_points(AXES, "lhs", 10, 1)
    slices = np.floor(10 * (np.array([point.values["a"] for point in points]) - 1))
    assert sorted(slices) == list(range(10))
    ratios = np.floor(10 * np.log10(np.array([point.values["b"] for point in points]) / 0.1) / 2)
    assert sorted(ratios) == list(range(10))
    assert points == make_points(AXES, "lhs", 10, 1)
    assert points != make_points(AXES, "lhs", 10, 2)


def test_designs_and_axes_are_checked():
    with pytest.raises(RequestError, match="--design was expected to be one of grid, one, lhs, found `star`"):
        make_points(AXES, "star", 0, 1)
    with pytest.raises(RequestError, match="--points was expected to be at least 1, found 0"):
        make_points(AXES, "lhs", 0, 1)
    with pytest.raises(RequestError, match="--vary names `a` twice"):
        make_points((AXES[0], AXES[0]), "grid", 0, 1)
    assert make_points((), "grid", 0, 1) == ()


def test_the_base_comes_first_and_names_are_kept():
    points = drop_repeated_points(
        [Point({"a": 1.0}), Point({"a": 1.0}, name="sceptical"), Point(name="plain")]
    )
    assert [point.name for point in points] == ["plain", "sceptical"]
    assert points[0].key == BASE.key


def test_powers_and_constants_are_told_apart():
    point = Point({"power(prior)": 2.0, "beta.sigma": 0.5}, {"tau": "cauchy(0, 1)"}, "s")
    assert point.powers == {"prior": 2.0}
    assert point.constants == {"beta.sigma": 0.5}
    assert point.label == "s (power(prior) = 2, beta.sigma = 0.5, tau ~ cauchy(0, 1))"

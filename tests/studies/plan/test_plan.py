"""Axes as `--vary` takes them, and the points of each design."""

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.studies.plan.plan import (
    BASE,
    Axis,
    Plan,
    Point,
    drop_repeated_points,
    is_power,
    make_axis,
    make_points,
    parse_axis,
)

AXES = (Axis("a", (1.0, 2.0)), Axis("b", (0.1, 1.0, 10.0), True))


def test_a_range_on_a_log_scale():
    axis = parse_axis("beta.sigma=0.1:10:log:9")
    assert axis.name == "beta.sigma"
    assert axis.is_log
    assert np.allclose(axis.values, np.geomspace(0.1, 10, 9))


def test_a_range_on_a_linear_scale_and_its_short_form():
    assert parse_axis("mu=-1:1:lin:3").values == parse_axis("mu=-1:1:3").values == (-1, 0, 1)
    assert parse_axis("mu=1:-1:3").values == (-1, 0, 1)


def test_a_list_is_sorted_without_repetition():
    assert parse_axis("sigma.beta = 2, 0.5, 1,1").values == (0.5, 1, 2)
    assert make_axis("a", [1, 10, 100]).is_log
    assert not make_axis("a", [1, 2, 3]).is_log


@pytest.mark.parametrize(
    "text", ["beta", "beta=", "=1", "beta=a,b", "beta=1:2:cubic:3", "beta=1:2:log:1", "beta=1:1:3", "b=1,inf"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(RequestError, match=r"NAME=FROM:TO:log:COUNT") as refused:
        parse_axis(text)
    assert refused.value.message.startswith("--vary")
    assert f"`{text}`" in refused.value.message


def test_a_log_scale_needs_positive_ends():
    with pytest.raises(RequestError, match=r"--vary beta\.mu .*positive, found -1"):
        parse_axis("beta.mu=-1:1:log:3")


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


@pytest.mark.parametrize(
    ("axes", "design", "count", "option"),
    [(AXES, "star", 0, "--design"), (AXES, "lhs", 0, "--points"), ((AXES[0], AXES[0]), "grid", 0, "--vary")],
)
def test_designs_and_axes_are_checked(axes, design, count, option):
    with pytest.raises(RequestError, match=f"^{option}"):
        make_points(axes, design, count, 1)


def test_without_axes_there_are_no_points():
    assert make_points((), "grid", 0, 1) == ()


def test_the_base_comes_first_and_names_are_kept():
    points = drop_repeated_points(
        [Point({"a": 1.0}), Point({"a": 1.0}, name="sceptical"), Point(name="plain")]
    )
    assert [point.name for point in points] == ["plain", "sceptical"]
    assert points[0].key == BASE.key


def test_powers_and_constants_are_distinguished():
    point = Point({"power(prior)": 2.0, "beta.sigma": 0.5}, {"tau": "cauchy(0, 1)"}, "s")
    assert point.powers == {"prior": 2.0}
    assert point.constants == {"beta.sigma": 0.5}
    assert point.label == "s (power(prior) = 2, beta.sigma = 0.5, tau ~ cauchy(0, 1))"
    assert point.form_text == "tau ~ cauchy(0, 1)"
    assert [is_power(name) for name in point.values] == [True, False]


def test_a_plan_knows_what_is_raised_to_a_power():
    plan = Plan(axes=(Axis("power(beta)", (0.5, 2.0)),), points=(BASE, Point({"power(prior)": 2.0})))
    assert plan.power_names == {"beta", "prior"}


def test_designs_that_nobody_could_finish():
    axes = [parse_axis(f"a{i}=1:2:log:20") for i in range(4)]
    with pytest.raises(RequestError, match="asks for 160000 points; at most 10000 are taken"):
        make_points(axes, "grid", 25, 1)
    assert len(make_points(axes, "one", 25, 1)) == 80
    with pytest.raises(RequestError, match="at most 10000"):
        make_points(axes, "lhs", 10**12, 1)

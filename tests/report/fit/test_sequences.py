"""Ribbons: only of what is in an order, with the numbers of the draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.report.documents import list_figures
from tests.report.fit.arrays import Numbers, draw_normal, make_fit
from workbench.report.document import Section
from workbench.report.figures import Drawing, Ribbon
from workbench.report.fit import sequences
from workbench.report.fit.arrays import PosteriorArrays, measure_roughness
from workbench.results import Fit

WALK = "for (t in 2 : T) level[t] ~ normal(level[t - 1], sigma);"
SIZE = 30
RNG = np.random.default_rng(12)
ROUGH = RNG.normal(size=SIZE)
TIMES = np.arange(SIZE, dtype=float)


def _build(fit: Fit) -> tuple[Section, ...]:
    return sequences.build_section(fit, PosteriorArrays(fit))


@pytest.fixture
def ribbons(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Ribbon, Numbers | None]]:
    """Keep what the drawings were asked to show."""
    kept: list[Any] = []

    def keep(ribbon: Ribbon, observed: Numbers | None = None) -> Drawing:
        kept.append((ribbon, observed))
        return Drawing(lambda figure, palette: None)

    monkeypatch.setattr("workbench.report.figures.draw_ribbon", keep)
    return kept


def test_a_random_walk_is_drawn_with_the_numbers_of_its_draws(ribbons):
    draws = draw_normal(ROUGH)
    (section,) = _build(make_fit({"level": draws}, source=WALK))
    ((ribbon, observed),) = ribbons
    pooled = draws.reshape(-1, SIZE)
    np.testing.assert_array_equal(ribbon.at, np.arange(1, SIZE + 1))
    np.testing.assert_allclose(ribbon.median, np.median(pooled, axis=0))
    np.testing.assert_allclose(ribbon.outer, np.quantile(pooled, [0.05, 0.95], axis=0))
    np.testing.assert_allclose(ribbon.inner, np.quantile(pooled, [0.25, 0.75], axis=0))
    assert observed is None
    assert list_figures(section)[0].figures[0].caption == "`level`, by element"


@pytest.mark.parametrize(
    "source",
    [
        "for (t in 2 : T) { level[t] = a * level[t - 1] + z[t]; }",
        "level[2 : T] ~ normal(level[1 : (T - 1)], sigma);",
        "vector[T] level = start + cumulative_sum(sigma * z);",
        "level[1] = 0; for (t in 1:(T-1)) level[t + 1] = level[t] + z[t];",
    ],
)
def test_what_is_stated_given_its_neighbours_is_a_sequence(source):
    assert _build(make_fit({"level": draw_normal(ROUGH)}, source=source))


@pytest.mark.parametrize(
    "source",
    [
        "",
        "// level[t] and level[t - 1]\nfor (t in 2 : T) y[t] ~ normal(level[t], 1);",
        "for (t in 2 : T) y[t] ~ normal(level[t] + b * y[t - 1], 1);",
        "level ~ normal(mu, tau);",
    ],
)
def test_what_has_no_order_is_not_drawn(source):
    fit = make_fit(
        {"level": draw_normal(ROUGH)}, source=source, data={"x": RNG.normal(size=SIZE), "time": TIMES}
    )
    assert _build(fit) == ()


@pytest.mark.parametrize(
    ("loop", "statement", "is_drawn"),
    [
        ("for (n in 2 : N) {};", "y[n] ~ normal(mu + phi * (y[n - 1] - mu), sigma);", True),
        ("{};", "y[2 : N] ~ normal(mu + phi * y[1 : (N - 1)], sigma);", True),
        ("for (n in 2 : N) {};", "target += normal_lpdf(y[n] | phi * y[n - 1], sigma);", True),
        ("for (n in 2 : N) {};", "y[n] ~ normal(mu + phi * x[n - 1], sigma);", False),
        ("for (n in 1 : N) {};", "y[n] ~ normal(mu, sigma);", False),
        ("{};", "y[2 : N] ~ normal(phi * y[1], sigma);", False),
    ],
)
def test_what_is_along_an_outcome_stated_given_its_neighbours_is_a_sequence(loop, statement, is_drawn):
    draws = {"fitted": draw_normal(ROUGH), "other": draw_normal(ROUGH[:20])}
    terms = [("likelihood", statement)]
    source = loop.format(statement)
    fit = make_fit(draws, source=source, terms=terms, observed={"y": RNG.normal(size=SIZE)})
    found = [array.name for array, _ in PosteriorArrays(fit).sequences]
    assert found == (["fitted"] if is_drawn else [])


@pytest.mark.parametrize(
    ("body", "is_drawn"),
    [
        ("real last = y[N]; for (h in 1:12) { last = normal_rng(a * last, s); forecast[h] = last; }", True),
        ("for (h in 1:12) { real last = f(last0); last = 2 * last; forecast[h] = last; }", False),
        ("for (h in 1:12) { last = 0; for (k in 1:K) last += z[h, k]; forecast[h] = last; }", False),
        ("for (h in 1:12) { forecast[h] = mu; }", False),
        ("for (h in 1:12) forecast[h] = normal_rng(mu, s);", False),
    ],
)
def test_a_forecast_is_a_sequence_where_a_loop_carries_it_on(body, is_drawn):
    fit = make_fit({"forecast": draw_normal(ROUGH[:12])}, source=body)
    assert bool(_build(fit)) == is_drawn


def test_too_few_elements_are_not_drawn():
    assert _build(make_fit({"level": draw_normal(ROUGH[:8])}, source=WALK)) == ()


def test_an_effect_that_is_smooth_along_a_column_is_drawn_along_it(ribbons):
    x = RNG.permutation(np.linspace(-2, 2, SIZE))
    draws = draw_normal(2 * x, sd=0.01)
    (section,) = _build(make_fit({"f": draws}, data={"noise": RNG.normal(size=SIZE), "x": x}))
    ((ribbon, _),) = ribbons
    np.testing.assert_array_equal(ribbon.at, np.sort(x))
    np.testing.assert_allclose(ribbon.median, np.median(draws, axis=(0, 1))[np.argsort(x)])
    assert list_figures(section)[0].figures[0].caption == "`f`, along `x`"


def test_what_is_smooth_in_the_order_of_rows_alone_is_not_drawn():
    """Rows may have been sorted by anything, such as the outcome."""
    fit = make_fit({"f": draw_normal(np.sort(ROUGH), sd=0.01)}, data={"x": RNG.normal(size=SIZE)})
    assert _build(fit) == ()


def test_a_large_spread_along_many_columns_by_chance_is_not_a_curve():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        matrix = {f"x{number}": rng.normal(size=12) for number in range(20)}
        fit = make_fit({"f": draw_normal(rng.normal(size=12), sd=0.01)}, data=matrix)
        assert _build(fit) == ()


def test_dates_of_rows_are_the_axis(ribbons):
    dates = [f"2024-01-{day:02d}" for day in range(1, SIZE + 1)]
    fit = make_fit({"level": draw_normal(ROUGH)}, source=WALK, axes={"level": "T"}, labels={"T": dates})
    (section,) = _build(fit)
    ribbon = ribbons[0][0]
    assert ribbon.is_date
    assert ribbon.at[0] == (np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int)
    assert "by date" in (list_figures(section)[0].figures[0].caption or "")


def test_a_column_that_increases_is_the_axis_of_a_random_walk(ribbons):
    years = 1900 + 2 * TIMES
    _build(make_fit({"level": draw_normal(ROUGH)}, source=WALK, data={"year": years, "z": ROUGH}))
    np.testing.assert_array_equal(ribbons[0][0].at, years)


@pytest.mark.parametrize(
    ("statement", "is_drawn"),
    [
        ("y ~ normal(level, sigma)", True),
        ("y[t] ~ student_t(4, level[t], sigma)", True),
        ("y ~ poisson(level)", True),
        ("y ~ poisson_log(level)", False),
        ("y ~ normal(0, level)", False),
        ("y ~ lognormal(level, 1)", False),
        ("y ~ normal(level + x, sigma)", False),
    ],
)
def test_the_outcome_is_drawn_where_the_sequence_is_its_centre(ribbons, statement, is_drawn):
    outcome = RNG.normal(size=SIZE)
    source = f"{WALK} {statement};"
    fit = make_fit(
        {"level": draw_normal(ROUGH)},
        source=source,
        terms=[("likelihood", statement)],
        observed={"y": outcome},
    )
    (section,) = _build(fit)
    observed = ribbons[0][1]
    explanation = list_figures(section)[0].explanation
    assert (observed is not None) == is_drawn == ("Dots" in explanation)
    if observed is not None:
        np.testing.assert_array_equal(observed, outcome)


def test_draws_that_failed_a_check_are_not_drawn_without_a_word():
    fit = make_fit({"level": draw_normal(ROUGH)}, source=WALK, diagnosis={"verdict": "fail"})
    assert list_figures(_build(fit)[0])[0].explanation.startswith("The draws failed a check")


def test_the_description_says_where_the_sequence_starts_ends_and_peaks():
    level = np.zeros(SIZE)
    level[[0, 5, -1]] = [1, 9, 2]
    fit = make_fit({"level": draw_normal(level, sd=0.001)}, source=WALK)
    alt = list_figures(_build(fit)[0])[0].figures[0].alt
    assert "30 values. The median is 1.00" in alt
    assert "highest, 9.00" in alt
    assert "at element 6." in alt


def test_roughness_is_von_neumanns_ratio():
    many = np.random.default_rng(1).normal(size=100_000)
    assert measure_roughness(many) == pytest.approx(2, abs=0.05)
    assert measure_roughness(np.array([1.0, 2.0, 3.0])) == 1.0
    assert measure_roughness(np.array([3.0, 1.0, 2.0]), np.array([3.0, 1.0, 2.0])) == 1.0
    assert measure_roughness(np.ones(5)) == np.inf

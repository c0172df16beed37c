"""Chosen quantities in the terminal: which are meant, their numbers, and the histogram of one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.report.documents import without
from tests.report.simulated import simulate_fit
from workbench.errors import RequestError
from workbench.report.fit.quantity_page import (
    build_quantity_page,
    choose_quantities,
    draw_density,
    find_drawn,
)
from workbench.report.terminal import to_text
from workbench.results.quantities import draws_of
from workbench.results.view import DrawsEstimate


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["tau", "mu"], ["mu", "tau"]),
        (["theta_raw[2]"], ["theta_raw[2]"]),
        (["theta_raw[school A]"], ["theta_raw[1]"]),
        (["theta_raw"], ["theta_raw[1]", "theta_raw[2]", "theta_raw[3]"]),
        (["theta_raw[*]"], ["theta_raw[1]", "theta_raw[2]", "theta_raw[3]"]),
        (["t*"], ["tau", "theta_raw[1]", "theta_raw[2]", "theta_raw[3]"]),
    ],
)
def test_quantities_are_found_in_every_way_they_are_called(wanted, names):
    assert choose_quantities(simulate_fit().results, wanted) == names


def test_an_unknown_quantity_is_answered_with_near_names():
    with pytest.raises(RequestError, match="`theta_rw` is not a quantity") as caught:
        choose_quantities(simulate_fit().results, ["theta_rw"])
    assert "`theta_raw`" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("theta_raw[99]", "`theta_raw` has 3 elements, `theta_raw[1]` to `theta_raw[3]`"),
        ("theta_raw[2, 1]", "`theta_raw` has 3 elements, `theta_raw[1]` to `theta_raw[3]`"),
        ("mu[1]", "`mu` is a single number"),
    ],
)
def test_an_element_that_a_variable_does_not_have_is_answered_with_those_it_has(wanted, hint):
    with pytest.raises(RequestError, match="is not a quantity") as caught:
        choose_quantities(simulate_fit().results, [wanted])
    assert caught.value.hint == hint


def test_several_quantities_are_a_table_and_one_has_methods_and_density():
    fit = simulate_fit()
    several = to_text(build_quantity_page(fit.results, ["theta_raw"], None))
    assert "theta_raw[school A]" in several
    assert "█" not in several
    assert find_drawn(fit.results, ["theta_raw"]) is None
    assert find_drawn(fit.results, ["theta_raw[school A]"]) == "theta_raw[1]"
    one = to_text(build_quantity_page(fit.results, ["mu"], draws_of(fit.tree, "posterior", "mu")))
    estimate = fit.results.nuts.estimates["mu"]
    for words in ("mu by method", "MLE", "Laplace", "█", "●", f"{estimate.mean:.2f}", f"{estimate.rhat:.3f}"):
        assert words in one


def test_a_run_without_chains_shows_what_it_has():
    results = without(simulate_fit(), "nuts").results
    assert find_drawn(results, ["mu"]) is None
    page = to_text(build_quantity_page(results, ["mu"], None))
    assert "MLE" in page
    assert "█" not in page


def test_a_histogram_is_as_high_as_its_counts():
    values = np.repeat(np.arange(60) + 0.5, [1 + number % 8 for number in range(60)])
    text = draw_density(values, DrawsEstimate(mean=30.0, sd=17.0, lower=5.0, upper=55.0))
    *bars, mark, _axis, _note = text.split("\n")
    assert len(bars) == 8
    assert max(map(len, (*bars, mark))) <= 60
    assert mark.index("├") < mark.index("●") < mark.index("┤")


def test_draws_that_are_all_equal_are_a_sentence():
    assert draw_density(np.full(10, 2.0), DrawsEstimate()) == "all draws are 2"


def test_draws_that_are_not_finite_are_counted():
    values = np.concatenate([np.linspace(0, 1, 90), [np.inf, -np.inf, np.nan]])
    text = draw_density(values, DrawsEstimate(mean=0.5, sd=0.3, lower=0.1, upper=0.9))
    assert "3 of 93 draws are not finite" in text
    assert "█" in text
    assert draw_density(np.full(4, np.nan), DrawsEstimate()) == "no draw is a finite number"


def test_draws_that_are_nearly_all_equal_are_not_said_to_be_equal():
    text = draw_density(np.array([0.0] * 9999 + [1.0]), DrawsEstimate(mean=0.0, sd=0.01))
    assert "all draws" not in text
    assert text.count("█") >= 8

"""The search for tipping points: its three outcomes, and how often its interval holds the truth."""

import math

import pytest
from scipy import stats

from tests.studies.outcomes.reweighted import ArrayStudy, covers, make_beta, make_normal
from workbench.errors import RunError
from workbench.studies.outcomes.tipping_search import MarginCurve, search_both_sides
from workbench.studies.view import Margin

MCSE = 0.01


def search(margin, base=1.0, limits=(0.25, 4.0), *, mcse=MCSE, first_step=1.0, fail_at=(), fail_refits=False):
    """Search a margin that is known exactly, with a stated error; return the sides and the refits."""
    refits = []

    def estimate(value):
        if value in fail_at:
            raise RunError("the machine was unplugged.")
        return Margin(value=margin(value), mcse=mcse)

    def refit(value):
        if fail_refits:
            raise RunError("the chains did not start.")
        refits.append(value)

    return search_both_sides(
        MarginCurve(base, limits, first_step, estimate, refit, lambda: len(refits))
    ), refits


def test_a_clear_change_of_sign_is_found_with_its_interval():
    """The margin is 0.1 log(value / 0.5): it is within two errors of 0.01 at a factor of exp(0.2)."""
    sides, refits = search(lambda value: 0.1 * math.log(value / 0.5))
    below, above = sides["below"], sides["above"]
    assert (below.status, above.status) == ("found", "none")
    assert below.value == pytest.approx(0.5, rel=1e-3)
    assert below.lower == pytest.approx(0.5 * math.exp(-0.2), rel=0.03)
    assert below.upper == pytest.approx(0.5 * math.exp(0.2), rel=0.03)
    assert below.se == pytest.approx(0.5 * 0.1, rel=0.1)
    assert refits == [pytest.approx(0.5, rel=1e-3)]
    assert below.is_confirmed
    assert (above.reason, above.searched) == ("it does not change up to 4.", 4.0)


def test_a_search_downward_says_so():
    sides, _ = search(lambda value: 1.0, limits=(0.25, 1.0))
    assert sides["below"].reason == "it does not change down to 0.25."
    assert sides["above"].searched == 1.0


def test_a_decision_that_does_not_hold_may_begin_to():
    sides, _ = search(lambda value: 0.1 * math.log(value / 2.0))
    assert (sides["below"].status, sides["above"].status) == ("none", "found")
    assert sides["above"].lower < 2.0 < sides["above"].upper


def test_a_margin_within_its_error_at_the_limit_cannot_be_told():
    """It ends 0.006 above zero, with an error of 0.01."""
    sides, refits = search(lambda value: 0.006 + 0.1 * math.log(value / 0.25))
    below = sides["below"]
    assert below.status == "unclear"
    assert (below.value, below.lower, below.searched) == (None, None, 0.25)
    assert below.upper == pytest.approx(0.25 * math.exp(0.14), rel=0.03)
    assert "within 2 Monte Carlo standard errors of zero" in below.reason
    assert refits == []


def test_a_change_of_sign_within_its_error_cannot_be_told_but_has_a_value():
    sides, refits = search(lambda value: 0.1 * math.log(value / 0.28))
    below = sides["below"]
    assert (below.status, below.lower) == ("unclear", None)
    assert below.value == pytest.approx(0.28, rel=1e-3)
    assert len(refits) == 1


def test_a_margin_that_comes_near_zero_and_returns_cannot_be_told():
    sides, _ = search(lambda value: 0.1 * math.log(value / 0.5) ** 2)
    below = sides["below"]
    assert below.status == "unclear"
    assert below.lower < 0.5 < below.upper


def test_a_tipping_point_within_error_of_the_base_has_an_interval_around_it():
    sides, _ = search(lambda value: 0.1 * math.log(value / 1.1))
    above, below = sides["above"], sides["below"]
    assert (above.status, below.status) == ("found", "unclear")
    assert above.value == pytest.approx(1.1, rel=1e-3)
    assert above.lower < 1.0 < above.upper
    assert above.lower == pytest.approx(1.1 * math.exp(-0.2), rel=0.03)


def test_a_margin_that_is_never_clear_cannot_be_told_on_either_side():
    sides, _ = search(lambda value: 0.001 * math.log(value / 1.1))
    assert {side.status for side in sides.values()} == {"unclear"}
    assert sides["above"].value == pytest.approx(1.1, rel=1e-3)
    assert sides["below"].value is None


def test_constants_of_any_sign_are_searched_by_steps():
    sides, _ = search(lambda value: 0.1 * (value + 3.0), base=0.0, limits=(-8.0, 8.0), first_step=0.5)
    below = sides["below"]
    assert below.value == pytest.approx(-3.0, abs=1e-3)
    assert (below.lower, below.upper) == (pytest.approx(-3.2, abs=0.05), pytest.approx(-2.8, abs=0.05))
    assert below.se == pytest.approx(0.1, rel=0.2)


def test_a_margin_without_an_error_tips_at_a_point():
    sides, _ = search(lambda value: math.log(value / 0.5), mcse=0.0)
    below = sides["below"]
    assert below.status == "found"
    assert below.lower == pytest.approx(0.5, rel=0.03)
    assert below.upper == pytest.approx(0.5, rel=0.03)


def test_a_value_without_a_posterior_is_a_failure_of_its_side():
    sides, _ = search(lambda value: 1.0, fail_at=(0.5,))
    assert sides["below"].status == "failed"
    assert sides["below"].reason == "at 0.5: the machine was unplugged."
    assert sides["above"].status == "none"


def test_a_refit_that_fails_is_a_failure_of_its_side():
    sides, _ = search(lambda value: 0.1 * math.log(value / 0.5), fail_refits=True)
    assert (sides["below"].status, sides["below"].reason) == ("failed", "the chains did not start.")


NORMAL, BETA = make_normal(9.0, 20), make_beta(21, 30)

CASES = {
    "far from the base": (NORMAL, "P(t>0)>0.95", 1.0, (0.05, 20.0), 0.0),
    "near the base": (NORMAL, "P(t>0)>0.95", 0.33, (0.05, 20.0), 0.0),
    "near the limit": (NORMAL, "P(t>0)>0.95", 1.0, (0.31, 20.0), 0.0),
    "an interval, near the base": (NORMAL, "interval(t) excludes 0", 1.0, (0.05, 20.0), 0.0),
    "a mean by refits": (BETA, "mean(t)>0.5", 1.0, (0.1, 100.0), 0.0),
    "a probability": (BETA, "P(t<0.7)>0.6", 3.0, (1.0, 30.0), 0.0),
    "a median by slow chains": (BETA, "median(t)>0.6", 1.0, (0.1, 100.0), 0.5),
}
"""The posterior, the decision, the base, the limits of the search, and the autocorrelation of the chains."""


def search_many(case, seeds, draws):
    """Return the searches of many studies that differ in their seeds, and the true tipping point."""
    model, text, base, limits, correlation = CASES[case]
    truth = model.find_tipping_point(text, 0.05, 100.0)
    searches = [
        search_both_sides(ArrayStudy(model, text, base, limits, seed, draws, correlation).curve)
        for seed in seeds
    ]
    return searches, truth


def assert_holds_the_truth_often_enough(searches, truth):
    """Two standard errors hold a normal quantity in 95.4 % of cases; a few per cent less is few draws."""
    held = sum(covers(sides, truth) for sides in searches)
    assert stats.binomtest(held, len(searches), 0.93, alternative="less").pvalue > 0.001
    return held


def test_the_interval_holds_the_truth_near_the_base():
    searches, truth = search_many("near the base", range(30), draws=250)
    assert_holds_the_truth_often_enough(searches, truth)
    assert all(any(side.is_found for side in sides.values()) for sides in searches)


def test_a_tipping_point_near_the_limit_is_not_denied():
    """Exactly it is at 0.317, and the search ends at 0.31."""
    searches, truth = search_many("near the limit", range(30), draws=250)
    assert_holds_the_truth_often_enough(searches, truth)
    denied = sum(all(side.status == "none" for side in sides.values()) for sides in searches)
    assert denied <= 3


@pytest.mark.truth
@pytest.mark.parametrize("case", CASES)
def test_the_interval_holds_the_truth_over_many_studies(case):
    searches, truth = search_many(case, range(300), draws=1000)
    assert_holds_the_truth_often_enough(searches, truth)

"""What is said of places with known faults, and how often a right method is blamed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from workbench.calibration.judge import (
    adjust_p_values,
    judge_method,
    measure_contraction,
    measure_coverage,
    measure_shape,
)
from workbench.calibration.quantities import LOG_LIKELIHOOD
from workbench.calibration.simulated_fit import QuantityNumbers, SimulatedFit

FITS = 200


def make_fits(scores, method="nuts", names=("mu",), checks=None, **faults):
    """Return fits whose truths lie so many posterior SDs above the posterior mean."""
    fits = []
    for number, row in enumerate(np.atleast_2d(np.asarray(scores).T).T):
        row = np.atleast_1d(row)
        place = stats.norm.cdf(row)
        zero = np.zeros(len(row))
        ends = (zero - 1.96, zero + 1.96)
        numbers = QuantityNumbers(tuple(names), row, np.floor(100 * place), place, zero, zero + 1, *ends)
        fits.append(SimulatedFit(number, method, 0.1, "", checks or {}, numbers))
    failed = (
        SimulatedFit(len(scores) + number, method, 0.1, f"no maximum ({number}).")
        for number in range(faults.get("failed", 0))
    )
    return [*fits, *failed]


def judge(fits, method="nuts", *, is_foreign=False):
    return judge_method(method, fits, {}, 0.95, is_foreign=is_foreign)


def normal_scores(count=FITS):
    """Return the scores of places that are as even as can be."""
    return stats.norm.ppf((np.random.default_rng(1).permutation(count) + 0.5) / count)


def test_even_places_are_calibrated():
    found = judge(make_fits(normal_scores()))
    assert found.judgement == "calibrated"
    assert found.advice == ()
    assert found.quantities[0].spread == pytest.approx(1, abs=0.02)
    assert found.quantities[0].contraction == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("alarms", "judgement"), [(100, "calibrated"), (101, "undecided")])
def test_chains_that_raise_an_alarm_in_most_fits_are_not_called_right(alarms, judgement):
    fits = make_fits(normal_scores(), checks={"WB201": True, "WB202": True})
    quiet = {"WB201": False, "WB202": True}  # the longest trajectories cost time alone
    fits = [fit if fit.simulation < alarms else replace(fit, checks=quiet) for fit in fits]
    found = judge(fits)
    assert found.judgement == judgement
    assert ("WB201 (No divergent transitions) fired in 101 of 200 fits" in found.sentence) == (alarms > 100)


def test_intervals_that_are_too_narrow_are_so_called_with_factor_share_and_error():
    found = judge(make_fits(1.4 * normal_scores(), "laplace"), "laplace")
    (quantity,) = found.quantities
    assert found.judgement == "not calibrated"
    assert quantity.spread == pytest.approx(1.4, abs=0.03)
    # P(|z| < 1.96 / 1.4) = 0.838, with a binomial standard error of 2.6%.
    assert quantity.sentence == (
        "Laplace's intervals for `mu` are too narrow by a factor of 1.4: 95% intervals hold the truth in "
        "84% of "
        "200 simulations (SE 2.6)."
    )
    assert found.advice == ("Use NUTS for this model: Laplace approximates its posterior badly.",)


def test_intervals_that_are_too_wide_are_so_called():
    (quantity,) = judge(make_fits(0.5 * normal_scores())).quantities
    assert "too wide by a factor of 2" in quantity.sentence
    assert "50% intervals hold the truth in 82%" in quantity.sentence  # P(|z| < 0.674 / 0.5) = 0.823


@pytest.mark.parametrize(("shift", "side"), [(0.7, "too low"), (-0.7, "too high")])
def test_a_shift_has_a_side(shift, side):
    (quantity,) = judge(make_fits(normal_scores() + shift)).quantities
    assert f"NUTS puts `mu` {side}, by 0.7 of its standard deviations" in quantity.sentence
    assert "narrow" not in quantity.sentence


def test_another_shape_is_described_by_its_tails():
    scores = normal_scores()
    scores[:30] = 4.0  # the truth lies far above in 15% of all simulations
    sentence = judge(make_fits(scores)).quantities[0].sentence
    assert "above" in sentence


@pytest.mark.parametrize(
    ("method", "words"),
    [("nuts", "NUTS's ranks of `mu` are not uniform"), ("map", "MAP's coverage for `mu` is wrong")],
)
def test_tails_alone_are_called_ranks_or_coverage(method, words):
    scores = normal_scores()
    scores[:16] = 4.0 * np.tile([1, -1], 8)  # the truth lies far outside in 8% of all simulations
    sentence = judge(make_fits(scores, method), method).quantities[0].sentence
    assert sentence.startswith(words)
    assert ("ranks" in sentence) == (method == "nuts")


def test_a_right_method_is_blamed_as_rarely_as_stated():
    rng = np.random.default_rng(2)
    names = tuple(f"b[{place}]" for place in range(20))
    found = [judge(make_fits(rng.standard_normal((50, 20)), names=names)).judgement for _ in range(300)]
    limit = 0.01 + 4 * np.sqrt(0.01 / 300)
    assert found.count("not calibrated") < 300 * limit
    assert found.count("undecided") < 300 * limit


def test_there_is_no_contraction_beside_truths_without_a_variance():
    """The variance of draws of a half-Cauchy is that of the largest: contraction would always be near 1."""
    rng = np.random.default_rng(1)
    sds = np.full(FITS, 0.5)

    def list_known(draws):
        found = (measure_contraction(sds, truth) for truth in draws)
        return [value for value in found if value is not None]

    assert len(list_known(np.abs(rng.standard_cauchy((200, FITS))))) < 30
    assert len(list_known(rng.standard_exponential((200, FITS)))) >= 196
    normal = list_known(rng.standard_normal((200, FITS)))
    assert len(normal) == 200
    assert np.mean(normal) == pytest.approx(0.75, abs=0.01)


def test_an_infinite_likelihood_is_no_number_and_no_warning():
    fits = make_fits(normal_scores())
    far = replace(fits[0].numbers, mean=np.array([np.inf]))
    (quantity,) = judge([replace(fits[0], numbers=far), *fits[1:]]).quantities
    assert quantity.error is None
    assert quantity.error_se is None
    assert quantity.p_value == pytest.approx(1)


def test_tails_that_ranks_as_a_whole_do_not_show_hold_the_verdict_back():
    """The truth lies beyond 95% intervals in 10% of all cases, in the middle as it should."""
    scores = normal_scores()
    order = np.argsort(np.abs(scores))
    scores[order[-20:]] = 2.0 * np.sign(scores[order[-20:]])
    found = judge(make_fits(scores, "laplace"), "laplace")
    assert found.quantities[0].adjusted > 0.3
    assert found.judgement == "undecided"
    assert "95% intervals for `mu` hold the truth in 90% (SE 2.1, p = 0.0031)" in found.sentence
    chances = [math.comb(200, k) * 0.95**k * 0.05 ** (200 - k) for k in range(201)]
    assert sum(one for one in chances if one <= chances[180]) == pytest.approx(0.0031, abs=5e-5)


def test_one_wrong_quantity_among_many_is_found():
    rng = np.random.default_rng(2)
    names = tuple(f"b[{place}]" for place in range(50))
    scores = rng.standard_normal((FITS, 50))
    scores[:, 7] = 1.6 * stats.norm.ppf((rng.permutation(FITS) + 0.5) / FITS)
    found = judge(make_fits(scores, names=names))
    assert [item.quantity for item in found.quantities if item.is_off] == ["b[7]"]


def test_intervals_of_the_mle_go_by_their_coverage():
    assert judge(make_fits(normal_scores(), "mle"), "mle").judgement == "calibrated"
    found = judge(make_fits(1.5 * normal_scores(), "mle"), "mle")
    assert found.judgement == "not calibrated"
    assert "intervals are wrong" in found.sentence
    # A skewed distribution with the right coverage is no fault of an interval.
    skewed = stats.expon.ppf((np.arange(FITS) + 0.5) / FITS) - 1
    skewed *= 1.96 / np.quantile(np.abs(skewed), 0.95)
    assert judge(make_fits(skewed, "mle"), "mle").judgement == "calibrated"


def test_few_fits_and_many_failures_hold_the_verdict_back():
    assert judge(make_fits(normal_scores(10))).judgement == "undecided"
    found = judge(make_fits(normal_scores(), failed=20))
    assert found.judgement == "undecided"
    assert "no fit in 20 of 220" in found.sentence
    assert [(item.fits, item.simulation) for item in found.failures] == [(20, 200)]


def test_a_method_without_any_fit_says_why():
    found = judge(make_fits(np.empty(0), failed=5))
    assert found.judgement == "no result"
    assert "in any of 5 simulations: no maximum (0)." in found.sentence


def test_fits_whose_checks_fired_are_blamed_where_the_others_are_right():
    places = np.concatenate([np.full(12, 3.0), normal_scores(FITS - 12)])
    fits = make_fits(places, checks={"WB101": False})
    alarmed = [
        replace(fit, checks={"WB101": True, "WB202": True}) if fit.simulation < 12 else fit for fit in fits
    ]
    advice = judge(alarmed).advice
    assert (
        "comes from the 12 fits in which checks of the chains fired (WB101): the ranks of the other 188"
        in (advice[-1])
    )
    assert not any("Jacobian" in text or "quiet: look" in text for text in advice)
    # Not where the checks are quiet there, nor where the others are wrong too.
    assert "The checks of the sampler are quiet" in judge(fits).advice[-1]
    wrong = make_fits(np.concatenate([np.full(12, 3.0), 1.6 * normal_scores(FITS - 12)]))
    wrong = [replace(fit, checks={"WB101": fit.simulation < 12}) for fit in wrong]
    assert "comes from" not in " ".join(judge(wrong).advice)
    # Nor where so many are left out that a fault would hide.
    most = [replace(fit, checks={"WB101": fit.simulation % 2 == 0 or fit.simulation < 12}) for fit in fits]
    assert "comes from" not in " ".join(judge(most).advice)


def test_the_sampler_is_blamed_where_its_checks_fire():
    fits = make_fits(1.5 * normal_scores(), checks={"WB201": True})
    assert "WB201" in judge(fits).advice[0]
    assert judge(fits).checks[0].fired == FITS
    assert "The checks of the sampler are quiet" in judge(make_fits(1.5 * normal_scores())).advice[0]
    assert "two programs differ" in judge(make_fits(1.5 * normal_scores()), is_foreign=True).advice[0]


@pytest.mark.parametrize("method", ["laplace", "map"])
def test_no_method_but_nuts_is_blamed_alone_where_another_program_simulated(method):
    fits = make_fits(2.5 * normal_scores(), method)
    (own,), (foreign,) = judge(fits, method).advice, judge(fits, method, is_foreign=True).advice
    assert "programs differ" not in own
    assert foreign.startswith("The two programs differ, or")
    assert "--method nuts" in foreign


def test_nuts_is_not_recommended_where_it_is_wrong_itself():
    narrow = 2 * normal_scores()
    alarms = {"WB101": True, "WB201": True}
    nuts = judge(make_fits(narrow, checks=alarms))
    (alarm,) = (text for text in nuts.advice if "WB201" in text)  # one sentence for all alarms
    assert alarm.count("first see whether the sampler is at fault") == 1
    assert "WB101" in alarm
    for method in ("pathfinder", "laplace", "mle", "map"):
        fits = make_fits(narrow, method)
        alone = judge_method(method, fits, {}, 0.95, is_foreign=False)
        beside = judge_method(method, fits, {}, 0.95, is_foreign=False, nuts=nuts)
        assert "NUTS" in alone.advice[0]
        assert beside.advice[0].startswith("See NUTS first, which is not calibrated either")
        few = judge(make_fits(normal_scores(5)))
        doubtful = judge_method(method, fits, {}, 0.95, is_foreign=False, nuts=few)
        assert "once it can be judged" in doubtful.advice[0]
        right = judge_method(method, fits, {}, 0.95, is_foreign=False, nuts=judge(make_fits(normal_scores())))
        assert right.advice == alone.advice


def test_a_sampler_that_chance_may_blame_is_to_be_looked_at_again():
    judged = [judge(make_fits(normal_scores(40) + shift)) for shift in np.linspace(0.3, 0.9, 25)]
    near = next(one for one in judged if 0.001 < one.quantities[0].adjusted < 0.01)
    chance = f"1 of {1 / near.quantities[0].adjusted:,.0f} calibrations"
    assert chance in near.advice[0]
    assert "--simulations 200" in near.advice[0]
    assert near.advice[1].startswith("The checks of the sampler are quiet")
    assert "chance" not in judged[-1].advice[0].lower()


def test_a_likelihood_that_is_off_alone_points_to_the_data():
    scores = np.stack([normal_scores(), normal_scores() + 1], axis=1)
    found = judge(make_fits(scores, names=("mu", LOG_LIKELIHOOD)))
    assert "less of the data" in found.advice[-1]


def test_what_never_varies_is_left_out():
    fits = [
        SimulatedFit(
            n, "nuts", numbers=QuantityNumbers(("one",), *np.array([[1.0], [3], [0.5], [1], [0], [1], [1]]))
        )
        for n in range(30)
    ]
    assert judge(fits).quantities == ()


def test_holms_method_is_that_of_the_textbook():
    statsmodels = [0.04, 0.01, 0.03, 0.5]
    # Ordered 0.01, 0.03, 0.04, 0.5 times 4, 3, 2, 1, never falling.
    assert adjust_p_values(statsmodels) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert adjust_p_values([]) == []


def test_coverage_has_a_binomial_error():
    found = measure_coverage(np.array([0.01, 0.5, 0.6, 0.7]), 0.9)
    assert found.share == 0.75
    assert found.se == pytest.approx(np.sqrt(0.75 * 0.25 / 4))


def test_errors_of_the_shape_are_those_of_repetition():
    rng = np.random.default_rng(5)
    found = np.array([measure_shape(stats.norm.cdf(rng.standard_normal(FITS))) for _ in range(2000)])
    bias, bias_se, spread, spread_se = found.T
    assert np.std(bias) == pytest.approx(bias_se.mean(), rel=0.06)
    assert np.std(spread) == pytest.approx(spread_se.mean(), rel=0.1)
    assert np.mean(spread) == pytest.approx(1, abs=0.02)
    narrow = [measure_shape(stats.norm.cdf(2.5 * rng.standard_normal(FITS)))[:2] for _ in range(2000)]
    bias, bias_se = np.array(narrow).T
    assert np.std(bias) == pytest.approx(bias_se.mean(), rel=0.06)


def test_dependent_draws_are_named_beside_what_else_may_be_wrong():
    advice = judge(make_fits(1.5 * normal_scores(), checks={"WB102": True})).advice
    assert "WB102" in advice[0]
    assert "Jacobian" in advice[1]

"""Runs compared by leave-one-out: a table where it is possible, the reason where it is not."""

import math
from dataclasses import replace

import pytest

from tests.report.comparison.runs import make_pair, make_unequal_pair
from tests.report.simulated import simulate_fit
from workbench.comparison import predictions
from workbench.comparison.predictions import PredictionComparison
from workbench.comparison.standings import Standing
from workbench.report.comparison import prediction
from workbench.report.document import Figures, Notice, Paragraph, TableBlock, Tone
from workbench.report.figures import to_svg

BEST = Standing(-10.0, 1.0, 2.0, 0.0, 0.0, 1.0, False)


def compare_with(difference, se, rows, *, is_unreliable=False):
    other = Standing(-10.0 - difference, 1.0, 2.0, difference, se, 0.0, is_unreliable)
    return PredictionComparison("", {"a": BEST, "b": other}, rows)


def test_a_clear_difference_names_the_better_run():
    sentence = prediction.describe(compare_with(20.0, 3.0, 200))
    expected = (
        "`a` predicts left-out rows better than `b`: its elpd is higher by 20.0 nats (standard error 3.0)."
    )
    assert sentence == expected
    assert prediction.advise(compare_with(20.0, 3.0, 200)) == ""


def test_doubts_are_named():
    sentence = prediction.describe(compare_with(1.0, 3.0, 50))
    assert sentence.startswith("Leave-one-out does not show whether `a` or `b` predicts better")
    assert "1.0 nats (standard error 3.0), a difference below 4 nats." in sentence
    assert "prefer neither `a` nor `b`" in prediction.advise(compare_with(1.0, 3.0, 50))


def test_runs_that_predict_the_same_are_said_to():
    assert "predict left-out rows equally well" in prediction.describe(compare_with(0.0, 0.0, 50))
    unreliable = compare_with(0.0, 0.0, 50, is_unreliable=True)
    assert "does not show" in prediction.describe(unreliable)


@pytest.mark.parametrize(
    ("third", "others", "clause"),
    [
        ((40.0, 6.2), 1, "; `c` is clearly worse than the best, by 40.0 nats (standard error 6.2)."),
        ((40.0, 30.0), 1, "; whether `c` is worse than the best is not clear."),
        ((40.0, 6.2), 2, "; `c` and `d` are clearly worse than the best."),
        ((40.0, 30.0), 2, "; of the other 2, none are clearly worse than the best."),
    ],
)
def test_runs_after_the_second_are_compared_with_the_best(third, others, clause):
    standing = Standing(-50.0, 1.0, 2.0, third[0], third[1], 0.0, False)
    more = dict.fromkeys("cd"[:others], standing)
    two = compare_with(20.0, 3.0, 200)
    assert two.standings is not None
    assert prediction.describe(replace(two, standings={**two.standings, **more})).endswith(clause)


def test_a_large_khat_of_the_best_run_is_a_doubt_as_well():
    bad = replace(BEST, is_unreliable=True, bad_units=3, khat_max=0.95, khat_limit=0.7)
    good = Standing(-30.0, 1.0, 2.0, 20.0, 3.0, 0.0, is_unreliable=False, khat_max=0.41, khat_limit=0.7)
    doubtful = PredictionComparison("", {"a": bad, "b": good}, 200)
    assert "does not show whether `a` or `b`" in prediction.describe(doubtful)
    assert "a k-hat above its limit" in prediction.describe(doubtful)
    trust = prediction.describe_trust(doubtful)
    assert trust == (
        "Leave-one-out cannot be relied on here: in `a` k-hat is above 0.70 at 3 of 200 rows (up to 0.95)."
    )
    assert "large k-hat" in prediction.advise(doubtful)
    assert prediction.build_section(doubtful).blocks[0].kind == "table"
    sound = replace(doubtful, standings={"a": BEST, "b": good})
    assert "the largest k-hat is 0.41, and up to 0.70 is good" in prediction.describe_trust(sound)


def test_differences_that_are_not_finite_are_not_drawn():
    lost = compare_with(math.inf, math.nan, 200)
    (table,) = prediction.build_section(replace(lost, letters={"a": "A", "b": "B"})).blocks
    assert isinstance(table, TableBlock)


def test_the_picture_comes_before_the_table_and_says_its_numbers():
    comparison = predictions.compare(make_unequal_pair())
    pictures, table = prediction.build_section(comparison).blocks
    assert isinstance(pictures, Figures)
    assert isinstance(table, TableBlock)
    whole, by_row = pictures.figures
    assert comparison.standings is not None
    best, other = comparison.standings.values()
    assert best.elpd_by_unit is not None
    assert other.elpd_by_unit is not None
    assert "second −10.0" in whole.alt
    differences = best.elpd_by_unit - other.elpd_by_unit
    assert "first predicts 10 of 40 rows better than second" in by_row.alt
    assert differences.sum() == pytest.approx(other.difference)
    assert other.difference == pytest.approx(10)
    assert all(to_svg(figure.drawing).startswith("<svg") for figure in pictures.figures)


def test_the_scale_of_the_comparison_is_said():
    comparison = PredictionComparison(
        "", {"a": BEST, "b": BEST}, 200, "The runs are compared as densities of `w`."
    )
    remark, table = prediction.build_section(comparison).blocks
    assert isinstance(remark, Paragraph)
    assert "densities of `w`" in remark.text
    assert isinstance(table, TableBlock)


def test_the_best_run_has_no_difference_and_an_unreliable_elpd_is_marked():
    (table,) = prediction.build_section(compare_with(20.0, 3.0, 200, is_unreliable=True)).blocks
    assert isinstance(table, TableBlock)
    best, other = table.rows
    assert [cell.text for cell in best][4:6] == ["–", "–"]
    assert other[1].tone is Tone.CAUTION
    assert other[-1].text == "a k-hat above its limit"


def test_equal_rows_can_be_compared():
    comparison = predictions.compare(make_pair())
    assert comparison.rows == 40
    assert comparison.standings is not None
    assert set(comparison.standings) == {"first", "second"}


def test_runs_on_other_data_cannot_be_compared():
    comparison = predictions.compare({"a": simulate_fit(schools=3), "b": simulate_fit(schools=4)})
    (notice,) = prediction.build_section(comparison).blocks
    assert isinstance(notice, Notice)
    assert "not fitted to the same outcome" in notice.text
    assert prediction.describe(comparison) == ""


def test_the_monte_carlo_error_is_said_where_it_is_known():
    def describe(*standings):
        compared = PredictionComparison("", dict(zip("ab", standings, strict=False)), 200)
        return prediction._describe_noise(compared)

    known, unknown = replace(BEST, mcse=0.2), replace(BEST, is_unreliable=True)
    assert describe(known, replace(known, mcse=0.1)) == (
        "Monte Carlo standard error of elpd: up to about 0.20. "
    )
    assert describe(known) == "Monte Carlo standard error of elpd: about 0.20. "
    assert describe(known, unknown) == (
        "Monte Carlo standard error of elpd: about 0.20; that of `b` is not known, where a k-hat is above "
        "its limit. "
    )
    assert describe(unknown, unknown) == (
        "The Monte Carlo standard error of elpd is not known: a k-hat is above its limit. "
    )
    assert describe(BEST, BEST) == ""

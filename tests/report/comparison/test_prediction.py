"""Runs compared by leave-one-out: a table where it is possible, the reason where it is not."""

from tests.report.comparison.runs import make_pair
from tests.report.simulated import simulate_fit
from workbench.diagnostics.comparison import Standing
from workbench.report.comparison import prediction
from workbench.report.comparison.prediction import PredictionComparison
from workbench.report.document import Notice, Paragraph, TableBlock, Tone

BEST = Standing(-10.0, 1.0, 2.0, 0.0, 0.0, 1.0, False)


def compare_with(difference, se, rows, *, is_unreliable=False):
    other = Standing(-10.0 - difference, 1.0, 2.0, difference, se, 0.0, is_unreliable)
    return PredictionComparison("", {"a": BEST, "b": other}, rows)


def test_a_clear_difference_names_the_better_run():
    assert prediction.describe(compare_with(20.0, 3.0, 200)).startswith("`a` predicts left-out rows best")


def test_doubts_are_named():
    sentence = prediction.describe(compare_with(1.0, 3.0, 50))
    assert sentence.startswith("Leave-one-out does not show whether `a` or `b` predicts better")
    assert "1.0 ± 3.0 nats" in sentence
    assert "a difference below 4 nats" in sentence


def test_the_scale_of_the_comparison_is_said():
    comparison = PredictionComparison(
        "", {"a": BEST, "b": BEST}, 200, "The runs are compared as densities of `w`."
    )
    _, remark, table = prediction.build_section(comparison).blocks
    assert isinstance(remark, Paragraph)
    assert "densities of `w`" in remark.text
    assert isinstance(table, TableBlock)


def test_the_best_run_has_no_difference_and_an_unreliable_elpd_is_marked():
    _, table = prediction.build_section(compare_with(20.0, 3.0, 200, is_unreliable=True)).blocks
    assert isinstance(table, TableBlock)
    best, other = table.rows
    assert [cell.text for cell in best][4:6] == ["–", "–"]
    assert other[1].tone is Tone.CAUTION
    assert other[-1].text == "a k-hat above its limit"


def test_equal_rows_can_be_compared():
    comparison = prediction.compare(make_pair())
    assert comparison.rows == 40
    assert comparison.standings is not None
    assert set(comparison.standings) == {"first", "second"}


def test_runs_on_other_data_cannot_be_compared():
    comparison = prediction.compare({"a": simulate_fit(schools=3), "b": simulate_fit(schools=4)})
    (notice,) = prediction.build_section(comparison).blocks
    assert isinstance(notice, Notice)
    assert "not fitted to the same outcome" in notice.text
    assert prediction.describe(comparison) == ""

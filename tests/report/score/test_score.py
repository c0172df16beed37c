"""What is said of scores: the answer first, differences with their errors, chance beside the tails."""

from dataclasses import replace

import numpy as np
import pytest

from tests.prediction.scores.hand_made import predict, predict_normal, predict_yes
from workbench.prediction.scores import (
    OwnRows,
    ScoredSteps,
    ScoredTable,
    UnscoredMethod,
    build_scored_outcome,
    score_predictions,
    tabulate_rows,
)
from workbench.prediction.scores.measures import Measure
from workbench.report.document import Figures, TableBlock
from workbench.report.html import render
from workbench.report.score import build_score_report, describe_table
from workbench.report.score.tables import build_categories, build_coverage, build_scores


def score(*chunks, threshold=0.5, own=None):
    methods = [score_predictions([chunk])[0] for chunk in chunks]
    return ScoredTable((build_scored_outcome(methods, threshold, own),))


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture
def numbers(rng):
    """Predictions that are right, and a plug-in that is too narrow."""
    observed = rng.normal(size=100)
    narrow = replace(predict_normal(observed, 0, 0.7, rng), method="mle")
    return predict_normal(observed, 0, 1, rng), narrow


def own_rows(value, *, is_left_out):
    return OwnRows({"log_density": Measure("log_density", value, 0.05, 400, "higher")}, is_left_out, 0)


def test_the_answer_comes_first(numbers):
    first, *rest = describe_table(score(*numbers))
    assert first.startswith("On 100 new rows the log predictive density is −1.")
    assert "per row; 95% intervals hold 9" in first
    assert any(line.startswith("Averaging over the posterior gains ") and "MLE" in line for line in rest)
    assert any("a tail area of 0.01 or less" in line and "about 1.0 are expected" in line for line in rest)
    assert any("(10 in 1,000)" in line for line in rest)


def test_rows_that_tell_nothing_about_others_are_named(rng):
    alike = describe_table(score(predict_normal(np.ones(5), 0, 1, np.random.default_rng(1))))
    one = describe_table(score(predict_normal(np.ones(1), 0, 1, rng)))
    assert any(line.startswith("All rows have the same density: standard errors are 0") for line in alike)
    assert any(line.startswith("One row tells nothing about others") for line in one)
    several = describe_table(score(predict_normal(rng.normal(size=5), 0, 1, rng)))
    assert not any("standard errors" in line for line in several)


def test_equal_methods_have_no_clear_difference(numbers, rng):
    observed = numbers[0].outcomes[0].observed
    alike = replace(predict_normal(observed, rng.normal(0, 0.05, 100), 1, rng), method="map")
    (gain,) = [line for line in describe_table(score(numbers[0], alike)) if "Averaging" in line]
    assert "no clear difference" in gain


def test_own_rows_are_compared_only_where_each_was_left_out(numbers):
    left_out = describe_table(score(numbers[0], own=own_rows(-1.0, is_left_out=True)))
    assert any("each predicted from the others" in line and "lower by 0." in line for line in left_out)
    seen = describe_table(score(numbers[0], own=own_rows(-1.0, is_left_out=False)))
    assert any("as it has seen them" in line for line in seen)
    assert not any("lower by" in line for line in seen)


def test_yes_or_no_and_categories_are_said_in_their_own_words(rng):
    probability = rng.beta(2, 2, 50)
    table = score(predict_yes(rng.random(50) < probability, probability), threshold=0.3)
    first = describe_table(table)[0]
    assert "the Brier score is 0." in first
    assert "at a threshold of 0.3" in first
    assert build_coverage(table.outcomes[0]) is None
    assert any(row[0].text == "false-positive rate" for row in build_scores(table.outcomes[0]).rows)
    classes = score(
        predict([1, 2], np.ones((100, 2)), is_integer=True, categories=(1, 2), distributions=("categorical",))
    )
    assert "the most probable category is the observed one in 1 of 2" in describe_table(classes)[0]
    block = build_categories(classes.outcomes[0])
    assert block is not None
    assert [row[0].text for row in block.rows] == ["1", "2"]


def test_what_is_not_scored_is_said(numbers):
    table = replace(score(numbers[0]), left_out=3, unscored=(UnscoredMethod("map", "there is no mode."),))
    lines = describe_table(table)
    assert "3 rows without an outcome were left out." in lines
    assert "MAP was not scored: there is no mode." in lines
    impossible = score(predict([0.0, 1.0], np.zeros((100, 2)), log_lik=np.array([[-np.inf, -1.0]] * 100)))
    assert any("1 outcome a density of 0" in line for line in describe_table(impossible))
    alone = score(replace(numbers[1]))
    assert any("by the MLE alone" in line for line in describe_table(alone))


def test_the_page_has_pictures_and_the_strangest_rows_first_and_shows_labels_as_text(numbers):
    chunk = replace(numbers[0], labels=("<script>alert(1)</script>", *numbers[0].labels[1:]))
    table = score(chunk, numbers[1])
    rows = tabulate_rows(table)
    document = build_score_report(table, rows, "normal", "scored on new.csv")
    blocks = [block for section in document.sections for block in section.blocks]
    assert [len(block.figures) for block in blocks if isinstance(block, Figures)] == [2]
    (strangest,) = [b for b in blocks if isinstance(b, TableBlock) and b.key.startswith("strangest")]
    assert strangest.rows[0][1].text == rows["label"][0]
    page = render(replace(document, sections=document.sections))
    assert "<script>alert(1)" not in page
    assert rows["tail_area"].is_monotonic_increasing


def test_the_page_of_a_yes_or_no_has_its_reliability(rng):
    probability = rng.beta(2, 2, 60)
    table = score(predict_yes(rng.random(60) < probability, probability))
    document = build_score_report(table, tabulate_rows(table), "logistic", "scored on new.csv")
    pictures = [b for section in document.sections for b in section.blocks if isinstance(b, Figures)]
    assert "observed frequency" in pictures[0].figures[0].caption


def test_a_forecast_is_shown_step_by_step_and_its_scores_have_no_errors(numbers):
    (scores,) = score_predictions([numbers[0]])
    path = ScoredTable(
        (build_scored_outcome([scores], 0.5, is_path=True),), steps=ScoredSteps(0, 100, is_one_step=False)
    )
    lines = describe_table(path)
    assert lines[0].startswith(
        "Forecast 1 to 100 steps ahead, without seeing the rows between: on the 100 rows"
    )
    assert "Forecasts from one row err together: their scores have no standard errors." in lines
    assert "(se" not in " ".join(lines)
    rows = tabulate_rows(path)
    assert rows["step"].tolist() == list(range(1, 101))
    document = build_score_report(path, rows, "series", "scored on new.csv")
    blocks = [block for section in document.sections for block in section.blocks]
    assert not [block for block in blocks if isinstance(block, Figures)]
    (steps,) = [b for b in blocks if isinstance(b, TableBlock) and b.key.startswith("steps")]
    assert [row[0].text for row in steps.rows[:3]] == ["1", "2", "3"]
    assert "nan" not in render(document)
    stepwise = ScoredTable(
        (build_scored_outcome([scores], 0.5),), steps=ScoredSteps(0, 102, is_one_step=True)
    )
    said = " ".join(describe_table(stepwise))
    assert "One step ahead, each given all rows before it: on the 100 rows that follow" in said
    assert "The last 2 rows are not scored" in said

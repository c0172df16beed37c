"""The page of predictions: a table for each outcome, the first of many rows, and where the others are."""

import math
from pathlib import Path

from workbench.prediction.outcome_summaries import COLUMNS
from workbench.report.document import TableBlock
from workbench.workflow.pages.predict import FIRST_ROWS, MOST_ROWS, FirstRows, build_predictions_page


def predictions(count, quantity="y_rep", **numbers):
    values = {"mean": 10.25, "sd": 2.0, "median": 10.0, "lower": 6.1, "upper": 14.2}
    values |= {"expected": 10.2, "expected_lower": 9.1, "expected_upper": 11.3} | numbers
    rows = [
        {"row": row + 1, "label": f"who {row}", "prediction": f"{quantity}[{row + 1}]", **values}
        for row in range(count)
    ]
    return [dict.fromkeys(COLUMNS, 0.0) | row for row in rows]


def tables(rows):
    first = FirstRows(MOST_ROWS)
    first.add(rows[:1])
    first.add(rows[1:])
    document = build_predictions_page(first, Path("run"), "new.csv")
    assert (document.title, document.subtitle) == ("predictions for new.csv", "from run")
    blocks = document.sections[0].blocks
    assert all(isinstance(block, TableBlock) for block in blocks)
    return [block for block in blocks if isinstance(block, TableBlock)]


def texts(block):
    return [[cell.text for cell in row] for row in block.rows]


def test_an_outcome_has_an_interval_and_its_expectation_another():
    (shown,) = tables(predictions(2))
    assert [column.title for column in shown.columns] == [
        "row", "prediction", "mean", "95% interval", "expected", "interval of that",
    ]  # fmt: skip
    assert texts(shown)[1] == ["who 1", "y_rep[2]", "10.25", "6.10 to 14.20", "10.20", "9.10 to 11.30"]
    assert shown.note == ""


def test_a_probability_has_its_own_interval_and_no_other():
    share = {"mean": 0.14, "lower": 0.0, "upper": 1.0}
    share |= {"expected": 0.14, "expected_lower": 0.08, "expected_upper": 0.21}
    (shown,) = tables(predictions(1, **share))
    assert texts(shown) == [["who 0", "y_rep[1]", "0.140", "0.080 to 0.210"]]


def test_a_count_of_no_trials_is_no_probability():
    """It is certain to be 0: its mean is its expectation, as that of a probability is."""
    none = dict.fromkeys(
        ("mean", "sd", "lower", "upper", "expected", "expected_lower", "expected_upper"), 0.0
    )
    (shown,) = tables(predictions(1, **none))
    assert [column.title for column in shown.columns][2] == "mean"
    first = FirstRows()
    first.add(predictions(1, **none))
    assert "means from 0 to 0" in first.totals["y_rep"].describe("y_rep")


def test_what_a_point_decides_has_no_interval():
    (shown,) = tables(predictions(1, expected_lower=math.nan, expected_upper=math.nan))
    assert texts(shown)[0][2:] == ["10.25", "6.10 to 14.20", "10.20", "no interval"]


def categories(names, shares, most_probable):
    (row,) = predictions(1)
    return [
        row | {"prediction": f"P(y_rep[1] = {name})", "mean": share, "expected": share}
        | {"most_probable": most_probable}
        for name, share in zip(names, shares, strict=True)
    ]  # fmt: skip


def test_the_most_probable_category_is_marked():
    (shown,) = tables(categories(("red", "green", "dark green"), (0.2, 0.7, 0.1), "green"))
    assert shown.columns[-1].title == "most probable"
    assert [row[-1] for row in texts(shown)] == ["", "green", ""]


def test_beside_a_file_the_first_rows_are_shown_below_a_summary():
    first = FirstRows(FIRST_ROWS)
    first.add([row | {"mean": float(number)} for number, row in enumerate(predictions(30), 1)])
    page = build_predictions_page(first, Path("run"), "new.csv", target=Path("found.csv"))
    assert page.opening == ("`y_rep`, 30 values: means from 1 to 30, 15.5 on average.",)
    (block,) = page.sections[0].blocks
    assert isinstance(block, TableBlock)
    assert (len(block.rows), block.note) == (10, "20 more in found.csv")
    several = FirstRows(FIRST_ROWS)
    for number, most in enumerate("aab"):
        several.add([row | {"row": number} for row in categories("ab", (0.5, 0.5), most)])
    page = build_predictions_page(several, Path("run"), "new.csv", target=Path("found.csv"))
    assert page.opening == ("`y_rep`, 3 values: most probable is a in 2, b in 1.",)


def test_each_outcome_has_a_table():
    rows = [*predictions(2), *predictions(2, "z_rep")]
    assert [len(block.rows) for block in tables(rows)] == [2, 2]


def test_of_many_predictions_the_first_are_shown():
    (shown,) = tables(predictions(MOST_ROWS + 1234))
    assert len(shown.rows) == MOST_ROWS
    assert shown.note == "1,234 more with --output FILE"

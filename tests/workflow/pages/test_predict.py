"""The page of predictions: a row each, the first of many, and where the others are."""

from pathlib import Path

import pandas as pd

from workbench.report.document import TableBlock
from workbench.workflow.pages.predict import MOST_ROWS, build_predictions_page


def predictions(count):
    rows = [{"row": row + 1, "label": f"[{row}]", "mean": row + 0.123456} for row in range(count)]
    return pd.DataFrame(rows)


def table(count):
    document = build_predictions_page(predictions(count), Path("run"), Path("new.csv"))
    assert (document.title, document.subtitle) == ("predictions for new.csv", "from run")
    block = document.sections[0].blocks[0]
    assert isinstance(block, TableBlock)
    return block


def test_each_prediction_is_a_row():
    shown = table(2)
    assert [column.form for column in shown.columns] == ["number", "name", "number"]
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["1", "[0]", "0.1235"],
        ["2", "[1]", "1.123"],
    ]
    assert shown.note == ""


def test_of_many_predictions_the_first_are_shown():
    shown = table(MOST_ROWS + 1234)
    assert len(shown.rows) == MOST_ROWS
    assert shown.note == "1,234 more with --output FILE"

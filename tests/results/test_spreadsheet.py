"""Cells that a spreadsheet would run are written as text; numbers are as they were."""

import io

import pandas as pd
import pytest

from workbench.results.spreadsheet import CsvWriter, format_csv


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "-", "+"]
)
def test_a_formula_gets_an_apostrophe(cell):
    frame = pd.DataFrame({"label": [cell, "b"], "mean": [-0.1, 1e-300]})
    read = pd.read_csv(io.StringIO(format_csv(frame), newline=""))
    assert read["label"][0].startswith("'")
    assert list(read["mean"]) == [-0.1, 1e-300]


@pytest.mark.parametrize("cell", ["-2", "+0.5", "-1e-3", "plain", "theta[=1]", "a=b", "", "Ä"])
def test_other_cells_stay(cell):
    frame = pd.DataFrame({"label": [cell]})
    assert format_csv(frame) == frame.to_csv(index=False)


def test_a_terminal_obeys_no_label():
    frame = pd.DataFrame({"label": ["\x1b]0;x\x07", "a\x9b2J\u202e"]})
    assert format_csv(frame) == "label\n<U+001B>]0;x<U+0007>\na<U+009B>2J<U+202E>\n"


def test_verbatim():
    frame = pd.DataFrame({"label": ["=1\x1b[2J"]})
    assert format_csv(frame, is_verbatim=True) == "label\n=1\x1b[2J\n"


def test_a_carriage_return_starts_no_row():
    frame = pd.DataFrame({"label": ["a\r=1+1,2"], "mean": [1.5]})
    read = pd.read_csv(io.StringIO(format_csv(frame), newline=""))
    assert read.to_dict("list") == frame.to_dict("list")


def test_missing_values_of_every_kind_are_empty():
    frame = pd.DataFrame(
        {
            "label": ["a", None, "c"],
            "count": pd.array([1, None, 3]),
            "mean": [0.1, float("nan"), float("inf")],
            "is_kept": [True, False, True],
        }
    )
    assert format_csv(frame) == "label,count,mean,is_kept\na,1,0.1,True\n,,,False\nc,3,inf,True\n"


def test_formulas_are_counted_as_they_are_written():
    stream = io.StringIO(newline="")
    writer = CsvWriter(stream, ["label", "mean"])
    writer.write(["=1", -2.5])
    writer.write(["-3", float("nan")])
    assert (stream.getvalue(), writer.formulas) == ("label,mean\n'=1,-2.5\n-3,\n", 1)

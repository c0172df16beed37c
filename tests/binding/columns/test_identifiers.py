"""Columns of numbers that only identify rows or groups."""

import pandas as pd
import pytest

from workbench import tables
from workbench.binding.columns.identifiers import is_identifier


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("ID", [7, 9, 12]),
        ("PassengerId", [1, 2, 3]),
        ("school_id", [4, 4, 5]),  # of groups
        ("id", [1.0, 2.0, 3.0]),
        ("Unnamed: 0", [0, 1, 2]),
        ("row", [1, 2, 3]),
        ("Case No.", [11, 12, 13]),
    ],
)
def test_identifiers(name, cells):
    assert is_identifier(tables.from_frame(pd.DataFrame({name: cells})), name)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("year", [2001, 2002, 2003]),
        ("t", [1, 2, 3]),
        ("paid", [1, 2, 3]),
        ("acid", [1, 2, 3]),
        ("id", [0.5, 1.0, 2.0]),  # measured
        ("cases", [1, 2, 3]),
        ("sample size", [10, 20, 30]),
        ("row", [1, 1, 2]),
        ("number", [3, 3, 4]),
        ("heat_index", [55, 60, 70]),
        ("23", [1, 2, 3]),
        ("id", [True, False, True]),
    ],
)
def test_measurements(name, cells):
    assert not is_identifier(tables.from_frame(pd.DataFrame({name: cells})), name)

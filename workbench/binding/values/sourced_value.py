"""A value that still knows where each of its elements stands in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SourcedValue:
    """A variable's value and its source.

    Attributes
    ----------
    value
        A number or an array; a tuple is a dict of its members by position.
    origin, remark
        Where it came from, and what a reader should know about it, in words.
    columns
        The names of its columns; an indicator is named by its level, `region=south`.
    column_axis
        The axis that counts the columns; `None` where there is one column.
    rows
        `(length,)`: the row of each element, where that is not the position of the element.
    levels
        What its codes stand for.
    column_rules
        By column of the table: what is needed to bind new data in the same way.
    """

    value: Any
    origin: str
    remark: str = ""
    columns: tuple[str, ...] = ()
    column_axis: int | None = None
    rows: np.ndarray | None = None
    levels: tuple[str, ...] = ()
    column_rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

"""The user's choices about a binding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class BindingOptions:
    """How a table is to be bound.

    Attributes
    ----------
    columns
        By Stan variable: the columns it takes, instead of the column of its own name. `when:days` is a date,
        counted in days.
    given
        By Stan variable: a value that does not come from the table.
    origins
        By given variable: where its value came from, in words.
    reference
        By column: the reference level. It has no indicator of its own, and it is 0 where 0 or 1 is declared.
    missing
        Whether rows with a missing cell are refused or dropped.
    standardize
        Whether predictors are centred and divided by their standard deviations.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)
    missing: Literal["refuse", "drop"] = "refuse"
    standardize: bool = False

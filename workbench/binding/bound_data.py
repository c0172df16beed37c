"""The nouns of this room: what was asked, and the data block, bound."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from workbench.provenance import hash_parts
from workbench.tables import Table

_SHOWN = 3


@dataclass(frozen=True)
class BindingOptions:
    """What the user said about the binding.

    Attributes
    ----------
    columns
        Columns for a Stan variable, which go before its own name; `when:days` is a date, counted in days.
    given
        Values for Stan variables that do not come from the table.
    origins
        Where each given value came from, in words.
    reference
        By column: the level that has no indicator of its own, and that is 0 where 0 or 1 is declared.
    missing
        Whether rows with a missing cell are refused or left out.
    standardize
        Whether predictors are centred and divided by their standard deviations.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)
    missing: Literal["refuse", "drop"] = "refuse"
    standardize: bool = False


@dataclass(frozen=True)
class Standardization:
    """How the columns of one matrix of predictors were put on a common scale.

    Attributes
    ----------
    columns
        Names of the columns of the matrix, in order.
    mean, sd
        What was subtracted, then divided by, `(columns,)`; 0 and 1 for a column left as it is.
    """

    columns: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]


@dataclass(frozen=True)
class BoundVariable:
    """One Stan data variable with its value and its origin.

    Attributes
    ----------
    name, type, line
        As declared.
    value
        A number or an array of the declared shape; a tuple's members by position in a dict, and nested lists
        of these for an array of tuples.
    origin
        Where it came from, in words.
    remark
        What a reader should know about it: levels, a forgiven name, rows that were used.
    """

    name: str
    type: str
    line: int
    value: Any
    origin: str
    remark: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; `()` for a single number or a tuple."""
        return _lengths(self.value) if self.has_tuples else np.shape(self.value)

    @property
    def has_tuples(self) -> bool:
        """Whether it is a tuple or an array of them: it has no one type of number."""
        return has_tuples(self.value)

    @property
    def first(self) -> str:
        """The first few values, for a person to recognise."""
        if self.has_tuples:
            return "(tuples)" if self.shape else "(tuple)"
        flat = np.asarray(self.value).flat
        shown = ", ".join(f"{flat[i]:g}" for i in range(min(_SHOWN, len(flat))))
        return shown + (", ..." if len(flat) > _SHOWN else "")


@dataclass(frozen=True)
class BoundData:
    """The whole data block, bound.

    Attributes
    ----------
    table
        The table it came from, without rows that were left out.
    variables
        In the order of their declaration.
    labels
        Names for the index of a size: `{"K": ("age", "income")}` labels `beta[1]` as `beta[age]`.
    levels
        By variable: the texts behind its codes.
    dropped
        Numbers of the rows that were left out because a cell is missing, counted from 1.
    tips
        Sentences about data that can be fitted but may not be what they seem.
    standardized
        By variable: the scale its columns were put on.
    rules
        All that binding new data in the same way needs, as JSON can hold it.
    """

    table: Table
    variables: tuple[BoundVariable, ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    tips: tuple[str, ...] = ()
    standardized: Mapping[str, Standardization] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """Values by Stan name."""
        return {variable.name: variable.value for variable in self.variables}

    @cached_property
    def sha256(self) -> str:
        """A hash of every value bound, worked out once."""
        return hash_parts(*(f"{one.name}={_digest(one.value)}" for one in self.variables))


def has_tuples(value: Any) -> bool:
    """Return whether a value is a tuple, its members by position, or nested lists of them."""
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, Mapping)


def _lengths(value: Any) -> tuple[int, ...]:
    """Return the array dimensions of nested lists of tuples."""
    return (len(value), *_lengths(value[0])) if isinstance(value, list) else ()


def _digest(value: Any) -> str:
    """Return a hash of a value's type, shape and bytes, without a copy of them."""
    if isinstance(value, Mapping):
        return hash_parts(*(f"{key}={_digest(one)}" for key, one in value.items()))
    if has_tuples(value):
        return hash_parts(*(_digest(one) for one in value))
    array = np.ascontiguousarray(value)
    digest = hashlib.sha256(f"{np.shape(value)}{array.dtype}".encode())
    digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()

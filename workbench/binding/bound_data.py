"""The result of a binding: the data block of a program with its values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from workbench.provenance import hash_texts
from workbench.tables import Table

_SHOWN_VALUES = 3
"""How many values of an array a person is shown to recognise it by."""


@dataclass(frozen=True)
class Standardization:
    """How the columns of one matrix of predictors were put on a common scale.

    Attributes
    ----------
    columns
        Names of the columns of the matrix, in order.
    mean, sd
        What was subtracted, and what the difference was divided by, `(columns,)`; 0 and 1 for a column that
        was left as it is.
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
        A number or an array of the declared shape. A tuple is a dict of its members by position, and an array
        of tuples is nested lists of such dicts.
    origin
        Where the value came from, in words.
    remark
        What a reader should know about it: levels, a similar name, rows that were used.
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
        return _array_shape(self.value) if self.has_tuples else np.shape(self.value)

    @property
    def has_tuples(self) -> bool:
        """Whether it is a tuple or an array of tuples, so that its numbers do not have one type."""
        return has_tuples(self.value)

    @property
    def first(self) -> str:
        """The first few values, for a person to recognise."""
        if self.has_tuples:
            return "(tuples)" if self.shape else "(tuple)"
        flat = np.asarray(self.value).flat
        shown = ", ".join(f"{flat[i]:g}" for i in range(min(_SHOWN_VALUES, len(flat))))
        return shown + (", ..." if len(flat) > _SHOWN_VALUES else "")


@dataclass(frozen=True)
class BoundData:
    """The whole data block, bound.

    Attributes
    ----------
    table
        The table it came from, without the rows that were left out.
    variables
        In the order of their declaration.
    labels
        Names for the index of a size: `{"K": ("age", "income")}` labels `beta[1]` as `beta[age]`.
    levels
        By variable: the texts that its codes stand for.
    dropped
        Numbers of the rows that were left out because a cell is missing, counted from 1.
    tips
        Sentences about data that can be fitted but may not be what they seem.
    standardized
        By variable: the scale its columns were put on.
    rules
        Everything needed to bind new data in the same way, in a form that JSON can hold.
    rows
        The rows of the table; of Stan's data, the length of its outcomes; `None` if they differ in length.
    """

    table: Table
    variables: tuple[BoundVariable, ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    tips: tuple[str, ...] = ()
    standardized: Mapping[str, Standardization] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Values by Stan name."""
        return {variable.name: variable.value for variable in self.variables}

    @cached_property
    def sha256(self) -> str:
        """A hash of every bound value, computed once."""
        return hash_texts(*(f"{variable.name}={_hash_value(variable.value)}" for variable in self.variables))


def has_tuples(value: Any) -> bool:
    """Return whether a value is a tuple (a dict of its members by position) or nested lists of tuples."""
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, Mapping)


def _array_shape(value: Any) -> tuple[int, ...]:
    """Return the array dimensions of nested lists of tuples."""
    return (len(value), *_array_shape(value[0])) if isinstance(value, list) else ()


def _hash_value(value: Any) -> str:
    """Return a hash of a value's type, shape and bytes, without copying them."""
    if isinstance(value, Mapping):
        return hash_texts(*(f"{position}={_hash_value(member)}" for position, member in value.items()))
    if has_tuples(value):
        return hash_texts(*(_hash_value(element) for element in value))
    array = np.ascontiguousarray(value)
    digest = hashlib.sha256(f"{np.shape(value)}{array.dtype}".encode())
    digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()

"""A table bound to the data block of a program: every Stan variable gets its value, and says from where.

The rules, in this order, for each variable of the data block:

1. a value given by name (`--set`, `--prior`, the model's card) is taken as it is;
2. the columns named for it (`--column y=sales`, the model's card) are taken in that order;
3. the column of its own name is taken;
4. a matrix takes the numeric columns that nothing else uses, in the table's order;
5. a size is derived from the variables declared with it.

What remains is an error that names the variable, its declaration and the columns there are.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench import tables
from workbench.errors import BindingError, ProgramError
from workbench.program import Declaration, Expression, Program
from workbench.provenance import hash_bytes, hash_parts
from workbench.tables import Table

_INT_MAX = 2**31 - 1
_SHOWN = 3


@dataclass(frozen=True)
class BoundVariable:
    """One Stan data variable with its value and its origin.

    Attributes
    ----------
    name, type, line
        As declared.
    value
        A number or an array of the declared shape.
    origin
        Where it came from, in words.
    """

    name: str
    type: str
    line: int
    value: Any
    origin: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; `()` for a scalar."""
        return np.shape(self.value)

    @property
    def first(self) -> str:
        """The first few values, for a person to recognise."""
        flat = np.ravel(self.value)
        shown = ", ".join(f"{number:g}" for number in flat[:_SHOWN])
        return shown + (", ..." if flat.size > _SHOWN else "")


@dataclass(frozen=True)
class BoundData:
    """The whole data block, bound.

    Attributes
    ----------
    table
        The table it came from.
    variables
        In the order of their declaration.
    labels
        Names for the index of a size: `{"K": ("age", "income")}` labels `beta[1]` as `beta[age]`.
    """

    table: Table
    variables: tuple[BoundVariable, ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """Values by Stan name."""
        return {variable.name: variable.value for variable in self.variables}

    @property
    def sha256(self) -> str:
        """A hash of every value bound."""
        return hash_parts(*(f"{one.name}={_digest(one.value)}" for one in self.variables))


@dataclass(frozen=True)
class _Source:
    """What the caller gave: columns and values by the name of the Stan variable."""

    program: Program
    table: Table
    columns: Mapping[str, tuple[str, ...]]
    given: Mapping[str, Any]
    origins: Mapping[str, str]


def bind(
    program: Program,
    table: Table,
    *,
    columns: Mapping[str, tuple[str, ...]] | None = None,
    given: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> BoundData:
    """Give every variable of the program's data block its value.

    Parameters
    ----------
    program, table
        What to bind, and to what.
    columns
        Columns for a Stan variable, which go before its own name.
    given
        Values for Stan variables that do not come from the table.
    origins
        Where each given value came from, in words.

    Raises
    ------
    BindingError
        A variable finds no value, a cell is not a number or breaks a declared bound, or lengths disagree.
    """
    source = _Source(program, table, columns or {}, given or {}, origins or {})
    _check_names(source)
    taken = _taken_columns(source)
    found: dict[str, tuple[Any, str]] = {}
    for declaration in program.data:
        value = _value(source, declaration, taken)
        if value is not None:
            found[declaration.name] = value
    _derive_sizes(source, found)
    _check_complete(source, found)
    variables = tuple(_finish(declaration, *found[declaration.name]) for declaration in program.data)
    bound = BoundData(table, variables, _labels(source, taken))
    for declaration, variable in zip(program.data, variables, strict=True):
        _check(source, declaration, variable, bound.values)
    return bound


def _check_names(source: _Source) -> None:
    """Refuse names that the program or the table does not have."""
    known = [declaration.name for declaration in source.program.data]
    for name in (*source.columns, *source.given):
        if name not in known:
            raise BindingError(
                f"`{name}` is not in the data block of `{source.program.path.name}`, "
                f"which declares {_listed(known)}.",
                hint=_closest(name, known),
            )
    for name, columns in source.columns.items():
        for column in columns:
            if column not in source.table.columns:
                raise _no_column(source, column, f"which `{name}` was to take")


def _taken_columns(source: _Source) -> dict[str, tuple[str, ...]]:
    """Return the columns each variable takes by instruction or by its own name."""
    taken = dict(source.columns)
    for declaration in source.program.data:
        name = declaration.name
        if name not in taken and name not in source.given and name in source.table.columns:
            taken[name] = (name,)
    used = {column for columns in taken.values() for column in columns}
    free = tuple(
        column
        for column in source.table.columns
        if column not in used and tables.is_numeric(source.table, column)
    )
    for declaration in source.program.data:
        is_open = declaration.name not in taken and declaration.name not in source.given
        if is_open and declaration.kind == "matrix" and declaration.depth == 0 and free:
            taken[declaration.name] = free
            break
    return taken


def _value(
    source: _Source, declaration: Declaration, taken: Mapping[str, tuple[str, ...]]
) -> tuple[Any, str] | None:
    """Return a variable's value and origin, or `None` where it may still be derived."""
    name = declaration.name
    if name in source.given:
        return _as_declared(declaration, source.given[name]), source.origins.get(name, "given")
    if name not in taken:
        return None
    columns = taken[name]
    origin = f"column{'s' if len(columns) > 1 else ''} {_listed(columns)}"
    arrays = [tables.numeric_column(source.table, column) for column in columns]
    match len(declaration.sizes):
        case 1 if len(columns) == 1:
            return _whole(source, declaration, columns, arrays[0]), origin
        case 2:
            return _whole(source, declaration, columns, np.column_stack(arrays)), origin
    message = (
        f"`{name}` is declared `{declaration.text}` ({_place(source, declaration)}), "
        f"which cannot be filled from the {origin}."
    )
    raise BindingError(message, hint=f"give a value with --set {name}=VALUE")


def _whole(
    source: _Source, declaration: Declaration, columns: tuple[str, ...], numbers: np.ndarray
) -> np.ndarray:
    """Return integers where the declaration asks for them."""
    if not declaration.is_integer:
        return numbers
    bad = np.argwhere((numbers != np.round(numbers)) | (np.abs(numbers) > _INT_MAX))
    if bad.size:
        row, column = int(bad[0][0]), columns[int(bad[0][1]) if numbers.ndim == 2 else 0]
        raise BindingError(
            f"column `{column}` has {numbers[tuple(bad[0])]:g} at row {row + 1}, but `{declaration.name}` "
            f"is declared `{declaration.text}` in {_place(source, declaration)}.",
            hint="Stan's integers are whole numbers of at most 2147483647 in size",
        )
    return numbers.astype(np.int64)


def _as_declared(declaration: Declaration, value: Any) -> Any:
    """Return a given value with the declaration's number type; shapes are checked with all the others."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    is_wrong = bool(np.isnan(array).any()) or (
        declaration.is_integer and bool((array != np.round(array)).any())
    )
    if is_wrong:
        raise BindingError(
            f"`{declaration.name}` is declared `{declaration.text}`, but the value given is `{value}`.",
            hint=f"write --set {declaration.name}=NUMBER, or a JSON list for a vector",
        )
    array = array.astype(np.int64) if declaration.is_integer else array
    return array if array.ndim else array.item()


def _derive_sizes(source: _Source, found: dict[str, tuple[Any, str]]) -> None:
    """Give each bare size its value from the shapes of what is declared with it."""
    names = {declaration.name: declaration for declaration in source.program.data}
    for declaration in source.program.data:
        if declaration.name not in found:
            continue
        shape = np.shape(found[declaration.name][0])
        for size, length in zip(declaration.sizes, shape, strict=False):
            is_open = size.text in names and size.text not in found
            if is_open and not names[size.text].sizes:
                found[size.text] = (int(length), f"size of `{declaration.name}`")


def _finish(declaration: Declaration, value: Any, origin: str) -> BoundVariable:
    return BoundVariable(declaration.name, declaration.text, declaration.line, value, origin)


def _check_complete(source: _Source, found: Mapping[str, tuple[Any, str]]) -> None:
    """Refuse a variable without a value: an array before the size that would have come from it."""
    missing = [declaration for declaration in source.program.data if declaration.name not in found]
    if missing:
        raise _unbound(source, max(missing, key=lambda declaration: bool(declaration.sizes)))


def _unbound(source: _Source, declaration: Declaration) -> BindingError:
    name = declaration.name
    message = (
        f"`{name}` is declared `{declaration.text}` in {_place(source, declaration)}, but "
        f"`{source.table.path.name}` has no column `{name}`; its columns are {_listed(source.table.columns)}."
    )
    if not declaration.sizes:
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    close = difflib.get_close_matches(name, source.table.columns, 1, 0.4)
    return BindingError(message, hint=f"name one with --column {name}={close[0] if close else 'COLUMN'}")


def _check(
    source: _Source, declaration: Declaration, variable: BoundVariable, values: Mapping[str, Any]
) -> None:
    """Refuse a shape or a value that the declaration does not allow."""
    _check_shape(source, declaration, variable, values)
    for bound, is_broken in ((declaration.lower, np.less), (declaration.upper, np.greater)):
        limit = None if bound is None else _evaluated(bound, values)
        if limit is None:
            continue
        cells = np.asarray(variable.value, dtype=float)
        broken = np.argwhere(is_broken(cells, np.asarray(limit, dtype=float)))
        if len(broken):
            raise _out_of_bounds(source, declaration, variable, broken[0])


def _check_shape(
    source: _Source, declaration: Declaration, variable: BoundVariable, values: Mapping[str, Any]
) -> None:
    expected = tuple(_evaluated(size, values) for size in declaration.sizes)
    found = variable.shape
    if len(found) == len(expected) and all(
        length in (None, actual) for length, actual in zip(expected, found, strict=True)
    ):
        return
    raise BindingError(
        f"`{variable.name}` is declared `{declaration.text}` in {_place(source, declaration)}, "
        f"of size {_shape(expected)}, but its value ({variable.origin}) has size {_shape(found)}."
    )


def _out_of_bounds(
    source: _Source, declaration: Declaration, variable: BoundVariable, index: np.ndarray
) -> BindingError:
    value = np.asarray(variable.value)[tuple(index)]
    where = f" at row {index[0] + 1}" if index.size else ""
    return BindingError(
        f"{variable.origin} has {value:g}{where}, but `{variable.name}` is declared "
        f"`{declaration.text}` in {_place(source, declaration)}."
    )


def _labels(source: _Source, taken: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return names for the sizes: a matrix's columns, and the rows where a text column tells them apart."""
    labels: dict[str, tuple[str, ...]] = {}
    row_names = _row_names(source, taken)
    for declaration in source.program.data:
        if declaration.name not in taken or not declaration.sizes:
            continue
        if row_names:
            labels.setdefault(declaration.sizes[0].text, row_names)
        if len(declaration.sizes) == 2:
            labels[declaration.sizes[1].text] = taken[declaration.name]
    return labels


def _row_names(source: _Source, taken: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    used = {column for columns in taken.values() for column in columns}
    for column in source.table.columns:
        cells = source.table.frame[column]
        is_text = column not in used and not tables.is_numeric(source.table, column)
        if is_text and cells.is_unique and not cells.isna().any():
            return tuple(str(cell) for cell in cells)
    return ()


def _no_column(source: _Source, column: str, why: str) -> BindingError:
    columns = source.table.columns
    message = (
        f"`{source.table.path.name}` has no column `{column}`, {why}; its columns are {_listed(columns)}."
    )
    return BindingError(message, hint=_closest(column, columns))


def _closest(name: str, names: tuple[str, ...] | list[str]) -> str | None:
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean `{close[0]}`?" if close else None


def _place(source: _Source, declaration: Declaration) -> str:
    return f"`{source.program.path.name}`, line {declaration.line}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _evaluated(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return the value of a size or bound, or `None` where only Stan itself can work it out."""
    used = {name: np.asarray(values[name]).tolist() for name in expression.names if name in values}
    try:
        return expression.evaluate(used)
    except ProgramError:
        return None


def _digest(value: Any) -> str:
    array = np.ascontiguousarray(value)
    return hash_bytes(f"{array.shape}{array.dtype}".encode() + array.tobytes())


def _shape(shape: tuple[int | None, ...]) -> str:
    return " x ".join("?" if length is None else str(length) for length in shape) or "1 (a single number)"

"""Bodies of requests, read as tables: JSON in our words or MLflow's, and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from workbench import tables
from workbench.errors import RequestError
from workbench.prediction.levels import NewGroups
from workbench.serving.options import ServingLimits
from workbench.tables import Table
from workbench.tables.delimited import read_delimited
from workbench.tables.source import TableSource

Body = TypeVar("Body")

_NAME = "request"
"""What the rows of a request are called in messages, where a file would have a name."""

_MOST_QUANTITIES = 20
"""The most expressions of a request. Ours."""

_LONGEST_EXPRESSION = 1_000
"""The most characters of an expression. Ours."""


class BadRequest(RequestError):
    """A request cannot be read at all.

    Parameters
    ----------
    status
        The status of HTTP that says so.
    """

    def __init__(self, message: str, *, status: int = 400, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


@dataclass(frozen=True)
class RowsRequest:
    """What a request asks for.

    Attributes
    ----------
    table
        The rows.
    new_groups
        What happens to groups that the fit has not seen.
    quantities
        Expressions that are wanted besides.
    """

    table: Table
    new_groups: NewGroups
    quantities: tuple[str, ...] = ()


class _RowsBody(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[dict[str, Any]]
    new_groups: NewGroups | None = None
    quantities: list[str] = []


class _Split(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[str]
    data: list[list[Any]]
    index: list[Any] = []


class _Params(msgspec.Struct, forbid_unknown_fields=True):
    new_groups: NewGroups | None = None


class _InvocationBody(msgspec.Struct, forbid_unknown_fields=True):
    dataframe_split: _Split | None = None
    dataframe_records: list[dict[str, Any]] | None = None
    params: _Params | None = None


def read_request(
    content_type: str, body: bytes, limits: ServingLimits, new_groups: NewGroups, folder: Path
) -> RowsRequest:
    """Return what a body asks for: ``{"rows": [{"x": 1.5}], "quantities": ["E(y_rep)"]}``, or CSV.

    Parameters
    ----------
    content_type
        As the header says it: ``application/json`` or ``text/csv``.
    body
        The body.
    limits
        What it may hold.
    new_groups
        What happens to new groups, where the body does not say.
    folder
        Where CSV is written, to be read as any file.

    Raises
    ------
    BadRequest
        It cannot be read, or is too long.
    BindingError
        Its cells make no table.
    """
    if _is_csv(content_type):
        return RowsRequest(_read_csv(body, limits, folder), new_groups)
    parsed = _parse(body, _RowsBody)
    if len(parsed.quantities) > _MOST_QUANTITIES:
        message = f"{len(parsed.quantities):,} quantities were asked for; a request may ask for"
        raise BadRequest(f"{message} {_MOST_QUANTITIES}.")
    for text in parsed.quantities:
        if len(text) > _LONGEST_EXPRESSION:
            raise BadRequest(f"a quantity has {len(text):,} characters; {_LONGEST_EXPRESSION:,} are allowed.")
    table = _tabulate(parsed.rows, limits)
    return RowsRequest(table, parsed.new_groups or new_groups, tuple(parsed.quantities))


def read_invocation(
    content_type: str, body: bytes, limits: ServingLimits, new_groups: NewGroups, folder: Path
) -> RowsRequest:
    """Return what a body in MLflow's words asks for: ``dataframe_split``, ``dataframe_records``, or CSV.

    Parameters and errors are those of `read_request`.
    """
    if _is_csv(content_type):
        return RowsRequest(_read_csv(body, limits, folder), new_groups)
    parsed = _parse(body, _InvocationBody)
    given = [form for form in (parsed.dataframe_split, parsed.dataframe_records) if form is not None]
    if len(given) != 1:
        raise BadRequest("one of `dataframe_split` and `dataframe_records` was expected.")
    chosen = (parsed.params.new_groups if parsed.params else None) or new_groups
    if parsed.dataframe_records is not None:
        return RowsRequest(_tabulate(parsed.dataframe_records, limits), chosen)
    assert parsed.dataframe_split is not None  # noqa: S101 - one of both is there
    return RowsRequest(_tabulate(_pair(parsed.dataframe_split), limits), chosen)


def _is_csv(content_type: str) -> bool:
    """Return whether a body is CSV, and not JSON.

    Raises
    ------
    BadRequest
        It is something else.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("application/json", "text/csv"):
        return kind == "text/csv"
    found = f"`{kind[:100]}`" if kind else "none"
    message = f"the content type `application/json` or `text/csv` was expected, found {found}."
    raise BadRequest(message, status=415)


def _parse(body: bytes, form: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        words = "it is nested too deeply" if isinstance(reason, RecursionError) else str(reason)
        raise BadRequest(f"the body cannot be read as JSON: {words.rstrip('.')}.") from reason


def _pair(split: _Split) -> list[dict[str, Any]]:
    """Return the rows of a table whose columns are named once."""
    if len(set(split.columns)) < len(split.columns):
        raise BadRequest("`dataframe_split` names a column twice.", status=422)
    for number, row in enumerate(split.data, 1):
        if len(row) != len(split.columns):
            message = (
                f"row {number} of `dataframe_split` has {len(row)} cells for {len(split.columns)} columns."
            )
            raise BadRequest(message, status=422)
    return [dict(zip(split.columns, row, strict=True)) for row in split.data]


def _tabulate(rows: Sequence[Mapping[str, Any]], limits: ServingLimits) -> Table:
    _check_rows(len(rows), limits)
    return tables.from_rows(_NAME, rows)


def _read_csv(body: bytes, limits: ServingLimits, folder: Path) -> Table:
    if b"\0" in body:
        raise BadRequest("CSV was expected, and the body is no text.", status=422)
    path = folder / "rows.csv"
    path.write_bytes(body)
    table = read_delimited(TableSource(Path(_NAME), path, limits.body))
    _check_rows(table.rows, limits)
    return replace(table, path=Path(_NAME))


def _check_rows(count: int, limits: ServingLimits) -> None:
    if not count:
        raise RequestError("the request has no rows.", hint="give at least one row to predict")
    if count > limits.rows:
        message = f"the request has {count:,} rows; {limits.rows:,} are allowed."
        raise BadRequest(message, status=413, hint="send them in several requests")

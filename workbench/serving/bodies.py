"""Bodies of requests, read as tables: JSON in our words or MLflow's, and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, get_args
from urllib.parse import parse_qsl

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

_DELIMITERS = ",;\t|"
"""What may stand between the cells of CSV."""

_GZIP = b"\x1f\x8b"
"""How a compressed body begins. RFC 1952."""

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*?)`(?: - at `(?P<place>[^`]*)`)?", re.DOTALL)
"""How msgspec says that a key is unknown."""


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
    first
        The cells of the first row as the client wrote them, whatever the other rows hold.
    """

    table: Table
    new_groups: NewGroups
    quantities: tuple[str, ...] = ()
    first: Mapping[str, Any] = field(default_factory=dict)


class _ScoredBody(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[dict[str, Any]]
    new_groups: Any = None


class _RowsBody(_ScoredBody, forbid_unknown_fields=True):
    quantities: list[str] = []


class _Split(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[str]
    data: list[list[Any]]
    index: list[Any] = []


class _Params(msgspec.Struct, forbid_unknown_fields=True):
    new_groups: Any = None


class _InvocationBody(msgspec.Struct, forbid_unknown_fields=True):
    dataframe_split: _Split | None = None
    dataframe_records: list[dict[str, Any]] | None = None
    params: _Params | None = None


def read_request(
    content_type: str,
    body: bytes,
    limits: ServingLimits,
    new_groups: NewGroups,
    folder: Path,
    query: str = "",
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
        What happens to new groups, where the request does not say.
    folder
        Where CSV is written, to be read as any file.
    query
        The query string, with which CSV comes: ``new_groups=draw&quantity=E(y_rep)``.

    Raises
    ------
    BadRequest
        It cannot be read, or is too long.
    BindingError
        Its cells make no table.
    """
    if _is_csv(content_type):
        asked = _read_query(query, ("new_groups", "quantity"))
        quantities = asked.get("quantity", [])
        chosen = _choose(asked.get("new_groups"), new_groups)
        _check_quantities(quantities)
        return replace(_read_csv(body, limits, folder), new_groups=chosen, quantities=tuple(quantities))
    _refuse_query(query)
    parsed = _parse(body, _RowsBody)
    chosen = _choose(parsed.new_groups, new_groups)
    _check_quantities(parsed.quantities)
    return _tabulate(parsed.rows, limits, chosen, parsed.quantities)


def read_scored(
    content_type: str,
    body: bytes,
    limits: ServingLimits,
    new_groups: NewGroups,
    folder: Path,
    query: str = "",
) -> RowsRequest:
    """Return what a body asks to be scored: ``{"rows": [{"x": 1.5, "y": 2}]}``, or CSV.

    Parameters and errors are those of `read_request`.
    """
    if _is_csv(content_type):
        return _read_plain_csv(body, limits, new_groups, folder, query)
    _refuse_query(query)
    parsed = _parse(body, _ScoredBody)
    return _tabulate(parsed.rows, limits, _choose(parsed.new_groups, new_groups))


def read_invocation(
    content_type: str,
    body: bytes,
    limits: ServingLimits,
    new_groups: NewGroups,
    folder: Path,
    query: str = "",
) -> RowsRequest:
    """Return what a body in MLflow's words asks for: ``dataframe_split``, ``dataframe_records``, or CSV.

    Parameters and errors are those of `read_request`.
    """
    if _is_csv(content_type):
        return _read_plain_csv(body, limits, new_groups, folder, query)
    _refuse_query(query)
    parsed = _parse(body, _InvocationBody)
    given = [form for form in (parsed.dataframe_split, parsed.dataframe_records) if form is not None]
    if len(given) != 1:
        raise BadRequest("one of `dataframe_split` and `dataframe_records` was expected.")
    chosen = _choose(parsed.params.new_groups if parsed.params else None, new_groups)
    if parsed.dataframe_records is not None:
        return _tabulate(parsed.dataframe_records, limits, chosen)
    assert parsed.dataframe_split is not None  # noqa: S101 - one of both is there
    return _tabulate(_pair(parsed.dataframe_split), limits, chosen)


def _read_plain_csv(
    body: bytes, limits: ServingLimits, new_groups: NewGroups, folder: Path, query: str
) -> RowsRequest:
    """Return the rows of a CSV body, beside which the query string may say what happens to new groups."""
    chosen = _choose(_read_query(query, ("new_groups",)).get("new_groups"), new_groups)
    return replace(_read_csv(body, limits, folder), new_groups=chosen)


def write_key(cell: Any) -> str:
    """Return a cell as the key of a request: a number is the same key however it is written.

    >>> {write_key(cell) for cell in (1, 1.0, "1", "1.0", " 1e0")}, write_key(True), write_key("True")
    ({'1.0'}, 'true', 'true')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = "" if cell is None else str(cell).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return repr(number + 0.0) if math.isfinite(number) else text


def _read_query(query: str, allowed: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of a query string: a list of quantities, and one of each other.

    Raises
    ------
    BadRequest
        One of them is not allowed, or is given twice.
    """
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError as reason:
        raise BadRequest("the query string has more than 100 parameters.") from reason
    for name, value in pairs:
        if name not in allowed:
            known = " and ".join(f"`{one}`" for one in allowed)
            raise BadRequest(f"the query string has `{name[:100]}`; here {known} may stand there.")
        if name == "quantity":
            found.setdefault(name, []).append(value)
        elif name in found:
            raise BadRequest(f"the query string has `{name}` twice.")
        else:
            found[name] = value
    return found


def _refuse_query(query: str) -> None:
    """Refuse a query string beside JSON, which says everything itself.

    Raises
    ------
    BadRequest
        There is one.
    """
    if query:
        name = query.partition("&")[0].partition("=")[0][:100]
        message = f"the query string has `{name}`, which is read for CSV alone."
        raise BadRequest(message, hint="write it into the body")


def _choose(asked: Any, otherwise: NewGroups) -> NewGroups:
    """Return what happens to new groups.

    Raises
    ------
    BadRequest
        The request asks for something else.
    """
    if asked is None:
        return otherwise
    for known in get_args(NewGroups):
        if asked == known:
            chosen: NewGroups = known
            return chosen
    found = f"`{asked[:100]}`" if isinstance(asked, str) else "something else"
    raise BadRequest(f"`new_groups` was expected as `refuse`, `draw` or `average`, found {found}.")


def _check_quantities(quantities: Sequence[str]) -> None:
    """Refuse too many quantities; how long each may be is said where it is read.

    Raises
    ------
    BadRequest
        There are too many.
    """
    if len(quantities) > _MOST_QUANTITIES:
        message = f"{len(quantities):,} quantities were asked for; a request may ask for"
        raise BadRequest(f"{message} {_MOST_QUANTITIES}.")


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
    if body.startswith(_GZIP):
        raise BadRequest(
            "the body is compressed, which is not read here.", status=415, hint="send it as it is"
        )
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as reason:
        raise _explain_form(str(reason), form) from reason
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise _explain_json(body, reason) from reason


def _explain_form(words: str, form: type[Any]) -> BadRequest:
    """Return the error for JSON of another form."""
    unknown = _UNKNOWN.fullmatch(words)
    if unknown is None:
        return BadRequest(f"the body has another form than was expected: {words.rstrip('.')}.")
    place = unknown["place"]
    inner = {"$.params": _Params, "$.dataframe_split": _Split}
    known = ", ".join(f"`{name}`" for name in inner.get(place or "", form).__struct_fields__)
    where = f"`{place[2:]}`" if place else "the body"
    hint = "quantities are of predictions: POST them to /predict" if unknown["key"] == "quantities" else None
    return BadRequest(f"{where} has the key `{unknown['key'][:100]}`; allowed are {known}.", hint=hint)


def _explain_json(body: bytes, reason: Exception) -> BadRequest:
    """Return the error for a body that is no JSON."""
    if isinstance(reason, RecursionError):
        return BadRequest("the body cannot be read as JSON: it is nested too deeply.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as place:
        return BadRequest(f"the body is not UTF-8: byte {place.start + 1:,} begins no character.")
    with suppress(ValueError, RecursionError):
        json.loads(text, parse_constant=_refuse_constant)
    words = str(reason).rstrip(".")
    return BadRequest(f"the body cannot be read as JSON: {words}.")


def _refuse_constant(name: str) -> None:
    """Refuse what Python writes into JSON, and JSON does not have.

    Raises
    ------
    BadRequest
        Always.
    """
    message = f"the body cannot be read as JSON, which has no `{name}`."
    raise BadRequest(message, hint="write null for a cell that is missing")


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


def _tabulate(
    rows: Sequence[Mapping[str, Any]],
    limits: ServingLimits,
    new_groups: NewGroups,
    quantities: Sequence[str] = (),
) -> RowsRequest:
    _check_rows(len(rows), limits)
    return RowsRequest(tables.from_rows(_NAME, rows), new_groups, tuple(quantities), rows[0])


def _read_csv(body: bytes, limits: ServingLimits, folder: Path) -> RowsRequest:
    if body.startswith(_GZIP):
        raise BadRequest(
            "the body is compressed, which is not read here.", status=415, hint="send it as it is"
        )
    if b"\0" in body:
        raise BadRequest("CSV was expected, and the body is no text.", status=422)
    path = folder / "rows.csv"
    path.write_bytes(body)
    table = read_delimited(TableSource(Path(_NAME), path, limits.body))
    _check_rows(table.rows, limits)
    return RowsRequest(replace(table, path=Path(_NAME)), "refuse", first=_read_first_row(body, table))


def _read_first_row(body: bytes, table: Table) -> Mapping[str, Any]:
    """Return the cells of the first row of CSV as they are written; as they were read, if that is unclear."""
    text = body.decode("utf-8-sig", "replace")
    for delimiter in _DELIMITERS:
        with suppress(csv.Error, StopIteration):
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            names, cells = next(lines), next(lines)
            if [name.strip() for name in names] == list(table.columns) and len(cells) == len(names):
                return dict(zip(table.columns, cells, strict=True))
    return {name: table.cells.column(name)[0].as_py() for name in table.columns}


def _check_rows(count: int, limits: ServingLimits) -> None:
    if not count:
        raise RequestError("the request has no rows.", hint="give at least one row to predict")
    if count > limits.rows:
        message = f"the request has {count:,} rows; {limits.rows:,} are allowed."
        raise BadRequest(message, status=413, hint="send them in several requests")

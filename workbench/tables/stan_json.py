"""Stan data files: nothing is bound, the values are used as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.provenance import hash_file
from workbench.tables.file_format import open_decompressed
from workbench.tables.json_text import parse_json
from workbench.tables.source import TableSource
from workbench.tables.table import Table

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

_NOT_FINITE = {
    "NaN": "nan",
    "Infinity": "inf",
    "+Infinity": "inf",
    "-Infinity": "-inf",
    "Inf": "inf",
    "+Inf": "inf",
    "-Inf": "-inf",
}
"""Stan's words for numbers that JSON does not have, as Python reads them."""

_MOST_CHARACTERS = 60
"""How much of a value a message shows."""


def read_stan_json(source: TableSource) -> Table:
    """Read a Stan data file in JSON.

    Raises
    ------
    BindingError
        It is not JSON, not an object with names, or holds something that Stan does not take as data.
    """
    path = source.path
    with open_decompressed(source) as stream:
        text = bytes(stream.read())
    try:
        content = parse_json(text.decode("utf-8-sig"), f"`{path}`")
    except UnicodeDecodeError as reason:
        message = f"`{path}` is not UTF-8 text: byte {reason.start + 1} cannot be read."
        raise BindingError(message, hint="save the file in UTF-8") from reason
    if not isinstance(content, dict):
        hint = 'a Stan data file looks like {"N": 2, "y": [1.5, 2.5]}'
        raise BindingError(f"`{path}` holds a JSON list; an object with names was expected.", hint=hint)
    return Table(path, hash_file(source.file), pa.table({}), values=parse_stan_values(str(path), content))


def parse_stan_values(source: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return values by name; texts that mean NaN or an infinity become numbers.

    Raises
    ------
    BindingError
        A value is another text, or null.
    """
    return {name: _parse_value(f"`{name}` in `{source}`", value) for name, value in content.items()}


def _parse_value(place: str, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and value in _NOT_FINITE:
        return float(_NOT_FINITE[value])
    if isinstance(value, list):
        if all(type(element) in (int, float) for element in value):
            return value
        return [_parse_value(place, element) for element in value]
    if isinstance(value, dict):
        return {name: _parse_value(place, member) for name, member in value.items()}
    shown = _shorten(json.dumps(value, ensure_ascii=False, default=repr))
    raise BindingError(
        f"{place} is or contains `{shown}`, which is not a number.",
        hint="Stan's data are numbers, and arrays and tuples of numbers",
    )


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."

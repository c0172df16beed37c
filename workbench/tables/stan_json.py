"""Stan's own data files: nothing is bound, the values are used as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from workbench.errors import BindingError
from workbench.provenance import hash_file
from workbench.tables.file_format import open_decompressed
from workbench.tables.table import Table


def read_stan_json(path: Path) -> Table:
    """Read a file of Stan's data in JSON.

    Raises
    ------
    BindingError
        It is not JSON, not an object with names, or holds something that is no data of Stan's.
    """
    with open_decompressed(path) as stream:
        text = bytes(stream.read())
    try:
        content = json.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as reason:
        message = f"`{path}` is not UTF-8 text: byte {reason.start + 1} cannot be read."
        raise BindingError(message, hint="save the file in UTF-8") from reason
    except json.JSONDecodeError as reason:
        message = f"`{path}` is not valid JSON: line {reason.lineno}, column {reason.colno}: {reason.msg}."
        raise BindingError(message) from reason
    if not isinstance(content, dict):
        hint = 'Stan\'s data look like {"N": 2, "y": [1.5, 2.5]}'
        raise BindingError(f"`{path}` holds a JSON list, where an object with names was expected.", hint=hint)
    return Table(path, hash_file(path), pa.table({}), values=stan_values(str(path), content))


def stan_values(where: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return values by name, with Stan's words for what JSON has no numbers for made numbers.

    Raises
    ------
    BindingError
        A value is a text, or there is none.
    """
    return {name: _value(f"`{name}` in `{where}`", value) for name, value in content.items()}


_WORDS = {
    "NaN": "nan",
    "Infinity": "inf",
    "+Infinity": "inf",
    "-Infinity": "-inf",
    "Inf": "inf",
    "+Inf": "inf",
}
_WORDS |= {"-Inf": "-inf"}


def _value(what: str, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and value in _WORDS:
        return float(_WORDS[value])
    if isinstance(value, list):
        if all(type(one) in (int, float) for one in value):
            return value
        return [_value(what, one) for one in value]
    if isinstance(value, dict):
        return {name: _value(what, one) for name, one in value.items()}
    raise BindingError(
        f"{what} holds `{json.dumps(value)}`, which is no number.", hint="Stan's data are numbers"
    )

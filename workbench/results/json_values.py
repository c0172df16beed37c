"""Values as JSON can hold them, and as the types that they are documented to have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np

from workbench.errors import RunIncomplete

T = TypeVar("T")


def to_typed(record: Mapping[str, Any], kind: type[T], file: str, remedy: str) -> T:
    """Return the content of a record as a type.

    Parameters
    ----------
    record
        What the file holds.
    kind
        The type.
    file, remedy
        The name of the file, and what makes a sound one: for the error.

    Raises
    ------
    RunIncomplete
        A value is not of the documented type; the message names its place.
    """
    try:
        return msgspec.convert(to_json_values(record), kind)
    except msgspec.ValidationError as reason:
        text = str(reason).rstrip(".")
        raise RunIncomplete(
            f"`{file}` is not as documented: {text[:1].lower()}{text[1:]}.",
            hint=f"the file was changed or made by other software; {remedy}",
        ) from reason


def to_json_values(value: Any) -> Any:
    r"""Return a value without numpy types, and with `None` where a number is not finite.

    Bytes in the name of a file that are not text are written as escapes.

    >>> to_json_values({"path": "caf\udce9.csv", "mean": float("nan")})
    {'path': 'caf\\udce9.csv', 'mean': None}
    """
    if isinstance(value, Mapping):
        return {_to_text(str(key)): to_json_values(item) for key, item in value.items()}
    if isinstance(value, str):
        return _to_text(value)
    if isinstance(value, (list, tuple, np.ndarray)):
        return [to_json_values(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _to_text(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()

"""Values as JSON can hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


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

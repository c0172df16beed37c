"""Values given by name, or by a file of Stan's own: JSON made arrays of the declared kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.errors import BindingError
from workbench.program import Declaration


def declared_value(declaration: Declaration, value: Any, *, is_stan_data: bool) -> Any:
    """Return a value with the declaration's number type; shapes and bounds are checked with all the others.

    Parameters
    ----------
    declaration
        What the value is for.
    value
        A number, nested lists, an array, or a tuple's members by position.
    is_stan_data
        Whether it comes from a file of Stan's own, which may hold NaN and infinities.

    Raises
    ------
    BindingError
        It is no number, ragged, or not whole where integers are declared.
    """
    if declaration.members:
        return _tuples(declaration, value, is_stan_data, declaration.depth)
    ragged = _ragged(value)
    if ragged:
        message = (
            f"`{declaration.name}` is declared `{declaration.text}`, but the value given is ragged: {ragged}."
        )
        raise BindingError(
            message, hint="Stan's arrays are rectangular: keep groups one after another, with sizes"
        )
    try:
        array = np.asarray(value)
        array = (
            array if array.dtype.kind in "iu" and array.dtype != np.uint64 else np.asarray(value, dtype=float)
        )
    except (TypeError, ValueError, OverflowError):
        array = np.array(np.nan)
        is_stan_data = False
    is_float = array.dtype.kind == "f"
    has_nan = is_float and bool(np.isnan(array).any())
    is_broken = is_float and declaration.is_integer and bool((array != np.round(array)).any())
    if is_broken or (has_nan and not is_stan_data):
        shown = str(value) if len(str(value)) < 60 else f"{str(value)[:57]}..."
        raise BindingError(
            f"`{declaration.name}` is declared `{declaration.text}`, but the value given is `{shown}`.",
            hint=f"write --set {declaration.name}=NUMBER, or a JSON list for a vector",
        )
    whole = declaration.is_integer and (not is_float or bool((np.abs(array) < 2.0**63).all()))
    array = array.astype(np.int64) if whole else array.astype(float)
    return array if array.ndim else array.item()


def _tuples(declaration: Declaration, value: Any, is_stan_data: bool, depth: int) -> Any:
    """Return a tuple, or an array of so many dimensions of them as nested lists."""
    if depth == 0:
        return _tuple(declaration, value, is_stan_data)
    if not isinstance(value, (list, tuple)):
        raise _malformed(declaration)
    return [_tuples(declaration, one, is_stan_data, depth - 1) for one in value]


def _tuple(declaration: Declaration, value: Any, is_stan_data: bool) -> dict[str, Any]:
    members = declaration.members
    if isinstance(value, (list, tuple)):
        value = {str(position): one for position, one in enumerate(value, start=1)}
    names = [str(position) for position in range(1, len(members) + 1)]
    if not isinstance(value, Mapping) or sorted(value) != sorted(names):
        raise _malformed(declaration)
    return {
        name: declared_value(member, value[name], is_stan_data=is_stan_data)
        for name, member in zip(names, members, strict=True)
    }


def _malformed(declaration: Declaration) -> BindingError:
    message = (
        f"`{declaration.name}` is declared `{declaration.text}`, but the value given is not of that form."
    )
    return BindingError(message, hint='Stan\'s JSON writes a tuple as {"1": ..., "2": ...}')


def _ragged(value: Any, where: str = "") -> str:
    """Return where nested lists stop being rectangular; empty where they do not."""
    if not isinstance(value, (list, tuple)) or not any(isinstance(one, (list, tuple)) for one in value):
        return ""
    lengths = [len(one) if isinstance(one, Sequence) and not isinstance(one, str) else None for one in value]
    for position, length in enumerate(lengths, start=1):
        if length != lengths[0]:
            found, first = (_count(one) for one in (length, lengths[0]))
            return f"element {where}{position} has {found} where element {where}1 has {first}"
    inner = (_ragged(one, f"{where}{position}, ") for position, one in enumerate(value, start=1))
    return next((words for words in inner if words), "")


def _count(length: int | None) -> str:
    return "a single number" if length is None else f"{length} number{'s' if length != 1 else ''}"

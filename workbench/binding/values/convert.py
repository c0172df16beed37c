"""Values given by name, or in a Stan data file: JSON converted to arrays of the declared type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.binding.values.sizes import evaluate_shape
from workbench.errors import BindingError
from workbench.program import Declaration

_MOST_CHARACTERS = 60
"""How much of a value a message shows."""


def convert_value(declaration: Declaration, value: Any, *, is_stan_data: bool) -> Any:
    """Return a value as numbers of the declared type. Shapes and bounds are checked later, by `check_value`.

    Parameters
    ----------
    declaration
        The variable.
    value
        A number, nested lists, an array, or the members of a tuple by position.
    is_stan_data
        Whether it comes from a Stan data file, which may hold NaN and infinities.

    Raises
    ------
    BindingError
        It is not a number, it is ragged, or it is not whole where integers are declared.
    """
    if declaration.members:
        return _convert_tuples(declaration, value, is_stan_data, declaration.depth)
    ragged = _describe_raggedness(value)
    if ragged:
        raise BindingError(
            f"`{declaration.name}` is declared `{declaration.text}`, but its value is ragged: {ragged}.",
            hint="Stan's arrays are rectangular: store groups of different lengths one after another, "
            "with an array of their lengths",
        )
    array = _to_array(value)
    if array is None:
        raise _describe_wrong_type(declaration, value)
    is_float = array.dtype.kind == "f"
    has_nan = is_float and bool(np.isnan(array).any())
    has_fractions = is_float and declaration.is_integer and bool((array != np.round(array)).any())
    if has_fractions or (has_nan and not is_stan_data):
        raise _describe_wrong_type(declaration, value)
    is_whole = declaration.is_integer and (not is_float or bool((np.abs(array) < 2.0**63).all()))
    array = array.astype(np.int64) if is_whole else array.astype(float)
    return array if array.ndim else array.item()


def fill_shape(declaration: Declaration, value: Any, values: Mapping[str, Any]) -> np.ndarray | None:
    """Return an array of the declared shape that holds a single number everywhere.

    Parameters
    ----------
    declaration
        The variable.
    value
        Its value; `None` is returned unless that is a single number and an array is declared.
    values
        What is known of the data, for the sizes; `None` is returned where one of them is not known.
    """
    if not declaration.sizes or declaration.members or np.ndim(value) or isinstance(value, Mapping):
        return None
    shape = evaluate_shape(declaration, values)
    return None if None in shape else np.full([length or 0 for length in shape], value)


def _to_array(value: Any) -> np.ndarray | None:
    """Return a value as an array of integers or doubles; `None` where it does not consist of numbers."""
    try:
        array = np.asarray(value)
        is_integer = array.dtype.kind in "iu" and array.dtype != np.uint64
        return array if is_integer else np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None


def _describe_wrong_type(declaration: Declaration, value: Any) -> BindingError:
    is_member = "." in declaration.name  # of a tuple
    text = str(value)
    shown = text if len(text) < _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."
    kind = "integer" if declaration.is_integer else "number"
    article = "an" if declaration.is_integer else "a"
    expected = f"{kind}s were expected" if declaration.sizes else f"{article} {kind} was expected"
    return BindingError(
        f"`{declaration.name}` is declared `{declaration.text}`, but its value is `{shown}`; {expected}.",
        hint=None if is_member else f"write --set {declaration.name}=NUMBER; an array is a JSON list",
    )


def _convert_tuples(declaration: Declaration, value: Any, is_stan_data: bool, depth: int) -> Any:
    """Return a tuple, or an array of tuples with `depth` dimensions as nested lists."""
    if depth == 0:
        return _convert_tuple(declaration, value, is_stan_data)
    if not isinstance(value, (list, tuple)):
        raise _describe_malformed(declaration)
    return [_convert_tuples(declaration, element, is_stan_data, depth - 1) for element in value]


def _convert_tuple(declaration: Declaration, value: Any, is_stan_data: bool) -> dict[str, Any]:
    members = declaration.members
    if isinstance(value, (list, tuple)):
        value = {str(position): member for position, member in enumerate(value, start=1)}
    positions = [str(position) for position in range(1, len(members) + 1)]
    if not isinstance(value, Mapping) or sorted(value) != sorted(positions):
        raise _describe_malformed(declaration)
    return {
        position: convert_value(member, value[position], is_stan_data=is_stan_data)
        for position, member in zip(positions, members, strict=True)
    }


def _describe_malformed(declaration: Declaration) -> BindingError:
    message = (
        f"`{declaration.name}` is declared `{declaration.text}`, but its value does not have that structure."
    )
    return BindingError(message, hint='Stan\'s JSON writes a tuple as {"1": ..., "2": ...}')


def _describe_raggedness(value: Any, outer_index: str = "") -> str:
    """Return where nested lists stop being rectangular; empty where they do not."""
    if not isinstance(value, (list, tuple)) or not any(isinstance(inner, (list, tuple)) for inner in value):
        return ""
    lengths = [
        len(inner) if isinstance(inner, Sequence) and not isinstance(inner, str) else None for inner in value
    ]
    for position, length in enumerate(lengths, start=1):
        if length != lengths[0]:
            other, first = _format_count(length), _format_count(lengths[0])
            return f"element {outer_index}1 has {first}, but element {outer_index}{position} has {other}"
    deeper = (
        _describe_raggedness(inner, f"{outer_index}{position}, ")
        for position, inner in enumerate(value, start=1)
    )
    return next((text for text in deeper if text), "")


def _format_count(length: int | None) -> str:
    return "a single number" if length is None else f"{length} number{'s' if length != 1 else ''}"

"""Values of a program's expressions, of which those that belong to a row are known as formulas.

What all rows share is known as numbers, by draw. What a row has of its own is a sum of products of its
features, and at most one of the links is taken of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.exporting.linear import Linear, NotLinear, add, divide, make_constant, multiply
from workbench.program.syntax import nodes as n

Link = Literal["identity", "logit", "log"]

_AXES = {"vector": 1, "row_vector": 1, "matrix": 2}
"""The axes of a value that is no array."""


@dataclass(frozen=True)
class Known:
    """What is the same for all rows.

    Attributes
    ----------
    type
        Its type.
    values
        Its value, `(s, ...)`: by draw, or once where it is the same at each.
    is_data
        Whether it involves no parameter.
    """

    type: n.Type
    values: NDArray[Any]
    is_data: bool = True


@dataclass(frozen=True)
class ByRow:
    """What each row has of its own.

    Attributes
    ----------
    type
        Its type: of all rows together, or of one.
    elements
        What a row has, `(...)`, each a `Linear`.
    has_axis
        Whether the first axis of its type counts rows; otherwise it is of the row of a loop.
    is_data
        Whether it involves no parameter.
    """

    type: n.Type
    elements: NDArray[Any] = field(repr=False)
    has_axis: bool
    is_data: bool = True

    @property
    def only(self) -> Linear:
        """What a row has, where that is one number."""
        return self.take(())

    def take(self, place: tuple[int, ...]) -> Linear:
        """Return one of the numbers that a row has."""
        found: Linear = self.elements.item(*place)
        return found


@dataclass(frozen=True)
class Linked:
    """A link's inverse of what a row has, times something: `scale * exp(predictor)`."""

    type: n.Type
    link: Link
    predictor: Linear
    scale: Linear
    has_axis: bool


@dataclass(frozen=True)
class EveryRow:
    """The variable of a loop over all rows."""


@dataclass(frozen=True)
class RowCount:
    """The number of rows."""


@dataclass(frozen=True)
class Refused:
    """A variable whose value is not known, and why."""

    reason: str


Value = Known | ByRow | Linked | EveryRow | RowCount


def count_axes(kind: n.Type) -> int:
    """Return how many axes values of a type have."""
    return kind.depth + _AXES.get(kind.base, 0)


def make_element(linear: Linear, kind: n.Type, *, has_axis: bool, is_data: bool = False) -> ByRow:
    """Return one number of each row."""
    elements = np.empty((), dtype=object)
    elements[()] = linear
    return ByRow(kind, elements, has_axis, is_data)


def to_by_row(value: Value) -> ByRow:
    """Return a value as what each row has, where that can be said.

    Raises
    ------
    NotLinear
        It cannot.
    """
    if isinstance(value, ByRow):
        return value
    if isinstance(value, Known):
        return ByRow(
            value.type, _apply(_list_draws(value), make_constant), has_axis=False, is_data=value.is_data
        )
    if isinstance(value, Linked):
        raise NotLinear(f"adds to, or takes a function of, the inverse of the link {value.link}")
    raise NotLinear("uses the number of a row, or of all rows")


def _list_draws(value: Known) -> NDArray[Any]:
    """Return the draws of each element, `(...)`."""
    shape = value.values.shape[1:]
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        found[place] = np.asarray(value.values[(slice(None), *place)], dtype=float)
    return found


def _apply(elements: NDArray[Any], change: Callable[[Any], Any]) -> NDArray[Any]:
    found = np.empty(elements.shape, dtype=object)
    for place in np.ndindex(elements.shape):
        found[place] = change(elements[place])
    return found


def negate(value: Value) -> Value:
    """Return the negative of a value."""
    minus = Known(n.REAL, np.array([-1.0]))
    return replace(value, values=-value.values) if isinstance(value, Known) else times(minus, value)


def plus(first: Value, second: Value) -> Value:
    """Return the sum of two values, element by element.

    Raises
    ------
    NotLinear
        It is none of what is known here; so for every operation.
    """
    if isinstance(first, Known) and isinstance(second, Known):
        return combine_known(first, second, np.add)
    return _combine(to_by_row(first), to_by_row(second), add)


def minus(first: Value, second: Value) -> Value:
    """Return the difference of two values, element by element."""
    if isinstance(first, Known) and isinstance(second, Known):
        return combine_known(first, second, np.subtract)
    return plus(first, negate(second))


def times(first: Value, second: Value) -> Value:
    """Return the product of two values, element by element."""
    if isinstance(first, Known) and isinstance(second, Known):
        return combine_known(first, second, np.multiply)
    if isinstance(second, Linked) and not isinstance(first, Linked):
        first, second = second, first
    if isinstance(first, Linked):
        return _scale(first, second, multiply)
    return _combine(to_by_row(first), to_by_row(second), multiply)


def over(first: Value, second: Value) -> Value:
    """Return the quotient of two values, element by element."""
    if isinstance(first, Known) and isinstance(second, Known):
        return combine_known(first, second, np.true_divide)
    if isinstance(second, Linked):
        if second.link != "log":
            raise NotLinear(f"divides by the inverse of the link {second.link}")
        inverse = replace(
            second,
            predictor=multiply(second.predictor, make_constant(np.array([-1.0]))),
            scale=divide(make_constant(np.ones(1)), second.scale),
        )
        return times(first, inverse)
    if isinstance(first, Linked):
        return _scale(first, second, divide)
    return _combine(to_by_row(first), to_by_row(second), divide)


def _scale(linked: Linked, other: Value, change: Callable[[Linear, Linear], Linear]) -> Linked:
    """Return a link's inverse multiplied or divided by another value."""
    if isinstance(other, Linked):
        if {linked.link, other.link} != {"log"} or change is not multiply:
            raise NotLinear("multiplies inverses of links")
        total = add(linked.predictor, other.predictor)
        return replace(linked, predictor=total, scale=multiply(linked.scale, other.scale))
    factor = to_by_row(other)
    if factor.elements.shape:
        raise NotLinear("multiplies the inverse of a link by several numbers in a row")
    return replace(
        linked,
        type=linked.type if linked.has_axis or not factor.has_axis else factor.type,
        scale=change(linked.scale, factor.only),
        has_axis=linked.has_axis or factor.has_axis,
    )


def _combine(first: ByRow, second: ByRow, change: Callable[[Linear, Linear], Linear]) -> ByRow:
    """Return two values combined element by element; a single number goes with every element."""
    a, b = first.elements, second.elements
    if a.shape and b.shape and a.shape != b.shape:
        raise NotLinear("combines values of different sizes")
    if first.has_axis != second.has_axis and (first if second.has_axis else second).type.is_container:
        raise NotLinear("combines rows with something else that has elements")
    shape = a.shape or b.shape
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        left, right = (item.take(place) if item.elements.shape else item.only for item in (first, second))
        found[place] = change(left, right)
    larger = first if first.has_axis or (a.shape and not second.has_axis) else second
    return ByRow(larger.type, found, first.has_axis or second.has_axis, first.is_data and second.is_data)


def combine_known(first: Known, second: Known, change: Callable[..., Any]) -> Known:
    """Return two known values combined element by element; a single number goes with every element."""
    a, b = first.values, second.values
    a = a.reshape(*a.shape, *(1,) * (b.ndim - a.ndim)) if a.ndim == 1 else a
    b = b.reshape(*b.shape, *(1,) * (a.ndim - b.ndim)) if b.ndim == 1 else b
    kind = first.type if count_axes(first.type) >= count_axes(second.type) else second.type
    if kind == n.INT and n.REAL in (first.type, second.type):
        kind = n.REAL
    with np.errstate(all="ignore"):
        return Known(kind, change(a, b), first.is_data and second.is_data)


def multiply_matrices(first: Value, second: Value) -> Value:
    """Return what `*` means in Stan: matrices and vectors are multiplied as such, numbers with all else."""
    kinds = [getattr(item, "type", n.REAL) for item in (first, second)]
    if not all(kind.is_container for kind in kinds):
        return times(first, second)
    if any(kind.depth for kind in kinds):
        raise NotLinear("multiplies arrays")
    if isinstance(first, Known) and isinstance(second, Known):
        return _multiply_known(first, second)
    left, right = to_by_row(first), to_by_row(second)
    if right.has_axis or (kinds[0].base, kinds[1].base) not in _PRODUCTS:
        raise NotLinear("multiplies matrices in a way that mixes rows")
    kind = _PRODUCTS[kinds[0].base, kinds[1].base]
    columns = left.elements if left.has_axis or kinds[0].base == "row_vector" else None
    if columns is None or columns.ndim != 1:
        raise NotLinear("multiplies a matrix of a row")
    is_data = left.is_data and right.is_data
    if right.elements.ndim == 1:
        return make_element(_dot(columns, right.elements), kind, has_axis=left.has_axis, is_data=is_data)
    found = np.empty(right.elements.shape[1], dtype=object)
    for place in range(len(found)):
        found[place] = _dot(columns, right.elements[:, place])
    return ByRow(kind, found, left.has_axis, is_data)


_PRODUCTS = {
    ("matrix", "vector"): n.Type("vector"),
    ("matrix", "matrix"): n.Type("matrix"),
    ("row_vector", "vector"): n.REAL,
    ("row_vector", "matrix"): n.Type("row_vector"),
    ("vector", "row_vector"): n.Type("matrix"),
}
"""The types of products, by those of their factors."""


def _dot(first: NDArray[Any], second: NDArray[Any]) -> Linear:
    """Return the sum of the products of elements."""
    if len(first) != len(second):
        raise NotLinear("multiplies values of different sizes")
    total = Linear({})
    for left, right in zip(first, second, strict=True):
        total = add(total, multiply(left, right))
    return total


def dot(first: Value, second: Value, *, by_row: bool) -> Value:
    """Return the dot product of two vectors, or with `by_row` of the rows of two matrices."""
    if isinstance(first, Known) and isinstance(second, Known):
        kind = n.Type("vector") if by_row else n.REAL
        return Known(kind, (first.values * second.values).sum(axis=-1), first.is_data and second.is_data)
    left, right = to_by_row(first), to_by_row(second)
    has_axis = left.has_axis or right.has_axis
    if has_axis != by_row or left.elements.ndim != 1 or left.has_axis != right.has_axis:
        raise NotLinear("takes a dot product over rows")
    kind = n.Type("vector") if by_row else n.REAL
    is_data = left.is_data and right.is_data
    return make_element(_dot(left.elements, right.elements), kind, has_axis=has_axis, is_data=is_data)


def _multiply_known(first: Known, second: Known) -> Known:
    a, b = first.values, second.values
    bases = (first.type.base, second.type.base)
    if bases not in _PRODUCTS:
        raise NotLinear("multiplies vectors in an order that Stan does not know")
    a = a[..., :, None] if bases[0] == "vector" else a[..., None, :] if bases[0] == "row_vector" else a
    b = b[..., :, None] if bases[1] == "vector" else b[..., None, :] if bases[1] == "row_vector" else b
    found = np.matmul(a, b)
    kind = _PRODUCTS[bases]
    if bases[1] == "vector":
        found = found[..., 0]
    if bases[0] == "row_vector":
        found = found[..., 0] if bases[1] == "vector" else found[..., 0, :]
    return Known(kind, found, first.is_data and second.is_data)


def transpose(value: Value) -> Value:
    """Return a transpose."""
    swapped = {"vector": "row_vector", "row_vector": "vector", "matrix": "matrix"}
    kind = getattr(value, "type", n.REAL)
    if kind.depth or kind.base not in swapped:
        raise NotLinear("transposes a number")
    other = n.Type(swapped[kind.base])
    if isinstance(value, Known):
        values = np.swapaxes(value.values, -1, -2) if kind.base == "matrix" else value.values
        return replace(value, type=other, values=values)
    if isinstance(value, ByRow) and not value.has_axis and value.elements.ndim == 1:
        return replace(value, type=other)
    raise NotLinear("transposes all rows")


def read_integer(value: Value) -> int:
    """Return a whole number that is the same in every row and at each draw."""
    if (
        not isinstance(value, Known)
        or value.values.shape != (1,)
        or value.values[0] != round(value.values[0])
    ):
        raise NotLinear("counts with what varies between rows or draws")
    return int(value.values[0])


def is_true(value: Value) -> bool:
    """Return a condition that is the same in every row and at each draw."""
    if not isinstance(value, Known) or value.values.ndim != 1:
        raise NotLinear("decides row by row")
    if len({bool(one) for one in value.values}) != 1:
        raise NotLinear("decides draw by draw")
    return bool(value.values[0])


_PARTS = {
    (True, True): "matrix",
    (True, False): "vector",
    (False, True): "row_vector",
    (False, False): "real",
}
"""What is left of a matrix, by which of its axes are."""


def keep_axes(kind: n.Type, kept: Sequence[bool]) -> n.Type:
    """Return the type of some elements of a value.

    Parameters
    ----------
    kind
        Its type.
    kept
        Of each axis, whether it is still there; axes that are not listed are.

    >>> keep_axes(n.Type("matrix", 1), [False, True, False])
    Type(base='vector', depth=0, members=())
    """
    every = [*kept, *[True] * (count_axes(kind) - len(kept))]
    depth = sum(every[: kind.depth])
    own = every[kind.depth :]
    plain = kind.base if all(own) else "real"
    base = _PARTS[own[0], own[1]] if kind.base == "matrix" else plain
    return n.Type(base, depth)

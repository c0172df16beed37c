"""A number of each row as a sum of products of its features, with coefficients by draw and by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[tuple[str, ...], tuple[str, ...]]
"""The features that are multiplied, and the groups that choose a coefficient, both sorted."""

_CONSTANT: Key = ((), ())
"""The key of what is the same in every row."""

_MOST_COEFFICIENTS = 20_000_000
"""The most coefficients of one product, of all draws together. Ours: 160 MB."""


class NotLinear(Exception):
    """Something in a program is no linear predictor; the message says what, without a subject."""


@dataclass(frozen=True)
class Linear:
    """A number of each row.

    Attributes
    ----------
    terms
        The coefficient of each product, `(s, ...)`: by draw, where it has more than one value, and by the
        level of each of its groups.
    """

    terms: Mapping[Key, Floats] = field(repr=False)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every row."""
        return set(self.terms) <= {_CONSTANT}

    @property
    def constant(self) -> Floats:
        """What is the same in every row, `(s,)`."""
        return self.terms.get(_CONSTANT, np.zeros(1))

    @property
    def single_feature(self) -> str:
        """The feature that this is; empty where it is anything else."""
        terms = [(key, values) for key, values in self.terms.items() if values.any()]
        if len(terms) != 1 or len(terms[0][0][0]) != 1 or terms[0][0][1]:
            return ""
        return terms[0][0][0][0] if bool((terms[0][1] == 1).all()) else ""


def make_constant(values: Floats) -> Linear:
    """Return what is the same in every row, from its value at each draw, `(s,)`."""
    return Linear({_CONSTANT: np.asarray(values, dtype=float)})


def make_feature(name: str) -> Linear:
    """Return a feature of a row."""
    return Linear({((name,), ()): np.ones(1)})


def make_effects(groups: Iterable[str], values: Floats) -> Linear:
    """Return what groups choose, from the values of their levels, `(s, level, ...)`, the groups sorted."""
    return Linear({((), tuple(groups)): values})


def add(first: Linear, second: Linear) -> Linear:
    """Return a sum."""
    terms = dict(first.terms)
    for key, values in second.terms.items():
        terms[key] = terms[key] + values if key in terms else values
    return Linear(terms)


def multiply(first: Linear, second: Linear) -> Linear:
    """Return a product.

    Raises
    ------
    NotLinear
        It has too many coefficients.
    """
    found = Linear({})
    for ((one, own), left), ((two, other), right) in product(first.terms.items(), second.terms.items()):
        groups = tuple(sorted({*own, *other}))
        a, b = _spread(left, own, groups), _spread(right, other, groups)
        if np.prod(np.broadcast_shapes(a.shape, b.shape), dtype=float) > _MOST_COEFFICIENTS:
            raise NotLinear(f"has a coefficient for each combination of {' and '.join(groups)}: too many")
        found = add(found, Linear({(tuple(sorted((*one, *two))), groups): a * b}))
    return found


def divide(first: Linear, second: Linear) -> Linear:
    """Return a quotient whose divisor is the same in every row.

    Raises
    ------
    NotLinear
        The divisor varies between rows.
    """
    if not second.is_constant:
        raise NotLinear("divides by what varies between rows")
    return multiply(first, make_constant(1 / second.constant))


def _spread(values: Floats, own: tuple[str, ...], groups: tuple[str, ...]) -> Floats:
    """Return coefficients with an axis for each of `groups`, of length 1 where they do not vary with it."""
    lengths = dict(zip(own, values.shape[1:], strict=True))
    return values.reshape(values.shape[0], *(lengths.get(group, 1) for group in groups))

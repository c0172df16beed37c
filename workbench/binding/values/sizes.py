"""Sizes derived from the variables declared with them, through expressions with one unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.errors import ProgramError
from workbench.program import Declaration, Expression
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

_CANDIDATES = 2000
"""How many integers are tried, from 0, where an expression is not linear."""

_MOST_ELEMENTS = 1_000_000
"""Largest array of which a function is evaluated here; of larger ones it is left to Stan."""

_SQUARE = frozenset({"cov_matrix", "corr_matrix", "cholesky_factor_corr", "cholesky_factor_cov"})
"""Types that are declared with one size where they are square, and have two axes."""


def expand_axes(declaration: Declaration) -> tuple[Expression, ...]:
    """Return the size of each axis; a square type is declared with one size and has two axes."""
    sizes = declaration.sizes
    is_square = declaration.kind in _SQUARE and len(sizes) == declaration.depth + 1
    return (*sizes, sizes[-1]) if is_square else sizes


def evaluate(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return the value of a size or bound, or `None` where only Stan itself can compute it."""
    inner = t.unwrap(expression.node)
    if isinstance(inner, n.Variable):
        return values.get(inner.name)
    known = {name: values[name] for name in expression.names if name in values}
    if any(np.size(value) > _MOST_ELEMENTS for value in known.values() if not isinstance(value, Mapping)):
        return None
    arguments = {
        name: value if isinstance(value, Mapping) else np.asarray(value).tolist()
        for name, value in known.items()
    }
    try:
        return expression.evaluate(arguments)
    except ProgramError:
        return None


def evaluate_shape(declaration: Declaration, values: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Return the declared shape, `None` for a size that only Stan can compute.

    A complex number has a last axis of length 2.
    """
    lengths = (evaluate(size, values) for size in expand_axes(declaration))
    shape = tuple(length if isinstance(length, int) else None for length in lengths)
    return (*shape, 2) if declaration.kind.startswith("complex") else shape


def derive_sizes(
    declarations: tuple[Declaration, ...], values: Mapping[str, Any]
) -> dict[str, tuple[int, str]]:
    """Return the sizes that have no value yet, each with the variable it is derived from.

    Parameters
    ----------
    declarations
        The data block.
    values
        What is bound so far.
    """
    scalars = {declared.name for declared in declarations if declared.is_integer and not declared.sizes}
    derived: dict[str, tuple[int, str]] = {}
    is_progress = True
    while is_progress:
        is_progress = False
        for declaration in declarations:
            if declaration.name not in values or declaration.members:
                continue
            shape = np.shape(values[declaration.name])
            for size, length in zip(expand_axes(declaration), shape, strict=False):
                known = {**values, **{name: value for name, (value, _) in derived.items()}}
                unknown = [name for name in size.names if name not in known]
                if len(unknown) == 1 and unknown[0] in scalars:
                    solution = solve_size(size, unknown[0], int(length), known)
                    if solution is not None:
                        derived[unknown[0]] = (solution, declaration.name)
                        is_progress = True
    return derived


def solve_size(size: Expression, name: str, length: int, values: Mapping[str, Any]) -> int | None:
    """Return the integer at which a size has a given length; `None` where there is none, or more than one.

    A linear expression is solved; for any other, the first integers are tried.
    """

    def evaluate_at(candidate: int) -> Any:
        return evaluate(size, {**values, name: candidate})

    start, step = evaluate_at(0), evaluate_at(1)
    if (
        isinstance(start, int)
        and isinstance(step, int)
        and step != start
        and evaluate_at(2) == 2 * step - start
    ):
        candidate, rest = divmod(length - start, step - start)
        is_solution = rest == 0 and candidate >= 0 and evaluate_at(candidate) == length
        if is_solution and evaluate_at(candidate + 1) != length:
            return candidate
    matching = [candidate for candidate in range(_CANDIDATES) if evaluate_at(candidate) == length]
    return matching[0] if len(matching) == 1 else None

"""Sizes derived from what is declared with them, through expressions of one unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.errors import ProgramError
from workbench.program import Declaration, Expression
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

_SCANNED = 2000
"""Integers tried, from 0, where an expression is not linear."""

_LISTED = 1_000_000
"""Elements of an array beyond which a function of it is left to Stan."""

_SQUARE = frozenset({"cov_matrix", "corr_matrix", "cholesky_factor_corr", "cholesky_factor_cov"})


def expand_axes(declaration: Declaration) -> tuple[Expression, ...]:
    """Return the size of each axis; what is square is declared with one size and has two axes."""
    sizes = declaration.sizes
    is_square = declaration.kind in _SQUARE and len(sizes) == declaration.depth + 1
    return (*sizes, sizes[-1]) if is_square else sizes


def evaluated(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Return the value of a size or bound, or `None` where only Stan itself can work it out."""
    inner = t.bare(expression.node)
    if isinstance(inner, n.Variable):
        return values.get(inner.name)
    known = {name: values[name] for name in expression.names if name in values}
    if any(np.size(value) > _LISTED for value in known.values() if not isinstance(value, Mapping)):
        return None
    try:
        return expression.evaluate(
            {
                name: one if isinstance(one, Mapping) else np.asarray(one).tolist()
                for name, one in known.items()
            }
        )
    except ProgramError:
        return None


def derive(declarations: tuple[Declaration, ...], values: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Return sizes without a value, each with the variable it follows from.

    Parameters
    ----------
    declarations
        The data block.
    values
        What is bound so far.
    """
    scalars = {one.name for one in declarations if one.is_integer and not one.sizes}
    found: dict[str, tuple[int, str]] = {}
    is_progress = True
    while is_progress:
        is_progress = False
        for declaration in declarations:
            if declaration.name not in values or declaration.members:
                continue
            for size, length in zip(
                expand_axes(declaration), np.shape(values[declaration.name]), strict=False
            ):
                known = {**values, **{name: value for name, (value, _) in found.items()}}
                unknown = [name for name in size.names if name not in known]
                if len(unknown) == 1 and unknown[0] in scalars:
                    solution = solve(size, unknown[0], int(length), known)
                    if solution is not None:
                        found[unknown[0]] = (solution, declaration.name)
                        is_progress = True
    return found


def solve(size: Expression, name: str, length: int, values: Mapping[str, Any]) -> int | None:
    """Return the integer for which a size has a length; `None` where there is none or are several.

    A linear expression is solved; of any other the first integers are tried.
    """

    def at(candidate: int) -> Any:
        return evaluated(size, {**values, name: candidate})

    start, step = at(0), at(1)
    if isinstance(start, int) and isinstance(step, int) and step != start and at(2) == 2 * step - start:
        candidate, rest = divmod(length - start, step - start)
        if rest == 0 and candidate >= 0 and at(candidate) == length and at(candidate + 1) != length:
            return candidate
    matching = [candidate for candidate in range(_SCANNED) if at(candidate) == length]
    return matching[0] if len(matching) == 1 else None

"""Which quantities truths are compared in: parameters, expressions of them, the joint log likelihood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.prediction.evaluation import Chunk, evaluate
from workbench.prediction.expressions import (
    OVER_DRAWS,
    Operation,
    QuantityExpression,
    QuantityName,
    iterate_nodes,
    parse_expression,
)
from workbench.prediction.names import KnownNames, check_names
from workbench.prediction.predictions import Predictions
from workbench.results.quantities import element_names, owner, split_element

Floats = NDArray[np.float64]
"""An array of doubles."""

LOG_LIKELIHOOD = "joint log likelihood"
"""The sum of the log densities of all observations given the parameters: Modrák et al. (2023),
doi:10.1214/23-BA1404: faults that no parameter shows, such as data that are ignored, show in it."""


def parse_quantities(texts: Sequence[str], columns: Sequence[str]) -> tuple[QuantityExpression, ...]:
    """Return the expressions of chosen quantities; the name of an array stands for all of its elements.

    Parameters
    ----------
    texts
        As the user wrote them.
    columns
        Stan's names of all quantities that the program computes.

    Raises
    ------
    RequestError
        One of them is no expression of these quantities.
    """
    shapes = find_shapes(columns)
    found = []
    for text in texts:
        parsed = parse_expression(text)
        for node in iterate_nodes(parsed.root):
            if isinstance(node, Operation) and node.function in OVER_DRAWS:
                what = f"has `{node.function}`, which is one number for all draws"
                raise parsed.refuse(what, node.place, "a quantity that is ranked has a value at each draw")
        root = parsed.root
        if isinstance(root, QuantityName) and not root.key and shapes.get(root.name):
            found += [parse_expression(name) for name in element_names(root.name, shapes[root.name])]
        else:
            check_names(parsed, KnownNames(shapes, ()))
            found.append(parsed)
    return tuple({expression.text: expression for expression in found}.values())


def evaluate_quantities(
    expressions: Sequence[QuantityExpression], columns: Sequence[str], rows: Floats
) -> Floats:
    """Return the values of expressions, `(row, expression)`.

    Parameters
    ----------
    expressions
        What `parse_quantities` returned.
    columns, rows
        Stan's names of all quantities, and their values `(row, column)`.

    Raises
    ------
    RequestError
        A condition compares what is not a number.
    """
    if not expressions:
        return np.empty((len(rows), 0))
    shapes = find_shapes(columns)
    needed = {
        node.name
        for expression in expressions
        for node in iterate_nodes(expression.root)
        if isinstance(node, QuantityName)
    }
    values = {name: collect_variable(columns, rows, name) for name in needed}
    chunk = Chunk(Predictions("nuts", "", 0.95, (), 0, (), values), KnownNames(shapes, ()))
    found = [np.asarray(evaluate(item.root, chunk).array, dtype=np.float64) for item in expressions]
    return np.stack([np.broadcast_to(array[:, 0], len(rows)) for array in found], axis=1)


def find_shapes(columns: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each variable whose elements are columns.

    >>> find_shapes(["mu", "beta[1]", "beta[2]"])
    {'mu': (), 'beta': (2,)}
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for column in columns:
        name, index = split_element(column)
        ends = tuple(place + 1 for place in index)
        shapes[name] = tuple(map(max, zip(shapes.get(name, ends), ends, strict=True)))
    return shapes


def collect_variable(columns: Sequence[str], rows: Floats, name: str) -> Floats:
    """Return the values of one variable, `(row, *shape)`.

    Raises
    ------
    RequestError
        There is none of this name.
    """
    places = [place for place, column in enumerate(columns) if owner(column) == name]
    if not places:
        raise RequestError(f"there is no quantity `{name}`.")
    indices = np.array([split_element(columns[place])[1] for place in places], dtype=int)
    if not indices.size:
        return np.asarray(rows[:, places[0]])
    found = np.empty((len(rows), *(indices.max(axis=0) + 1)))
    found[(slice(None), *indices.T)] = rows[:, places]
    return found

"""The sizes of expressions in terms of declared sizes, which are known before any parameter has a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

Shape: TypeAlias = list[str]
"""The sizes of an expression as Stan, array dimensions first."""

DeclaredTypes: TypeAlias = Mapping[str, n.Sized]
"""The declared types of variables, by name."""

_ELEMENTWISE = frozenset({"+", "-", ".*", "./", ".^", "^", "%", "*", "/"})
"""Operators whose result has the shape of an operand, except the product of two containers."""

_FLATTENING = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
"""Functions that return all elements in one dimension."""

_REPEATING = frozenset({"rep_vector", "rep_row_vector", "rep_array", "rep_matrix"})
"""Functions whose arguments after the first are the sizes of the result."""


def collect_declared_types(tree: n.Tree) -> dict[str, n.Sized]:
    """Return the declared types outside of functions; a name declared with two types is left out."""
    types: dict[str, n.Sized] = {}
    ambiguous: set[str] = set()
    bodies = tuple(body for block, body in tree.blocks if block != "functions")
    for item in t.walk(bodies):
        if isinstance(item, n.Declare):
            for name, _ in item.variables:
                if types.setdefault(name, item.sized) != item.sized:
                    ambiguous.add(name)
    return {name: sized for name, sized in types.items() if name not in ambiguous}


def infer_shape(node: n.Expr, declared: DeclaredTypes) -> Shape | None:
    """Return the sizes of an expression, none for a number; `None` where declarations do not tell them."""
    inner = t.unwrap(node)
    if not inner.type.is_container:
        return []
    if isinstance(inner, n.Variable):
        sized = declared.get(inner.name)
        return None if sized is None else [to_text(size) for size in (*sized.dims, *sized.sizes)]
    if isinstance(inner, n.Indexed):
        return _infer_indexed(inner, declared)
    if isinstance(inner, n.Unary):
        shape = infer_shape(inner.operand, declared)
        return shape[::-1] if shape is not None and inner.is_postfix else shape
    if isinstance(inner, n.Binary) and inner.operator in _ELEMENTWISE:
        return _infer_binary(inner, declared)
    return _infer_call(inner, declared) if isinstance(inner, n.Call) else None


def _infer_indexed(node: n.Indexed, declared: DeclaredTypes) -> Shape | None:
    shape = infer_shape(node.base, declared)
    if shape is None or len(shape) < len(node.indices):
        return None
    indexed = [_infer_index(size, index, declared) for size, index in zip(shape, node.indices, strict=False)]
    if any(sizes is None for sizes in indexed):
        return None
    return [size for sizes in indexed for size in sizes or []] + shape[len(node.indices) :]


def _infer_index(size: str, index: n.SliceIndex, declared: DeclaredTypes) -> Shape | None:
    """Return the sizes that an index leaves of a dimension."""
    if index.is_single and index.lower is not None:
        return infer_shape(index.lower, declared)
    if index.lower is None and index.upper is None:
        return [size]
    upper = size if index.upper is None else to_text(index.upper)
    if index.lower is None:
        return [upper]
    return [f"max(({upper}) - ({to_text(index.lower)}) + 1, 0)"]


def _infer_binary(node: n.Binary, declared: DeclaredTypes) -> Shape | None:
    if node.operator == "*" and node.left.type.is_container and node.right.type.is_container:
        return _infer_matrix_product(node, declared)
    operand = node.left if node.left.type.is_container else node.right
    return infer_shape(operand, declared)


def _infer_matrix_product(node: n.Binary, declared: DeclaredTypes) -> Shape | None:
    left, right = infer_shape(node.left, declared), infer_shape(node.right, declared)
    if node.type.base == "matrix" or left is None:
        return None
    if node.type.base == "vector":
        return left[:1]
    return None if right is None else right[-1:]


def _infer_call(node: n.Call, declared: DeclaredTypes) -> Shape | None:
    if node.is_user_defined:
        return None
    if node.name in _REPEATING:
        return [to_text(size) for size in node.arguments[1:]]
    if node.name in _FLATTENING:
        shape = infer_shape(node.arguments[0], declared)
        return None if shape is None else [_multiply_sizes(shape)]
    if len(node.arguments) == 1 and _is_elementwise(node, node.arguments[0]):
        return infer_shape(node.arguments[0], declared)
    return None


def _is_elementwise(node: n.Call, argument: n.Expr) -> bool:
    """Whether a function of one argument works on its elements, so that the result has its type."""
    same_base = node.type.base == argument.type.base or node.type.base == "real"
    return same_base and node.type.depth == argument.type.depth and node.type.base != "matrix"


def _multiply_sizes(sizes: Sequence[str]) -> str:
    return " * ".join(sizes if len(sizes) == 1 else [f"({size})" for size in sizes])

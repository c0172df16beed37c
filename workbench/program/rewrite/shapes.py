"""How long an expression is, in terms of declared sizes: known before any parameter has a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

Shape = list[str]
Declared = Mapping[str, n.Sized]
_ELEMENTWISE = frozenset({"+", "-", ".*", "./", ".^", "^", "%", "*", "/"})
_FLATTENED = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
_FILLED = frozenset({"rep_vector", "rep_row_vector", "rep_array", "rep_matrix"})


def declared_shapes(tree: n.Tree) -> dict[str, n.Sized]:
    """Return the declared type of every variable outside of functions; of two with one name, neither."""
    found: dict[str, n.Sized] = {}
    repeated: set[str] = set()
    bodies = tuple(body for block, body in tree.blocks if block != "functions")
    for item in t.walk(bodies):
        if isinstance(item, n.Declare):
            for name, _ in item.variables:
                if found.setdefault(name, item.sized) != item.sized:
                    repeated.add(name)
    return {name: sized for name, sized in found.items() if name not in repeated}


def shape_of(node: n.Expr, declared: Declared) -> Shape | None:
    """Return the sizes of an expression as Stan texts; `None` where declarations do not tell.

    A number has no sizes.
    """
    inner = t.bare(node)
    if not inner.type.is_container:
        return []
    if isinstance(inner, n.Variable):
        sized = declared.get(inner.name)
        return None if sized is None else [to_text(size) for size in (*sized.dims, *sized.sizes)]
    if isinstance(inner, n.Indexed):
        return _indexed(inner, declared)
    if isinstance(inner, n.Unary):
        held = shape_of(inner.operand, declared)
        return held[::-1] if held is not None and inner.is_postfix else held
    if isinstance(inner, n.Binary) and inner.operator in _ELEMENTWISE:
        return _binary(inner, declared)
    return _called(inner, declared) if isinstance(inner, n.Call) else None


def _indexed(node: n.Indexed, declared: Declared) -> Shape | None:
    held = shape_of(node.base, declared)
    if held is None or len(held) < len(node.indices):
        return None
    picked = [_picked(size, index, declared) for size, index in zip(held, node.indices, strict=False)]
    if any(part is None for part in picked):
        return None
    return [size for part in picked for size in part or []] + held[len(node.indices) :]


def _picked(size: str, index: n.Slice, declared: Declared) -> Shape | None:
    if index.is_single and index.lower is not None:
        return shape_of(index.lower, declared)
    if index.lower is None and index.upper is None:
        return [size]
    upper = size if index.upper is None else to_text(index.upper)
    if index.lower is None:
        return [upper]
    return [f"max(({upper}) - ({to_text(index.lower)}) + 1, 0)"]


def _binary(node: n.Binary, declared: Declared) -> Shape | None:
    if node.operator == "*" and node.left.type.is_container and node.right.type.is_container:
        left, right = shape_of(node.left, declared), shape_of(node.right, declared)
        if node.type.base == "matrix" or left is None:
            return None
        return left[:1] if node.type.base == "vector" else (None if right is None else right[-1:])
    first = node.left if node.left.type.is_container else node.right
    return shape_of(first, declared)


def _called(node: n.Call, declared: Declared) -> Shape | None:
    if node.is_user_defined:
        return None
    if node.name in _FILLED:
        return [to_text(size) for size in node.arguments[1:]]
    if node.name in _FLATTENED:
        held = shape_of(node.arguments[0], declared)
        return None if held is None else [_product(held)]
    first = node.arguments[0] if node.arguments else None
    if len(node.arguments) == 1 and first is not None and _keeps_shape(node, first):
        return shape_of(first, declared)
    return None


def _keeps_shape(node: n.Call, argument: n.Expr) -> bool:
    """Whether a function of one argument works on its elements: the result has the argument's type."""
    same = node.type.base == argument.type.base or node.type.base == "real"
    return same and node.type.depth == argument.type.depth and node.type.base not in {"matrix"}


def _product(sizes: Sequence[str]) -> str:
    return " * ".join(sizes if len(sizes) == 1 else [f"({size})" for size in sizes])

"""Which axes of an expression grow with the table: an element for each row, or for each group of rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

Axes: TypeAlias = tuple[str, ...]
"""For each axis of a value the size of the table that it grows with; empty text for one that does not."""

FIXED = ""
"""An axis whose length is the same whatever the rows."""

_PARTIAL = "part"
"""An axis that grows with the rows in another way than one element for each."""

_ELEMENTWISE = frozenset({"+", "-", ".*", "./", ".^", "^", "%", "%/%"})
"""Operators that work on the elements of their operands."""

_REPEATING = {
    "rep_vector": 1, "rep_row_vector": 1, "rep_array": 1, "rep_matrix": 1, "zeros_vector": 0,
    "ones_vector": 0, "zeros_row_vector": 0, "ones_row_vector": 0, "zeros_array": 0, "ones_array": 0,
    "zeros_int_array": 0,
    "ones_int_array": 0, "linspaced_vector": 0, "linspaced_row_vector": 0, "linspaced_array": 0,
    "linspaced_int_array": 0, "identity_matrix": 0,
}  # fmt: skip
"""Functions that are given sizes: the position of the first."""

_SELECTING = frozenset({"head", "tail", "segment", "sub_col", "sub_row", "block"})
"""Functions that are given positions after their first argument."""

_FLATTENING = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
"""Functions that return all elements in one dimension."""

_AXES_OF_FIRST: Mapping[str, tuple[int, ...]] = {
    "qr_thin_R": (1, 1), "crossprod": (1, 1), "tcrossprod": (0, 0), "qr_Q": (0, 0), "svd_V": (1, 1),
    "svd_U": (0, 1), "singular_values": (1,), "columns_dot_self": (1,), "rows_dot_self": (0,),
    "columns_dot_product": (1,), "rows_dot_product": (0,), "col": (0,), "row": (1,), "diagonal": (0,),
    "gp_exp_quad_cov": (0, 0), "gp_matern32_cov": (0, 0), "gp_matern52_cov": (0, 0),
    "gp_exponential_cov": (0, 0), "gp_dot_prod_cov": (0, 0), "gp_periodic_cov": (0, 0),
    "diag_matrix": (0, 0), "generalized_inverse": (1, 0), "sort_indices_asc": (0,), "sort_indices_desc": (0,),
}  # fmt: skip
"""Functions that rearrange the axes of their first argument: which of them each axis of the result is."""


@dataclass(frozen=True)
class RowAxes:
    """Knows the axes of a program's variables.

    Attributes
    ----------
    sizes
        The data that count rows or groups of rows.
    declared
        The declared types of variables.
    """

    sizes: frozenset[str]
    declared: Mapping[str, n.Sized]

    def label_sizes(self, sized: n.Sized) -> Axes:
        """Return the axes of a declared type."""
        sizes = (*sized.dims, *sized.sizes)
        if len(sized.sizes) == 1 and sized.base == "matrix":
            sizes = (*sizes, sized.sizes[0])
        return tuple(self._label(size) for size in sizes)

    def is_growing(self, name: str) -> bool:
        """Return whether a variable has an axis that grows, or counts rows itself."""
        sized = self.declared.get(name)
        return name in self.sizes or (sized is not None and any(self.label_sizes(sized)))

    def find_axes(self, node: n.Expr) -> Axes:
        """Return the axes of an expression; where its text does not tell, those of its largest argument."""
        inner = t.unwrap(node)
        if not inner.type.is_container:
            return ()
        rule = _RULES.get(type(inner))
        axes = () if rule is None else rule(self, inner)
        rank = inner.type.depth + {"vector": 1, "row_vector": 1, "matrix": 2}.get(inner.type.base, 0)
        return (*axes, *[FIXED] * rank)[:rank]

    def _label(self, size: n.Expr) -> str:
        names = t.find_names(size)
        text = to_text(size)
        if text in self.sizes:
            return text
        return _PARTIAL if any(self.is_growing(name) for name in names) else FIXED

    def _find_in_variable(self, node: n.Variable) -> Axes:
        sized = self.declared.get(node.name)
        return () if sized is None else self.label_sizes(sized)

    def _find_in_indexed(self, node: n.Indexed) -> Axes:
        base = self.find_axes(node.base)
        found: list[str] = []
        for axis, index in zip(base, node.indices, strict=False):
            if index.is_single and index.lower is not None:
                found += self.find_axes(index.lower)[:1]
            elif index.lower is None and index.upper is None:
                found.append(axis)
            else:
                found.append(self._label_range(axis, index))
        return (*found, *base[len(node.indices) :])

    def _label_range(self, axis: str, index: n.SliceIndex) -> str:
        if index.upper is not None and not any(self.is_growing(name) for name in t.find_names(index)):
            return FIXED
        is_from_first = index.lower is None or to_text(index.lower) == "1"
        is_whole = is_from_first and index.upper is not None and to_text(index.upper) == axis
        return axis if is_whole or not axis else _PARTIAL

    def _find_in_unary(self, node: n.Unary) -> Axes:
        axes = self.find_axes(node.operand)
        return axes[::-1] if node.is_postfix else axes

    def _find_in_binary(self, node: n.Binary) -> Axes:
        left, right = self.find_axes(node.left), self.find_axes(node.right)
        if node.operator in _ELEMENTWISE or not left or not right:
            return _join(left, right)
        if node.operator == "\\":
            return (*left[1:2], *right[1:])
        if node.operator == "/":
            return left
        return _multiply(left, right, node)

    def _find_in_ternary(self, node: n.Ternary) -> Axes:
        return _join(self.find_axes(node.yes), self.find_axes(node.no))

    def _find_in_elements(self, node: n.Elements) -> Axes:
        return (FIXED, *(self.find_axes(node.items[0]) if node.items else ()))

    def _find_in_call(self, node: n.Call) -> Axes:
        name, arguments = node.name, node.arguments
        if node.is_user_defined or not arguments:
            return self._find_largest(node)
        if name in _REPEATING:
            sizes = arguments[_REPEATING[name] :]
            repeated = self.find_axes(arguments[0]) if _REPEATING[name] else ()
            return (*(self._label(size) for size in sizes), *repeated)
        first = self.find_axes(arguments[0])
        if name in _AXES_OF_FIRST:
            return tuple(first[axis] if axis < len(first) else FIXED for axis in _AXES_OF_FIRST[name])
        if name in _FLATTENING and len(first) > 1:
            return (_PARTIAL if any(first) else FIXED,)
        if name in _SELECTING:
            return tuple(_PARTIAL if axis else FIXED for axis in first)
        if name == "append_row":
            return self._find_appended(node, 0)
        if name == "append_col":
            return self._find_appended(node, 1)
        return self._find_largest(node)

    def _find_appended(self, node: n.Call, axis: int) -> Axes:
        first, second = (self.find_axes(argument) for argument in node.arguments)
        if node.type.base != "matrix":
            return (_PARTIAL if any((*first, *second)) else FIXED,)
        along = [axes[axis] if len(axes) > 1 else FIXED for axes in (first, second)]
        across = next(
            (axes[1 - axis] if len(axes) > 1 else axes[0] for axes in (first, second) if axes), FIXED
        )
        appended = _PARTIAL if any(along) else FIXED
        return (appended, across) if axis == 0 else (across, appended)

    def _find_largest(self, node: n.Call) -> Axes:
        """Return the axes of the argument that is likest to the result: what works on elements keeps them."""
        found: Axes = ()
        for argument in node.arguments:
            axes = self.find_axes(argument)
            if len(axes) == _count_axes(node.type):
                found = _join(found, axes)
        return found


def _count_axes(type_: n.Type) -> int:
    return type_.depth + {"vector": 1, "row_vector": 1, "matrix": 2}.get(type_.base, 0)


def _join(left: Axes, right: Axes) -> Axes:
    """Return the axes of a result that has the elements of either operand."""
    if len(left) != len(right):
        return max(left, right, key=len)
    return tuple(one or other for one, other in zip(left, right, strict=True))


def _multiply(left: Axes, right: Axes, node: n.Binary) -> Axes:
    """Return the axes of a matrix product."""
    if len(left) == len(right) == 1:  # column times row, or their inner product, which is no container
        return (left[0], right[0])
    if len(left) == 1:
        return right[1:] if node.left.type.base == "row_vector" else (left[0], *right[1:])
    return left[:1] if len(right) == 1 else (left[0], right[1])


_RULES: Mapping[type, Callable[[RowAxes, Any], Axes]] = {
    n.Variable: RowAxes._find_in_variable,
    n.Indexed: RowAxes._find_in_indexed,
    n.Unary: RowAxes._find_in_unary,
    n.Binary: RowAxes._find_in_binary,
    n.Ternary: RowAxes._find_in_ternary,
    n.Elements: RowAxes._find_in_elements,
    n.Call: RowAxes._find_in_call,
}
"""How the axes of each kind of expression are found."""


def find_derived_sizes(tree: n.Tree, sizes: Collection[str]) -> frozenset[str]:
    """Return the integers of transformed data that are computed from sizes alone, and size something."""
    used = {
        name
        for _, body in tree.blocks
        for item in t.walk(body)
        if isinstance(item, n.Sized)
        for size in (*item.dims, *item.sizes)
        for name in t.find_names(size)
    }
    derived: set[str] = set()
    for item in tree.get_block("transformed data"):
        if isinstance(item, n.Declare) and item.sized.base == "int" and not item.sized.dims:
            for name, value in item.variables:
                names = t.find_names(value) if value is not None else frozenset()
                if names and names <= {*sizes, *derived} and name in used:
                    derived.add(name)
    return frozenset(derived)

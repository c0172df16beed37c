"""A part of the rows of an expression, for a partial sum: ``y`` as ``y[first:last]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workbench.program.rewrite.shapes import DeclaredTypes, infer_shape
from workbench.program.rewrite.vectorise.expressions import ELEMENTWISE, ELEMENTWISE_PAIRS
from workbench.program.rewrite.vectorise.rows import enclose, operate
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

_OPERATORS = frozenset({"+", "-", "*", "/", ".*", "./", ".^", "^"})
"""Operators whose result has the rows of its operands."""

_REPEATING = frozenset({"rep_vector", "rep_row_vector", "rep_array"})
"""Functions whose second argument is the number of rows."""

_CONVERTING = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
"""Functions that return the elements of a vector or an array in another type."""

_ONE = n.Numeral("1", type=n.INT)
"""The first row."""


class NotShared(Exception):
    """Rows that cannot be shared out among threads; the message is the reason, a clause."""


@dataclass
class RowSlices:
    """The rows from one number to another.

    Attributes
    ----------
    count
        The number of all rows, as Stan.
    first, last
        The numbers of the first and the last row of a part.
    declared
        The declared types of all variables.
    fixed
        The names of variables that hold data.
    definitions
        By the name of a local vector with an element for each row: what it is, if nothing changes it.
    inlined
        The local vectors whose definitions were put in their places.
    """

    count: str
    first: n.Variable
    last: n.Variable
    declared: DeclaredTypes
    fixed: frozenset[str]
    definitions: Mapping[str, n.Expr] = field(default_factory=dict)
    inlined: set[str] = field(default_factory=set)

    def has_rows(self, node: n.Expr) -> bool:
        """Whether an expression has an element for each row.

        Raises
        ------
        NotShared
            Declarations do not tell.
        """
        shape = infer_shape(node, self.declared)
        if shape is None:
            raise NotShared(f"the size of `{to_text(node)}` does not follow from declarations")
        return bool(shape) and shape[0] == self.count

    def cut(self, node: n.Expr) -> n.Expr:
        """Return the rows of an expression that has an element for each.

        Raises
        ------
        NotShared
            It holds a parameter for each row, or has no such form.
        """
        inner = t.unwrap(node)
        if isinstance(inner, n.Variable):
            return self._cut_variable(inner)
        if isinstance(inner, n.Indexed):
            return self._cut_indexed(inner)
        if isinstance(inner, n.Unary):
            return replace(inner, operand=enclose(self.cut(inner.operand)))
        if isinstance(inner, n.Binary) and inner.operator in _OPERATORS:
            return self._cut_operands(inner)
        if isinstance(inner, n.Call) and not inner.is_user_defined:
            return self._cut_call(inner)
        raise NotShared(f"`{to_text(node)}` has no form for a part of the rows")

    def _cut_variable(self, node: n.Variable) -> n.Expr:
        if node.name in self.definitions:
            self.inlined.add(node.name)
            return enclose(self.cut(self.definitions[node.name]))
        if node.name not in self.fixed:
            raise NotShared(f"`{node.name}` has a value for each row that depends on parameters")
        return n.Indexed(node, (n.SliceIndex(self.first, self.last),), type=node.type, is_data=node.is_data)

    def _cut_indexed(self, node: n.Indexed) -> n.Expr:
        """Return an element or a range for a part of the rows: the first index that is not one number."""
        for position, index in enumerate(node.indices):
            if index.is_single and index.lower is not None and not index.lower.type.is_container:
                continue
            indices = (*node.indices[:position], self._cut_index(index), *node.indices[position + 1 :])
            return replace(node, indices=indices)
        return replace(node, indices=(*node.indices, n.SliceIndex(self.first, self.last)))

    def _cut_index(self, index: n.SliceIndex) -> n.SliceIndex:
        if index.is_single and index.lower is not None:
            return replace(index, lower=self.cut(index.lower))
        if index.lower is None or to_text(index.lower) == "1":
            return n.SliceIndex(self.first, self.last)
        before = operate(index.lower, "-", _ONE, n.INT)
        first, last = (operate(before, "+", end, n.INT) for end in (self.first, self.last))
        return n.SliceIndex(first, last)

    def _cut_operands(self, node: n.Binary) -> n.Expr:
        if node.operator == "*" and node.left.type.is_container and node.right.type.is_container:
            if node.left.type.base != "matrix" or node.right.type.base != "vector":
                raise NotShared(f"`{to_text(node)}` has no form for a part of the rows")
            return operate(self.cut(node.left), "*", node.right, node.type)
        left, right = (self.cut(item) if item.type.is_container else item for item in (node.left, node.right))
        return operate(left, node.operator, right, node.type)

    def _cut_call(self, node: n.Call) -> n.Expr:
        arguments = node.arguments
        if node.name in _REPEATING and len(arguments) == 2:
            length = operate(operate(self.last, "-", self.first, n.INT), "+", _ONE, n.INT)
            return replace(node, arguments=(arguments[0], length))
        if node.name in _CONVERTING and len(infer_shape(arguments[0], self.declared) or ()) == 1:
            return replace(node, arguments=(self.cut(arguments[0]),))
        is_known = node.name in (ELEMENTWISE if len(arguments) == 1 else ELEMENTWISE_PAIRS)
        if is_known or node.name == "rows_dot_product":
            cut = tuple(self.cut(item) if item.type.is_container else item for item in arguments)
            return replace(node, arguments=cut)
        raise NotShared(f"`{to_text(node)}` has no form for a part of the rows")

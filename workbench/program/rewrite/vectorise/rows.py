"""The rows of a loop: its bounds, what varies by row in its body, and data computed once for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.program.rewrite.shapes import DeclaredTypes
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text

VECTOR = n.Type("vector")
"""The type of a vector."""

_BINDING_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, ".*": 3, "./": 3}
"""How strongly an operator binds its operands; those that are not listed bind more strongly."""


class NotVectorised(Exception):
    """A loop, or a part of it, has no vectorised form here; the message is the reason, a clause."""


@dataclass
class RowData:
    """Data of the author's program, computed once in transformed data instead of at every evaluation.

    Attributes
    ----------
    names
        Provides names that are not in use.
    statements
        By what is computed, as text: the name of the variable that holds it, and the statements for it.
    """

    names: FreshNames
    statements: dict[str, tuple[str, tuple[n.Stmt, ...]]] = field(default_factory=dict)

    @property
    def added(self) -> frozenset[str]:
        """The names of the variables that hold what is computed."""
        return frozenset(name for name, _ in self.statements.values())

    @property
    def block(self) -> tuple[n.Stmt, ...]:
        """The statements to add to transformed data."""
        return tuple(item for _, statements in self.statements.values() for item in statements)

    def compute(self, type_: str, value: n.Expr, wanted: str) -> str:
        """Return the name of a variable with a value; `type_` is its declared type, as Stan."""
        key = f"{type_} = {to_text(value)}"
        if key not in self.statements:
            name = self.names.take(wanted)
            self.statements[key] = (name, (n.Raw(f"{type_} {name} = {to_text(value)};"),))
        return self.statements[key][0]

    def compute_rows(self, type_: str, value: n.Expr, rows: Rows, wanted: str) -> str:
        """Return the name of a variable whose elements, one for each row, are computed as in the loop."""
        loop = f"for ({rows.variable} in {to_text(rows.lower)} : {to_text(rows.upper)})"
        key = f"{loop} {type_} = {to_text(value)}"
        if key not in self.statements:
            name = self.names.take(wanted)
            position = rows.variable if rows.starts_at_1 else f"{rows.variable} - ({to_text(rows.lower)}) + 1"
            assigned = f"{name}[{position}] = {to_text(value)};"
            self.statements[key] = (name, (n.Raw(f"{type_} {name};"), n.Raw(f"{loop} {{ {assigned} }}")))
        return self.statements[key][0]


@dataclass
class Rows:
    """The rows that a loop goes over.

    Attributes
    ----------
    variable, lower, upper
        The loop's variable and its bounds.
    declared
        The declared types of the program's variables.
    fixed
        The names of the author's data and transformed data, which no statement here changes.
    row_data
        Data computed once; `None` where the loop may not run at all, so that nothing may be computed before.
    vectors
        Names that stand for a vector of all rows: local numbers of the loop's body.
    assigned
        Variables whose elements the body assigns, one for each row.
    """

    variable: str
    lower: n.Expr
    upper: n.Expr
    declared: DeclaredTypes
    fixed: frozenset[str]
    row_data: RowData | None
    vectors: set[str] = field(default_factory=set)
    assigned: frozenset[str] = frozenset()

    @property
    def starts_at_1(self) -> bool:
        """Whether the first row is number 1."""
        return to_text(t.unwrap(self.lower)) == "1"

    @property
    def count(self) -> str:
        """The number of rows, as Stan."""
        upper = to_text(self.upper)
        if self.starts_at_1 and upper in self._list_sizes() and t.find_names(self.upper) <= self.fixed:
            return upper
        return f"max(0, {upper})" if self.starts_at_1 else f"max(0, ({upper}) - ({to_text(self.lower)}) + 1)"

    def _list_sizes(self) -> set[str]:
        """Return the sizes in declarations: none of them is negative."""
        return {to_text(size) for sized in self.declared.values() for size in (*sized.dims, *sized.sizes)}

    def vary(self, node: object) -> bool:
        """Whether an expression has a value for each row."""
        return bool(t.find_names(node) & ({self.variable} | self.vectors))

    def can_compute(self, node: object) -> bool:
        """Whether transformed data can compute an expression for each row."""
        if self.row_data is None:
            return False
        known = self.fixed | self.row_data.added
        return t.find_names((self.lower, self.upper)) <= known and t.find_names(node) <= known | {
            self.variable
        }

    def compute(self, type_: str, value: n.Expr, wanted: str) -> str:
        """Return the name of a variable of transformed data with a value for each row.

        Raises
        ------
        NotVectorised
            The value is not data, or nothing may be computed before the loop runs.
        """
        if self.row_data is None or not self.can_compute(value):
            raise NotVectorised(f"`{to_text(value)}` has no form for all rows at once")
        return self.row_data.compute_rows(type_, value, self, wanted)

    def covers(self, name: str, dimension: int) -> bool:
        """Whether the rows are all elements of a variable along a dimension, by its declaration."""
        sized = self.declared.get(name)
        if sized is None or not self.starts_at_1 or not t.find_names(self.upper) <= self.fixed:
            return False
        sizes = (*sized.dims, *sized.sizes)
        return dimension < len(sizes) and to_text(sizes[dimension]) == to_text(self.upper)


def substitute_names(node: n.Expr, definitions: Mapping[str, n.Expr]) -> n.Expr:
    """Return an expression with the definitions of local numbers in their places."""

    def change(item: object) -> object:
        return definitions.get(item.name, item) if isinstance(item, n.Variable) else item

    changed: n.Expr = t.rebuild(node, change)
    return changed


def enclose(node: n.Expr) -> n.Expr:
    """Return an expression in parentheses, unless it is a single operand."""
    inner = node.inner if isinstance(node, n.Promotion) else node
    if isinstance(inner, n.Binary | n.Ternary) or (isinstance(inner, n.Unary) and not inner.is_postfix):
        return n.Paren(inner, type=inner.type, is_data=inner.is_data)
    return inner


def operate(left: n.Expr, operator: str, right: n.Expr, type_: n.Type) -> n.Expr:
    """Return two expressions joined by an operator, in parentheses where Stan would group them otherwise."""
    strength = _BINDING_STRENGTH.get(operator, 4)
    if _find_strength(left) < strength:
        left = enclose(left)
    if _find_strength(right) <= strength and not (operator == "+" and _find_strength(right) == strength):
        right = enclose(right)
    return n.Binary(left, operator, right, type=type_, is_data=left.is_data and right.is_data)


def _find_strength(node: n.Expr) -> int:
    """Return how strongly the operator of an expression binds; single operands most strongly."""
    inner = node.inner if isinstance(node, n.Promotion) else node
    if isinstance(inner, n.Binary):
        return _BINDING_STRENGTH.get(inner.operator, 0)
    if isinstance(inner, n.Ternary) or (isinstance(inner, n.Unary) and not inner.is_postfix):
        return 0
    return 9


def to_column(node: n.Expr) -> n.Expr:
    """Return a vector, a row vector or an array of numbers as a vector."""
    if node.type == VECTOR:
        return node
    if node.type == n.Type("row_vector"):
        return transpose(node, VECTOR)
    return n.Call("to_vector", (node,), type=VECTOR, is_data=node.is_data)


def transpose(node: n.Expr, type_: n.Type) -> n.Expr:
    """Return the transpose of an expression; that of a transpose is the expression itself."""
    inner = t.unwrap(node)
    if isinstance(inner, n.Unary) and inner.is_postfix:
        return inner.operand
    return n.Unary("'", enclose(node), is_postfix=True, type=type_, is_data=node.is_data)

"""The rows of a loop: its bounds, what varies by row in its body, and data computed once for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.program.rewrite.shapes import DeclaredTypes, infer_shape
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
        key = f"{rows.head} {rows.selected} {type_} = {to_text(value)}"
        if key not in self.statements:
            name, head, row = self.names.take(wanted), rows.head, ""
            position = rows.variable if rows.starts_at_1 else f"{rows.variable} - ({to_text(rows.lower)}) + 1"
            if rows.selected:
                position = self.names.take("i")
                head = f"for ({position} in 1 : size({rows.selected}))"
                row = f"int {rows.variable} = {rows.selected}[{position}];"
            assigned = f"{name}[{position}] = {to_text(value)};"
            self.statements[key] = (
                name,
                (n.Raw(f"{type_} {name};"), n.Raw(f"{head} {{ {row} {assigned} }}")),
            )
        return self.statements[key][0]

    def select(self, condition: str, rows: Rows) -> str:
        """Return the name of an array with the numbers of the rows that meet a condition."""
        key = f"{rows.head} if ({condition})"
        if key not in self.statements:
            name, count, position = (self.names.take(wanted) for wanted in ("selected", "n_selected", "i"))
            self.statements[key] = (
                name,
                (
                    n.Raw(f"int {count} = 0;"),
                    n.Raw(f"{rows.head} {{ if ({condition}) {count} += 1; }}"),
                    n.Raw(f"array[{count}] int {name};"),
                    n.Raw(f"{{ int {position} = 0; {rows.head} {{ if ({condition}) {{ {position} += 1;"),
                    n.Raw(f"{name}[{position}] = {rows.variable}; }} }} }}"),
                ),
            )
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
    selected
        An array of the numbers of the rows that meet a condition; empty for all rows.
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
    selected: str = ""
    vectors: set[str] = field(default_factory=set)
    assigned: frozenset[str] = frozenset()

    @property
    def starts_at_1(self) -> bool:
        """Whether the first row is number 1."""
        return to_text(t.unwrap(self.lower)) == "1"

    @property
    def head(self) -> str:
        """The head of the loop, as Stan."""
        return f"for ({self.variable} in {to_text(self.lower)} : {to_text(self.upper)})"

    @property
    def count(self) -> str:
        """The number of rows, as Stan."""
        if self.selected:
            return f"size({self.selected})"
        upper = to_text(self.upper)
        if self.starts_at_1 and upper in self._list_sizes() and t.find_names(self.upper) <= self.fixed:
            return upper
        if self.starts_at_1:
            return f"max(0, {upper})"
        difference = operate(self.upper, "-", self.lower, n.INT)
        return f"max(0, {to_text(operate(difference, '+', n.Numeral('1'), n.INT))})"

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
        if (
            self.selected
            or sized is None
            or not self.starts_at_1
            or not t.find_names(self.upper) <= self.fixed
        ):
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


def combine(left: n.Expr, operator: str, right: n.Expr, declared: DeclaredTypes) -> n.Expr:
    """Return two operands joined for all rows: ``s * u[g]`` as ``(s * u)[g]``, which multiplies once a group.

    Each element has the same value either way. Only sums, and products with a number, are computed for groups
    without rows: there the derivative is 0 whatever the values of other elements are. Two vectors of groups
    are joined where declarations say that they have the same size.
    """
    first, second = _split_groups(left), _split_groups(right)
    if first is not None and second is not None and operator in {"+", "-"}:
        shapes = [infer_shape(base, declared) for base, _ in (first, second)]
        if to_text(first[1].lower) == to_text(second[1].lower) and shapes[0] == shapes[1] is not None:
            return _index_groups(operate(first[0], operator, second[0], VECTOR), first[1])
    elif first is not None and operator in {"+", "-", "*"} and not right.type.is_container:
        return _index_groups(operate(first[0], operator, right, VECTOR), first[1])
    elif second is not None and operator in {"+", "-", "*"} and not left.type.is_container:
        return _index_groups(operate(left, operator, second[0], VECTOR), second[1])
    is_vector = VECTOR in (left.type, right.type)
    return operate(left, operator, right, VECTOR if is_vector else n.REAL)


def _split_groups(node: n.Expr) -> tuple[n.Expr, n.SliceIndex] | None:
    """Return the values of groups and the index of each row's group; `None` for other expressions."""
    if not isinstance(node, n.Indexed) or node.type != VECTOR or node.is_data:
        return None
    index = node.indices[0]
    if index.lower is None or index.lower.type != n.Type("int", 1):
        return None
    if node.base.type != VECTOR:  # Stan Math does not multiply a column of an optimised matrix
        return None
    return (node.base.inner if isinstance(node.base, n.Paren) else node.base), index


def _index_groups(node: n.Expr, index: n.SliceIndex) -> n.Expr:
    return n.Indexed(enclose(node), (index,), type=VECTOR, is_data=False)


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

"""Statistics of the whole table frozen: new rows are prepared as the rows of the fit were.

A program that centres its predictors at their means is another program for other rows. Here every statistic
of all rows, such as a mean, is that of the fit: the program gets the rows of the fit as further data, runs
transformed data on them first, and takes from there what has no axis that grows with the rows. What belongs
to a row is computed for the new row. Whether that is right is tried on rows whose log density is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from workbench.program.predictive.row_axes import RowAxes, find_derived_sizes
from workbench.program.rewrite.shapes import collect_declared_types
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import parse_density

_SIZE_FIRST: Mapping[str, int] = {
    "rep_vector": 1, "rep_row_vector": 1, "rep_array": 1, "rep_matrix": 1, "zeros_vector": 0,
    "ones_vector": 0, "zeros_row_vector": 0, "ones_row_vector": 0, "zeros_array": 0, "ones_array": 0,
    "zeros_int_array": 0,
    "ones_int_array": 0, "identity_matrix": 0, "head": 1, "tail": 1, "segment": 1, "block": 1, "sub_col": 1,
    "sub_row": 1,
}  # fmt: skip
"""Functions that take sizes or positions: from which argument on; these are of the new rows."""


@dataclass(frozen=True)
class FrozenStatistics:
    """A program whose statistics of all rows are those of the fit.

    Attributes
    ----------
    tree
        The program.
    copies
        By the name of a data variable: the one that holds it as the fit had it. Empty where no statistic is
        used, and the program is the author's.
    names
        The names that are in use in it.
    """

    tree: n.Tree
    copies: Mapping[str, str]
    names: FreshNames


@dataclass(frozen=True)
class _Scope:
    """What surrounds an expression: loop variables and local variables that belong to a row."""

    row_names: frozenset[str] = frozenset()

    def enter(self, *names: str) -> _Scope:
        return _Scope(self.row_names | frozenset(names))


def freeze_statistics(tree: n.Tree, sizes: frozenset[str]) -> FrozenStatistics:
    """Return a program for new rows that prepares them by the statistics of the fit's rows.

    Parameters
    ----------
    tree
        The author's program.
    sizes
        The data that count rows, or groups of rows.
    """
    return _Freezer(tree, sizes).freeze()


class _Freezer:
    """Rewrites one program."""

    def __init__(self, tree: n.Tree, sizes: frozenset[str]) -> None:
        declared = collect_declared_types(tree)
        derived = find_derived_sizes(tree, sizes)
        self.tree = tree
        self.sizes = sizes | derived
        self.axes = RowAxes(self.sizes, declared)
        self.names = FreshNames(tree)
        self.data = _declare_names(tree.get_block("data"))
        self.made = _declare_names(tree.get_block("transformed data"))
        self.whole = frozenset(
            name for name in self.made if not self.axes.is_growing(name) and name not in derived
        )
        self.copied: dict[str, str] = {}

    def freeze(self) -> FrozenStatistics:
        """Return the program with its statistics frozen."""
        made = self.tree.get_block("transformed data")
        second = tuple(
            item for item in (self._freeze_made(item, _Scope()) for item in made) if item is not None
        )
        rest = {
            name: tuple(self._freeze_statement(item, _Scope()) for item in self.tree.get_block(name))
            for name in ("parameters", "transformed parameters", "model", "generated quantities")
        }
        if not self.copied:
            return FrozenStatistics(self.tree, {}, self.names)
        first = self._copy_made()
        self._copy_sizes()
        copies = {name: copy for name, copy in self.copied.items() if name in self.data}
        tree = self.tree.replace(
            data=(*self.tree.get_block("data"), *self._copy_data(copies)),
            transformed_data=(*first, *second),
            **{name.replace(" ", "_"): body for name, body in rest.items()},
        )
        return FrozenStatistics(tree, copies, self.names)

    # --- the first pass: transformed data on the rows of the fit -------------------------------------

    def _copy_made(self) -> tuple[n.Stmt, ...]:
        """Return transformed data under other names, on the data of the fit; copies what they read."""
        made = self.tree.get_block("transformed data")
        if not self.copied.keys() & self.made:
            return ()
        for name in self.made:
            self._copy(name)
        for name in sorted(t.find_names(made) | _find_sized_names(made)):
            if name in self.data and self.axes.is_growing(name):
                self._copy(name)
        return tuple(self._rename(made))

    def _copy_sizes(self) -> None:
        """Copy the data that the copied ones are declared with, such as the number of rows."""
        declared = [item for item in self.tree.get_block("data") if isinstance(item, n.Declare)]
        used = {
            name: _find_sized_names((item,)) | t.find_names(item.constraint)
            for item in declared
            for name, _ in item.variables
        }
        waiting = [name for name in self.copied if name in used]
        while waiting:
            for other in sorted(used[waiting.pop()]):
                if other in used and self.axes.is_growing(other) and other not in self.copied:
                    self._copy(other)
                    waiting.append(other)

    def _copy_data(self, copies: Mapping[str, str]) -> Iterator[n.Stmt]:
        """Yield declarations of the rows of the fit."""
        for item in self._rename(self.tree.get_block("data")):
            if isinstance(item, n.Declare):
                kept = tuple(pair for pair in item.variables if pair[0] in copies.values())
                if kept:
                    yield replace(item, variables=kept)

    def _rename(self, statements: tuple[n.Stmt, ...]) -> tuple[n.Stmt, ...]:
        renamed = self.copied

        def change(node: Any) -> Any:
            if isinstance(node, n.Variable) and node.name in renamed:
                return replace(node, name=renamed[node.name])
            if isinstance(node, n.Declare):
                return replace(
                    node, variables=tuple((renamed.get(name, name), value) for name, value in node.variables)
                )
            return replace(node, id=-1) if isinstance(node, n.Stmt) else node

        changed: tuple[n.Stmt, ...] = t.rebuild(statements, change)
        return changed

    def _copy(self, name: str) -> str:
        if name not in self.copied:
            self.copied[name] = self.names.take(f"{name}_fit")
        return self.copied[name]

    # --- the second pass: the new rows ---------------------------------------------------------------

    def _freeze_made(self, statement: n.Stmt, scope: _Scope) -> n.Stmt | None:
        """Return a statement of transformed data for the new rows; `None` where the fit has its result."""
        if isinstance(statement, n.Declare):
            return self._take_whole(statement, scope)
        frozen: n.Stmt = self._freeze_statement(statement, scope)
        return self._drop_whole(frozen)

    def _take_whole(self, statement: n.Declare, scope: _Scope) -> n.Stmt:
        names = {name for name, _ in statement.variables}
        if names & self.sizes:  # a size of the new rows
            return statement
        if not names & self.whole & self._row_dependent:
            frozen: n.Stmt = self._freeze_statement(statement, scope)
            return frozen
        values = tuple(
            (name, n.Variable(self._copy(name)) if name in self.whole else self._freeze(value, scope))
            for name, value in statement.variables
        )
        return replace(statement, variables=values)

    @cached_property
    def _row_dependent(self) -> frozenset[str]:
        """Variables of transformed data that are computed from rows, in however many steps."""
        made = self.tree.get_block("transformed data")
        found: set[str] = set()
        while True:
            more = found | set(_find_dependents(made, found, self.axes))
            if more == found:
                return frozenset(found)
            found = more

    def _drop_whole(self, statement: n.Stmt) -> n.Stmt | None:
        """Return a statement without assignments to variables that are taken from the fit."""
        taken = self.whole & self._row_dependent

        def change(node: Any) -> Any:
            if isinstance(node, n.Assignment) and _find_target(node.left) in taken:
                return n.Block(())
            return n.Block(()) if isinstance(node, n.Message) else node

        changed: n.Stmt = t.rebuild(statement, change)
        return None if changed == n.Block(()) else changed

    def _freeze_statement(self, statement: Any, scope: _Scope) -> Any:
        """Return a statement whose statistics of all rows are those of the fit."""
        if isinstance(statement, n.Block | n.Profile):
            return replace(statement, body=self._freeze_body(statement.body, scope))
        if isinstance(statement, n.For | n.ForEach):
            return self._freeze_loop(statement, scope)
        if isinstance(statement, n.If | n.While):
            return self._freeze_branches(statement, scope)
        if isinstance(statement, n.Declare):
            constraint = self._freeze_constraint(statement.constraint, scope)
            values = tuple((name, self._freeze(value, scope)) for name, value in statement.variables)
            return replace(statement, constraint=constraint, variables=values)
        if isinstance(statement, n.Assignment):
            return replace(statement, right=self._freeze(statement.right, scope))
        if isinstance(statement, n.Tilde):
            arguments = tuple(self._freeze(item, scope) for item in statement.arguments)
            limits = {key: self._freeze(getattr(statement, key), scope) for key in ("lower", "upper")}
            return replace(statement, arguments=arguments, **limits)
        if isinstance(statement, n.Increment):
            return replace(statement, value=self._freeze(statement.value, scope))
        if isinstance(statement, n.CallStatement):
            return replace(statement, arguments=tuple(self._freeze(a, scope) for a in statement.arguments))
        return statement

    def _freeze_loop(self, loop: n.For | n.ForEach, scope: _Scope) -> n.Stmt:
        is_over_rows = (
            self._counts_rows(loop.upper) if isinstance(loop, n.For) else self._is_about_rows(loop.container)
        )
        inner = scope.enter(loop.variable) if is_over_rows else scope
        return replace(loop, body=self._freeze_statement(loop.body, inner))

    def _freeze_body(self, body: tuple[n.Stmt, ...], scope: _Scope) -> tuple[n.Stmt, ...]:
        statements = []
        for item in body:
            statements.append(self._freeze_statement(item, scope))
            if isinstance(item, n.Declare) and scope.row_names:  # in a loop over rows: of one row
                scope = scope.enter(*(name for name, _ in item.variables))
        return tuple(statements)

    def _freeze_branches(self, statement: n.If | n.While, scope: _Scope) -> n.Stmt:
        condition = self._freeze(statement.condition, scope)
        if isinstance(statement, n.While):
            return replace(statement, condition=condition, body=self._freeze_statement(statement.body, scope))
        no = None if statement.no is None else self._freeze_statement(statement.no, scope)
        return replace(
            statement, condition=condition, yes=self._freeze_statement(statement.yes, scope), no=no
        )

    def _freeze_constraint(self, constraint: n.Constraint, scope: _Scope) -> n.Constraint:
        arguments = tuple((key, self._freeze(value, scope)) for key, value in constraint.arguments)
        return replace(constraint, arguments=arguments)

    # --- expressions ---------------------------------------------------------------------------------

    def _freeze(self, node: Any, scope: _Scope) -> Any:
        """Return an expression with every statistic of all rows in it as the fit had it."""
        if not isinstance(node, n.Expr):
            return node
        if self._is_statistic(node, scope):
            return self._name_fit(node)
        rotated = self._find_rotation(node, scope)
        if rotated is not None:
            return rotated
        if isinstance(node, n.Call):
            return replace(node, arguments=self._freeze_arguments(node, scope))
        if isinstance(node, n.Indexed):  # positions are of the new rows
            return replace(node, base=self._freeze(node.base, scope))
        changes = {}
        for name in ("inner", "operand", "left", "right", "condition", "yes", "no", "base"):
            value = getattr(node, name, None)
            if isinstance(value, n.Expr):
                changes[name] = self._freeze(value, scope)
        if isinstance(node, n.Elements):
            changes["items"] = tuple(self._freeze(item, scope) for item in node.items)
        return replace(node, **changes) if changes else node

    def _freeze_arguments(self, node: n.Call, scope: _Scope) -> tuple[n.Expr, ...]:
        """Return the arguments of a call; sizes, and outcomes of densities, stay those of the new rows."""
        is_density = parse_density(node) is not None
        last = _SIZE_FIRST.get(node.name, len(node.arguments))
        first = 1 if is_density else 0
        return tuple(
            self._freeze(argument, scope) if first <= position < last else argument
            for position, argument in enumerate(node.arguments)
        )

    def _is_statistic(self, node: n.Expr, scope: _Scope) -> bool:
        """Return whether an expression is computed from all rows, and belongs to none of them."""
        names = t.find_names(node)
        known = self.data | self.made | _find_loop_names(self.tree)
        return (
            bool(names - scope.row_names)
            and not names & scope.row_names
            and names <= known
            and any(self.axes.is_growing(name) for name in names)
            and not any(self.axes.find_axes(node))
        )

    def _name_fit(self, node: n.Expr) -> n.Expr:
        for name in t.find_names(node):
            if name in self.made or (name in self.data and self.axes.is_growing(name)):
                self._copy(name)
        renamed: n.Expr = t.rebuild(
            node,
            lambda item: (
                replace(item, name=self.copied[item.name])
                if isinstance(item, n.Variable) and item.name in self.copied and (item.name not in self.whole)
                else item
            ),
        )
        return renamed

    def _find_rotation(self, node: n.Expr, scope: _Scope) -> n.Expr | None:
        """Return the rotation of new rows by a QR decomposition of the fit's: `Q` is `X` over `R`."""
        inner = node
        if isinstance(inner, n.Call) and inner.name == "qr_thin_Q" and self._is_about_rows(inner):
            return self._divide_by_factor(inner.arguments[0], "qr_thin_R", None, scope)
        if (
            isinstance(inner, n.Indexed)
            and isinstance(t.unwrap(inner.base), n.Call)
            and t.unwrap(inner.base).name == "qr_Q"  # type: ignore[attr-defined]
            and len(inner.indices) == 2
            and inner.indices[0] == n.SliceIndex()
        ):
            rotated = t.unwrap(inner.base).arguments[0]  # type: ignore[attr-defined]
            rows = (inner.indices[1], n.SliceIndex())
            return self._divide_by_factor(rotated, "qr_R", rows, scope)
        return None

    def _divide_by_factor(
        self, matrix: n.Expr, function: str, rows: tuple[n.SliceIndex, ...] | None, scope: _Scope
    ) -> n.Expr | None:
        if not t.find_names(matrix) <= self.data | self.made:
            return None
        factor: n.Expr = n.Call(function, (self._name_fit(matrix),), type=n.Type("matrix"))
        if rows is not None:
            factor = n.Indexed(factor, rows, type=n.Type("matrix"))
        new = n.Paren(self._freeze(matrix, scope), type=n.Type("matrix"))
        return n.Paren(n.Binary(new, "/", factor, type=n.Type("matrix")), type=n.Type("matrix"))

    def _counts_rows(self, node: n.Expr) -> bool:
        return any(self.axes.is_growing(name) for name in t.find_names(node))

    def _is_about_rows(self, node: n.Expr) -> bool:
        return any(self.axes.find_axes(node))


def _declare_names(statements: tuple[n.Stmt, ...]) -> frozenset[str]:
    declared = (item for item in statements if isinstance(item, n.Declare))
    return frozenset(name for item in declared for name, _ in item.variables)


def _find_loop_names(tree: n.Tree) -> frozenset[str]:
    loops = (item for _, body in tree.blocks for item in t.walk(body) if isinstance(item, n.For))
    return frozenset(item.variable for item in loops)


def _find_sized_names(statements: tuple[n.Stmt, ...]) -> frozenset[str]:
    sized = (item for item in t.walk(statements) if isinstance(item, n.Sized))
    return frozenset(
        name for item in sized for size in (*item.dims, *item.sizes) for name in t.find_names(size)
    )


def _find_target(left: Any) -> str:
    """Return the variable that an assignment sets, in whole or in part."""
    while isinstance(left, n.Indexed | n.Projection | n.Paren):
        left = left.inner if isinstance(left, n.Paren) else left.base
    return left.name if isinstance(left, n.Variable) else to_text(left) if isinstance(left, n.Expr) else ""


def _find_dependents(statements: tuple[n.Stmt, ...], known: set[str], axes: RowAxes) -> list[str]:
    """Return what is set from rows, or from known dependents, at any depth of loops and branches."""

    def reads_rows(node: object) -> bool:
        return any(axes.is_growing(name) or name in known for name in t.find_names(node))

    found: list[str] = []
    for item in t.walk(statements):
        if isinstance(item, n.Declare):
            found += [name for name, value in item.variables if value is not None and reads_rows(value)]
        elif isinstance(item, n.Assignment) and reads_rows(item.right):
            found.append(_find_target(item.left))
        elif isinstance(item, n.For | n.ForEach | n.If | n.While):
            head = {n.For: "upper", n.ForEach: "container"}.get(type(item), "condition")
            if reads_rows(getattr(item, head)):
                inside = (inner for inner in t.walk(item) if isinstance(inner, n.Assignment))
                found += [_find_target(inner.left) for inner in inside]
    return found

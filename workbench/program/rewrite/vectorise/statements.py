"""The statements of a program with a faster form: loops over rows, and densities of linear predictors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.program.rewrite.shapes import DeclaredTypes, collect_declared_types
from workbench.program.rewrite.splice import remove_braces, splice
from workbench.program.rewrite.vectorise.densities import find_glm_density, vectorise_summand
from workbench.program.rewrite.vectorise.expressions import flatten_indices, index_rows, to_operand, to_rows
from workbench.program.rewrite.vectorise.rows import (
    VECTOR,
    NotVectorised,
    RowData,
    Rows,
    enclose,
    substitute_names,
    transpose,
)
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.terms.summands import Summand, adds_to_target, format_sum, split_into_summands

_ENTRIES = (n.Declare, n.Assignment, n.Tilde, n.Increment, n.If)
"""The statements that a loop's body may consist of."""

_LOOPS = (n.For, n.ForEach, n.While)
"""Statements that repeat others."""


_OTHER_CONSTANTS = "neg_binomial_2_log_glm"
"""The GLM density that drops other constants than the density that it stands for."""


@dataclass(frozen=True)
class Vectorisation:
    """A loop of the author's program, or a density of a linear predictor.

    Attributes
    ----------
    statement
        The number of the statement.
    text
        The statement as Stan, or the head of the loop.
    vectorised
        What stands in its place, as Stan; empty if it stays.
    reason
        Why it stays, a clause.
    """

    statement: int
    text: str
    vectorised: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Vectorised:
    """A program whose loops are vectorised where that is possible.

    Attributes
    ----------
    tree
        The program.
    summands
        What takes the place of what the author's statements add to ``target``, by the `id()` of its node.
    statements
        Every loop of its transformed parameters and its model, and every density with a GLM form.
    """

    tree: n.Tree
    summands: Mapping[int, n.Expr | n.Tilde] = field(default_factory=dict)
    statements: tuple[Vectorisation, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether unnormalised densities drop the same constants as the author's.

        Stan's negative binomial GLM drops factorials of the outcomes, which the density itself keeps.
        """
        return not any(
            node.distribution == _OTHER_CONSTANTS
            if isinstance(node, n.Tilde)
            else isinstance(node, n.Call) and node.name == f"{_OTHER_CONSTANTS}_lupmf"
            for node in self.summands.values()
        )


def vectorise(tree: n.Tree, names: FreshNames, kept: Mapping[int, str] | None = None) -> Vectorised:
    """Return a program with vectorised statements in place of loops over rows, and GLM densities.

    Parameters
    ----------
    tree
        The author's program.
    names
        Provides names that are not in use.
    kept
        Statements that stay, by their number, with the reason.
    """
    walker = _Walker(tree, names, kept or {})
    parameters = walker.rewrite_block(tree.get_block("transformed parameters"))
    model = walker.rewrite_block(tree.get_block("model"))
    if not any(item.vectorised for item in walker.noted):
        return Vectorised(tree, statements=tuple(walker.noted))
    changed = tree.replace(
        transformed_data=(*tree.get_block("transformed data"), *walker.row_data.block),
        transformed_parameters=parameters,
        model=model,
    )
    return Vectorised(changed, walker.summands, tuple(walker.noted))


class _Walker:
    """Goes through blocks in order and rewrites their loops."""

    def __init__(self, tree: n.Tree, names: FreshNames, kept: Mapping[int, str]) -> None:
        self.declared: DeclaredTypes = collect_declared_types(tree)
        self.fixed = _list_declared(tree, "data") | _list_declared(tree, "transformed data")
        self.row_data = RowData(names)
        self.names = names
        self.kept = kept
        self.summands: dict[int, n.Expr | n.Tilde] = {}
        self.noted: list[Vectorisation] = []
        self.depth = 0  # how many loops are around a statement

    def rewrite_block(self, statements: Sequence[n.Stmt]) -> tuple[n.Stmt, ...]:
        """Return the statements of a block with its loops rewritten."""
        return remove_braces(tuple(self._rewrite(item, is_certain=True) for item in statements))

    def _rewrite(self, node: n.Stmt, *, is_certain: bool) -> n.Stmt:
        """Return a statement with its loops rewritten; `is_certain` if it always runs."""
        if isinstance(node, n.For):
            return self._rewrite_loop(node, is_certain=is_certain)
        if isinstance(node, n.Block | n.Profile):
            body = tuple(self._rewrite(item, is_certain=is_certain) for item in node.body)
            return replace(node, body=body)
        if isinstance(node, n.If):
            no = None if node.no is None else self._rewrite(node.no, is_certain=False)
            return replace(node, yes=self._rewrite(node.yes, is_certain=False), no=no)
        if isinstance(node, n.ForEach | n.While):
            self._note(node, reason=_explain_other_loop(node))
            return replace(node, body=self._rewrite(node.body, is_certain=False))
        return self._use_glm(node, is_certain=is_certain) if adds_to_target(node) else node

    def _use_glm(self, node: n.Tilde | n.Increment, *, is_certain: bool) -> n.Stmt:
        """Return a statement with the GLM forms of its densities; the statement itself if there are none."""
        row_data = RowData(self.names, dict(self.row_data.statements)) if is_certain else None
        changed = {
            id(item.node): density
            for item in split_into_summands(node)
            if (density := find_glm_density(item.node, self.fixed, row_data)) is not None
        }
        if not changed:
            return node
        if node.id in self.kept:
            self._note(node, reason=self.kept[node.id])
            return node
        self.summands |= changed
        if row_data is not None:
            self.row_data = row_data
        self._note(node, vectorised=" ".join(to_text(item) for item in changed.values()))
        return node

    def _rewrite_loop(self, node: n.For, *, is_certain: bool) -> n.Stmt:
        if any(isinstance(item, _LOOPS) for item in t.walk(node.body)):
            self._note(node, reason="it holds another loop")
            self.depth += 1
            inner = self._rewrite(node.body, is_certain=False)
            self.depth -= 1
            return replace(node, body=inner)
        row_data = RowData(self.names, dict(self.row_data.statements)) if is_certain else None
        rows = Rows(node.variable, node.lower, node.upper, self.declared, self.fixed, row_data)
        try:
            if node.id in self.kept:
                raise NotVectorised(self.kept[node.id])
            body = _Body(node, rows, self.names)
            if self.depth and rows.assigned:  # it may be short, and a vector costs more than a few numbers
                raise NotVectorised("it assigns elements inside another loop")
            statements = tuple(body.rewrite())
        except NotVectorised as reason:
            self._note(node, reason=str(reason))
            return node
        self.summands |= body.summands
        if row_data is not None:
            self.row_data = row_data
        shown = " ".join(body.shown)
        self._note(node, vectorised=shown)
        has_locals = any(isinstance(item, n.Declare) for item in statements)
        return n.Block(statements, id=node.id) if has_locals else splice(statements, node.id)

    def _note(self, node: n.Stmt, *, vectorised: str = "", reason: str = "") -> None:
        self.noted.append(Vectorisation(node.id, _format_head(node), vectorised, reason))


def _list_declared(tree: n.Tree, block: str) -> frozenset[str]:
    return frozenset(
        name for item in tree.get_block(block) if isinstance(item, n.Declare) for name, _ in item.variables
    )


def _format_head(node: n.Stmt) -> str:
    if isinstance(node, n.For):
        return f"for ({node.variable} in {to_text(node.lower)} : {to_text(node.upper)})"
    if isinstance(node, n.ForEach):
        return f"for ({node.variable} in {to_text(node.container)})"
    return f"while ({to_text(node.condition)})" if isinstance(node, n.While) else to_text(node)


def _explain_other_loop(node: n.Stmt) -> str:
    return "it repeats until a condition fails" if isinstance(node, n.While) else "it has no numbered rows"


class _Body:
    """The body of a loop, statement by statement."""

    def __init__(self, loop: n.For, rows: Rows, names: FreshNames) -> None:
        body = loop.body.body if isinstance(loop.body, n.Block) else (loop.body,)
        self.statements = body
        self.rows = rows
        self.names = names
        self.summands: dict[int, n.Expr | n.Tilde] = {}
        self.shown: list[str] = []
        self.definitions: dict[str, n.Expr] = {}
        self.locals: dict[str, str] = {}
        _refuse_statements(body)
        self.rows.assigned = frozenset(self._list_assigned())

    def _list_assigned(self) -> Iterator[str]:
        """Yield the variables outside of the body that it assigns."""
        own = {name for item in self.statements if isinstance(item, n.Declare) for name, _ in item.variables}
        for item in t.walk(self.statements):
            if isinstance(item, n.Assignment):
                yield from _find_assigned_names(item) - own

    def rewrite(self) -> Iterator[n.Stmt]:
        """Yield the statements for all rows."""
        for position, item in enumerate(self.statements):
            if isinstance(item, n.Declare):
                yield from self._declare(item, position)
            elif isinstance(item, n.Assignment):
                yield from self._assign(item, position)
            elif isinstance(item, n.Tilde | n.Increment):
                yield self._add(item)
            elif isinstance(item, n.If):
                yield from self._branch(item, "")

    def _branch(self, item: n.If, before: str) -> Iterator[n.Stmt]:
        """Yield the statements for the rows of each branch; `before` is the condition to come here."""
        condition = substitute_names(item.condition, self.definitions)
        if not self.rows.can_compute(condition):
            raise NotVectorised("its body has a condition that the data alone do not decide")
        text = f"({to_text(condition)})"
        yield from self._write_branch(item.yes, f"{before} && {text}" if before else text)
        if item.no is not None:
            rest = f"{before} && !{text}" if before else f"!{text}"
            if isinstance(item.no, n.If):
                yield from self._branch(item.no, rest)
            else:
                yield from self._write_branch(item.no, rest)

    def _write_branch(self, branch: n.Stmt, condition: str) -> Iterator[n.Stmt]:
        """Yield the statements of one branch, for the rows that take it."""
        every = self.rows
        if every.row_data is None:
            raise NotVectorised("its body has a condition")
        self.rows = replace(every, selected=every.row_data.select(condition, every))
        for item in branch.body if isinstance(branch, n.Block) else (branch,):
            if isinstance(item, n.Tilde | n.Increment):
                yield self._add(item)
            elif not (isinstance(item, n.Jump) and not item.keyword):
                raise NotVectorised("a branch of its body has other statements than densities")
        self.rows = every

    def _add(self, item: n.Tilde | n.Increment) -> n.Stmt:
        """Return a statement that adds what all rows add."""
        if not adds_to_target(item):
            raise NotVectorised("it adds to `jacobian`")
        changed: n.Expr | n.Tilde = n.Target()
        for summand in split_into_summands(item):
            changed = vectorise_summand(summand.node, self.rows, self.definitions)
            self.summands[id(summand.node)] = changed
            self.shown.append(_format_summand(changed, summand.sign))
        # What is added to `target` follows from the summands; the statement only says where.
        return changed if isinstance(changed, n.Tilde) else item

    def _declare(self, item: n.Declare, position: int) -> Iterator[n.Stmt]:
        if item.sized.base not in {"int", "real"} or item.sized.dims:
            raise NotVectorised("its body declares a container")
        for name, value in item.variables:
            self.locals[name] = item.sized.base
            if value is not None:
                yield from self._define(name, value, position)

    def _define(self, name: str, value: n.Expr, position: int) -> Iterator[n.Stmt]:
        """Give a local number its value: in the places where it is used, or as a vector of all rows."""
        base = self.locals[name]
        value = substitute_names(value, self.definitions)
        is_integer = t.unwrap(value).type == n.INT
        uses = _count_uses(name, self.statements[position:])
        if not self.rows.vary(value):
            operand = to_operand(value, self.rows)
            if isinstance(operand, n.Variable) and operand.type == n.Type(base):
                self.definitions[name] = operand
                return
            fresh = self.names.take(name)
            self.definitions[name] = n.Variable(fresh, type=n.Type(base), is_data=value.is_data)
            yield n.Declare(n.Sized(base), n.Constraint(), ((fresh, operand),))
            return
        is_stable = not t.find_names(value) & self.rows.assigned
        is_cheap = isinstance(t.unwrap(value), n.Variable | n.Indexed) or value.is_data
        if is_stable and (base == "int" or not is_integer) and (uses <= 1 or is_cheap):
            self.definitions[name] = enclose(t.unwrap(value))
            return
        if base == "int":
            raise NotVectorised(f"the integer `{name}` depends on what the loop assigns")
        vector = to_rows(value, self.rows)
        fresh = self.names.take(name)
        self.rows.vectors.add(fresh)
        self.definitions[name] = n.Variable(fresh, type=n.REAL, is_data=value.is_data)
        size = n.Variable(self.rows.count, type=n.INT)
        yield n.Declare(n.Sized("vector", (), (size,)), n.Constraint(), ((fresh, vector),))

    def _assign(self, item: n.Assignment, position: int) -> Iterator[n.Stmt]:
        if isinstance(item.left, n.Variable) and item.left.name in self.locals:
            value = item.right
            if item.operator != "=":
                value = _apply(item.left, item.operator, value)
            yield from self._define(item.left.name, value, position + 1)
            return
        if isinstance(item.left, n.Variable) and item.left.type == n.REAL and item.operator in {"+=", "-="}:
            yield self._accumulate(item)
            return
        if not isinstance(item.left, n.Indexed):
            raise NotVectorised(f"it assigns `{_format_left(item)}`, which does not vary by row")
        changed = self._assign_elements(item, item.left)
        self.shown.append(to_text(changed))
        yield changed

    def _accumulate(self, item: n.Assignment) -> n.Assignment:
        """Return an assignment that adds what all rows add to a number."""
        texts = []
        for summand in split_into_summands(n.Increment(item.right)):
            changed = vectorise_summand(summand.node, self.rows, self.definitions)
            total = (
                n.Call("sum", (changed,))
                if isinstance(changed, n.Expr) and changed.type.is_container
                else changed
            )
            texts.append(Summand(total, summand.sign).text)
        changed_item = replace(item, right=n.Variable(format_sum(texts)))
        self.shown.append(to_text(changed_item))
        return changed_item

    def _assign_elements(self, item: n.Assignment, left: n.Indexed) -> n.Assignment:
        """Return an assignment to the elements of all rows."""
        base, indices = flatten_indices(left)
        rows, kind = self.rows, left.type
        varying = [index for index in indices if rows.vary(index)]
        is_by_row = len(varying) == 1 and to_text(varying[0]) == rows.variable
        if not is_by_row or not isinstance(base, n.Variable) or kind != n.REAL or base.type.base == "int":
            raise NotVectorised(f"it assigns `{to_text(left)}`, which is not a number for each row")
        target = index_rows(left, rows)
        value = substitute_names(item.right, self.definitions)
        if item.operator != "=":
            value = _apply(left, item.operator, value)
        if not rows.vary(value):
            to_operand(value, rows)
            repeated = n.Call("rep_vector", (value, n.Variable(rows.count, type=n.INT)), type=VECTOR)
            return replace(item, left=target, operator="=", right=_as_target(repeated, target))
        return replace(item, left=target, operator="=", right=_as_target(to_rows(value, rows), target))


def _format_summand(node: n.Expr | n.Tilde, sign: str) -> str:
    if isinstance(node, n.Tilde):
        return to_text(node)
    total = n.Call("sum", (node,)) if node.type.is_container else node
    return f"target {sign}= {to_text(total)};"


def _as_target(value: n.Expr, target: n.Expr) -> n.Expr:
    """Return a vector as the type of what it is assigned to."""
    if target.type == VECTOR:
        return value
    if target.type == n.Type("row_vector"):
        return transpose(value, n.Type("row_vector"))
    return n.Call("to_array_1d", (value,), type=target.type, is_data=value.is_data)


def _apply(left: n.Expr, operator: str, right: n.Expr) -> n.Expr:
    """Return the value that an assignment with an operator such as ``+=`` gives."""
    if operator.removesuffix("=") not in {"+", "-", "*", "/"}:
        raise NotVectorised(f"it assigns with `{operator}`")
    return n.Binary(left, operator.removesuffix("="), enclose(right), type=n.REAL, is_data=False)


def _format_left(item: n.Assignment) -> str:
    return to_text(item.left)


def _find_assigned_names(item: n.Assignment) -> frozenset[str]:
    """Return the variables that an assignment changes, without those in its indices."""
    left = item.left
    while isinstance(left, n.Indexed | n.Projection):
        left = left.base
    return t.find_names(left)


def _count_uses(name: str, statements: Sequence[n.Stmt]) -> int:
    """Return how often a local number is read before it gets another value; in loops, each statement once."""
    uses = 0
    for item in statements:
        is_assigned = isinstance(item, n.Assignment) and name in _find_assigned_names(item)
        read = (item.right,) if isinstance(item, n.Assignment) and is_assigned else item
        uses += sum(isinstance(node, n.Variable) and node.name == name for node in t.walk(read))
        if isinstance(item, n.Assignment) and is_assigned:
            return uses + (item.operator != "=")
    return uses


def _refuse_statements(statements: Sequence[n.Stmt]) -> None:
    """Refuse a body with statements that depend on each other in more ways than assignments.

    Raises
    ------
    NotVectorised
        The message says which.
    """
    for item in statements:
        if isinstance(item, n.Message):
            raise NotVectorised(f"its body has `{item.keyword}`")
        if not isinstance(item, _ENTRIES):
            raise NotVectorised("its body has other statements than definitions and densities")
        for node in t.walk(item):
            if isinstance(node, n.Call | n.Tilde) and node.is_user_defined:
                name = node.name if isinstance(node, n.Call) else node.distribution
                raise NotVectorised(f"it calls `{name}`, a function of the program")
            if isinstance(node, n.Call) and node.name in _EFFECTS:
                raise NotVectorised(f"it calls `{node.name}`")
    if not any(isinstance(item, n.Tilde | n.Increment | n.Assignment) for item in t.walk(tuple(statements))):
        raise NotVectorised("its body adds nothing and assigns nothing")


_EFFECTS: Collection[str] = ("target", "reduce_sum", "reduce_sum_static", "map_rect")
"""Functions that a row may not call."""

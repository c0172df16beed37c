"""What stanc prints about a program, read into our syntax tree.

The shapes are those of stanc's ``--debug-decorated-ast`` (Stan 2.39). A constructor that is not known here
is an error in words, never a guess: the tree must hold the whole program or nothing.
"""

from __future__ import annotations

from itertools import count

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_expressions import EXPRESSIONS
from workbench.program.syntax.decode_leaves import (
    ARGUMENTS,
    TRANSFORMS,
    base_of,
    is_data,
    name_of,
    type_of,
    unknown,
)
from workbench.program.syntax.decode_statements import STATEMENTS
from workbench.program.syntax.sexp import Sexp, items, parse_sexp, record, tagged, word


def parse_tree(text: str) -> n.Tree:
    """Return the syntax tree in stanc's decorated form.

    A block with a construct that this reader does not know is missing from it, and named in `unknown`.
    """
    return Reader().tree(parse_sexp(text))


def _words(reason: Exception) -> str:
    if isinstance(reason, ProgramError):
        return reason.message
    return "this stanc describes it in a form that the workbench does not know."


class Reader:
    """Reads nodes and numbers the statements in source order."""

    def __init__(self) -> None:
        self.numbers = count()

    # expressions

    def expression(self, sexp: Sexp) -> n.Expr:
        """Return an expression."""
        fields = record(sexp)
        meta = record(fields["emeta"])
        tag, rest = tagged(fields["expr"])
        kind, data = type_of(meta["type_"]), is_data(meta["ad_level"])
        read = EXPRESSIONS.get(tag)
        if read is None:
            raise unknown("an expression", tag)
        return read(self, rest, kind, data)

    def expressions(self, sexp: Sexp) -> tuple[n.Expr, ...]:
        """Return a list of expressions."""
        return tuple(self.expression(item) for item in items(sexp))

    def maybe(self, sexp: Sexp) -> n.Expr | None:
        """Return an expression that may be absent."""
        return self.expression(items(sexp)[0]) if sexp else None

    def index(self, sexp: Sexp) -> n.Slice:
        """Return one index."""
        tag, rest = tagged(sexp)
        parts = [self.expression(item) for item in rest]
        if tag == "All":
            return n.Slice()
        if tag == "Single":
            return n.Slice(parts[0], is_single=True)
        if tag == "Upfrom":
            return n.Slice(parts[0])
        if tag == "Downfrom":
            return n.Slice(upper=parts[0])
        if tag == "Between":
            return n.Slice(parts[0], parts[1])
        raise unknown("an index", sexp)

    # declared types

    def sized(self, sexp: Sexp) -> n.Sized:
        """Return a declared type."""
        tag, rest = tagged(sexp)
        if tag == "SArray":
            inner = self.sized(rest[0])
            return n.Sized(inner.base, (self.expression(rest[1]), *inner.dims), inner.sizes, inner.members)
        if tag == "STuple":
            return n.Sized("tuple", members=tuple(self.sized(item) for item in items(rest[0])))
        if tag.startswith("S"):
            sizes = [item for item in rest if not isinstance(item, str)]
            return n.Sized(base_of(tag), sizes=tuple(self.expression(item) for item in sizes))
        raise unknown("a declared type", sexp)

    def constraint(self, sexp: Sexp) -> n.Constraint:
        """Return a declared transform."""
        tag, rest = tagged(sexp)
        if tag == "Identity":
            return n.Constraint()
        if tag == "TupleTransformation":
            return n.Constraint("tuple", members=tuple(self.constraint(item) for item in items(rest[0])))
        if tag in TRANSFORMS:
            return n.Constraint(TRANSFORMS[tag])
        if tag not in ARGUMENTS:
            raise unknown("a transform", sexp)
        kind, names = ARGUMENTS[tag]
        values = (self.expression(item) for item in rest)
        return n.Constraint(kind, tuple(zip(names, values, strict=True)))

    # statements

    def statement(self, sexp: Sexp) -> n.Stmt:
        """Return a statement, numbered."""
        number = next(self.numbers)
        tag, rest = tagged(record(sexp)["stmt"])
        read = STATEMENTS.get(tag)
        if read is None:
            raise unknown("a statement", tag)
        return read(self, rest, number)

    def statements(self, sexp: Sexp) -> tuple[n.Stmt, ...]:
        """Return a list of statements."""
        return tuple(self.statement(item) for item in items(sexp))

    def left_side(self, sexp: Sexp) -> n.Expr | n.Pack:
        """Return the left side of an assignment."""
        tag, rest = tagged(sexp)
        if tag == "LTuplePack":
            return n.Pack(tuple(self.left_side(item) for item in items(record(rest)["lvals"])))
        if tag == "LValue":
            return self.lvalue(rest[0])
        raise unknown("the left side of an assignment", sexp)

    def lvalue(self, sexp: Sexp) -> n.Expr:
        """Return one assigned variable, or elements or members of it."""
        fields = record(sexp)
        meta = record(fields["lmeta"])
        kind, data = type_of(meta["type_"]), is_data(meta["ad_level"])
        tag, rest = tagged(fields["lval"])
        if tag == "LVariable":
            return n.Variable(name_of(rest[0]), type=kind, is_data=data)
        if tag == "LIndexed":
            indices = tuple(self.index(item) for item in items(rest[1]))
            return n.Indexed(self.lvalue(rest[0]), indices, type=kind, is_data=data)
        if tag == "LTupleProjection":
            return n.Projection(self.lvalue(rest[0]), int(word(rest[-1])), type=kind, is_data=data)
        raise unknown("the left side of an assignment", tag)

    def tree(self, sexp: Sexp) -> n.Tree:
        """Return a program; a block with something unknown in it is left out and named."""
        fields = record(sexp)
        blocks, unknown = [], []
        for name in n.BLOCKS:
            held = fields.get(name.replace(" ", "").replace("functions", "function") + "block", [])
            if held:
                try:
                    blocks.append((name, self.statements(record(items(held)[0])["stmts"])))
                except (ProgramError, LookupError, ValueError) as reason:
                    unknown.append(f"The block `{name}` is not taken apart: {_words(reason)}")
        return n.Tree(tuple(blocks), tuple(unknown))

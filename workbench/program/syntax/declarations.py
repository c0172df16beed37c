"""The variables that a program declares: type, sizes, bounds and line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.program.syntax import nodes as n
from workbench.program.syntax.expression import Expression
from workbench.program.syntax.printer import SQUARE, format_type, get_type_keyword
from workbench.program.syntax.source import Place


@dataclass(frozen=True)
class Declaration:
    """A declared variable.

    Attributes
    ----------
    name
        Its name.
    kind
        The keyword of its type: ``int``, ``vector``, ``simplex``, ``tuple`` ...
    text
        The type as the author wrote it: ``array[J] vector<lower=0>[K]``.
    sizes
        Array dimensions, then the sizes of the vector or matrix; ``matrix[N, K]`` has two.
    depth
        How many of `sizes` are array dimensions.
    lower, upper, offset, multiplier
        The arguments of the declared transform.
    line
        The line of the declaration in `path`, counted from 1.
    path
        The program's file, or an included one.
    members
        The members of a tuple, named ``name.1``, ``name.2`` ...
    """

    name: str
    kind: str
    text: str
    sizes: tuple[Expression, ...]
    depth: int = 0
    lower: Expression | None = None
    upper: Expression | None = None
    offset: Expression | None = None
    multiplier: Expression | None = None
    line: int = 0
    path: Path | None = None
    members: tuple[Declaration, ...] = ()

    @property
    def axes(self) -> tuple[Expression, ...]:
        """The size of each axis; a square type is declared with one size and has two axes."""
        is_square = self.kind in SQUARE and len(self.sizes) == self.depth + 1
        return (*self.sizes, self.sizes[-1]) if is_square else self.sizes

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return self.kind == "int"

    @property
    def is_scalar(self) -> bool:
        """Whether it is a single number."""
        return not self.sizes and not self.members


def collect_declarations(
    statements: tuple[n.Stmt, ...], places: Mapping[int, Place]
) -> tuple[Declaration, ...]:
    """Return the variables that a block declares at its top level."""
    return tuple(
        _to_declaration(name, statement.sized, statement.constraint, places.get(statement.id))
        for statement in statements
        if isinstance(statement, n.Declare)
        for name, _ in statement.variables
    )


def _to_declaration(name: str, sized: n.Sized, constraint: n.Constraint, place: Place | None) -> Declaration:
    members = zip(sized.members, constraint.members, strict=False)
    return Declaration(
        name,
        get_type_keyword(sized, constraint),
        format_type(sized, constraint),
        tuple(Expression.from_node(size) for size in (*sized.dims, *sized.sizes)),
        len(sized.dims),
        line=place.first if place else 0,
        path=place.path if place else None,
        members=tuple(
            _to_declaration(f"{name}.{position}", *member, place)
            for position, member in enumerate(members, start=1)
        ),
        **{key: Expression.from_node(value) for key, value in constraint.arguments},
    )

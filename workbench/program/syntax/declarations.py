"""What a program declares: each variable's type, sizes, bounds and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.program.syntax import nodes as n
from workbench.program.syntax.expression import Expression, expression
from workbench.program.syntax.printer import sized_text, type_word
from workbench.program.syntax.source import Place


@dataclass(frozen=True)
class Declaration:
    """A declared variable.

    Attributes
    ----------
    name
        Its name.
    kind
        Its type's word as declared: ``int``, ``vector``, ``simplex``, ``tuple`` ...
    text
        The type as a reader sees it: ``array[J] vector<lower=0>[K]``.
    sizes
        Array dimensions, then the sizes of the vector or matrix; ``matrix[N, K]`` has two.
    depth
        How many of `sizes` are array dimensions.
    lower, upper, offset, multiplier
        Arguments of the declared transform.
    line
        Where it is declared, counted from 1, in `path`.
    path
        The program's file, or an included one.
    members
        A tuple's members, named ``name.1``, ``name.2`` ...
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
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return self.kind == "int"

    @property
    def is_scalar(self) -> bool:
        """Whether it is a single number."""
        return not self.sizes and not self.members


def declarations(statements: tuple[n.Stmt, ...], places: Mapping[int, Place]) -> tuple[Declaration, ...]:
    """Return the variables that a block declares at its top level."""
    return tuple(_declared(statements, places))


def _declared(statements: tuple[n.Stmt, ...], places: Mapping[int, Place]) -> Iterator[Declaration]:
    for statement in statements:
        if isinstance(statement, n.Declare):
            for name, _ in statement.variables:
                yield _declaration(name, statement.sized, statement.constraint, places.get(statement.id))


def _declaration(name: str, sized: n.Sized, constraint: n.Constraint, place: Place | None) -> Declaration:
    members = tuple(
        _declaration(f"{name}.{position}", member, inner, place)
        for position, (member, inner) in enumerate(
            zip(sized.members, constraint.members, strict=False), start=1
        )
    )
    arguments = {key: expression(value) for key, value in constraint.arguments}
    return Declaration(
        name,
        type_word(sized, constraint),
        sized_text(sized, constraint),
        tuple(expression(size) for size in (*sized.dims, *sized.sizes)),
        len(sized.dims),
        line=place.first if place else 0,
        path=place.path if place else None,
        members=members,
        **arguments,
    )

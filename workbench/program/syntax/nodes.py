"""The syntax tree of a Stan program: one frozen dataclass for each construct.

Names follow stanc's own tree, so that its sources and this file can be read side by side. `traverse` visits
and copies any node by its fields; besides it, only decoding and printing need to know every construct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

# --- types ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Type:
    """The unsized type of an expression.

    Attributes
    ----------
    base
        The innermost type, such as ``real``, ``row_vector`` or ``tuple``.
    depth
        How many array dimensions stand around it.
    members
        The types of a tuple's members.
    """

    base: str
    depth: int = 0
    members: tuple[Type, ...] = ()

    @property
    def is_container(self) -> bool:
        """Whether a value of this type has elements."""
        return self.depth > 0 or self.base not in {"int", "real", "complex", "function"}


REAL = Type("real")
"""The type of a real number."""

INT = Type("int")
"""The type of an integer."""

# --- expressions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression: its type, and whether it involves no parameter (`is_data`)."""

    type: Type = field(default=REAL, kw_only=True)
    is_data: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class Variable(Expr):
    """A variable, or a function that is passed to another."""

    name: str


@dataclass(frozen=True, slots=True)
class Numeral(Expr):
    """A literal number, as written; `1i` is imaginary."""

    text: str


@dataclass(frozen=True, slots=True)
class Target(Expr):
    """The log density accumulated so far, as the program itself reads it: ``target()``."""


@dataclass(frozen=True, slots=True)
class Unary(Expr):
    """A prefix operator, or the postfix transpose."""

    operator: str
    operand: Expr
    is_postfix: bool = False


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """A binary operator."""

    left: Expr
    operator: str
    right: Expr


@dataclass(frozen=True, slots=True)
class Ternary(Expr):
    """``condition ? yes : no``."""

    condition: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A call of a function that returns a value; with `is_conditional` a bar follows the first argument.

    `kind` is stanc's: ``FnPlain``, ``FnLpdf``, ``FnLpmf``, ``FnRng``, ``FnTarget`` or ``FnJacobian``.
    """

    name: str
    arguments: tuple[Expr, ...]
    kind: str = "FnPlain"
    is_user_defined: bool = False
    is_conditional: bool = False


@dataclass(frozen=True, slots=True)
class Elements(Expr):
    """An array, row vector or tuple written out; `bracket` is ``{``, ``[`` or ``(``."""

    bracket: str
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Paren(Expr):
    """Parentheses as the author wrote them."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class SliceIndex:
    """One index: a single position, or a range whose open ends are `None`."""

    lower: Expr | None = None
    upper: Expr | None = None
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Indexed(Expr):
    """Elements of a container."""

    base: Expr
    indices: tuple[SliceIndex, ...]


@dataclass(frozen=True, slots=True)
class Projection(Expr):
    """A member of a tuple, counted from 1."""

    base: Expr
    position: int


@dataclass(frozen=True, slots=True)
class Promotion(Expr):
    """A conversion inserted by stanc, such as an integer used as a real; the author did not write it."""

    inner: Expr


# --- declared types ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sized:
    """A declared type: base, array dimensions, the base's own sizes, and members for a tuple."""

    base: str
    dims: tuple[Expr, ...] = ()
    sizes: tuple[Expr, ...] = ()
    members: tuple[Sized, ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """A declared transform: its kind (``""`` for none), its arguments, and members for a tuple.

    Kinds are Stan's type names (``simplex`` ...), ``bounds`` and ``affine``; arguments are then
    ``lower``/``upper`` and ``offset``/``multiplier``.
    """

    kind: str = ""
    arguments: tuple[tuple[str, Expr], ...] = ()
    members: tuple[Constraint, ...] = ()


# --- statements -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stmt:
    """A statement: its number in the program, which equality ignores."""

    id: int = field(default=-1, kw_only=True, compare=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """The left side of an assignment that unpacks a tuple."""

    items: tuple[Expr | Pack, ...]


@dataclass(frozen=True, slots=True)
class Assignment(Stmt):
    """``left = right``, or with an operator such as ``+=``."""

    left: Expr | Pack
    operator: str
    right: Expr


@dataclass(frozen=True, slots=True)
class CallStatement(Stmt):
    """A call of a function that returns nothing."""

    name: str
    arguments: tuple[Expr, ...]
    kind: str = "FnPlain"
    is_user_defined: bool = True


@dataclass(frozen=True, slots=True)
class Increment(Stmt):
    """``target += e``, or ``jacobian += e``."""

    value: Expr
    accumulator: str = "target"


@dataclass(frozen=True, slots=True)
class Tilde(Stmt):
    """``outcome ~ distribution(arguments) T[lower, upper]``."""

    outcome: Expr
    distribution: str
    arguments: tuple[Expr, ...]
    kind: str = "FnLpdf"
    is_user_defined: bool = False
    lower: Expr | None = None
    upper: Expr | None = None

    @property
    def is_truncated(self) -> bool:
        """Whether the density is truncated."""
        return self.lower is not None or self.upper is not None


@dataclass(frozen=True, slots=True)
class Jump(Stmt):
    """``break``, ``continue``, or a lone ``;`` (no keyword)."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Return(Stmt):
    """``return``, with a value if the function returns one."""

    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Message(Stmt):
    """``print``, ``reject`` or ``fatal_error``; strings keep their quotes."""

    keyword: str
    items: tuple[Expr | str, ...]


@dataclass(frozen=True, slots=True)
class If(Stmt):
    """``if``, with or without ``else``."""

    condition: Expr
    yes: Stmt
    no: Stmt | None = None


@dataclass(frozen=True, slots=True)
class While(Stmt):
    """``while``."""

    condition: Expr
    body: Stmt


@dataclass(frozen=True, slots=True)
class For(Stmt):
    """``for`` over a range of integers."""

    variable: str
    lower: Expr
    upper: Expr
    body: Stmt


@dataclass(frozen=True, slots=True)
class ForEach(Stmt):
    """``for`` over the elements of a container."""

    variable: str
    container: Expr
    body: Stmt


@dataclass(frozen=True, slots=True)
class Profile(Stmt):
    """``profile``: statements whose run time is measured; the label keeps its quotes."""

    label: str
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Block(Stmt):
    """Statements in braces."""

    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Declare(Stmt):
    """A declaration of one or more variables, each with its initial value or `None`."""

    sized: Sized
    constraint: Constraint
    variables: tuple[tuple[str, Expr | None], ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """A function's formal argument."""

    name: str
    type: Type
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Function(Stmt):
    """A function definition.

    `returns` is `None` for ``void``; `body` is an empty `Jump` for a forward declaration.
    """

    name: str
    arguments: tuple[Argument, ...]
    returns: Type | None
    body: Stmt


@dataclass(frozen=True, slots=True)
class Raw(Stmt):
    """Stan text that the workbench inserts; a decoded program holds none."""

    text: str


# --- the program ------------------------------------------------------------------------------------

Node: TypeAlias = Expr | Stmt | SliceIndex | Pack | Sized | Constraint
"""A statement, or anything inside one."""

BLOCKS = (
    "functions",
    "data",
    "transformed data",
    "parameters",
    "transformed parameters",
    "model",
    "generated quantities",
)
"""The names of the program blocks, in Stan's order."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole program.

    Attributes
    ----------
    blocks
        The name and the statements of each block that is present, in Stan's order.
    undecoded
        By the name of a block that could not be decoded and is missing from `blocks`: the reason, a sentence.
    """

    blocks: tuple[tuple[str, tuple[Stmt, ...]], ...]
    undecoded: Mapping[str, str] = field(default_factory=dict, compare=False)

    def get_block(self, name: str) -> tuple[Stmt, ...]:
        """Return the statements of a block; none where the block is absent."""
        return dict(self.blocks).get(name, ())

    def replace(self, **changed: tuple[Stmt, ...]) -> Tree:
        """Return a copy with some blocks changed; underscores in names stand for spaces."""
        old, new = dict(self.blocks), {name.replace("_", " "): body for name, body in changed.items()}
        blocks = old | {name: body for name, body in new.items() if body or name in old}
        return Tree(tuple((name, blocks[name]) for name in BLOCKS if name in blocks))

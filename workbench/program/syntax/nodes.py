"""The syntax tree of a Stan program: one frozen dataclass per construct, values all through.

Names follow stanc's own tree, so that its sources and this file can be read side by side. `children` and
`rebuild` walk any node by its fields; nothing else in this room needs to know every construct.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

# --- types ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Type:
    """The unsized type of an expression: a base, the depth of arrays around it, the members of a tuple."""

    base: str
    depth: int = 0
    members: tuple[Type, ...] = ()

    @property
    def is_container(self) -> bool:
        """Whether a value of this type has elements."""
        return self.depth > 0 or self.base not in {"int", "real", "complex", "function"}


REAL = Type("real")
INT = Type("int")

# --- expressions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expr:
    """What every expression knows: its type, and whether it holds no parameter (`is_data`)."""

    type: Type = field(default=REAL, kw_only=True)
    is_data: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class Variable(Expr):
    """A name."""

    name: str


@dataclass(frozen=True, slots=True)
class Numeral(Expr):
    """A literal number, as written; `1i` is imaginary."""

    text: str


@dataclass(frozen=True, slots=True)
class Target(Expr):
    """The accumulator read by the program itself: ``target()``."""


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
    """A function's value; with `is_conditional` the first argument stands before a bar.

    `kind` is stanc's: ``FnPlain``, ``FnLpdf``, ``FnLpmf``, ``FnRng``, ``FnTarget`` or ``FnJacobian``.
    """

    name: str
    arguments: tuple[Expr, ...]
    kind: str = "FnPlain"
    is_user_defined: bool = False
    is_conditional: bool = False


@dataclass(frozen=True, slots=True)
class Elements(Expr):
    """A container or tuple written out: `bracket` is ``{``, ``[`` or ``(``."""

    bracket: str
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Paren(Expr):
    """Parentheses as the author wrote them."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class Slice:
    """One index: a single position, or a range whose open ends are `None`."""

    lower: Expr | None = None
    upper: Expr | None = None
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Indexed(Expr):
    """Elements of a container."""

    base: Expr
    indices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Projection(Expr):
    """A member of a tuple, counted from 1."""

    base: Expr
    position: int


@dataclass(frozen=True, slots=True)
class Promotion(Expr):
    """A conversion that stanc inserted and that nobody wrote: an integer used as a real."""

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

    def argument(self, name: str) -> Expr | None:
        """Return one argument, or `None` where the declaration has none."""
        return dict(self.arguments).get(name)


# --- statements -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stmt:
    """What every statement knows: its number in the program, not part of its value."""

    id: int = field(default=-1, kw_only=True, compare=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """The left side of an assignment that takes a tuple apart."""

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
    """``break``, ``continue``, or a lone ``;`` (the empty word)."""

    word: str


@dataclass(frozen=True, slots=True)
class Return(Stmt):
    """A function's end, with its value if it has one."""

    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Message(Stmt):
    """``print``, ``reject`` or ``fatal_error``; strings stand with their quotes."""

    word: str
    parts: tuple[Expr | str, ...]


@dataclass(frozen=True, slots=True)
class If(Stmt):
    """A branch."""

    condition: Expr
    yes: Stmt
    no: Stmt | None = None


@dataclass(frozen=True, slots=True)
class While(Stmt):
    """A loop under a condition."""

    condition: Expr
    body: Stmt


@dataclass(frozen=True, slots=True)
class For(Stmt):
    """A counting loop."""

    variable: str
    lower: Expr
    upper: Expr
    body: Stmt


@dataclass(frozen=True, slots=True)
class ForEach(Stmt):
    """A loop over a container's elements."""

    variable: str
    container: Expr
    body: Stmt


@dataclass(frozen=True, slots=True)
class Profile(Stmt):
    """A block whose time is measured; the label stands with its quotes."""

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
    """A function; `returns` is `None` for ``void``, `body` an empty `Jump` for a forward declaration."""

    name: str
    arguments: tuple[Argument, ...]
    returns: Type | None
    body: Stmt


@dataclass(frozen=True, slots=True)
class Raw(Stmt):
    """Stan text of our own making; no program that was read holds one."""

    text: str


# --- the program ------------------------------------------------------------------------------------

Node: TypeAlias = Expr | Stmt | Slice | Pack | Sized | Constraint

BLOCKS = (
    "functions",
    "data",
    "transformed data",
    "parameters",
    "transformed parameters",
    "model",
    "generated quantities",
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole program: the statements of each block that is present, in Stan's order.

    `unknown` holds a sentence for each block that could not be read and is missing.
    """

    blocks: tuple[tuple[str, tuple[Stmt, ...]], ...]
    unknown: tuple[str, ...] = field(default=(), compare=False)

    def block(self, name: str) -> tuple[Stmt, ...]:
        """Return a block's statements; none where the block is absent."""
        return dict(self.blocks).get(name, ())

    def replace(self, **changed: tuple[Stmt, ...]) -> Tree:
        """Return a copy with some blocks changed; underscores in names stand for blanks."""
        old, new = dict(self.blocks), {name.replace("_", " "): body for name, body in changed.items()}
        blocks = old | {name: body for name, body in new.items() if body or name in old}
        return Tree(tuple((name, blocks[name]) for name in BLOCKS if name in blocks))

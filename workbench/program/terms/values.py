"""What abstract execution knows about a value, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.program.syntax import nodes as n
from workbench.program.terms.summands import Summand


class Use(NamedTuple):
    """A parameter or a data variable, and how it enters: value, factor, index, size or branch.

    A parameter may also enter through a function: ``exp``, or another (``function``).
    """

    name: str
    via: str = "value"


@dataclass(frozen=True)
class Density:
    """A density or distribution function somewhere inside a value.

    Attributes
    ----------
    name
        The distribution: ``normal``.
    suffix
        ``lpdf``, ``lpmf``, ``lcdf`` or ``lccdf``.
    outcome, given
        What its first argument is made of, and what its other arguments are made of.
    is_user_defined
        Whether the program defines it.
    inner, inner_uses
        The densities in the body of a user-defined one, and what else its value is made of.
    node
        The `id()` of the node that calls it, where that does not stand in a function; else 0.
    """

    name: str
    suffix: str
    outcome: frozenset[Use]
    given: frozenset[Use]
    is_user_defined: bool = False
    inner: frozenset[Density] = frozenset()
    inner_uses: frozenset[Use] = frozenset()
    node: int = 0


@dataclass(frozen=True)
class Value:
    """What a variable is made of: uses outside of any density, and densities."""

    uses: frozenset[Use] = frozenset()
    densities: frozenset[Density] = frozenset()

    def __or__(self, other: Value) -> Value:
        return Value(self.uses | other.uses, self.densities | other.densities)

    @property
    def all_uses(self) -> frozenset[Use]:
        """Uses outside of densities and inside of them."""
        inside = (density.outcome | density.given for density in self.densities)
        return self.uses.union(*inside)

    def entering(self, via: str) -> Value:
        """Return the same things entering another way."""
        return Value(frozenset(Use(use.name, via) for use in self.all_uses))


NOTHING = Value()


@dataclass(frozen=True)
class Contribution:
    """One summand of one statement that adds to ``target``.

    Attributes
    ----------
    path
        The statement's number, after those of the calls that led to it.
    summand
        What is added.
    value
        What it is made of.
    branch
        What chose the branch it stands in.
    """

    path: tuple[int, ...]
    summand: Summand
    value: Value
    branch: frozenset[Use] = frozenset()


@dataclass
class Flow:
    """What abstract execution found.

    Attributes
    ----------
    parameters, data
        The names followed: declared parameters; data, and data made in transformed data.
    contributions
        Every summand added to ``target``, in the order met.
    products
        What is multiplied: parameters that enter one factor linearly, and those of the other factor.
    variables
        What each variable is made of at the end, by name.
    reads_target
        Whether the program reads ``target()``.
    calls
        The nodes that call densities, outside of functions, by their `id()` and in the order met.
    formals
        The names of the arguments of the program's own densities, the outcome apart.
    """

    parameters: frozenset[str]
    data: frozenset[str]
    contributions: dict[tuple[tuple[int, ...], int], Contribution] = field(default_factory=dict)
    products: set[tuple[frozenset[str], frozenset[Use]]] = field(default_factory=set)
    variables: dict[str, Value] = field(default_factory=dict)
    reads_target: bool = False
    calls: dict[int, n.Expr | n.Tilde] = field(default_factory=dict)
    formals: dict[str, tuple[str, ...]] = field(default_factory=dict)

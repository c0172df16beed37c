"""What abstract execution knows about a value, and what it finds in a program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.program.syntax import nodes as n
from workbench.program.terms.summands import Summand


class Use(NamedTuple):
    """A parameter or a data variable in a value, and how it enters there.

    It enters as ``value``, ``factor`` (of a parameter), ``index``, ``size`` or ``branch`` (a condition); a
    parameter also through a function that is not linear: ``exp``, one by which log probabilities are written
    (``link``), or any other (``function``).
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
        What enters its first argument, and what enters its other arguments.
    is_user_defined
        Whether the program defines it.
    inner, inner_uses
        The densities in the body of a user-defined one, and what else enters its value.
    node
        The `id()` of the node that calls it; 0 if that node stands in a function.
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
    """What enters the value of an expression: uses outside of densities, and densities."""

    uses: frozenset[Use] = frozenset()
    densities: frozenset[Density] = frozenset()

    def __or__(self, other: Value) -> Value:
        return Value(self.uses | other.uses, self.densities | other.densities)

    @property
    def all_uses(self) -> frozenset[Use]:
        """Uses outside of densities and inside of them."""
        inside = (density.outcome | density.given for density in self.densities)
        return self.uses.union(*inside)

    def enter_as(self, via: str) -> Value:
        """Return a value that the same variables enter in another way."""
        return Value(frozenset(Use(use.name, via) for use in self.all_uses))


NOTHING = Value()
"""The value of a constant."""


@dataclass(frozen=True)
class Contribution:
    """One summand of one statement that adds to ``target``.

    Attributes
    ----------
    path
        The statement's number, after the numbers of the calls that lead to it.
    summand
        What is added.
    value
        What enters it.
    branch
        What enters the conditions of the branches around it.
    """

    path: tuple[int, ...]
    summand: Summand
    value: Value
    branch: frozenset[Use] = frozenset()


class Product(NamedTuple):
    """Parameters times parameters: what enters one factor linearly, and the parameters of the other."""

    parameters: frozenset[str]
    data: frozenset[str]
    other: frozenset[Use]


@dataclass
class DataFlow:
    """What abstract execution finds in a program.

    Attributes
    ----------
    parameters, data
        The names that are followed: declared parameters; declared data, and observations that transformed
        data write as literals.
    contributions
        Every summand that is added to ``target``, by its statement's path and its position, in the order
        in which they are met.
    products
        The products of parameters with parameters, each seen from either factor.
    reads_target
        Whether the program calls ``target()``.
    density_calls
        The nodes that call densities outside of functions, by their `id()`, in the order in which they are
        met.
    density_arguments
        By the name of a density that the program defines: the names of its arguments without the outcome.
    """

    parameters: frozenset[str]
    data: frozenset[str]
    contributions: dict[tuple[tuple[int, ...], int], Contribution] = field(default_factory=dict)
    products: set[Product] = field(default_factory=set)
    reads_target: bool = False
    density_calls: dict[int, n.Expr | n.Tilde] = field(default_factory=dict)
    density_arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)

"""The constants of priors: literals that become data, and data the author already put there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from workbench.errors import ProgramError
from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.densities import density_of
from workbench.program.distributions import argument_name
from workbench.program.expression import evaluate
from workbench.program.names import Names
from workbench.program.printer import to_text
from workbench.program.roles import Rules
from workbench.program.signature import Declaration
from workbench.program.terms import Term

_NOT_LIFTED = frozenset({"uniform"})  # its bounds cut the parameter's range: no prior to sweep


@dataclass(frozen=True)
class Hyperparameter:
    """A constant of a prior that can be set without recompiling.

    Attributes
    ----------
    name
        How a user names it: ``beta.sigma``; for the program's own data, the variable's name.
    argument
        Stan's name for the argument, such as ``sigma``.
    default
        The literal in the program; `None` for the program's own data, which the table supplies.
    data_name
        The variable in the instrumented program that carries it.
    is_user_data
        Whether the program itself declares it as data.
    term
        The index of its term.
    line
        Where the prior stands.
    """

    name: str
    argument: str
    default: float | None
    data_name: str
    is_user_data: bool
    term: int
    line: int
    node: n.Expr | None = field(default=None, repr=False, compare=False)


def find_hyperparameters(
    rules: Rules, terms: Sequence[Term], priors: set[int], data: Sequence[Declaration], names: Names
) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters of every prior, the program's own after the literals.

    `priors` are the indices of the terms whose literals become data.
    """
    lifted: list[Hyperparameter] = []
    for term in terms:
        if term.index in priors and not term.calls:
            lifted += [_named(item, lifted, names) for item in _literals(term)]
    return (*lifted, *_own(rules, terms, data))


def _literals(term: Term) -> Iterable[Hyperparameter]:
    for outcome, name, arguments in _densities(term):
        for position, argument in enumerate(arguments if name not in _NOT_LIFTED else ()):
            word = argument_name(name, position)
            found = list(_constants(argument))
            for number, (node, value) in enumerate(found, start=1):
                full = f"{outcome}.{word}" if len(found) == 1 else f"{outcome}.{word}[{number}]"
                yield Hyperparameter(full, word, value, f"prior_{full}", False, term.index, term.line, node)


def _densities(term: Term) -> Iterable[tuple[str, str, tuple[n.Expr, ...]]]:
    """Yield the outcome, the distribution and the other arguments of every density written in a term."""
    for part in term.parts:
        for node in t.walk(part.summand.node):
            density = density_of(node) if isinstance(node, n.Tilde | n.Call) else None
            if density is not None:
                yield to_text(density.outcome), density.distribution, density.arguments[1:]


def _constants(argument: n.Expr) -> Iterable[tuple[n.Expr, float]]:
    """Yield the real numbers of an argument: the whole of it where it is one, else those written inside."""
    value = constant(argument)
    if value is not None:
        yield argument, value
        return
    for child in t.children(argument):
        if isinstance(child, n.Expr):
            yield from _constants(child)


def constant(node: n.Expr) -> float | None:
    """Return the value of a real expression without variables; an integer one may be a size or an index.

    >>> constant(n.Promotion(n.Unary("-", n.Numeral("1", type=n.INT), type=n.INT)))
    -1.0
    """
    if node.type != n.REAL or t.names_in(node):
        return None
    try:
        return float(evaluate(node, {}))
    except ProgramError:
        return None


def _named(item: Hyperparameter, earlier: Sequence[Hyperparameter], names: Names) -> Hyperparameter:
    """Return it with a name of its own, numbered where a quantity has two priors, and a name for its data."""
    same = sum(other.name == item.name or other.name.startswith(f"{item.name}:") for other in earlier)
    name = f"{item.name}:{same + 1}" if same else item.name
    return replace(item, name=name, data_name=names.fresh(item.data_name))


def _own(rules: Rules, terms: Sequence[Term], data: Sequence[Declaration]) -> Iterable[Hyperparameter]:
    """Yield the program's own data that only priors use."""
    elsewhere = {name for term in terms if term.role not in {"prior", "unplaced"} for name in term.data}
    declared = {item.name for item in data if not item.is_integer}
    seen: set[str] = set()
    for term in terms:
        if term.role == "prior":
            for name in sorted((set(term.data) & declared) - elsewhere - rules.outcomes() - seen):
                seen.add(name)
                argument = _argument_of(term, name)
                yield Hyperparameter(name, argument, None, name, True, term.index, term.line)


def _argument_of(term: Term, name: str) -> str:
    """Return Stan's name for the argument that a data variable stands in."""
    for _, distribution, arguments in _densities(term):
        for position, argument in enumerate(arguments):
            if name in t.names_in(argument):
                return argument_name(distribution, position)
    return "expression"

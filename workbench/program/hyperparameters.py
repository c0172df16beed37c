"""The constants of priors: literals that become data, and data the author already put there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.distributions import argument_name
from workbench.program.names import Names
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
    rules: Rules, terms: Sequence[Term], data: Sequence[Declaration], names: Names
) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters of every prior, the program's own after the literals."""
    lifted: list[Hyperparameter] = []
    for term in terms:
        if term.role == "prior" and not term.calls:
            lifted += [_named(item, lifted, names) for item in _literals(term)]
    return (*lifted, *_own(rules, terms, data))


def _literals(term: Term) -> Iterable[Hyperparameter]:
    for part in term.parts:
        for position, argument in enumerate(density_arguments(part.summand.node)):
            value = literal(argument)
            if value is None or term.distribution is None or term.distribution in _NOT_LIFTED:
                continue
            word = argument_name(term.distribution, position)
            name = f"{term.outcome}.{word}"
            yield Hyperparameter(name, word, value, f"prior_{name}", False, term.index, term.line, argument)


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
    for part in term.parts:
        for position, argument in enumerate(density_arguments(part.summand.node)):
            if term.distribution is not None and name in t.names_in(argument):
                return argument_name(term.distribution, position)
    return "expression"


def density_arguments(node: n.Expr | n.Tilde) -> tuple[n.Expr, ...]:
    """Return the arguments of a density after its outcome; none for any other expression."""
    if isinstance(node, n.Tilde):
        return node.arguments
    inner = t.bare(node)
    return inner.arguments[1:] if isinstance(inner, n.Call) and inner.is_conditional else ()


def literal(node: n.Expr) -> float | None:
    """Return the value of a real argument that is a number in the source; an integer one is no constant.

    >>> literal(n.Promotion(n.Unary("-", n.Numeral("1", type=n.INT))))
    -1.0
    """
    if node.type != n.REAL:
        return None
    inner = t.bare(node)
    if isinstance(inner, n.Unary) and inner.operator == "-" and not inner.is_postfix:
        operand = t.bare(inner.operand)
        return -float(operand.text.replace("_", "")) if isinstance(operand, n.Numeral) else None
    return float(inner.text.replace("_", "")) if isinstance(inner, n.Numeral) else None

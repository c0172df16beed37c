"""The constants of priors: literals that become data, and data the author already put there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.identifiers import Names
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import CalledDensity, density_of
from workbench.program.terms.distributions import argument_name, is_positive
from workbench.program.terms.roles import Rules
from workbench.program.terms.terms import Term

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
    is_positive
        Whether it must be positive.
    is_whole
        Whether it is the argument, not a part of an expression such as ``2 * s``.
    nodes, calls
        The literals, and the densities that they stand in.
    """

    name: str
    argument: str
    default: float | None
    data_name: str
    is_user_data: bool
    term: int
    line: int
    is_positive: bool = False
    is_whole: bool = True
    nodes: tuple[n.Expr, ...] = field(default=(), repr=False, compare=False)
    calls: tuple[n.Expr | n.Tilde, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True)
class PriorArgument:
    """An argument of a prior's density, by which the constants in it may be meant.

    Attributes
    ----------
    name
        As a literal in its place would be named: ``beta.sigma``.
    text
        What the program writes there: ``beta_prior_sd``, ``scales[2]``, ``2 * s``.
    constants
        The names of the hyperparameters in it.
    is_plain
        Whether it is one of the program's own data, or an element of one, and nothing else.
    """

    name: str
    text: str
    constants: tuple[str, ...]
    is_plain: bool


def find_hyperparameters(
    rules: Rules, terms: Sequence[Term], priors: set[int], data: Sequence[Declaration], names: Names
) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters of every prior, the program's own after the literals.

    `priors` are the indices of the terms whose literals become data.
    """
    lifted: list[Hyperparameter] = []
    kept = {node for term in terms if term.index not in priors for node in _written(rules, term)}
    for term in terms:
        if term.index in priors:
            found = _literals(rules, term, kept | {id(node) for item in lifted for node in item.calls})
            for item in found:  # one by one: a mixture's densities have the same names among themselves
                lifted.append(_named(item, lifted, names))
    return (*lifted, *_own(rules, terms, data))


def _literals(rules: Rules, term: Term, without: set[int]) -> list[Hyperparameter]:
    """Return the constants in the densities of a term; a normaliser shares those of its density."""
    found: list[Hyperparameter] = []
    for number, node in _written(rules, term).items():
        density = density_of(node)
        if density is None or number in without or density.distribution in _NOT_LIFTED:
            continue
        if density.suffix in {"lpdf", "lpmf"}:
            found += _of_density(rules, term, node, density)
        else:
            found = [_shared(item, density) for item in found]
    return found


def _written(rules: Rules, term: Term) -> dict[int, n.Expr | n.Tilde]:
    """Return the nodes that write a term's densities, in source order."""
    used = {density.node for part in term.parts for density in part.value.densities}
    return {number: node for number, node in rules.flow.calls.items() if number in used}


def _of_density(
    rules: Rules, term: Term, node: n.Expr | n.Tilde, density: CalledDensity
) -> Iterable[Hyperparameter]:
    for position, argument in enumerate(density.arguments[1:]):
        word = _argument_name(rules, density.distribution, position)
        constants = list(_constants(argument))
        is_whole = len(constants) == 1 and not _other_values(argument)
        for number, (where, value) in enumerate(constants, start=1):
            name = f"{to_text(density.outcome)}.{word}"
            full = name if is_whole else f"{name}[{number}]"
            yield Hyperparameter(
                full,
                word,
                value,
                f"prior_{full}",
                False,
                term.index,
                term.line,
                is_positive(density.distribution, word) and where is argument,
                is_whole,
                (where,),
                (node,),
            )


def _other_values(argument: n.Expr) -> bool:
    """Return whether an argument holds variables that are no sizes: a constant in it is only a part."""
    variables = (one for one in t.walk(argument) if isinstance(one, n.Variable))
    return any(one.type != n.INT for one in variables)


def find_arguments(
    rules: Rules, terms: Sequence[Term], found: Sequence[Hyperparameter]
) -> tuple[PriorArgument, ...]:
    """Return the arguments of the priors' densities that hold some of the program's own data."""
    own = {item.name for item in found if item.is_user_data}
    named: list[PriorArgument] = []
    for term in terms:
        for node in _written(rules, term).values() if term.role == "prior" else ():
            density = density_of(node)
            for position, argument in enumerate(density.arguments[1:] if density else ()):
                if density is not None and own & t.names_in(argument):
                    word = _argument_name(rules, density.distribution, position)
                    name = f"{to_text(density.outcome)}.{word}"
                    named.append(_prior_argument(name, argument, own, found))
    return tuple(dict.fromkeys(named))


def _prior_argument(
    name: str, argument: n.Expr, own: set[str], found: Sequence[Hyperparameter]
) -> PriorArgument:
    bare = t.bare(argument)
    data = tuple(sorted(own & t.names_in(argument)))
    parts = (item.name for item in found if item.name.startswith(f"{name}[") and not item.is_user_data)
    return PriorArgument(name, to_text(bare), (*data, *parts), _is_plain(bare))


def _is_plain(node: n.Expr) -> bool:
    """Return whether an expression is a variable, or an element of one by written numbers."""
    if isinstance(node, n.Indexed):
        return isinstance(node.base, n.Variable) and all(
            one.is_single and isinstance(one.lower, n.Numeral) for one in node.indices
        )
    return isinstance(node, n.Variable)


def _argument_name(rules: Rules, distribution: str, position: int) -> str:
    own = rules.flow.formals.get(distribution, ())
    return own[position] if position < len(own) else argument_name(distribution, position)


def _shared(item: Hyperparameter, normaliser: CalledDensity) -> Hyperparameter:
    """Return a constant that also stands in the normaliser of its own density."""
    density = density_of(item.calls[0])
    if density is None or density.distribution != normaliser.distribution:
        return item
    ours, theirs = density.arguments[1:], normaliser.arguments[1:]
    if ours != theirs:
        return item
    twins = (
        other
        for mine, other in zip(_nodes(ours), _nodes(theirs), strict=True)
        if any(mine is node for node in item.nodes)
    )
    return replace(item, nodes=(*item.nodes, *twins))


def _nodes(arguments: Sequence[n.Expr]) -> list[n.Expr]:
    return [node for argument in arguments for node, _ in _constants(argument)]


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
                word, must_be_positive = _argument_of(rules, term, name)
                yield Hyperparameter(name, word, None, name, True, term.index, term.line, must_be_positive)


def _argument_of(rules: Rules, term: Term, name: str) -> tuple[str, bool]:
    """Return Stan's name for the argument that a data variable stands in, and whether it must be positive."""
    for node in _written(rules, term).values():
        density = density_of(node)
        for position, argument in enumerate(density.arguments[1:] if density else ()):
            if density is not None and name in t.names_in(argument):
                word = _argument_name(rules, density.distribution, position)
                return word, _is_plain(t.bare(argument)) and is_positive(density.distribution, word)
    return "expression", False

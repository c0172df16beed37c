"""The constants of priors: literals, which become data, and data that the author declared for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, parse_density
from workbench.program.terms.distributions import get_argument_name, is_positive
from workbench.program.terms.roles import RoleContext
from workbench.program.terms.terms import Term

_NOT_LIFTED = frozenset({"uniform"})
"""Distributions whose constants stay literals, because they bound the range of the parameter."""


@dataclass(frozen=True)
class Hyperparameter:
    """A constant of a prior, which can be set without compiling again.

    Attributes
    ----------
    name
        How a user names it: ``beta.sigma``; for the program's own data, the name of the variable.
    argument
        Stan's name of the argument, such as ``sigma``.
    default
        The literal in the program; `None` for the program's own data, which the user's data supply.
    data_name
        The variable that holds it in the instrumented program.
    is_user_data
        Whether the program itself declares it as data.
    term
        The index of its term.
    line
        The line of the prior.
    is_positive
        Whether it must be positive.
    is_whole
        Whether it is the whole argument, and not a part of an expression such as ``2 * s``.
    nodes, calls
        The nodes of the literals, and those of the densities that hold them.
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
    """An argument of a prior that holds some of the program's own data; its name can stand for them.

    Attributes
    ----------
    name
        The name that a literal in its place would have: ``beta.sigma``.
    text
        What the program writes there: ``beta_prior_sd``, ``scales[2]``, ``2 * s``.
    constants
        The names of the hyperparameters in it.
    is_plain
        Whether it is a data variable, or an element of one, and nothing else.
    """

    name: str
    text: str
    constants: tuple[str, ...]
    is_plain: bool


def find_hyperparameters(
    context: RoleContext,
    terms: Sequence[Term],
    priors: set[int],
    data: Sequence[Declaration],
    names: FreshNames,
) -> tuple[Hyperparameter, ...]:
    """Return the constants of all priors: the literals, then the program's own data.

    Parameters
    ----------
    context
        What the rules know about the program.
    terms
        The terms of the program.
    priors
        The indices of the terms whose literals become data.
    data
        The declared data.
    names
        Provides the names of the new data.
    """
    lifted: list[Hyperparameter] = []
    excluded = {node for term in terms if term.index not in priors for node in _density_nodes(context, term)}
    counts: Counter[str] = Counter()
    for term in terms:
        if term.index in priors:
            found = _find_literals(context, term, excluded)
            # One at a time: the densities of a mixture can give the same name.
            lifted += (_name_apart(item, counts, names) for item in found)
            excluded |= {id(node) for item in found for node in item.calls}
    return (*lifted, *_find_own_data(context, terms, data))


def _find_literals(context: RoleContext, term: Term, excluded: set[int]) -> list[Hyperparameter]:
    """Return the constants in the densities of a term; a normaliser shares those of its density."""
    constants: list[Hyperparameter] = []
    for number, node in _density_nodes(context, term).items():
        density = parse_density(node)
        if density is None or number in excluded or density.distribution in _NOT_LIFTED:
            continue
        if density.suffix in {"lpdf", "lpmf"}:
            constants += _find_literals_of_density(context, term, node, density)
        else:
            constants = [_share_with_normaliser(item, density) for item in constants]
    return constants


def _density_nodes(context: RoleContext, term: Term) -> dict[int, n.Expr | n.Tilde]:
    """Return the nodes that call a term's densities by their `id()`, in source order."""
    used = {density.node for item in term.contributions for density in item.value.densities}
    return {number: node for number, node in context.flow.density_calls.items() if number in used}


def _find_literals_of_density(
    context: RoleContext, term: Term, node: n.Expr | n.Tilde, density: DensityCall
) -> Iterator[Hyperparameter]:
    for position, argument in enumerate(density.arguments[1:]):
        word = _name_argument(context, density.distribution, position)
        constants = list(_find_constants(argument))
        is_whole = len(constants) == 1 and not _has_real_variables(argument)
        for number, (literal, value) in enumerate(constants, start=1):
            name = f"{to_text(density.outcome)}.{word}"
            full_name = name if is_whole else f"{name}[{number}]"
            yield Hyperparameter(
                name=full_name,
                argument=word,
                default=value,
                data_name=f"prior_{full_name}",
                is_user_data=False,
                term=term.index,
                line=term.line,
                is_positive=is_positive(density.distribution, word) and literal is argument,
                is_whole=is_whole,
                nodes=(literal,),
                calls=(node,),
            )


def _has_real_variables(argument: n.Expr) -> bool:
    """Whether an argument holds variables other than integers, so that a constant is only a part of it."""
    return any(isinstance(node, n.Variable) and node.type != n.INT for node in t.walk(argument))


def find_arguments(
    context: RoleContext, terms: Sequence[Term], hyperparameters: Sequence[Hyperparameter]
) -> tuple[PriorArgument, ...]:
    """Return the arguments of priors that hold some of the program's own data."""
    own_data = {item.name for item in hyperparameters if item.is_user_data}
    arguments = (
        _to_prior_argument(f"{to_text(density.outcome)}.{word}", argument, own_data, hyperparameters)
        for term in terms
        if term.role == "prior"
        for density, word, argument in _iterate_arguments(context, term)
        if own_data & t.find_names(argument)
    )
    return tuple(dict.fromkeys(arguments))


def _iterate_arguments(context: RoleContext, term: Term) -> Iterator[tuple[DensityCall, str, n.Expr]]:
    """Yield each argument of a term's densities without their outcomes: the density, its name, its node."""
    for node in _density_nodes(context, term).values():
        density = parse_density(node)
        if density is not None:
            for position, argument in enumerate(density.arguments[1:]):
                yield density, _name_argument(context, density.distribution, position), argument


def _to_prior_argument(
    name: str, argument: n.Expr, own_data: set[str], hyperparameters: Sequence[Hyperparameter]
) -> PriorArgument:
    inner = t.unwrap(argument)
    data = tuple(sorted(own_data & t.find_names(argument)))
    literals = (
        item.name for item in hyperparameters if item.name.startswith(f"{name}[") and not item.is_user_data
    )
    return PriorArgument(name, to_text(inner), (*data, *literals), _is_plain(inner))


def _is_plain(node: n.Expr) -> bool:
    """Whether an expression is a variable, or an element of one at literal indices."""
    if isinstance(node, n.Indexed):
        return isinstance(node.base, n.Variable) and all(
            index.is_single and isinstance(index.lower, n.Numeral) for index in node.indices
        )
    return isinstance(node, n.Variable)


def _name_argument(context: RoleContext, distribution: str, position: int) -> str:
    """Return the name of an argument, as the program defines it or as Stan's reference names it."""
    own_names = context.flow.density_arguments.get(distribution, ())
    return own_names[position] if position < len(own_names) else get_argument_name(distribution, position)


def _share_with_normaliser(item: Hyperparameter, normaliser: DensityCall) -> Hyperparameter:
    """Return a constant together with its copies in the normaliser of its density."""
    density = parse_density(item.calls[0])
    if density is None or density.distribution != normaliser.distribution:
        return item
    arguments, copied = density.arguments[1:], normaliser.arguments[1:]
    if arguments != copied:
        return item
    copies = (
        copy
        for literal, copy in zip(_constant_nodes(arguments), _constant_nodes(copied), strict=True)
        if any(literal is node for node in item.nodes)
    )
    return replace(item, nodes=(*item.nodes, *copies))


def _constant_nodes(arguments: Sequence[n.Expr]) -> list[n.Expr]:
    return [node for argument in arguments for node, _ in _find_constants(argument)]


def _find_constants(argument: n.Expr) -> Iterator[tuple[n.Expr, float]]:
    """Yield the real constants of an argument: the argument itself if it is one, else those inside it."""
    value = _evaluate_constant(argument)
    if value is not None:
        yield argument, value
        return
    for child in t.iterate_children(argument):
        if isinstance(child, n.Expr):
            yield from _find_constants(child)


def _evaluate_constant(node: n.Expr) -> float | None:
    """Return the value of a real expression without variables; an integer could be a size or an index.

    >>> _evaluate_constant(n.Promotion(n.Unary("-", n.Numeral("1", type=n.INT), type=n.INT)))
    -1.0
    """
    if node.type != n.REAL or t.find_names(node):
        return None
    try:
        return float(evaluate(node, {}))
    except ProgramError:
        return None


def _name_apart(item: Hyperparameter, counts: Counter[str], names: FreshNames) -> Hyperparameter:
    """Return a constant with a name of its own, numbered if a quantity has two priors, and new data.

    `counts` holds how many names so far begin with one, as a whole or up to a colon; the new one is added.
    """
    same = counts[item.name]
    name = f"{item.name}:{same + 1}" if same else item.name
    counts.update(accumulate(name.split(":"), "{}:{}".format))
    return replace(item, name=name, data_name=names.take(item.data_name))


def _find_own_data(
    context: RoleContext, terms: Sequence[Term], data: Sequence[Declaration]
) -> Iterable[Hyperparameter]:
    """Yield the program's own data that only priors use."""
    elsewhere = {name for term in terms if term.role not in {"prior", "unplaced"} for name in term.data}
    declared = {item.name for item in data if not item.is_integer}
    seen: set[str] = set()
    for term in terms:
        if term.role == "prior":
            for name in sorted((set(term.data) & declared) - elsewhere - context.find_outcomes() - seen):
                seen.add(name)
                word, must_be_positive = _locate_in_density(context, term, name)
                yield Hyperparameter(name, word, None, name, True, term.index, term.line, must_be_positive)


def _locate_in_density(context: RoleContext, term: Term, name: str) -> tuple[str, bool]:
    """Return the name of the argument that holds a data variable, and whether that must be positive."""
    for density, word, argument in _iterate_arguments(context, term):
        if name in t.find_names(argument):
            return word, _is_plain(t.unwrap(argument)) and is_positive(density.distribution, word)
    return "expression", False

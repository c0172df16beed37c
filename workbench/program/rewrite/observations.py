"""How one likelihood statement opens into observations: one log density for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.program.rewrite.shapes import Declared, shape_of
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import CalledDensity, density_of, normalised, normalised_text
from workbench.program.terms.distributions import DISTRIBUTIONS, Distribution

_NUMBERS = frozenset({"int", "real"})


@dataclass(frozen=True)
class Opening:
    """A term opened into observations.

    Attributes
    ----------
    count
        How many there are, as Stan.
    held
        Declarations of variables that hold long arguments.
    one
        The log density of one of them.
    """

    count: str
    held: tuple[str, ...]
    one: str


def opened(node: n.Expr | n.Tilde, declared: Declared, element: str, holder: str) -> Opening | None:
    """Return a summand opened into observations; `None` where it is a single one.

    Parameters
    ----------
    node
        The summand.
    declared
        The declared types of the program's variables.
    element
        The name of an observation's number.
    holder
        The name, with a number, of variables that hold arguments.
    """
    density = density_of(node)
    if density is not None:
        return _opened_density(density, declared, element, holder)
    inner = t.bare(node) if isinstance(node, n.Expr) else node
    if isinstance(inner, n.Call) and inner.name in {"reduce_sum", "reduce_sum_static"}:
        return _opened_slices(inner, declared, element)
    if isinstance(inner, n.Call) and inner.name == "sum":
        inner = t.bare(inner.arguments[0])
    if not isinstance(inner, n.Expr) or _holder(inner.type) is None:
        return None
    count = _count((inner,), declared)
    if count is None:
        return None
    held, declaration = hold(t.rebuild(inner, normalised), count, holder)
    return Opening(count, declaration, f"{to_text(held)}[{element}]")


def _opened_density(density: CalledDensity, declared: Declared, element: str, holder: str) -> Opening | None:
    positions = opened_arguments(density)
    if not positions:
        return None
    count = _count(tuple(density.arguments[at] for at in positions), declared)
    if count is None:
        return None
    arguments = list(density.arguments)
    declarations: list[str] = []
    for at in positions:
        arguments[at], declaration = hold(arguments[at], count, f"{holder}_{at}")
        declarations += declaration
    one = _at_observation(replace(density, arguments=tuple(arguments)), positions, element)
    return Opening(count, tuple(declarations), one)


def _opened_slices(node: n.Call, declared: Declared, element: str) -> Opening | None:
    """Open a sum in slices by calling its function on slices of one."""
    function, sliced, shared = node.arguments[0], node.arguments[1], node.arguments[3:]
    one = f"{indexable(sliced)}[{element}:{element}]"
    name = to_text(normalised(function))
    bar = " |" if name.endswith(("_lpdf", "_lpmf")) else ","
    rest = ", ".join((element, element, *(to_text(item) for item in shared)))
    count = _count((sliced,), declared)
    return None if count is None else Opening(count, (), f"{name}({one}{bar} {rest})")


def opened_arguments(density: CalledDensity) -> tuple[int, ...]:
    """Return which arguments hold one element for each observation; none for a single observation.

    A density of unknown shape counts as one observation.
    """
    distribution = DISTRIBUTIONS.get(density.distribution)
    if distribution is None:
        return ()
    names = ("", *distribution.arguments)
    found = tuple(
        position
        for position, (name, argument) in enumerate(zip(names, density.arguments, strict=False))
        if _is_opened(distribution, name, argument)
    )
    # stanc multiplies the normaliser of a truncated vector by its length: with arguments that vary, that is
    # no sum over observations.
    return () if density.is_truncated and found != (0,) else found


def _is_opened(distribution: Distribution, name: str, argument: n.Expr) -> bool:
    if distribution.is_joint or (distribution.is_glm and name in distribution.shared):
        return False
    if distribution.is_multivariate or name in distribution.shared:
        return argument.type.depth > 0
    return argument.type.is_container


def _at_observation(density: CalledDensity, positions: tuple[int, ...], element: str) -> str:
    index = f"{element}:{element}" if DISTRIBUTIONS[density.distribution].is_glm else element
    texts = [
        f"{indexable(argument)}[{index}]" if at in positions else to_text(argument)
        for at, argument in enumerate(density.arguments)
    ]
    return normalised_text(density, texts)


def _count(arguments: tuple[n.Expr, ...], declared: Declared) -> str | None:
    """Return how many elements arguments have, from declared sizes or from data; `None` if neither tells."""
    for argument in arguments:
        shape = shape_of(argument, declared)
        if shape:
            return shape[0]
    first = next((argument for argument in arguments if argument.is_data), None)
    if first is None:
        return None
    is_matrix = first.type.base == "matrix" and not first.type.depth
    return f"{'rows' if is_matrix else 'size'}({to_text(first)})"


def hold(argument: n.Expr, count: str, name: str) -> tuple[n.Expr, tuple[str, ...]]:
    """Return an argument held in a variable, and the declaration of that.

    Indexing `X * beta` in a loop would multiply the whole matrix once for each observation.
    """
    word = _holder(argument.type)
    if word is None or isinstance(t.bare(argument), n.Variable):
        return argument, ()
    declaration = f"{word.format(count)} {name} = {to_text(argument)};"
    return n.Variable(name, type=argument.type), (declaration,)


def _holder(kind: n.Type) -> str | None:
    """Return the declared type of a variable that holds one number for each observation."""
    if kind.base in {"vector", "row_vector"} and not kind.depth:
        return f"{kind.base}[{{}}]"
    return f"array[{{}}] {kind.base}" if kind.depth == 1 and kind.base in _NUMBERS else None


def indexable(argument: n.Expr) -> str:
    """Return an argument as Stan, in parentheses where an index after it would bind to a part of it."""
    text = to_text(argument)
    return text if isinstance(argument, n.Variable | n.Indexed | n.Call | n.Paren) else f"({text})"

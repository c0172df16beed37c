"""How a likelihood statement splits into observations: one log density for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.program.rewrite.shapes import DeclaredTypes, infer_shape
from workbench.program.rewrite.vectorise.rows import VECTOR, operate
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, format_normalised, normalise, parse_density
from workbench.program.terms.distributions import DISTRIBUTIONS, GLM_DISTRIBUTIONS, Distribution

_NUMBERS = frozenset({"int", "real"})
"""The types of a single number."""


@dataclass(frozen=True)
class PointwiseDensity:
    """The log density of a term, split into observations.

    Attributes
    ----------
    count
        How many observations there are, as Stan.
    declarations
        The declarations of the variables that hold long arguments.
    density
        The log density of one observation, as Stan.
    """

    count: str
    declarations: tuple[str, ...]
    density: str


def split_into_observations(
    node: n.Expr | n.Tilde, declared: DeclaredTypes, element: str, holder: str
) -> PointwiseDensity | None:
    """Return a summand split into observations; `None` if it is a single observation.

    Parameters
    ----------
    node
        The summand.
    declared
        The declared types of the program's variables.
    element
        The name of the variable that numbers the observations.
    holder
        The beginning of the names of variables that hold arguments.
    """
    density = parse_density(node)
    if density is not None:
        return _split_density(density, declared, element, holder)
    inner = t.unwrap(node) if isinstance(node, n.Expr) else node
    if isinstance(inner, n.Call) and inner.name in {"reduce_sum", "reduce_sum_static"}:
        return _split_reduce_sum(inner, declared, element)
    if isinstance(inner, n.Call) and inner.name == "sum":
        inner = t.unwrap(inner.arguments[0])
    if not isinstance(inner, n.Expr) or _holder_type(inner.type) is None:
        return None
    count = _count_elements((inner,), declared)
    if count is None:
        return None
    summed, declarations = hold(t.rebuild(inner, normalise), count, holder)
    return PointwiseDensity(count, declarations, f"{to_text(summed)}[{element}]")


def _split_density(
    density: DensityCall, declared: DeclaredTypes, element: str, holder: str
) -> PointwiseDensity | None:
    density = _use_predictor(density)
    positions = find_split_arguments(density)
    if not positions:
        return None
    count = _count_elements(tuple(density.arguments[position] for position in positions), declared)
    if count is None:
        return None
    arguments = list(density.arguments)
    declarations: list[str] = []
    for position in positions:
        arguments[position], declaration = hold(arguments[position], count, f"{holder}_{position}")
        declarations += declaration
    text = _format_at_observation(replace(density, arguments=tuple(arguments)), positions, element)
    return PointwiseDensity(count, tuple(declarations), text)


def _use_predictor(density: DensityCall) -> DensityCall:
    """Return a generalised linear model as a density given its linear predictor.

    The predictor is computed for all rows at once: a model of one row copies that row of the matrix.
    """
    name = GLM_DISTRIBUTIONS.get(density.distribution)
    if name is None:
        return density
    arguments = dict(
        zip(("", *DISTRIBUTIONS[density.distribution].arguments), density.arguments, strict=True)
    )
    if arguments["x"].type != n.Type("matrix") or arguments["beta"].type != VECTOR:
        return density
    predictor = operate(arguments["x"], "*", arguments["beta"], VECTOR)
    if "alpha" in arguments:
        predictor = operate(arguments["alpha"], "+", predictor, VECTOR)
    given = {key: predictor if key == "x" else item for key, item in arguments.items()}
    kept = tuple(item for key, item in given.items() if key not in {"alpha", "beta"})
    return replace(density, distribution=name, arguments=kept)


def _split_reduce_sum(node: n.Call, declared: DeclaredTypes, element: str) -> PointwiseDensity | None:
    """Split a sum over slices by calling its function on slices of one element."""
    function, sliced, shared = node.arguments[0], node.arguments[1], node.arguments[3:]
    count = _count_elements((sliced,), declared)
    if count is None:
        return None
    name = to_text(normalise(function))
    separator = " |" if name.endswith(("_lpdf", "_lpmf")) else ","
    rest = ", ".join((element, element, *(to_text(item) for item in shared)))
    slice_ = f"{format_indexable(sliced)}[{element}:{element}]"
    return PointwiseDensity(count, (), f"{name}({slice_}{separator} {rest})")


def find_split_arguments(density: DensityCall) -> tuple[int, ...]:
    """Return the positions of the arguments that hold one element for each observation.

    There are none for a single observation, or if the program defines the density.
    """
    distribution = DISTRIBUTIONS.get(density.distribution)
    if distribution is None:
        return ()
    names = ("", *distribution.arguments)
    positions = tuple(
        position
        for position, (name, argument) in enumerate(zip(names, density.arguments, strict=False))
        if _is_split(distribution, name, argument)
    )
    # stanc multiplies the normaliser of a truncated vector by its length: with arguments that vary, that is
    # not a sum over observations.
    return () if density.is_truncated and positions != (0,) else positions


def _is_split(distribution: Distribution, name: str, argument: n.Expr) -> bool:
    if distribution.is_joint or (distribution.is_glm and name in distribution.shared):
        return False
    if distribution.is_multivariate or name in distribution.shared:
        return argument.type.depth > 0
    return argument.type.is_container


def _format_at_observation(density: DensityCall, positions: tuple[int, ...], element: str) -> str:
    index = f"{element}:{element}" if DISTRIBUTIONS[density.distribution].is_glm else element
    texts = [
        f"{format_indexable(argument)}[{index}]" if position in positions else to_text(argument)
        for position, argument in enumerate(density.arguments)
    ]
    return format_normalised(density, texts)


def _count_elements(arguments: tuple[n.Expr, ...], declared: DeclaredTypes) -> str | None:
    """Return how many elements arguments have, by declared sizes or by data; `None` if neither tells."""
    for argument in arguments:
        shape = infer_shape(argument, declared)
        if shape:
            return shape[0]
    first = next((argument for argument in arguments if argument.is_data), None)
    if first is None:
        return None
    is_matrix = first.type.base == "matrix" and not first.type.depth
    return f"{'rows' if is_matrix else 'size'}({to_text(first)})"


def hold(argument: n.Expr, count: str, name: str) -> tuple[n.Expr, tuple[str, ...]]:
    """Return an argument as a variable that holds it, and the declaration of that variable.

    Indexing `X * beta` in a loop would multiply the whole matrix once for each observation.
    """
    type_ = _holder_type(argument.type)
    if type_ is None or isinstance(t.unwrap(argument), n.Variable):
        return argument, ()
    declaration = f"{type_.format(count)} {name} = {to_text(argument)};"
    return n.Variable(name, type=argument.type), (declaration,)


def _holder_type(kind: n.Type) -> str | None:
    """Return the declared type, with a gap for its size, of a variable with a number for each observation."""
    if kind.base in {"vector", "row_vector"} and not kind.depth:
        return f"{kind.base}[{{}}]"
    return f"array[{{}}] {kind.base}" if kind.depth == 1 and kind.base in _NUMBERS else None


def format_indexable(argument: n.Expr) -> str:
    """Return an argument as Stan, in parentheses if an index after it would apply to a part of it."""
    text = to_text(argument)
    return text if isinstance(argument, n.Variable | n.Indexed | n.Call | n.Paren) else f"({text})"

"""How one likelihood statement opens into observations: one log density for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.distributions import DISTRIBUTIONS, density_name
from workbench.program.printer import to_text


@dataclass(frozen=True)
class Density:
    """A density as called: the function normalised, its outcome and its arguments.

    Attributes
    ----------
    function
        The normalised density: ``normal_lpdf``.
    arguments
        The outcome, then the others.
    """

    function: str
    arguments: tuple[n.Expr, ...]

    def text(self, arguments: Sequence[str] | None = None) -> str:
        """Return the call as Stan, with its own arguments or others in their place."""
        first, *rest = arguments if arguments is not None else [to_text(item) for item in self.arguments]
        return f"{self.function}({first} | {', '.join(rest)})"


def density_of(node: n.Expr | n.Tilde) -> Density | None:
    """Return the density that a summand is; `None` where it is some other expression."""
    if isinstance(node, n.Tilde):
        suffix = "lpmf" if node.kind == "FnLpmf" else "lpdf"
        return Density(f"{node.distribution}_{suffix}", (node.outcome, *node.arguments))
    inner = t.bare(node)
    if isinstance(inner, n.Call) and inner.is_conditional:
        name, suffix = density_name(inner.name)
        return Density(f"{name}_{suffix}", inner.arguments)
    return None


def opened_arguments(density: Density) -> tuple[int, ...]:
    """Return which arguments hold one element for each observation; none for a single one.

    Raises nothing: a density of unknown shape counts as one observation.
    """
    distribution = DISTRIBUTIONS.get(density_name(density.function)[0])
    if distribution is None:
        return ()
    names = ("", *distribution.arguments)
    flat = distribution.is_multivariate
    return tuple(
        position
        for position, (name, argument) in enumerate(zip(names, density.arguments, strict=False))
        if (argument.type.depth if flat or name in distribution.shared else argument.type.is_container)
        and (name not in distribution.shared or argument.type.depth)
        and not (distribution.is_glm and name in distribution.shared)
    )


def is_joint(density: Density) -> bool:
    """Whether a density that does not open nevertheless has a container as its outcome."""
    return not opened_arguments(density) and density.arguments[0].type.is_container


def is_glm(density: Density) -> bool:
    """Whether the density takes a design matrix, so that it opens by rows."""
    distribution = DISTRIBUTIONS.get(density_name(density.function)[0])
    return distribution is not None and distribution.is_glm


def at_observation(density: Density, counter: str) -> str:
    """Return the density of one observation, numbered by `counter`."""
    position = f"{counter}:{counter}" if is_glm(density) else counter
    opened = opened_arguments(density)
    return density.text(
        [
            f"{_indexable(argument)}[{position}]" if number in opened else to_text(argument)
            for number, argument in enumerate(density.arguments)
        ]
    )


def _indexable(argument: n.Expr) -> str:
    text = to_text(argument)
    return text if isinstance(argument, n.Variable | n.Indexed | n.Call | n.Paren) else f"({text})"

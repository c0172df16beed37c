"""How one likelihood statement opens into observations: one log density for each."""

from __future__ import annotations

from workbench.program import nodes as n
from workbench.program.densities import CalledDensity, normalised_text
from workbench.program.distributions import DISTRIBUTIONS, Distribution
from workbench.program.printer import to_text


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


def is_joint(density: CalledDensity) -> bool:
    """Whether a density that does not open nevertheless has a container as its outcome."""
    return not opened_arguments(density) and density.outcome.type.is_container


def at_observation(density: CalledDensity, counter: str) -> str:
    """Return the density of one observation, numbered by `counter`."""
    position = f"{counter}:{counter}" if DISTRIBUTIONS[density.distribution].is_glm else counter
    opened = opened_arguments(density)
    texts = [
        f"{_indexable(argument)}[{position}]" if number in opened else to_text(argument)
        for number, argument in enumerate(density.arguments)
    ]
    return normalised_text(density, texts)


def _indexable(argument: n.Expr) -> str:
    text = to_text(argument)
    return text if isinstance(argument, n.Variable | n.Indexed | n.Call | n.Paren) else f"({text})"

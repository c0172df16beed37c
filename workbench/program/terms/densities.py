"""Densities as Stan text: whole or without their constants, truncated as stanc lowers truncation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.distributions import density_name


@dataclass(frozen=True)
class CalledDensity:
    """A density function with its arguments.

    Attributes
    ----------
    distribution, suffix
        ``normal`` and ``lpdf``: always the normalised function.
    arguments
        The outcome, then the others.
    lower, upper
        The limits of a truncated sampling statement.
    """

    distribution: str
    suffix: str
    arguments: tuple[n.Expr, ...]
    lower: n.Expr | None = None
    upper: n.Expr | None = None

    @property
    def outcome(self) -> n.Expr:
        """What it is a density of."""
        return self.arguments[0]

    @property
    def is_truncated(self) -> bool:
        """Whether it has limits."""
        return self.lower is not None or self.upper is not None


def density_of(node: n.Expr | n.Tilde) -> CalledDensity | None:
    """Return the density that a summand is; `None` where it is some other expression."""
    if isinstance(node, n.Tilde):
        suffix = "lpmf" if node.kind == "FnLpmf" else "lpdf"
        arguments = (node.outcome, *node.arguments)
        return CalledDensity(node.distribution, suffix, arguments, node.lower, node.upper)
    inner = t.bare(node)
    if isinstance(inner, n.Call) and inner.is_conditional:
        name, suffix = density_name(inner.name)
        return CalledDensity(name, suffix, inner.arguments)
    return None


def normalised_text(density: CalledDensity, texts: Sequence[str] | None = None) -> str:
    """Return a density as Stan, with all constants.

    Parameters
    ----------
    density
        The density.
    texts
        Arguments of one observation in the place of its own.
    """
    whole = _called(f"{density.distribution}_{density.suffix}", texts or _texts(density))
    if not density.is_truncated:
        return whole
    outside, normaliser = truncation(density, texts)
    return f"({outside} ? negative_infinity() : {whole} - {normaliser})"


def unnormalised_text(density: CalledDensity) -> str:
    """Return a density as a sampling statement adds it: without constants, limits apart."""
    return _called(f"{density.distribution}_{density.suffix.replace('lp', 'lup')}", _texts(density))


def truncation(density: CalledDensity, texts: Sequence[str] | None = None) -> tuple[str, str]:
    """Return the condition of lying outside the limits, and the log probability of lying inside.

    stanc multiplies that probability by the number of outcomes; so do we.
    """
    outcome, *given = texts or _texts(density)
    is_many = texts is None and density.outcome.type.is_container
    below = None if density.lower is None else f"{f'min({outcome})' if is_many else outcome} < {{}}"
    above = None if density.upper is None else f"{f'max({outcome})' if is_many else outcome} > {{}}"
    lower, upper = _limit(density.lower), _limit(density.upper)
    outside = " || ".join(
        text.format(limit) for text, limit in ((below, lower), (above, upper)) if text is not None
    )
    inside = _probability(density, lower, upper, given)
    return outside, f"size({outcome}) * {inside}" if is_many else inside


def _probability(density: CalledDensity, lower: str, upper: str, given: Sequence[str]) -> str:
    """Return the log probability between the limits; counts include the lower one."""
    name = density.distribution
    start = f"{lower} - 1" if density.suffix == "lpmf" else lower
    if not upper:
        return _called(f"{name}_lccdf", [start, *given])
    if not lower:
        return _called(f"{name}_lcdf", [upper, *given])
    ends = [_called(f"{name}_lcdf", [limit, *given]) for limit in (upper, start)]
    return f"log_diff_exp({', '.join(ends)})"


def _limit(limit: n.Expr | None) -> str:
    return "" if limit is None else to_text(limit)


def _texts(density: CalledDensity) -> list[str]:
    return [to_text(argument) for argument in density.arguments]


def _called(function: str, texts: Sequence[str]) -> str:
    return f"{function}({texts[0]} | {', '.join(texts[1:])})"


def normalised(node: Any) -> Any:
    """Return a node with densities without their constants made whole, for blocks where Stan wants that."""
    if isinstance(node, n.Variable | n.Call) and node.name.endswith(("_lupdf", "_lupmf")):
        return replace(node, name=node.name.replace("_lupdf", "_lpdf").replace("_lupmf", "_lpmf"))
    return node

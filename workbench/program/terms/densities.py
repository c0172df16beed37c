"""Densities as Stan text: with or without their constants, truncated as stanc truncates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.distributions import split_density_name


@dataclass(frozen=True)
class DensityCall:
    """A call of a density or distribution function.

    Attributes
    ----------
    distribution, suffix
        ``normal`` and ``lpdf``; the suffix is always that of the normalised function.
    arguments
        The outcome, then the others.
    lower, upper
        The limits of a truncated distribution statement.
    """

    distribution: str
    suffix: str
    arguments: tuple[n.Expr, ...]
    lower: n.Expr | None = None
    upper: n.Expr | None = None

    @property
    def outcome(self) -> n.Expr:
        """The argument that it is a density of."""
        return self.arguments[0]

    @property
    def is_truncated(self) -> bool:
        """Whether it has limits."""
        return self.lower is not None or self.upper is not None


def parse_density(node: n.Expr | n.Tilde) -> DensityCall | None:
    """Return the density that a summand calls; `None` if the summand is another expression."""
    if isinstance(node, n.Tilde):
        suffix = "lpmf" if node.kind == "FnLpmf" else "lpdf"
        arguments = (node.outcome, *node.arguments)
        return DensityCall(node.distribution, suffix, arguments, node.lower, node.upper)
    inner = t.unwrap(node)
    if isinstance(inner, n.Call) and inner.is_conditional:
        name, suffix = split_density_name(inner.name)
        return DensityCall(name, suffix, inner.arguments)
    return None


def format_normalised(density: DensityCall, texts: Sequence[str] | None = None) -> str:
    """Return a density as Stan, with its constants.

    Parameters
    ----------
    density
        The density.
    texts
        The arguments at one observation, in place of those in the program.
    """
    untruncated = _format_call(
        f"{density.distribution}_{density.suffix}", texts or _format_arguments(density)
    )
    if not density.is_truncated:
        return untruncated
    outside, normaliser = format_truncation(density, texts)
    return f"({outside} ? negative_infinity() : {untruncated} - {normaliser})"


def format_unnormalised(density: DensityCall) -> str:
    """Return a density as a distribution statement adds it: without constants, and without its limits."""
    return _format_call(
        f"{density.distribution}_{density.suffix.replace('lp', 'lup')}", _format_arguments(density)
    )


def format_truncation(density: DensityCall, texts: Sequence[str] | None = None) -> tuple[str, str]:
    """Return the condition that an outcome is outside the limits, and the log probability inside them.

    stanc multiplies that log probability by the number of outcomes, and so does this function.
    """
    outcome, *given = texts or _format_arguments(density)
    is_container = texts is None and density.outcome.type.is_container
    lower, upper = format_limit(density.lower), format_limit(density.upper)
    conditions = []
    if lower:
        conditions.append(f"{f'min({outcome})' if is_container else outcome} < {lower}")
    if upper:
        conditions.append(f"{f'max({outcome})' if is_container else outcome} > {upper}")
    inside = _format_probability(density, lower, upper, given)
    return " || ".join(conditions), f"size({outcome}) * {inside}" if is_container else inside


def _format_probability(density: DensityCall, lower: str, upper: str, given: Sequence[str]) -> str:
    """Return the log probability between the limits; the lower limit of a count is included."""
    name = density.distribution
    start = f"{lower} - 1" if density.suffix == "lpmf" else lower
    if not upper:
        return _format_call(f"{name}_lccdf", [start, *given])
    if not lower:
        return _format_call(f"{name}_lcdf", [upper, *given])
    ends = [_format_call(f"{name}_lcdf", [limit, *given]) for limit in (upper, start)]
    return f"log_diff_exp({', '.join(ends)})"


def format_limit(limit: n.Expr | None) -> str:
    """Return a limit as Stan; empty where there is none."""
    return "" if limit is None else to_text(limit)


def _format_arguments(density: DensityCall) -> list[str]:
    return [to_text(argument) for argument in density.arguments]


def _format_call(function: str, texts: Sequence[str]) -> str:
    return f"{function}({texts[0]} | {', '.join(texts[1:])})"


def normalise(node: Any) -> Any:
    """Return a node with a normalised density for an unnormalised one, which only the model block allows."""
    if isinstance(node, n.Variable | n.Call) and node.name.endswith(("_lupdf", "_lupmf")):
        return replace(node, name=node.name.replace("_lupdf", "_lpdf").replace("_lupmf", "_lpmf"))
    return node

"""WB605: do declarations exclude the values that densities refuse?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.view import UndeclaredRangeDescription

_MOST_SHOWN = 3
"""Parameters that the message names."""


def _assess(fit: Fit) -> Finding:
    model = fit.results.model
    if not model.terms:
        return Finding("n/a", "The statements of the program are not known.")
    undeclared = model.undeclared_ranges
    if not undeclared:
        return Finding("passed", "Every parameter that a density restricts is declared with its range.", 0)
    described = " ".join(_describe(item) for item in undeclared[:_MOST_SHOWN])
    more = f" And {len(undeclared) - _MOST_SHOWN} more." if len(undeclared) > _MOST_SHOWN else ""
    declare = "; ".join(f"`{_declare(item)}`" for item in undeclared[:_MOST_SHOWN])
    return Finding("tip", f"{described}{more}", len(undeclared), advice=f"Declare {declare}.")


def _describe(item: UndeclaredRangeDescription) -> str:
    """Return which values are refused although the declaration allows them."""
    is_positive = item.missing == "<lower=0>"
    needed = "must be positive" if is_positive else "must lie between 0 and 1"
    return (
        f"`{item.parameter}` is the {item.argument} of line {item.line}, `{item.statement}`, and {needed}, "
        f"but it is declared `{item.declaration}`."
    )


def _declare(item: UndeclaredRangeDescription) -> str:
    """Return the declaration that is meant, such as `vector<lower=0>[K] sigma`.

    >>> _declare(UndeclaredRangeDescription("s", "vector[K]", missing="<lower=0>"))
    'vector<lower=0>[K] s'
    """
    head, _, bounds = item.declaration.partition("<")
    rest = bounds.partition(">")[2] if bounds else ""
    array, bracket, inner = head.rpartition("] ")
    kind, opening, sizes = inner.partition("[")
    return f"{array}{bracket}{kind}{item.missing}{opening}{sizes}{rest} {item.parameter}"


CHECK = Check(
    code="WB605",
    title="Parameters are declared with their ranges",
    threshold="no scale that may be negative, no probability outside 0 to 1",
    reference="Stan User's Guide, pedantic mode, section on parameters with a range",
    meaning=(
        "A parameter can take values outside the range that a density allows, and Stan rejects them: chains "
        "may not start, trajectories end at a wall that the sampler cannot see, and priors are cut off there "
        "without being renormalised."
    ),
    advice="Declare the range of the parameter, such as `real<lower=0>`.",
    page=split_paragraphs("""
    Arguments of Stan's distributions that must be positive, and probabilities, are looked up where a
    parameter stands in them as it is. With a declared bound Stan samples on a scale without a wall.
    """),
    assess=_assess,
)

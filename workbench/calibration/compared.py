"""What two programs have in common, and what is compared with nothing: sentences before any fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.calibration.fitting import list_compared
from workbench.errors import RequestError
from workbench.program import Program
from workbench.results.quantities import owner

_MOST_NAMED = 6
"""Quantities or statements that a sentence names."""


def list_author_columns(program: Program, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of quantities that the author declared."""
    declared = {
        item.name
        for item in (*program.parameters, *program.transformed_parameters, *program.generated_quantities)
    }
    return tuple(column for column in columns if owner(column) in declared)


def compare_programs(
    fitted: Program, columns: Sequence[str], simulator: Program, theirs: Sequence[str]
) -> tuple[str, ...]:
    """Return what is not compared, and which priors differ, in sentences.

    Parameters
    ----------
    fitted, columns
        The program that is fitted, and Stan's names of its quantities.
    simulator, theirs
        The same of the program that simulates.

    Raises
    ------
    RequestError
        The two programs have no parameter in common.
    """
    own, other = list_compared(fitted, columns), list_compared(simulator, theirs)
    if not set(own) & set(other):
        raise RequestError(
            f"`{simulator.path.name}` and `{fitted.path.name}` have no parameter of the same name: no truth "
            "could be compared with a fit.",
            hint="transformed parameters count too",
        )
    return (
        *_list_uncompared(simulator, other, fitted, own),
        *_list_uncompared(fitted, own, simulator, other),
        *_compare_priors(fitted, simulator),
    )


def _list_uncompared(
    program: Program, columns: Sequence[str], other: Program, others: Sequence[str]
) -> Iterator[str]:
    """Yield which parameters of one program the other lacks; its likelihood needs all of them."""
    parameters = {item.name for item in program.parameters}
    lacking = [name for name in columns if owner(name) in parameters and name not in set(others)]
    if lacking:
        verb = "is" if len(lacking) == 1 else "are"
        yield (
            f"{_name(lacking)} of `{program.path.name}` {verb} compared with nothing: `{other.path.name}` "
            "has no parameter or transformed parameter of that name; nor is the joint log likelihood of "
            f"`{program.path.name}` compared."
        )


def _compare_priors(fitted: Program, simulator: Program) -> Iterator[str]:
    """Yield the prior statements that only one of the programs has, as far as their words tell."""
    own, other = _list_priors(fitted), _list_priors(simulator)
    for program, priors, others in ((fitted, own, other), (simulator, other, own)):
        differing = [text for text in priors if text not in others]
        if differing:
            yield f"Only `{program.path.name}` has the prior {_name(differing)}."


def _list_priors(program: Program) -> list[str]:
    texts = ("".join(term.text.split()).rstrip(";") for term in program.terms if term.role == "prior")
    return list(dict.fromkeys(texts))


def _name(names: Sequence[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{listed} and {more} more" if more > 0 else listed

"""A normal distribution on the unconstrained scale in place of every prior: a posterior carried on.

Stan samples parameters on an unconstrained scale, `u`. The program gets one statement in place of its priors
and of the densities of its latent variables, whose density of `u` is that normal: it takes `u` from the
parameters, and divides by the Jacobian of the constraints, which Stan multiplies by.

References
----------
The Stan Reference Manual, chapter "Constraint transforms": each transform and its Jacobian.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench import program as programs
from workbench.errors import PriorError
from workbench.priors.forms import replace_statements
from workbench.program import Declaration, Program, ReplacedPrior, Role, Stanc, Term

MOST_CARRIED = 50
"""The most parameters of the normal: it stands in the program as numbers. Ours."""

OPTION = "--priors"
"""The option that requests a carried posterior."""

_EMPTY = "{ }"
"""What stands in place of a removed statement."""

_PLAIN = frozenset({"real", "vector", "row_vector", "matrix"})
"""Types each of whose elements is transformed by itself."""

_ORDERED = frozenset({"ordered", "positive_ordered"})
"""Types whose elements are sums of positive steps."""

_ELEMENT = re.compile(r"(?P<name>\w+)(?:\[(?P<index>\d+(?:,\d+)*)\])?")
"""A parameter, or an element of one."""


@dataclass(frozen=True)
class CarriedPosterior:
    """A normal distribution of parameters on the unconstrained scale.

    Attributes
    ----------
    names
        The parameters and their elements in Stan's order, such as `beta[2]`, `(U,)`.
    mean
        `(U,)`.
    covariance
        `(U, U)`, symmetric and positive definite.
    """

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def count_elements(self) -> Mapping[str, int]:
        """Return how many elements each parameter has."""
        owners = [name.partition("[")[0] for name in self.names]
        return {name: owners.count(name) for name in dict.fromkeys(owners)}


def check_carried(names: Sequence[str], mean: Sequence[float], covariance: Sequence[Sequence[float]]) -> str:
    """Return what is wrong with a normal distribution; empty where nothing is."""
    size = len(names)
    if not size or len(set(names)) < size or not all(_ELEMENT.fullmatch(name) for name in names):
        return "`parameters` was expected to name parameters and elements such as beta[2], each once"
    if size > MOST_CARRIED:
        return f"`parameters` was expected to name at most {MOST_CARRIED}, found {size}"
    if len(mean) != size:
        return f"`mean` was expected to have {size} numbers, found {len(mean)}"
    if len(covariance) != size or any(len(row) != size for row in covariance):
        return f"`covariance` was expected to have {size} rows of {size} numbers"
    matrix = np.asarray(covariance, dtype=float)
    if not (np.isfinite(matrix).all() and np.isfinite(np.asarray(mean, dtype=float)).all()):
        return "`mean` and `covariance` were expected to be finite"
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0):
        return "`covariance` was expected to be symmetric"
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return "`covariance` was expected to be positive definite"
    return ""


def carry_posterior(program: Program, carried: CarriedPosterior, stanc: Stanc) -> Program:
    """Return a program with a normal on the unconstrained scale in place of all its priors.

    Parameters
    ----------
    program
        The program.
    carried
        The normal.
    stanc
        Reads the new program.

    Raises
    ------
    PriorError
        A parameter is not in the normal or of a type without a simple transform, or a prior cannot be
        removed.
    """
    check_can_carry(program)
    declared = {item.name: item for item in program.parameters}
    found = carried.count_elements()
    for name in {**declared, **found}:
        if name not in found or name not in declared:
            lacking = "the carried posterior" if name in declared else f"`{program.path.name}`"
            raise PriorError(
                f"`{name}` is not among the parameters of {lacking}.",
                hint="a posterior is carried on for the same program",
            )
    prefix = _choose_prefix(program.source)
    statement, block = _write_block(declared, carried, prefix)
    removed = [term for term in program.terms if _is_removed(term)]
    replaced = [
        ReplacedPrior(term.outcome or ", ".join(term.parameters), "", term.text, term.line, OPTION)
        for term in removed
    ]
    replaced.append(ReplacedPrior("all parameters", statement, option=OPTION))
    changed = replace_statements(
        program,
        {term.statement: _EMPTY for term in removed},
        [block],
        stanc,
        replaced,
        constants=_write_constants(carried, prefix),
    )
    # A bound that is data makes the statement look like a likelihood.
    wrong: dict[str | int, Role] = {
        term.index: "prior"
        for term in changed.terms
        if f"{prefix}point" in term.text and (term.role, term.confidence) != ("prior", "certain")
    }
    return programs.settle_roles(changed, wrong, stanc) if wrong else changed


def check_can_carry(program: Program) -> None:
    """Refuse a program whose posterior cannot be carried as a normal.

    Raises
    ------
    PriorError
        A parameter has a type without a simple transform, or a prior cannot be removed.
    """
    for parameter in program.parameters:
        _check_transform(program, parameter)
    kept = {term.statement for term in program.terms if not _is_removed(term)}
    for term in program.terms:
        if term.confidence == "ask" or term.role == "unplaced":
            raise PriorError(
                f"`{term.text}` in `{program.path.name}`, line {term.line}, may be a prior or a likelihood.",
                hint=f"settle it: --role 'line {term.line}=prior'",
            )
        if _is_removed(term) and (term.called_from or term.statement in kept):
            raise PriorError(
                f"the prior `{term.text}` in `{program.path.name}`, line {term.line}, cannot be removed: it "
                "is in a function, or in one statement with a likelihood.",
                hint="write each prior as a statement of its own",
            )


def _is_removed(term: Term) -> bool:
    return term.role in ("prior", "latent") and not term.is_constant


def _check_transform(program: Program, parameter: Declaration) -> None:
    if parameter.kind not in _PLAIN | _ORDERED or parameter.members:
        raise PriorError(
            f"`{parameter.name}` is declared `{parameter.text}`: a posterior is carried for numbers, vectors "
            "and matrices with or without bounds, and for ordered vectors.",
            hint="keep the old rows: leave --forget out",
        )
    scalars = {item.name for item in (*program.data, *program.parameters) if item.is_scalar}
    limits = (parameter.lower, parameter.upper, parameter.offset, parameter.multiplier)
    for limit in limits:
        others = set() if limit is None else set(limit.names) - scalars
        if others:
            raise PriorError(
                f"`{parameter.name}` is declared `{parameter.text}`, whose bounds are not numbers of their "
                "own.",
                hint="keep the old rows: leave --forget out",
            )


def _choose_prefix(source: str) -> str:
    """Return the beginning of names that the program does not use."""
    number = 1
    while f"carried{number}_" in source:
        number += 1
    return f"carried{number}_"


def _write_constants(carried: CarriedPosterior, prefix: str) -> list[str]:
    """Return the declarations of mean and Cholesky factor in transformed data."""
    size = len(carried.names)
    factor = np.linalg.cholesky(carried.covariance)
    rows = ", ".join(f"[{', '.join(map(_format, row))}]" for row in factor.tolist())
    return [
        f"vector[{size}] {prefix}mean = [{', '.join(map(_format, carried.mean.tolist()))}]';",
        f"matrix[{size}, {size}] {prefix}factor = [{rows}];",
    ]


def _format(number: float) -> str:
    return repr(float(number))


def _write_block(
    declared: Mapping[str, Declaration], carried: CarriedPosterior, prefix: str
) -> tuple[str, str]:
    """Return the statement that adds the density, and the block that computes what it needs."""
    point, jacobian = f"{prefix}point", f"{prefix}jacobian"
    size = len(carried.names)
    lines = [f"vector[{size}] {point};", f"real {jacobian} = 0;"]
    for position, name in enumerate(carried.names, start=1):
        place = f"{point}[{position}]"
        value, log_derivative = _write_element(declared[name.partition("[")[0]], name, place)
        lines.append(f"{place} = {value};")
        if log_derivative:
            lines.append(f"{jacobian} += {log_derivative};")
    statement = f"target += multi_normal_cholesky_lpdf({point} | {prefix}mean, {prefix}factor) - {jacobian};"
    return statement, " ".join(["{", *lines, statement, "}"])


def _write_element(declaration: Declaration, name: str, place: str) -> tuple[str, str]:
    """Return an element on the unconstrained scale, and the logarithm of its derivative from there."""
    if declaration.kind in _ORDERED:
        return _write_ordered(declaration, name, place)
    lower, upper = (
        None if limit is None else f"({limit.text})" for limit in (declaration.lower, declaration.upper)
    )
    if lower and upper:
        value = f"logit(({name} - {lower}) / ({upper} - {lower}))"
        return value, f"log({upper} - {lower}) + log_inv_logit({place}) + log1m_inv_logit({place})"
    if lower:
        return f"log({name} - {lower})", place
    if upper:
        return f"log({upper} - {name})", place
    offset = f"({declaration.offset.text})" if declaration.offset is not None else "0"
    if declaration.multiplier is not None:
        scale = f"({declaration.multiplier.text})"
        return f"({name} - {offset}) / {scale}", f"log({scale})"
    return (name if offset == "0" else f"{name} - {offset}"), ""


def _write_ordered(declaration: Declaration, name: str, place: str) -> tuple[str, str]:
    head, _, last = name.removesuffix("]").rpartition("[")[2].rpartition(",")
    owner, number = name.partition("[")[0], int(last)
    if number == 1:
        return (f"log({name})", place) if declaration.kind == "positive_ordered" else (name, "")
    before = f"{owner}[{f'{head},' if head else ''}{number - 1}]"
    return f"log({name} - {before})", place

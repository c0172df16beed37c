"""A normal distribution on the unconstrained scale in place of every prior: a posterior carried on.

Stan samples parameters on an unconstrained scale, `u`. The program gets one statement in place of its priors
and of the densities of its latent variables, whose density of `u` is that normal: it takes `u` from the
parameters, and divides by the Jacobian of the constraints, which Stan multiplies by.

References
----------
The Stan Reference Manual, chapter "Constraint transforms": each transform and its Jacobian.
"""

from __future__ import annotations

import math
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

_WHOLE = frozenset({
    "simplex", "sum_to_zero_vector", "corr_matrix", "cov_matrix", "cholesky_factor_corr",
    "cholesky_factor_cov",
})  # fmt: skip
"""Types whose elements are transformed together; Stan has fewer free numbers for them than elements."""

_UNCONSTRAIN = {"sum_to_zero_vector": "sum_to_zero_unconstrain"}
"""Stan's function for the way to the unconstrained scale, where it is not named after the type."""

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


def count_free(declaration: Declaration, shape: Sequence[int]) -> int:
    """Return how many free numbers a parameter has on the unconstrained scale.

    Parameters
    ----------
    declaration
        A parameter that can be carried.
    shape
        Its shape, axes of arrays first.
    """
    outer, inner = math.prod(shape[: declaration.depth]), shape[declaration.depth :]
    size = inner[-1] if inner else 1
    triangles = {
        "corr_matrix": size - 1,
        "cholesky_factor_corr": size - 1,
        "cov_matrix": size,
        "cholesky_factor_cov": size,
    }
    if declaration.kind in triangles:
        rows = triangles[declaration.kind]
        return outer * (rows * (rows + 1) // 2)
    return outer * (size - 1 if declaration.kind in _WHOLE else math.prod(inner))


def list_free_names(declaration: Declaration, shape: Sequence[int]) -> list[str]:
    """Return a name for each free number of a parameter, in the order of Stan's unconstrained scale.

    Arrays go by their first index, matrices by columns; free numbers of a value that is transformed as a
    whole are counted.

    Parameters
    ----------
    declaration, shape
        As in `count_free`.
    """
    outer, inner = shape[: declaration.depth], shape[declaration.depth :]
    if declaration.kind in _WHOLE:
        own: list[tuple[int, ...]] = [
            (number,) for number in range(count_free(declaration, (*(1 for _ in outer), *inner)))
        ]
    else:
        own = [index[::-1] for index in np.ndindex(tuple(inner[::-1]))]
    places = ((*array, *index) for array in np.ndindex(tuple(outer)) for index in own)
    return [
        declaration.name + (f"[{','.join(str(number + 1) for number in place)}]" if place else "")
        for place in places
    ]


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
    if parameter.kind not in _PLAIN | _ORDERED | _WHOLE or parameter.members:
        raise PriorError(
            f"`{parameter.name}` is declared `{parameter.text}`: on the unconstrained scale its density is "
            "no normal, or is not known here.",
            hint="keep the old rows: leave --forget out",
        )
    if parameter.kind == "cholesky_factor_cov" and len({size.text for size in parameter.sizes[-2:]}) > 1:
        raise PriorError(
            f"`{parameter.name}` is declared `{parameter.text}`: a factor is carried where it is square.",
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
    for name, places in _list_whole(declared, carried.names).items():
        lines += _write_whole(declared[name.partition("[")[0]].kind, name, places, prefix)
    for position, name in enumerate(carried.names, start=1):
        if declared[name.partition("[")[0]].kind in _WHOLE:
            continue
        place = f"{point}[{position}]"
        value, log_derivative = _write_element(declared[name.partition("[")[0]], name, place)
        lines.append(f"{place} = {value};")
        if log_derivative:
            lines.append(f"{jacobian} += {log_derivative};")
    statement = f"target += multi_normal_cholesky_lpdf({point} | {prefix}mean, {prefix}factor) - {jacobian};"
    return statement, " ".join(["{", *lines, statement, "}"])


def _list_whole(declared: Mapping[str, Declaration], names: Sequence[str]) -> Mapping[str, list[int]]:
    """Return where the free numbers of each value stand that is transformed as a whole, counted from 1.

    Raises
    ------
    PriorError
        Some of them are missing.
    """
    places: dict[str, list[int]] = {}
    numbers: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        owner, _, index = name.removesuffix("]").partition("[")
        if declared[owner].kind in _WHOLE:
            head, _, last = index.rpartition(",")
            value = f"{owner}[{head}]" if head else owner
            places.setdefault(value, []).append(position)
            numbers.setdefault(value, []).append(int(last or 0))
    for value, found in numbers.items():
        if found != list(range(1, len(found) + 1)) or (
            not _is_whole(declared[value.partition("[")[0]], found)
        ):
            message = f"the carried posterior was expected to have all free numbers of `{value}`, in order."
            raise PriorError(message, hint="`workbench update --forget` writes them")
    return places


def _is_whole(declaration: Declaration, numbers: Sequence[int]) -> bool:
    """Return whether a value of some type can have so many free numbers."""
    if declaration.kind in ("simplex", "sum_to_zero_vector"):
        return True
    size = _find_order(len(numbers))
    return size * (size + 1) // 2 == len(numbers)


def _find_order(count: int) -> int:
    """Return how many rows a triangle of so many numbers has."""
    return (math.isqrt(8 * count + 1) - 1) // 2


def _write_whole(kind: str, name: str, places: Sequence[int], prefix: str) -> list[str]:
    """Return statements that take a value to the unconstrained scale, and add the log of its Jacobian."""
    point, jacobian = f"{prefix}point", f"{prefix}jacobian"
    free = f"{point}[{{{', '.join(map(str, places))}}}]"
    lines = [f"{free} = {_UNCONSTRAIN.get(kind, f'{kind}_unconstrain')}({name});"]
    weights = f"[{', '.join(map(_format, _list_weights(kind, len(places))))}]"
    if kind == "simplex":
        lines.append(f"{jacobian} += sum(log({name}));")
    elif kind in ("cov_matrix", "cholesky_factor_cov"):
        lines.append(f"{jacobian} += {weights} * {free};")
    elif kind != "sum_to_zero_vector":
        lines.append(f"{jacobian} += {weights} * log1m(square(tanh({free})));")
    return lines


def _list_weights(kind: str, count: int) -> list[float]:
    """Return the weights of free numbers in the logarithm of a Jacobian.

    Of covariances these are the numbers themselves, which are logarithms on the diagonal. Of correlations
    they are log(1 - z^2) of the partial correlations z = tanh(u), row by row for a Cholesky factor, column
    by column for a matrix.

    References
    ----------
    Lewandowski, Kurowicka and Joe (2009), Generating random correlation matrices based on vines and extended
    onion method, Journal of Multivariate Analysis 100(9), doi:10.1016/j.jmva.2009.04.008, equation 11.
    """
    order = _find_order(count)
    if kind in ("cov_matrix", "cholesky_factor_cov"):
        on_diagonal = [order - row + 1.0 if kind == "cov_matrix" else 1.0 for row in range(order)]
        return [
            on_diagonal[row] if column == row else 0.0 for row in range(order) for column in range(row + 1)
        ]
    if kind == "cholesky_factor_corr":
        return [1 + (row - column) / 2 for row in range(order) for column in range(row + 1)]
    return [1 + (order - column - 1) / 2 for column in range(order) for _ in range(column, order)]


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

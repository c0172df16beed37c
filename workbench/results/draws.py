"""Columns as Stan prints them, made into named arrays with dims and coords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends import RawRun
from workbench.binding import BoundData
from workbench.late_imports import LateModule
from workbench.program import Declaration, Program, is_predictive
from workbench.request import FitRequest
from workbench.results.outcomes import declare_replicates
from workbench.results.quantities import owner

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")


def read_variables(
    run: RawRun,
    program: Program,
    data: BoundData,
    names: Iterable[str],
    dims: tuple[str, ...],
    *,
    is_copied: bool = True,
) -> xr.Dataset:
    """Return the named variables of a run as arrays.

    Parameters
    ----------
    run
        Columns and draws.
    program, data
        Declarations and labels, for dims and coords.
    names
        Which Stan variables to take; those without a column are left out, of a tuple each member is taken.
    dims
        Names of the draws' own dimensions: `("chain", "draw")`, `("draw",)`, or `()` for a single point.
    is_copied
        Whether the arrays are their own, which lets go of the run; else they may be views of it.
    """
    columns = _by_variable(run.columns)
    declarations = _declarations(program) | _pointwise(program, data, columns)
    coords: dict[str, np.ndarray] = {
        dim: np.arange(run.draws.shape[position - len(dims) + 2]) for position, dim in enumerate(dims)
    }
    if run.positions is not None:
        coords["draw"] = run.positions
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for name in (column for name in names for column in columns if _belongs(column, name)):
        values = _assemble(run.draws, columns[name], is_copied=is_copied)
        values = values[(0,) * (2 - len(dims))]
        own = _own_dims(name, values.shape[len(dims) :], declarations.get(name), data.labels, coords)
        arrays[name] = ((*dims, *own), values)
    return xr.Dataset(arrays, coords=coords)


def list_parameters(request: FitRequest) -> tuple[str, ...]:
    """Return the names of parameters and stored transformed parameters, in the order of their declaration."""
    program = request.program
    transformed = (declaration.name for declaration in program.transformed_parameters)
    left_out = list_left_out(request)
    return (
        *(declaration.name for declaration in program.parameters),
        *(name for name in transformed if name not in left_out),
    )


def list_quantities(request: FitRequest) -> tuple[str, ...]:
    """Return the names of the stored generated quantities that are neither predictions nor log densities."""
    left_out = list_left_out(request)
    names = (item.name for item in request.program.generated_quantities if _is_quantity(item))
    return tuple(name for name in names if name not in left_out)


def list_left_out(request: FitRequest) -> frozenset[str]:
    """Return the transformed parameters and generated quantities that are not to be stored."""
    keep, program = request.storage.keep, request.program
    if keep is None:
        return frozenset()
    return frozenset(list_optional(program)) - frozenset(keep)


def list_optional(program: Program) -> tuple[str, ...]:
    """Return the names of what need not be stored: transformed parameters and generated quantities.

    What checks need, replicates and log densities, is not among them.
    """
    quantities = (item for item in program.generated_quantities if _is_quantity(item))
    return tuple(item.name for item in (*program.transformed_parameters, *quantities))


def _is_quantity(declaration: Declaration) -> bool:
    """Return whether a generated quantity is neither a prediction nor a log density.

    A single number called `log_lik` is no pointwise log likelihood.
    """
    name = declaration.name
    is_density = name == "lprior" or (name == "log_lik" and bool(declaration.sizes))
    return not is_density and not is_predictive(name)


def list_predictions(program: Program) -> tuple[str, ...]:
    """Return the names of the generated quantities that replicate data."""
    return tuple(
        declaration.name for declaration in program.generated_quantities if is_predictive(declaration.name)
    )


def count_parameter_columns(columns: Sequence[str], program: Program) -> int:
    """Return how many columns are parameters: they come first.

    A tuple's parts and the real and imaginary parts of a complex number have columns of their own.
    """
    names = {declaration.name for declaration in program.parameters}
    return sum(1 for _ in takewhile(lambda column: re.split(r"[.\[]", column)[0] in names, columns))


def label_column(column: str, program: Program, labels: Mapping[str, tuple[str, ...]]) -> str:
    """Return a column's name for people: `beta[1]` as `beta[age]` where the size `K` has labels."""
    declaration = _declarations(program).get(owner(column))
    inside = column[len(owner(column)) + 1 : -1]
    if declaration is None or not inside or not set(inside) <= set("0123456789,"):
        return column
    indices = inside.split(",")
    if len(indices) != len(declaration.sizes):
        return column
    named = [
        labels[size.text][int(index) - 1] if len(labels.get(size.text, ())) >= int(index) else index
        for index, size in zip(indices, declaration.sizes, strict=True)
    ]
    return f"{declaration.name}[{','.join(named)}]"


def _belongs(variable: str, name: str) -> bool:
    """Return whether a variable is the named one, a member of the named tuple, or a part of a complex one."""
    return name in (variable, owner(variable))


def _declarations(program: Program) -> dict[str, Declaration]:
    every = (*program.parameters, *program.transformed_parameters, *program.generated_quantities)
    return {declaration.name: declaration for declaration in every} | declare_replicates(program)


def _pointwise(
    program: Program, data: BoundData, columns: Mapping[str, list[tuple[int, tuple[int, ...]]]]
) -> dict[str, Declaration]:
    """Return our pointwise log-likelihood as declared like the outcome, where both have as many rows."""
    name = None if program.instrumented is None else program.instrumented.outputs.log_lik
    if name is None or name not in columns:
        return {}
    outcomes = {outcome for term in program.terms if term.role == "likelihood" for outcome in term.outcomes}
    lengths = {
        declaration.name: declaration.shape[0]
        for declaration in data.variables
        if declaration.name in outcomes and declaration.shape
    }
    sizes = {
        declaration.sizes[0].text: declaration.sizes[0]
        for declaration in program.data
        if declaration.name in lengths
    }
    if len(sizes) != 1 or set(lengths.values()) != {len(columns[name])}:
        return {}
    return {name: Declaration(name, "vector", "", tuple(sizes.values()))}


@lru_cache(maxsize=4)
def _by_variable(columns: tuple[str, ...]) -> dict[str, list[tuple[int, tuple[int, ...]]]]:
    """Return, for each variable, its columns with their indices, counted from 0.

    A tuple's parts (`pair.1[2]`) become a variable each, and so do those of a complex number (`z[real]`).
    """
    found: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
    for position, column in enumerate(columns):
        name, bracket, inside = column.partition("[")
        is_plain = bracket and inside.endswith("]") and set(inside[:-1]) <= set("0123456789,")
        index = tuple(int(part) - 1 for part in inside[:-1].split(",")) if is_plain else ()
        found.setdefault(name if is_plain else column, []).append((position, index))
    return found


def _assemble(
    draws: np.ndarray, columns: list[tuple[int, tuple[int, ...]]], *, is_copied: bool
) -> np.ndarray:
    """Return the draws of a variable `(chain, draw, ...)`; perhaps a view, where it is a list in order."""
    positions, indices = zip(*columns, strict=True)
    if not indices[0]:
        return draws[:, :, positions[-1]].copy()
    shape = tuple(np.max(indices, axis=0) + 1)
    first, count = positions[0], shape[0]
    is_in_order = len(shape) == 1 and positions == tuple(range(first, first + count))
    if not is_copied and is_in_order and indices == tuple((i,) for i in range(count)):
        return draws[:, :, first : first + count]
    places = np.full(shape, -1)
    places[tuple(np.transpose(indices))] = positions
    values = np.take(draws, places.ravel(), axis=2)
    values[:, :, places.ravel() < 0] = np.nan
    return values.reshape(*draws.shape[:2], *shape)


def _own_dims(
    name: str,
    shape: tuple[int, ...],
    declaration: Declaration | None,
    labels: Mapping[str, tuple[str, ...]],
    coords: dict[str, np.ndarray],
) -> tuple[str, ...]:
    """Return a dimension for each axis: the declared size where it is a plain name, else one of its own."""
    dims: list[str] = []
    for axis, length in enumerate(shape):
        sizes = declaration.sizes if declaration is not None else ()
        dim = sizes[axis].text if axis < len(sizes) else ""
        known = coords.get(dim)
        is_usable = dim.isidentifier() and dim not in dims and (known is None or len(known) == length)
        if not is_usable:
            dim = f"{name}_dim_{axis}"
        dims.append(dim)
        names = labels.get(sizes[axis].text, ()) if axis < len(sizes) else ()
        coords[dim] = np.array(names) if len(names) == length else np.arange(1, length + 1)
    return tuple(dims)

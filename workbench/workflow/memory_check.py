"""What a fit needs of memory at least, compared with what there is, before anything is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from workbench import process
from workbench.backends.base import Selection
from workbench.binding import evaluate_shape
from workbench.errors import RequestError
from workbench.estimation.context import select_quantities
from workbench.methods import Auto, Laplace, Nuts
from workbench.program import Declaration
from workbench.program.gradient_memory import estimate_gradient_memory
from workbench.request import FitRequest
from workbench.thresholds import (
    BYTES_PER_DRAWN_NUMBER,
    BYTES_PER_NAME,
    LEAST_BYTES_PER_CHARACTER,
    LEAST_DATA_COPIES,
)

_PARQUET = b"PAR1"
"""How a Parquet file begins."""

_TEXT = frozenset({".csv", ".tsv", ".txt"})
"""How the names of tables of text end."""

PLAIN = frozenset({"real", "vector", "row_vector", "matrix", "ordered", "positive_ordered"})
"""Types with an unconstrained dimension for each element."""

GIGABYTE = 1e9
"""Bytes of a gigabyte."""


@dataclass(frozen=True)
class Need:
    """A part of what a fit needs of memory.

    Attributes
    ----------
    size
        Bytes, at least.
    what
        What takes it, as a part of a sentence.
    remedy
        What lessens it.
    """

    size: float
    what: str
    remedy: str


def check_request_memory(request: FitRequest) -> None:
    """Refuse a fit that needs more memory than there is.

    The estimate is a lower bound: a fit that is not refused can still run out of memory.

    Raises
    ------
    RequestError
        How much is needed and available, what takes most of it, and what helps.
    """
    available = process.measure_available_memory()
    needs = max(list_phases(request), key=_add_up)
    if _add_up(needs) <= available:
        return
    ordered = [need for need in sorted(needs, key=lambda need: -need.size) if need.size >= 0.05 * available]
    parts = ", ".join(f"{format_size(need.size)} for {need.what}" for need in ordered)
    rows = "" if request.data.rows is None else f" with {request.data.rows:,} rows"
    raise RequestError(
        f"`{request.program.path.name}`{rows} needs at least {format_size(_add_up(needs))} of memory, and "
        f"{format_size(available)} are available: {parts}.",
        hint=ordered[0].remedy,
    )


def check_table_memory(path: Path) -> None:
    """Refuse a table of text or a Parquet file whose columns alone need more memory than there is.

    Raises
    ------
    RequestError
        How much is needed and available.
    """
    needed, available = estimate_table_memory(path), process.measure_available_memory()
    if needed > available:
        raise RequestError(
            f"the columns of `{path}` need at least {format_size(needed)} of memory, and "
            f"{format_size(available)} are available.",
            hint="give a table of the columns that the program uses, or of a part of the rows",
        )


def estimate_table_memory(path: Path) -> float:
    """Return the memory that the columns of a file take at least [bytes]; 0 where that takes reading it."""
    if not path.is_file():
        return 0
    with path.open("rb") as stream:
        is_parquet = stream.read(len(_PARQUET)) == _PARQUET
    if is_parquet:
        return _estimate_parquet(path)
    return path.stat().st_size * LEAST_BYTES_PER_CHARACTER if path.suffix.lower() in _TEXT else 0


def _estimate_parquet(path: Path) -> float:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        widths = [_find_width(column.type) for column in file.schema_arrow]
    except (pa.ArrowException, OSError, ValueError):
        return 0  # reading it says what is wrong
    return float(file.metadata.num_rows * sum(widths))


def _find_width(type_: Any) -> float:
    """Return the bytes of a number of an Arrow type; 0 for a type whose cells differ in length."""
    try:
        return float(type_.bit_width) / 8
    except ValueError:
        return 0


def list_phases(request: FitRequest) -> list[list[Need]]:
    """Return what is in memory at a time: while programs are compared, while chains run, and for Laplace."""
    program, values = request.program, request.data.values
    gradient = estimate_gradient_memory(program, values)
    data = LEAST_DATA_COPIES * _measure_data(values)
    names = _need_names(request)
    programs = 1 if program.instrumented is None else 2
    compared = [_need_gradient(gradient.total, gradient.largest, 1), _need_data(data, programs), names]
    phases = [compared]
    if all(isinstance(method, Laplace) for method in request.methods):  # beside others it fails alone
        phases.append([_need_square(request, "the curvature", 1, "leave the method laplace out"), names])
    samplers = [
        item if isinstance(item, Nuts) else item.nuts
        for item in request.methods
        if isinstance(item, Nuts | Auto)
    ]
    for nuts in samplers[:1]:
        chains = min(request.jobs, nuts.chains)
        copies = 1 if request.threads > 1 else chains  # threads share one process
        instrumented = program.instrumented
        is_rewritten = instrumented is not None and (instrumented.is_vectorised or instrumented.is_shared)
        own = [
            _need_gradient(0 if is_rewritten else chains * gradient.total, gradient.largest, chains),
            _need_data(data, copies),
            _need_draws(request, nuts.chains, nuts.draws),
            names,
        ]
        if nuts.metric == "dense":
            own.append(_need_square(request, "the dense metric", chains, "leave --metric dense out"))
        phases.append(own)
    return phases


def _need_gradient(size: float, statement: str, chains: int) -> Need:
    times = f" of {chains} chains at a time" if chains > 1 else ""
    remedy = (
        "write the likelihood as a statement about all rows, best one of a linear predictor such as "
        "`y ~ normal_id_glm(X, alpha, beta, sigma)`"
    )
    if chains > 1:
        remedy = f"--jobs 1 runs one chain at a time; or {remedy}"
    return Need(size, f"the gradient{times} (most of it for `{statement}`)", remedy)


def _need_data(size: float, processes: int) -> Need:
    remedy = "leave out data that the program does not use, or fit a part of the rows"
    if processes > 1:
        remedy = f"--jobs 1 runs one chain at a time; or {remedy}"
    return Need(processes * size, f"the data in {processes} process{'es' if processes > 1 else ''}", remedy)


def _need_draws(request: FitRequest, chains: int, draws: int) -> Need:
    """Return what the draws need, with the variable that takes most of it."""
    program, selection = request.program, select_quantities(request)
    declared = (*program.parameters, *program.transformed_parameters, *program.generated_quantities)
    counts = {item.name: count_elements(item, request.data.values) for item in declared}
    kept = {name: count for name, count in counts.items() if name not in selection.left_out}
    sizes = _multiply_draws(kept, selection, chains, draws)
    largest = max(sizes, key=lambda name: sizes[name], default="")
    what = f"{chains * draws:,} draws (most of it for `{largest}`, {kept.get(largest, 0):,} numbers a draw)"
    remedy = "--keep and --pointwise-draws store less of each draw, --draws asks for fewer"
    return Need(sum(sizes.values()), what, remedy)


def _need_names(request: FitRequest) -> Need:
    """Return what the names of all numbers take: those of parameters are held in three forms."""
    program, values = request.program, request.data.values
    free = sum(count_elements(item, values) for item in program.parameters)
    others = (*program.transformed_parameters, *program.generated_quantities)
    count = 3 * free + sum(count_elements(item, values) for item in others)
    remedy = "declare in the model block what need not be stored: local variables have no names"
    return Need(BYTES_PER_NAME * count, "the names of parameters and quantities", remedy)


def _need_square(request: FitRequest, what: str, copies: int, remedy: str) -> Need:
    """Return what a matrix over all unconstrained dimensions takes; types with fewer of them do not count."""
    plain = (item for item in request.program.parameters if item.kind in PLAIN)
    count = sum(count_elements(item, request.data.values) for item in plain)
    return Need(8 * count**2 * copies, f"{what} of {count:,} dimensions", remedy)


def _multiply_draws(
    counts: Mapping[str, int], selection: Selection, chains: int, draws: int
) -> dict[str, float]:
    """Return the bytes that the draws of each variable take."""
    pointwise = sum(count for name, count in counts.items() if name in selection.pointwise)
    positions = len(selection.choose_positions(chains, draws, pointwise))
    return {
        name: BYTES_PER_DRAWN_NUMBER * count * chains * (positions if name in selection.pointwise else draws)
        for name, count in counts.items()
    }


def count_elements(declaration: Declaration, values: Mapping[str, Any]) -> int:
    """Return how many numbers a variable has; 0 where the data do not tell."""
    if declaration.members:
        return 0
    shape = evaluate_shape(declaration, values)
    return 0 if None in shape else prod(length or 0 for length in shape)


def _measure_data(values: Mapping[str, Any]) -> int:
    return sum(np.asarray(value).nbytes for value in values.values() if not isinstance(value, Mapping | list))


def _add_up(needs: Iterable[Need]) -> float:
    return sum(need.size for need in needs)


def format_size(size: float) -> str:
    """Return a number of bytes for people.

    >>> format_size(31_400_000_000), format_size(420_000_000)
    ('31 GB', '0.42 GB')
    """
    return f"{size / GIGABYTE:.2g} GB" if size < 10 * GIGABYTE else f"{size / GIGABYTE:,.0f} GB"

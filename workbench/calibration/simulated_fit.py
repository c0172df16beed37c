"""What is kept of the fit of a simulated data set: numbers of each quantity, its time, checks that fired."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.errors import RunIncomplete
from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")

Floats = NDArray[np.float64]
"""An array of doubles."""

NUMBERS = ("truth", "rank", "place", "mean", "sd", "lower", "upper")
"""What a fit says of each quantity, as columns of a table."""

_FITS = b"workbench.fits"
"""The key under which a piece keeps times, failures and checks of its fits."""

_DAMAGED = "run the same command again: the fits are made again"
"""What mends a piece."""


@dataclass(frozen=True)
class QuantityNumbers:
    """What fits say of quantities, an entry for each.

    Attributes
    ----------
    names
        The quantities.
    truth
        Their values that the data were simulated with.
    rank
        How many of the ranked draws are smaller; NaN where no draws are ranked.
    place
        The same as a number of the unit interval, uniform if the method is right; the probability of a
        smaller value where the method gives a normal distribution.
    mean, sd
        Posterior mean and standard deviation; of MLE and MAP, the estimate and its standard error.
    lower, upper
        Ends of the interval of the stated level: central, or of MLE and MAP the estimate with so many
        standard errors to both sides.
    """

    names: tuple[str, ...]
    truth: Floats = field(repr=False)
    rank: Floats = field(repr=False)
    place: Floats = field(repr=False)
    mean: Floats = field(repr=False)
    sd: Floats = field(repr=False)
    lower: Floats = field(repr=False)
    upper: Floats = field(repr=False)


NOTHING = QuantityNumbers((), *(np.empty(0) for _ in NUMBERS))
"""What a fit that failed says."""


@dataclass(frozen=True)
class SimulatedFit:
    """The fit of one simulated data set by one method.

    Attributes
    ----------
    simulation
        Number of the data set, counted from 0.
    method
        Key of the method.
    seconds
        Wall time [s].
    failure
        Why there is no result; empty if there is one.
    checks
        By code of a check of the workbench: whether it fired.
    numbers
        The quantities.
    rows
        How many rows the data set has, where that was chosen.
    probability_error
        Expected calibration error of the probabilities of a yes, against those that the outcomes were drawn
        with; `None` where the outcome is not yes or no, or was not asked for.
    """

    simulation: int
    method: str
    seconds: float = 0.0
    failure: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
    numbers: QuantityNumbers = field(default=NOTHING, repr=False)
    rows: int | None = None
    probability_error: float | None = None


def tabulate_fits(fits: Sequence[SimulatedFit]) -> pa.Table:
    """Return a row for each quantity of each fit; what belongs to whole fits is metadata of the table."""
    sizes = [len(fit.numbers.names) for fit in fits]
    columns: dict[str, Any] = {
        "simulation": pa.array(np.repeat([fit.simulation for fit in fits], sizes), pa.int32()),
        "method": pa.array([fit.method for fit in fits for _ in fit.numbers.names], pa.string()),
        "quantity": pa.array([name for fit in fits for name in fit.numbers.names], pa.string()),
    }
    if any(fit.rows is not None for fit in fits):
        columns["rows"] = pa.array(np.repeat([fit.rows or 0 for fit in fits], sizes), pa.int32())
    for number in NUMBERS:
        parts = [getattr(fit.numbers, number) for fit in fits]
        columns[number] = pa.array(np.concatenate(parts) if parts else np.empty(0), pa.float64())
    facts = [
        [
            fit.simulation,
            fit.method,
            fit.seconds,
            fit.failure,
            dict(fit.checks),
            fit.rows,
            fit.probability_error,
        ]
        for fit in fits
    ]
    return pa.table(columns).replace_schema_metadata({_FITS: json.dumps(facts)})


def write_fits(fits: Sequence[SimulatedFit], path: Path) -> None:
    """Write fits as a piece, whole or not at all.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(tabulate_fits(fits), sink, compression="zstd")
    files.replace_file(path, sink.getvalue().to_pybytes())


def read_fits(path: Path) -> list[SimulatedFit]:
    """Return the fits of a piece.

    Raises
    ------
    RunIncomplete
        It is not a piece, or not whole.
    """
    try:
        table = pq.read_table(path)
        facts = json.loads(table.schema.metadata[_FITS])
        keys = list(zip(table["simulation"].to_pylist(), table["method"].to_pylist(), strict=True))
        names = table["quantity"].to_pylist()
        numbers = {name: table[name].to_numpy() for name in NUMBERS}
        starts = {key: place for place, key in reversed(list(enumerate(keys)))}
        counts: dict[tuple[int, str], int] = {}
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
        return [
            SimulatedFit(
                int(simulation),
                str(method),
                float(seconds),
                str(failure),
                {str(code): bool(has_fired) for code, has_fired in checks.items()},
                _cut(
                    names, numbers, starts.get((simulation, method), 0), counts.get((simulation, method), 0)
                ),
                None if rows is None else int(rows),
                None if error is None else float(error),
            )
            for simulation, method, seconds, failure, checks, rows, error in facts
        ]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, AttributeError) as reason:
        raise RunIncomplete(f"`{path}` does not hold fits of simulated data.", hint=_DAMAGED) from reason


def _cut(names: Sequence[str], numbers: Mapping[str, Floats], start: int, count: int) -> QuantityNumbers:
    part = slice(start, start + count)
    return QuantityNumbers(tuple(names[part]), *(numbers[name][part] for name in NUMBERS))

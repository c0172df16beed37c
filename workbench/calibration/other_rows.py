"""Data sets with other numbers of rows: rows of the table drawn again, outcomes simulated for them.

The same truths serve all numbers of rows, and fewer rows are the first of more: numbers of rows are compared
on what is otherwise the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.backends.evaluator import Flag
from workbench.calibration.fitting import SimulatedData, make_plain_job, replace_outcomes, replace_rows
from workbench.calibration.posterior_truths import sum_by_role
from workbench.calibration.simulator import ParameterDraws, Simulations, Simulator
from workbench.calibration.tasks import list_drawn
from workbench.errors import BindingError, RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.progress import SILENT
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT

if TYPE_CHECKING:
    from workbench.backends.stan import StanBackend

_WHOLE_HINT = "leave --rows out: data sets then have the rows of the table"
"""What is offered where rows cannot be drawn again."""


def choose_rows(rows: int, count: int, number: int, seed: int) -> NDArray[np.int64]:
    """Return which rows of the table a data set has, from 0, drawn with replacement.

    Parameters
    ----------
    rows
        Rows of the table.
    count
        Rows of the data set: fewer are the first of more.
    number, seed
        The number of the data set, and the seed, which decide them.

    >>> choose_rows(10, 3, 0, 1).tolist() == choose_rows(10, 5, 0, 1)[:3].tolist()
    True
    """
    (own,) = derive_seeds((seed, number, 1), 1)
    return (np.random.default_rng(own).random(count) * rows).astype(np.int64)


def check_rows(request: FitRequest, simulator: Simulator) -> None:
    """Refuse data whose rows cannot be drawn again.

    Raises
    ------
    RequestError
        They do not come from a table, or an outcome keeps values of the data, as the first of a series does.
    """
    if "variables" not in request.data.rules or not request.data.rows:
        raise _refuse("the data have no rows that could be drawn again: they do not come from a table.")
    for name in simulator.kept:
        raise _refuse(f"`{name}` keeps values of the data: its rows depend on their order, as in a series.")


def simulate_rows(
    simulator: Simulator, drawn: Simulations, counts: Sequence[int], seed: int
) -> Iterator[list[SimulatedData]]:
    """Yield the data sets of each number of rows; those that cannot be drawn are left out.

    Parameters
    ----------
    simulator
        What draws outcomes, with the data of the table.
    drawn
        Truths; their outcomes are not used.
    counts
        The numbers of rows.
    seed
        Decides rows and outcomes.

    Raises
    ------
    RequestError
        The program does not accept so many rows.
    """
    columns, values = drawn.parameters
    for count in counts:
        found = []
        for number, truth in enumerate(values):
            rows = choose_rows(simulator.request.data.rows or 0, count, number, seed)
            own = replace(simulator, request=replace_checked(simulator.request, rows))
            (outcome_seed,) = derive_seeds((seed, number, count), 1)
            try:
                one = own.draw_outcomes(ParameterDraws(columns, truth[None], drawn.way), outcome_seed)
            except RunError:
                continue
            kept = list_drawn(one, simulator.request)
            found += [replace(data, number=number, rows=rows) for data in kept]
        yield found


def replace_checked(request: FitRequest, rows: NDArray[np.int64]) -> FitRequest:
    """Return the request with some rows of its data.

    Raises
    ------
    RequestError
        The program does not accept them.
    """
    try:
        return replace_rows(request, rows)
    except BindingError as reason:
        raise _refuse(f"a data set with {len(rows):,} rows is not accepted: {reason.message}") from reason


def check_prior_stays(
    request: FitRequest, exe: Path, backend: StanBackend, folder: Path, data: SimulatedData
) -> None:
    """Refuse a program whose parameters, or their prior, are others with the rows of a data set.

    Raises
    ------
    RequestError
        The message says what differs.
    """
    before = _measure_prior(request, exe, backend, folder / "table", replace(data, rows=None, outcomes={}))
    after = _measure_prior(request, exe, backend, folder / "drawn", data)
    if not abs(after - before) <= LOG_LIKELIHOOD_DIFFERENCE_LIMIT * max(1.0, abs(before)):
        raise _refuse("the prior is another one with other rows: the data of all rows decide it.")


def _measure_prior(
    request: FitRequest, exe: Path, backend: StanBackend, folder: Path, data: SimulatedData
) -> float:
    """Return the log density of the prior at the truth of a data set."""
    folder.mkdir(parents=True, exist_ok=True)
    own = replace_outcomes(request, data)
    job = make_plain_job(FitContext(own, exe, backend, folder, SILENT))
    try:
        names, _ = backend.constrain_points(job, np.zeros((1, backend.dimension(job))), Flag.NONE)
        if tuple(names) != data.columns:
            raise _refuse("with other rows the program has other parameters: each row has one of its own.")
        point = backend.unconstrain_values(job, data.columns, data.truth[None])
        sums = sum_by_role(own, backend, job, point)
    finally:
        backend.free(exe)
    return sum(value for role, value in sums.items() if role != "likelihood")


def _refuse(reason: str) -> RequestError:
    return RequestError(f"--rows cannot be asked for here: {reason}", hint=_WHOLE_HINT)

"""Derivatives at an estimate: of the log likelihood of each row, and of every quantity.

They are taken along the directions in which the density has unit curvature, by central differences of fourth
order over steps of 0.005 standard errors. How a row's log likelihood changes over a standard error of all
rows together is nearly linear, so the differences are accurate to about 1e-9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workbench.backends.base import Floats, Integers
from workbench.errors import MethodError, RunError
from workbench.estimation.optimum.log_density import evaluate
from workbench.likelihood.mode import Mode, make_target
from workbench.results.outcomes import find_first_rows
from workbench.results.quantities import owner
from workbench.thresholds import ROUGH_SCORE_LIMIT, SAME_LIKELIHOOD_LIMIT

_STEP = 5e-3
"""Step of the differences [standard errors], as in `newton.py`: a compromise between truncation and
rounding."""

_OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
_WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12
"""The central difference of fourth order."""


@dataclass(frozen=True)
class Slopes:
    """Values at an estimate, and their derivatives along `F` directions of unit curvature.

    Attributes
    ----------
    log_lik
        Log likelihood of each row with all constants, `(N,)` [nats]; empty where it was not asked for.
    scores
        Its derivatives, `(N, F)`.
    names, values
        Stan's names of the quantities, and their values `(C,)`.
    jacobian
        Their derivatives, `(C, F)`.
    is_smooth
        Whether differences over two step sizes agree.
    by_row
        Whether an entry is a row of the data; otherwise it is an observation of the likelihood.
    """

    log_lik: Floats
    scores: Floats
    names: tuple[str, ...]
    values: Floats
    jacobian: Floats
    is_smooth: bool = True
    by_row: bool = True


def find_log_lik_name(mode: Mode) -> str:
    """Return the quantity that holds the log likelihood of each observation.

    Raises
    ------
    MethodError
        The program has none.
    """
    instrumented = mode.context.request.program.instrumented
    name = None if instrumented is None else instrumented.outputs.log_lik
    if name is None:
        raise MethodError(
            "the log likelihood of single observations is not known for this program: its likelihood "
            "could not be "
            "taken apart."
        )
    return name


def differentiate(mode: Mode, *, with_rows: bool = True) -> Slopes:
    """Return derivatives at an estimate.

    Parameters
    ----------
    mode
        The estimate; the data of its job say whether each observation has a log likelihood.
    with_rows
        Whether the log likelihood of each row is wanted.

    Raises
    ------
    MethodError
        The program rejects points nearby, or what it calls the log likelihood is not what was maximised.
    """
    name = find_log_lik_name(mode) if with_rows else ""
    directions = mode.newton.directions
    columns: tuple[str, ...] = ()
    at: Floats = np.empty(0)
    slopes, coarse = [], []
    for direction in directions.T:
        steps = np.concatenate([[0.0], _STEP * _OFFSETS])
        points = mode.point + steps[:, None] * direction
        try:
            run = mode.target.backend.compute_quantities(mode.job, points)
        except RunError as reason:
            raise MethodError(
                f"quantities cannot be computed beside the estimate: {reason.message}"
            ) from reason
        columns, rows = run.columns, run.draws[0]
        at = rows[0]
        slopes.append(_WEIGHTS @ rows[1:] / _STEP)
        coarse.append((rows[4] - rows[1]) / (4 * _STEP))
        if with_rows:
            _check_same_density(mode, points, rows, columns, name)
    is_entry = np.array([owner(column) == name for column in columns], dtype=bool)
    jacobian = np.array(slopes).T
    scores, rough = jacobian[is_entry], np.array(coarse).T[is_entry]
    if with_rows and not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores).all(axis=1)).sum())
        raise MethodError(f"the log likelihood of {bad:,} observations has no derivative at the estimate.")
    entries = _gather_rows(mode, at[is_entry], scores)
    return Slopes(
        entries[0],
        entries[1],
        tuple(column for column, flag in zip(columns, is_entry, strict=True) if not flag),
        at[~is_entry],
        jacobian[~is_entry],
        _is_smooth(scores, rough),
        entries[2],
    )


def _check_same_density(
    mode: Mode, points: Floats, rows: Floats, columns: tuple[str, ...], name: str
) -> None:
    """Check that the log likelihoods of all rows change together as what was maximised does, without priors.

    Raises
    ------
    MethodError
        They do not.
    """
    target = mode.target if mode.method == "mle" else make_target(mode.context, "mle")
    entries = [place for place, column in enumerate(columns) if owner(column) == name]
    far = points[[0, 1, 4]]
    values, _ = evaluate(target, far)
    sums = rows[[0, 1, 4]][:, entries].sum(axis=1)
    gaps = (values - values[0]) - (sums - sums[0])
    if not np.abs(gaps).max() <= SAME_LIKELIHOOD_LIMIT * max(1.0, abs(values[0])):
        raise MethodError(
            "the log likelihoods of single observations do not add up to what was maximised"
            f"{'' if mode.method == 'mle' else ' besides the priors'}, so scores of rows cannot be had."
        )


def _is_smooth(scores: Floats, coarse: Floats) -> bool:
    """Return whether differences over steps of two lengths agree."""
    size = float(np.sqrt((scores**2).sum()))
    gap = float(np.sqrt(((scores - coarse) ** 2).sum()))
    return gap <= ROUGH_SCORE_LIMIT * max(size, np.finfo(float).tiny)


def _gather_rows(mode: Mode, log_lik: Floats, scores: Floats) -> tuple[Floats, Floats, bool]:
    """Return the entries of a row added up, and whether they are known to be rows."""
    rows = mode.context.request.data.rows
    place = find_rows(mode, len(log_lik))
    if place is None or rows is None:
        return log_lik, scores, False
    total, summed = np.zeros(rows), np.zeros((rows, scores.shape[1]))
    np.add.at(total, place, log_lik)
    np.add.at(summed, place, scores)
    return total, summed, True


def find_rows(mode: Mode, entries: int) -> Integers | None:
    """Return the row of the data that each entry of the log likelihood belongs to, `None` if unknown."""
    request = mode.context.request
    first = find_first_rows(request)
    rows = request.data.rows
    if rows is None:
        return None
    place = np.full(entries, -1, dtype=np.int64)
    for start, step in first.values():
        stop = start + step * rows
        if stop - step + 1 > entries or (place[start:stop:step] != -1).any():
            return None
        place[start:stop:step] = np.arange(rows)
    return place if (place != -1).all() else None


def sum_rows(mode: Mode, entries: Floats) -> Floats:
    """Return log likelihoods with those of a row added up: `(P, N)`, of observations where rows are unknown.

    Parameters
    ----------
    mode
        The estimate.
    entries
        The log likelihood of each observation at `P` points, `(P, E)`.
    """
    place, rows = find_rows(mode, entries.shape[1]), mode.context.request.data.rows
    if place is None or rows is None:
        return entries
    total = np.zeros((len(entries), rows))
    np.add.at(total.T, place, entries.T)
    return total


def compute_log_liks(mode: Mode, points: Floats) -> Floats:
    """Return the log likelihood of each row, or else observation, with all constants, `(P, N)`."""
    name = find_log_lik_name(mode)
    run = mode.target.backend.compute_quantities(mode.job, points)
    return sum_rows(mode, np.asarray(run.draws[0][:, [owner(column) == name for column in run.columns]]))


def select(slopes: Slopes, names: tuple[str, ...]) -> Slopes:
    """Return slopes of some of the quantities."""
    places = {name: place for place, name in enumerate(slopes.names)}
    kept = [places[name] for name in names]
    return replace(slopes, names=names, values=slopes.values[kept], jacobian=slopes.jacobian[kept])

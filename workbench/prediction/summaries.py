"""Draws of a quantity as a few numbers: a mean with its interval, a probability, or a quantile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.prediction.expressions import Number, Operation, QuantityExpression
from workbench.prediction.monte_carlo import measure_errors, measure_quantile_errors, measure_share_errors
from workbench.thresholds import FEWEST_TAIL_DRAWS

Summary = dict[str, Any]
"""Numbers by the column of a table that they stand in, `(e,)` each."""


@dataclass(frozen=True)
class Sample:
    """The draws of a quantity.

    Attributes
    ----------
    draws
        `(s, e)`; true or false for a condition.
    expression
        What was asked for.
    rows
        The zero-based row of each element, `(e,)`; `None` where it belongs to none.
    level
        The probability of intervals.
    chains
        How many chains the draws come from, one after the other.
    is_point
        Whether a point stands for the posterior, and nothing is drawn given it: all draws are the same.
    """

    draws: NDArray[Any]
    expression: QuantityExpression
    rows: NDArray[np.int64] | None = None
    level: float = 0.95
    chains: int = 1
    is_point: bool = False


def summarise(sample: Sample) -> Summary:
    """Return the summary that an expression asks for.

    Raises
    ------
    RequestError
        Some draws are infinite or not numbers, there are too few, or there is a point alone.
    """
    root = sample.expression.root
    if isinstance(root, Operation) and root.function in _OVER_DRAWS:
        if sample.is_point:
            message = f"`{root.function}` goes over draws, and a point estimate has none of its own."
            raise RequestError(message, hint="predict by NUTS, Laplace or Pathfinder")
        return _OVER_DRAWS[root.function](sample)
    return _summarise_draws(sample)


def _summarise_draws(sample: Sample) -> Summary:
    draws = sample.draws
    _refuse_odd(sample, ~np.isfinite(draws))
    if sample.is_point:
        return {"statistic": "value", "estimate": draws[0], "median": draws[0]}
    tails = [(1 - sample.level) / 2, 0.5, (1 + sample.level) / 2]
    with np.errstate(over="ignore", invalid="ignore"):
        lower, median, upper = np.quantile(draws, tails, axis=0)
        mean, sd = draws.mean(axis=0), draws.std(axis=0, ddof=1)
        error = measure_errors(draws, sample.chains)
    _refuse_odd(sample, np.broadcast_to(~(np.isfinite(mean) & np.isfinite(sd)), draws.shape))
    spread = {"sd": sd, "median": median, "lower": lower, "upper": upper}
    return {"statistic": "mean", "estimate": mean, "mcse": error, **spread}


def _summarise_condition(sample: Sample) -> Summary:
    error = measure_share_errors(sample.draws, sample.chains)
    return {"statistic": "probability", "estimate": sample.draws.mean(axis=0), "mcse": error}


def _summarise_quantile(sample: Sample) -> Summary:
    """Return a quantile over draws; a return level is one."""
    draws, root = sample.draws, sample.expression.root
    assert isinstance(root, Operation)  # noqa: S101 - it is a quantile
    number = root.arguments[1]
    assert isinstance(number, Number)  # noqa: S101 - the grammar takes nothing else
    is_level = root.function == "return_level"
    probability = 1 - 1 / number.value if is_level else number.value
    _refuse_few(sample, min(probability, 1 - probability))
    _refuse_odd(sample, np.isnan(draws))
    ordered = np.sort(draws, axis=0)
    found = np.quantile(ordered, probability, axis=0)
    _refuse_odd(sample, np.broadcast_to(~np.isfinite(found), draws.shape))
    error = measure_quantile_errors(ordered, draws, found, probability, sample.chains)
    return {"statistic": "return level" if is_level else "quantile", "estimate": found, "mcse": error}


_OVER_DRAWS: Mapping[str, Callable[[Sample], Summary]] = {
    "P": _summarise_condition,
    "quantile": _summarise_quantile,
    "return_level": _summarise_quantile,
}
"""How what goes over draws becomes a number."""


def _refuse_few(sample: Sample, tail: float) -> None:
    """Refuse a quantile with too few draws beyond it."""
    count, needed = sample.draws.shape[0], int(np.ceil(FEWEST_TAIL_DRAWS / tail - 1e-6))
    if count < needed:
        message = f"{count:,} draws cannot tell `{sample.expression.text}`: too few of them lie beyond it."
        raise RequestError(message, hint=f"it takes a fit with at least {needed:,} draws")


def _refuse_odd(sample: Sample, is_odd: NDArray[np.bool_]) -> None:
    """Refuse values that are infinite or not numbers, of which no summary is true."""
    places = np.flatnonzero(is_odd.any(axis=0))
    if not places.size:
        return
    count = int(is_odd[:, places[0]].sum())
    where = "" if sample.rows is None else f" of row {sample.rows[places[0]] + 1}"
    message = (
        f"`{sample.expression.text}` is infinite or not a number in {count:,} of "
        f"{len(sample.draws):,} draws{where}."
    )
    raise RequestError(message, hint="logarithms and roots need positive numbers, and 0 divides nothing")

"""Predictions of new rows, draw by draw: the values that summaries, scores and expressions are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OutcomePrediction:
    """One outcome in some new rows, by posterior draw `s` and element `e`.

    Attributes
    ----------
    name
        The outcome: a data variable, or one made in transformed data.
    quantity
        Its replicate in generated quantities, such as ``y_rep``.
    index
        The zero-based index of each element in the outcome, `(e,)` tuples; of the whole table, not the chunk.
    rows
        The zero-based row of the table that each element belongs to, `(e,)`.
    draws
        The outcome drawn anew, `(s, e)` [unit of the outcome].
    is_integer
        Whether it holds whole numbers.
    expectation
        The mean of the outcome given each posterior draw, `(s, e)`: a probability for a yes/no outcome, a
        rate for counts; `None` where it has no mean or none is known.
    categories
        The values of an outcome whose distribution is categorical or ordered; empty for others.
    probabilities
        That of each category given each posterior draw, `(s, e, category)`; `None` for others.
    observed
        The outcome in the new rows, `(e,)`; `None` where they do not hold it.
    log_lik
        The log density of the observed outcome given each posterior draw, `(s, e)`; `None` where nothing was
        observed, or the likelihood does not split into elements. Of an outcome that may be censored it is
        known without an observed one: of some elements it is the log probability beyond the limit. Of a
        mixture that of the mixture itself, `(1, e)`.
    distributions
        The distributions of its likelihood, by Stan's names.
    is_simulated
        Whether the expectation is an average of replicates, as the distribution has no known mean.
    levels
        The names of categories, where they were texts in the table of the fit.
    exceeds_one
        Whether it is another number than 0 or 1 in some row of the fit: a count of trials, whatever few new
        rows show.
    parts, weights
        Of a mixture, the predictions of each run and its weight; empty for those of one run.
    """

    name: str
    quantity: str
    index: tuple[tuple[int, ...], ...]
    rows: NDArray[np.int64]
    draws: Floats
    is_integer: bool = False
    expectation: Floats | None = None
    categories: tuple[int, ...] = ()
    probabilities: Floats | None = None
    observed: Floats | None = None
    log_lik: Floats | None = None
    distributions: tuple[str, ...] = ()
    is_simulated: bool = False
    levels: tuple[str, ...] = ()
    exceeds_one: bool = False
    parts: tuple[OutcomePrediction, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories as people know them: by their levels in the table, or else by number."""
        is_named = len(self.levels) == len(self.categories)
        return self.levels if is_named else tuple(str(category) for category in self.categories)

    @property
    def is_yes_or_no(self) -> bool:
        """Whether every distribution of its likelihood is a Bernoulli distribution."""
        return bool(self.distributions) and all(name.startswith("bernoulli") for name in self.distributions)


@dataclass(frozen=True)
class Predictions:
    """What a fit predicts of some new rows: of all of them, or of one chunk of a large table.

    Attributes
    ----------
    method
        Where the draws come from: ``nuts``, ``laplace``, ``pathfinder``, ``map`` or ``mle``. The last two
        are the point itself, repeated. ``average`` for a mixture of several runs.
    remark
        What must be said about that method; empty for NUTS.
    level
        The probability of intervals.
    labels
        Names of the rows in this chunk, from a column of names or their numbers in the table.
    first_row
        The zero-based number of the first of them in the table.
    outcomes
        Each outcome.
    parameters
        Parameters, transformed parameters and generated quantities that do not belong to rows, by Stan's
        name of the variable, each `(s, ...)`.
    generated
        Generated quantities of the author under the new rows, each `(s, ...)`.
    row_log_lik
        The log density of the outcome of a whole row given each posterior draw, `(s, r)`, where that of its
        components by themselves is not known; of one column where the rows are the categories of one outcome.
        Of a mixture that of the mixture itself, `(1, r)`.
    """

    method: str
    remark: str
    level: float
    labels: tuple[str, ...]
    first_row: int
    outcomes: tuple[OutcomePrediction, ...]
    parameters: Mapping[str, Floats] = field(default_factory=dict)
    generated: Mapping[str, Floats] = field(default_factory=dict)
    row_log_lik: Floats | None = None

    @property
    def is_plug_in(self) -> bool:
        """Whether a point stands for the posterior, so that its uncertainty is left out."""
        return self.method in {"map", "mle"}

"""How well a run predicts what is left out of its fit: what every way of finding out returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAVE_ONE_OUT = "leave-one-out"
"""The scheme that needs no fits to folds."""

Way: TypeAlias = Literal["importance weights", "moment matching", "integrated", "refit", "left out"]
"""How the log predictive density of a unit was found.

Weights of the draws of all rows; these draws moved to where the unit is missing; its own effect integrated
out; a fit without this unit alone; a fit without a fold or group.
"""


@dataclass(frozen=True)
class CrossValidation:
    """What a run says of each unit when it is fitted to others: a row, or a group of rows that go together.

    Attributes
    ----------
    scheme
        What is left out, as it is said: "leave-one-out", "10-fold", "leave-one-group-out by `county`".
    folds
        A hash of which rows are left out together, and of what the rest holds. Runs are compared only under
        equal ones; empty for leave-one-out.
    elpd
        Log predictive density of each unit [nats], `(unit,)`; NaN for units that the scheme does not score.
    p
        Effective number of parameters that each unit contributes, `(unit,)`: log predictive density under the
        fit to all rows, less `elpd`.
    khat
        Of the importance weights that were used, `(unit,)`; NaN where none were.
    khat_limit
        Up to which a k-hat is good.
    ways
        How each was found, `(unit,)`, values of `Way`.
    labels
        The name of each unit.
    rows
        Rows of each unit, `(unit,)`.
    notes
        What there is to say of it, in sentences.
    failures
        Units without a number by their place, and why, in a sentence.
    mcse
        Monte Carlo standard error of `elpd` [nats], `(unit,)`; `None` where it is not known.
    sum_mcse
        That of the sum of `elpd` [nats]: units that the same draws predict err together, so that it does not
        follow from `mcse`. `None` where it is not known, as it is not while a k-hat is above its limit.
    """

    scheme: str
    folds: str
    elpd: Floats
    p: Floats
    khat: Floats
    khat_limit: float
    ways: NDArray[np.str_]
    labels: tuple[str, ...] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    notes: tuple[str, ...] = ()
    failures: dict[int, str] = field(default_factory=dict)
    mcse: Floats | None = field(default=None, repr=False)
    sum_mcse: float | None = None

    @property
    def is_bad(self) -> NDArray[np.bool_]:
        """Which units have a k-hat above its limit still, `(unit,)`."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.khat > self.khat_limit)

    def count_ways(self) -> dict[str, int]:
        """Return how many units were found in which way."""
        names, counts = np.unique(self.ways, return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))

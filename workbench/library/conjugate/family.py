"""What every conjugate family can compute, as functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.library.conjugate.marginal import Marginal

Values = Mapping[str, Any]
"""Variables of the Stan program's data block, by name."""

Floats = NDArray[np.floating[Any]]
"""An array of doubles."""

H = TypeVar("H")
"""The hyperparameters of a family."""


@dataclass(frozen=True)
class Family(Generic[H]):
    """A conjugate family, in which hyperparameters `H` describe both prior and posterior.

    Attributes
    ----------
    parse_prior
        Returns the hyperparameters of the prior, from the variables of the program.
    update
        Returns the posterior, from a prior and a batch of data.
    compute_log_evidence
        Returns the log marginal likelihood of a batch under a prior, all constants included.
    find_mode
        Returns the joint mode of the program's parameters on their constrained scale, with the values of
        derived quantities there. A quantity whose density has no maximum inside its range is left out.
    derive_marginals
        Returns the distribution of each quantity.
    predict
        Returns the distribution of one future observation, by the name of what is observed.
    compute_moments
        Returns mean and standard deviation of the quantities whose marginal has no name.
    """

    parse_prior: Callable[[Values], H]
    update: Callable[[H, Values], H]
    compute_log_evidence: Callable[[H, Values], float]
    find_mode: Callable[[H], dict[str, float]]
    derive_marginals: Callable[[H], dict[str, Marginal]]
    predict: Callable[[H, Values], dict[str, Marginal]]
    compute_moments: Callable[[H], dict[str, tuple[float, float]]] = lambda _: {}

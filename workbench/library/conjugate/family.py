"""What every conjugate family can do, as functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workbench.library.conjugate.marginal import Marginal

Values = Mapping[str, Any]
"""Variables of the Stan program's data block, by name."""

H = TypeVar("H")


@dataclass(frozen=True)
class Family(Generic[H]):
    """A conjugate family, whose hyperparameters `H` describe prior and posterior alike.

    Attributes
    ----------
    prior
        Hyperparameters of the prior, from the variables of the program.
    update
        The posterior of a prior and a batch of data.
    log_evidence
        Log marginal likelihood of a batch under a prior, all constants included.
    mode
        The joint mode of the program's parameters on their constrained scale, and what it makes of derived
        quantities; a quantity whose density has no maximum inside its range is left out.
    marginals
        The distribution of each quantity.
    predictive
        The distribution of one observation yet to come, by the name of what is observed.
    moments
        Mean and standard deviation of quantities whose marginal has no name.
    """

    prior: Callable[[Values], H]
    update: Callable[[H, Values], H]
    log_evidence: Callable[[H, Values], float]
    mode: Callable[[H], dict[str, float]]
    marginals: Callable[[H], dict[str, Marginal]]
    predictive: Callable[[H, Values], dict[str, Marginal]]
    moments: Callable[[H], dict[str, tuple[float, float]]] = lambda _: {}

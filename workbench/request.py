"""The request for a fit: everything that decides its numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.binding import BoundData
from workbench.methods import DEFAULT_METHODS, Method, list_settings
from workbench.priors import Priors
from workbench.program import Program
from workbench.provenance import hash_texts


@dataclass(frozen=True)
class Storage:
    """What is stored of the draws of a posterior.

    Attributes
    ----------
    keep
        The transformed parameters and generated quantities that are stored; `None` for all. Parameters always
        are, and what checks need.
    pointwise_draws
        Draws of each chain whose pointwise log-likelihoods and replicates are stored; `None` for all, or as
        many as a large run has room for.
    """

    keep: tuple[str, ...] | None = None
    pointwise_draws: int | None = None


@dataclass(frozen=True)
class FitRequest:
    """One fit: the program, its data and priors, and what to compute.

    Attributes
    ----------
    program, data, priors
        What is fitted.
    methods
        What is computed, in this order.
    seed
        The seed that all others are derived from.
    level
        Probability of the reported intervals, between 0 and 1.
    jobs
        Number of processes at a time; it changes no result.
    scaled
        The roles of the terms that count as priors, for methods that switch priors off.
    threads
        Number of threads in each chain. Programs with `reduce_sum`, and those whose rows are shared out, use
        more than one. How many there are changes no number; whether rows are shared out changes last digits.
    timeout
        The longest time that a chain may take [s]; `None` for no limit.
    weights
        Powers of the terms, by role or by the index of a term: likelihood 0 is the prior alone. Only an
        instrumented program has them.
    inits
        Initial values of parameters, used if the sampler's `init` is `given`; Stan draws the others.
    storage
        What is stored of the draws.
    """

    program: Program
    data: BoundData
    priors: Priors
    methods: tuple[Method, ...] = field(default=DEFAULT_METHODS)
    seed: int = 1
    level: float = 0.95
    jobs: int = 1
    scaled: tuple[str, ...] = ("prior",)
    threads: int = 1
    timeout: float | None = None
    weights: Mapping[str | int, float] = field(default_factory=dict)
    inits: Mapping[str, Any] = field(default_factory=dict)
    storage: Storage = field(default_factory=Storage)

    @property
    def key(self) -> str:
        """A hash of everything that decides the results."""
        settings = json.dumps(
            [[method.name, list_settings(method)] for method in self.methods]
            + [self.seed, self.level, dict(self.priors.values), self.scaled, self._list_roles()]
            + [sorted((str(key), weight) for key, weight in self.weights.items())]
            + ([dict(self.inits)] if self.inits else [])
            + ([] if self.program.is_optimised else ["loops as written"])
            + (["rows shared out"] if self.program.is_shared else [])
            + ([] if self.storage == Storage() else [asdict(self.storage)]),
            sort_keys=True,
            default=str,
        )
        return hash_texts(self.program.sha256, self.data.sha256, settings)

    def _list_roles(self) -> list[str]:
        return [term.role for term in self.program.terms]

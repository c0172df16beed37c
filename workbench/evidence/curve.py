"""Bayes factors along the scale of a prior: how far the verdict hangs on it.

References
----------
Bartlett (1957), A comment on D. V. Lindley's statistical paradox, Biometrika 44, 533-534,
doi:10.1093/biomet/44.3-4.533: the evidence against a point falls with the width of the prior of the
alternative, without a limit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Way: TypeAlias = Literal["the run", "weights", "refit", ""]
"""How an evidence was found: that of the run itself, its draws weighted, a fit of its own, or not at all."""


@dataclass(frozen=True)
class EvidenceAt:
    """The log evidence of a run's program with one value of a hyperparameter.

    Attributes
    ----------
    value, error
        It, and its Monte Carlo standard error [nats]; `None` where it is not known.
    way
        How it was found.
    khat
        That of the weights; `None` where none were tried.
    reason
        Why it is not known, as a sentence.
    """

    value: float | None = None
    error: float | None = None
    way: Way = ""
    khat: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class FactorAt:
    """A log Bayes factor at one value of a hyperparameter.

    Attributes
    ----------
    at
        The value.
    log_value, error
        The log Bayes factor and its Monte Carlo standard error [nats]; `None` where they are not known.
    """

    at: float
    log_value: float | None
    error: float | None

    @property
    def probability(self) -> float | None:
        """The probability of the first program, where both were as probable before the data."""
        if self.log_value is None:
            return None
        odds = math.exp(-abs(self.log_value))
        return 1 / (1 + odds) if self.log_value >= 0 else odds / (1 + odds)

    @property
    def is_clear(self) -> bool:
        """Whether its sign is beyond Monte Carlo error."""
        return self.log_value is not None and abs(self.log_value) > 2 * (self.error or 0.0)


@dataclass(frozen=True)
class EvidenceCurve:
    """Evidences of runs along a hyperparameter.

    Attributes
    ----------
    name
        The hyperparameter.
    values
        Its values, in increasing order.
    is_log
        Whether they are evenly spaced on a log scale.
    fitted
        Its value in each run that has it.
    evidences
        By run, that at each value: on one scale.
    obstacle
        Why evidences of the runs are not compared, as a sentence.
    """

    name: str
    values: tuple[float, ...]
    is_log: bool
    fitted: Mapping[str, float]
    evidences: Mapping[str, tuple[EvidenceAt, ...]] = field(default_factory=dict)
    obstacle: str = ""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The runs whose Bayes factor moves: the first with the hyperparameter, against each other run."""
        first = next(iter(self.fitted))
        return tuple((first, other) for other in self.evidences if other != first)

    def list_factors(self, first: str, second: str) -> tuple[FactorAt, ...]:
        """Return the Bayes factor of one run over another at each value."""
        found = []
        for at, one, two in zip(self.values, self.evidences[first], self.evidences[second], strict=True):
            if one.value is None or two.value is None:
                found.append(FactorAt(at, None, None))
                continue
            is_known = one.error is not None and two.error is not None
            error = math.hypot(one.error or 0.0, two.error or 0.0) if is_known else None
            found.append(FactorAt(at, one.value - two.value, error))
        return tuple(found)

    def find_crossings(self, first: str, second: str) -> tuple[float, ...]:
        """Return where both programs are equally probable.

        That is between values at which the factor has different signs, each beyond Monte Carlo error.
        """
        factors = [factor for factor in self.list_factors(first, second) if factor.is_clear]
        found = []
        for one, two in itertools.pairwise(factors):
            low, high = one.log_value or 0.0, two.log_value or 0.0
            if low * high < 0:
                share = low / (low - high)
                is_positive = one.at > 0
                found.append(
                    math.exp(math.log(one.at) + share * (math.log(two.at) - math.log(one.at)))
                    if self.is_log and is_positive
                    else one.at + share * (two.at - one.at)
                )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return {
            "hyperparameter": self.name,
            "values": list(self.values),
            "fitted": dict(self.fitted),
            "obstacle": self.obstacle or None,
            "runs": {
                name: [
                    {
                        "at": at,
                        "log_evidence": each.value,
                        "log_evidence_se": each.error,
                        "way": each.way or None,
                        "khat": None if each.khat is None or not math.isfinite(each.khat) else each.khat,
                        "reason": each.reason or None,
                    }
                    for at, each in zip(self.values, found, strict=True)
                ]
                for name, found in self.evidences.items()
            },
            "bayes_factors": [
                {
                    "of": first,
                    "over": second,
                    "equally_probable_at": list(self.find_crossings(first, second)),
                    "points": [
                        {
                            "at": factor.at,
                            "log_bayes_factor": factor.log_value,
                            "log_bayes_factor_se": factor.error,
                            "probability": factor.probability,
                        }
                        for factor in self.list_factors(first, second)
                    ],
                }
                for first, second in (() if self.obstacle else self.pairs)
            ],
        }

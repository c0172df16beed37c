"""Bayes factors and posterior probabilities of programs, by their evidences for the same data.

References
----------
Kass and Raftery (1995), Bayes factors, JASA 90(430), doi:10.1080/01621459.1995.10476572.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from workbench.evidence.comparable import SharedData
from workbench.evidence.log_evidence import LogEvidence


@dataclass(frozen=True)
class BayesFactor:
    """How much better a run predicted the data than another, priors and all.

    Attributes
    ----------
    log_value
        The log of the ratio of their evidences [nats].
    error
        Its Monte Carlo standard error [nats]; `None` where it is not known.
    """

    log_value: float
    error: float | None


@dataclass(frozen=True)
class ModelProbability:
    """The probability of a run's program given the data, if one of those compared is true.

    Attributes
    ----------
    value, error
        The probability, and its Monte Carlo standard error; `None` where that is not known.
    """

    value: float
    error: float | None


@dataclass(frozen=True)
class EvidenceComparison:
    """The evidences of runs, compared where that is possible.

    Attributes
    ----------
    evidences
        By run, in the order in which they were given; on one scale where they are compared.
    best
        The run with the largest evidence; empty where the runs are not compared.
    factors
        By run, the Bayes factor against the best.
    probabilities
        By run, its probability if all were as probable before the data.
    remark
        What was added to the evidences to put them on one scale.
    obstacle
        Why there are no Bayes factors, as a sentence.
    """

    evidences: Mapping[str, LogEvidence]
    best: str = ""
    factors: Mapping[str, BayesFactor] = field(default_factory=dict)
    probabilities: Mapping[str, ModelProbability] = field(default_factory=dict)
    remark: str = ""
    obstacle: str = ""


def compare_evidences(evidences: Mapping[str, LogEvidence], shared: SharedData) -> EvidenceComparison:
    """Return Bayes factors and model probabilities, or why there are none.

    Parameters
    ----------
    evidences
        By run.
    shared
        Whether they are of the same data, and what puts them on one scale.
    """
    missing = [name for name, evidence in evidences.items() if not evidence.is_known]
    obstacle = shared.obstacle
    if not obstacle and missing and len(evidences) > 1:
        names = ", ".join(f"`{name}`" for name in missing)
        obstacle = f"there is no log evidence of {names}."
    if obstacle or missing or len(evidences) < 2:
        return EvidenceComparison(evidences, obstacle=obstacle)
    values = {
        name: (evidence.value or 0.0) + shared.offsets.get(name, 0.0) for name, evidence in evidences.items()
    }
    errors = {name: evidence.error for name, evidence in evidences.items()}
    best = max(values, key=lambda name: values[name])
    factors = {
        name: BayesFactor(value - values[best], 0.0 if name == best else _add(errors[name], errors[best]))
        for name, value in values.items()
    }
    moved = {name: replace(evidence, value=values[name]) for name, evidence in evidences.items()}
    return EvidenceComparison(moved, best, factors, compute_probabilities(values, errors), shared.remark)


def compute_probabilities(
    values: Mapping[str, float], errors: Mapping[str, float | None]
) -> dict[str, ModelProbability]:
    """Return the probabilities of programs that were equally probable before the data.

    Parameters
    ----------
    values, errors
        Log evidences and their standard errors [nats].

    >>> compute_probabilities({"a": 0.0, "b": 0.0}, {"a": 0.1, "b": 0.0})["a"]
    ModelProbability(value=0.5, error=0.025)
    """
    logs = np.array(list(values.values()))
    shares = np.exp(logs - logs.max())
    shares /= shares.sum()
    known = [error for error in errors.values() if error is not None]
    if len(known) < len(errors):
        return {name: ModelProbability(float(p), None) for name, p in zip(values, shares, strict=True)}
    slopes = shares[:, None] * (np.eye(len(shares)) - shares[None, :])  # of shares by log evidences
    spread = np.sqrt((slopes * np.array(known)) ** 2 @ np.ones(len(shares)))
    return {
        name: ModelProbability(float(p), float(error))
        for name, p, error in zip(values, shares, spread, strict=True)
    }


def _add(first: float | None, second: float | None) -> float | None:
    """Return the standard error of a difference."""
    return None if first is None or second is None else math.hypot(first, second)

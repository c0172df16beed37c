"""A diagnosis of drift: which rows, the posterior before and after, and what has drifted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.monitoring.drift import DriftDecision, DriftEvidence


@dataclass(frozen=True)
class OutcomeFigures:
    """The scores of an outcome in the rows, by name: before and after the fit has seen them."""

    outcome: str
    measures: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class DriftDiagnosis:
    """What has drifted.

    Attributes
    ----------
    model, version
        The name in the registry, and the champion.
    rows, count
        Which rows, in words, and how many.
    way
        How the posterior after was found: `weights` of the draws, or a `refit` of all rows.
    khat
        That of the weights, where they were tried.
    evidence
        Everything by which it was judged.
    decision
        What has drifted.
    outcomes
        The scores of each outcome.
    reason
        Why the rows were not fitted alone; empty where they were.
    units
        Columns that seem to be in another unit, in sentences.
    """

    model: str
    version: str
    rows: str
    count: int
    way: str
    khat: float | None
    evidence: DriftEvidence
    decision: DriftDecision
    outcomes: tuple[OutcomeFigures, ...]
    reason: str = ""
    units: tuple[str, ...] = ()

"""What statistics of a monitor are called in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.monitoring.outcomes import DISPERSION, LOG_SCORE, MEAN
from workbench.monitoring.predictors import ENERGY
from workbench.monitoring.standing import MovedStatistic
from workbench.monitoring.state import MonitoredBatch
from workbench.monitoring.transforms import Family

FAMILIES: dict[Family, str] = {"outcomes": "outcomes", "predictors": "predictors"}
"""What each family is called."""


def say_moved(
    finding: MovedStatistic,
    outcomes: Sequence[str],
    version: str,
    *,
    unordered: Sequence[str] = (),
    is_reference: bool = False,
) -> str:
    """Return what moved in which direction, as a clause.

    Parameters
    ----------
    finding
        What leads.
    outcomes
        The outcomes of the model.
    version
        The version, as it is called.
    unordered
        Those whose values are categories without an order.
    is_reference
        Whether batches are compared with rows of a reference period.
    """
    if finding.family == "predictors":
        return _say_predictor(finding, version)
    outcome, statistic = split_outcome(finding.statistic, outcomes)
    is_up = finding.direction > 0
    than = "in the reference period" if is_reference else f"{version} predicts"
    if statistic in (MEAN, DISPERSION) and outcome in unordered:
        return f"the categories of `{outcome}` come in other shares than {than}"
    if statistic == MEAN:
        return f"`{outcome}` is {'higher' if is_up else 'lower'} than {than}"
    if statistic == DISPERSION:
        around = "scatters more" if is_up else "scatters less"
        return f"`{outcome}` {around} around its predictions than {than}"
    if statistic == LOG_SCORE:
        # A sum of log densities: low where outcomes are improbable.
        probable = "more" if is_up else "less"
        whose = "than in the reference period" if is_reference else "than it should be if the model held"
        return f"`{outcome}` is {probable} probable under {version} {whose}"
    way = "higher" if is_up else "lower"
    if is_reference:
        return f"`{outcome}` asks for a {way} `{statistic}` than in the reference period"
    return f"`{outcome}` asks for a {way} `{statistic}` than the posterior of {version} holds"


def _say_predictor(finding: MovedStatistic, version: str) -> str:
    is_up = finding.direction > 0
    if finding.statistic == ENERGY:
        return f"the predictors together are distributed otherwise than in the table of {version}"
    column, _, what = finding.statistic.rpartition(": ")
    if what == "location":
        return f"the predictor `{column}` is {'higher' if is_up else 'lower'} than in the table of {version}"
    if what == "spread":
        return f"the predictor `{column}` varies {'more' if is_up else 'less'} than in the table of {version}"
    return f"the levels of the predictor `{column}` come in other shares than in the table of {version}"


def split_outcome(statistic: str, outcomes: Sequence[str]) -> tuple[str, str]:
    """Return the outcome that a statistic is of, and its name without that.

    >>> split_outcome("weight: mean", ["height", "weight"]), split_outcome("mean", ["height"])
    (('weight', 'mean'), ('height', 'mean'))
    """
    for outcome in outcomes:
        if len(outcomes) > 1 and statistic.startswith(f"{outcome}: "):
            return outcome, statistic.removeprefix(f"{outcome}: ")
    return (outcomes[0] if outcomes else "the outcome"), statistic


def name_arrow(direction: int) -> str:
    """Return a direction as a word."""
    return "up" if direction > 0 else "down"


def name_batch(batch: MonitoredBatch) -> str:
    """Return a batch by its number and its day."""
    return f"batch {batch.number} ({batch.event.time[:10]})"

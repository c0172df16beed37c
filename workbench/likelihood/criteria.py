"""AIC, AICc and BIC of runs of the same outcome, and their weights.

References
----------
Akaike (1974), IEEE Transactions on Automatic Control 19(6), doi:10.1109/TAC.1974.1100705.
Hurvich and Tsai (1989), Regression and time series model selection in small samples, Biometrika 76(2),
doi:10.1093/biomet/76.2.297.
Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6(2), doi:10.1214/aos/1176344136.
Burnham and Anderson (2004), Multimodel inference, Sociological Methods & Research 33(2),
doi:10.1177/0049124104268644: weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.diagnostics.common_scale import explain_other_outcome, find_common_scale
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.likelihood.obstacles import explain_no_likelihood
from workbench.results import Fit

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

Criterion = Literal["aic", "aicc", "bic"]
"""A criterion; smaller is better."""

CRITERIA: tuple[Criterion, ...] = ("aic", "aicc", "bic")
"""All of them."""


@dataclass(frozen=True)
class RunCriteria:
    """The criteria of one run, or why it has none.

    Attributes
    ----------
    name
        What the run is called.
    log_lik
        Maximised log likelihood with all constants, on the scale that the runs share [nats].
    parameters
        Free parameters.
    values
        By criterion; AICc is missing where there are too few observations.
    weights
        By criterion: exp(-difference / 2), adding up to 1 over the runs that have it.
    reason
        Why the run has no criteria, in a sentence; empty where it has.
    """

    name: str
    log_lik: float | None = None
    parameters: int | None = None
    values: Mapping[Criterion, float] | None = None
    weights: Mapping[Criterion, float] | None = None
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it has criteria."""
        return self.values is not None


@dataclass(frozen=True)
class CriteriaComparison:
    """The criteria of several runs.

    Attributes
    ----------
    runs
        In the order given.
    observations
        The sample size in AICc and BIC; `None` where there are no criteria.
    words
        What that sample size is, and on which scale log likelihoods are, in sentences.
    obstacle
        Why the criteria of the runs cannot be compared, in a sentence; empty where they can.
    """

    runs: tuple[RunCriteria, ...]
    observations: int | None = None
    words: tuple[str, ...] = ()
    obstacle: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """A row for each run that has criteria, the smallest AIC first, with differences and weights."""
        known = [run for run in self.runs if run.values is not None]
        best = (
            {key: min((run.values or {}).get(key, np.inf) for run in known) for key in CRITERIA}
            if known
            else {}
        )
        rows = []
        for run in known:
            row: dict[str, Any] = {"run": run.name, "log_lik": run.log_lik, "parameters": run.parameters}
            for key in CRITERIA:
                value = (run.values or {}).get(key)
                row |= {key: value, f"{key}_difference": None if value is None else value - best[key]}
                row[f"{key}_weight"] = (run.weights or {}).get(key)
            rows.append(row)
        columns = ["run", "log_lik", "parameters"]
        columns += [f"{key}{end}" for key in CRITERIA for end in ("", "_difference", "_weight")]
        frame = pd.DataFrame(rows, columns=columns).set_index("run")
        ordered: pd.DataFrame = frame.sort_values("aic", kind="stable")
        return ordered

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return {
            "observations": self.observations,
            "words": list(self.words),
            "obstacle": self.obstacle,
            "runs": [
                {
                    "name": run.name,
                    "log_lik": run.log_lik,
                    "parameters": run.parameters,
                    **{key: (run.values or {}).get(key) for key in CRITERIA},
                    "weights": dict(run.weights or {}),
                    "reason": run.reason,
                }
                for run in self.runs
            ],
        }


def compute_criteria(fits: Mapping[str, Fit], observations: int | None = None) -> CriteriaComparison:
    """Return AIC, AICc and BIC of runs, and their weights, or why there are none.

    A run without a maximised likelihood is a row with the reason, and the others are compared. Where runs
    have different outcomes or rows, there are no criteria, and `obstacle` says why.

    Parameters
    ----------
    fits
        The runs by name.
    observations
        The sample size in AICc and BIC; by default the observations of the likelihood, which the runs must
        agree on.

    Raises
    ------
    RequestError
        The sample size is no positive number.
    """
    if observations is not None and (isinstance(observations, bool) or observations < 1):
        raise RequestError(f"the number of observations was expected to be at least 1, found {observations}.")
    reasons = {name: _explain(fit) for name, fit in fits.items()}
    known = {name: fit for name, fit in fits.items() if not reasons[name]}
    refused = {
        name: RunCriteria(name, reason=f"{reason[0].upper()}{reason[1:]}.")
        for name, reason in reasons.items()
        if reason
    }
    if not known:
        return CriteriaComparison(tuple(refused[name] for name in fits))
    counts = {name: fit.results.mle.observations or 0 for name, fit in known.items()}
    offsets, remark, obstacle = _find_offsets(known, counts)
    if obstacle:
        runs = (refused.get(name, RunCriteria(name, reason=obstacle)) for name in fits)
        return CriteriaComparison(tuple(runs), obstacle=obstacle)
    is_joint = any(limit.feature == "loo" for fit in known.values() for limit in fit.results.model.limits)
    size = observations or (None if is_joint else next(iter(counts.values())))
    computed = {name: _compute(name, fit, offsets.get(name, 0.0), size) for name, fit in known.items()}
    weighted = _add_weights(computed)
    words = tuple(filter(None, (*_describe_size(known, observations, size), remark)))
    return CriteriaComparison(tuple({**weighted, **refused}[name] for name in fits), size, words)


def _explain(fit: Fit) -> str:
    """Return why a run has no criteria, without a full stop; empty where it has."""
    reason = explain_no_likelihood(fit)
    if reason:
        return reason
    mle = fit.results.mle
    if mle.log_lik is None or not np.isfinite(mle.log_lik) or mle.parameters is None:
        return "the number of its free parameters is not known"
    if not mle.observations:
        return "the number of its observations is not known"
    return ""


def _find_offsets(fits: Mapping[str, Fit], counts: Mapping[str, int]) -> tuple[dict[str, float], str, str]:
    """Return what to add to log likelihoods, a remark on it, and why they cannot be compared."""
    if len(fits) == 1:
        return {}, "", ""
    other = explain_other_outcome(fits)
    if other:
        return {}, "", other
    first, *rest = counts
    unlike = next((name for name in rest if counts[name] != counts[first]), None)
    if unlike is not None:
        obstacle = (
            f"the likelihood of `{first}` has {counts[first]:,} observations and that of `{unlike}` "
            f"{counts[unlike]:,}: "
            "they are not of the same rows."
        )
        return {}, "", obstacle
    scale = find_common_scale(fits, counts)
    if scale.obstacle:
        return {}, "", scale.obstacle
    return {name: float(offset.sum()) for name, offset in scale.offsets.items()}, scale.remark, ""


def _compute(name: str, fit: Fit, offset: float, size: int | None) -> RunCriteria:
    mle = fit.results.mle
    log_lik, count = (mle.log_lik or 0.0) + offset, mle.parameters or 0
    values: dict[Criterion, float] = {"aic": 2 * count - 2 * log_lik}
    if size is not None:
        spare = size - count - 1
        if spare > 0:
            values["aicc"] = values["aic"] + 2 * count * (count + 1) / spare
        values["bic"] = count * float(np.log(size)) - 2 * log_lik
    return RunCriteria(name, log_lik, count, values)


def _add_weights(runs: Mapping[str, RunCriteria]) -> dict[str, RunCriteria]:
    """Return runs with weights over those that have a criterion."""
    weights: dict[str, dict[Criterion, float]] = {name: {} for name in runs}
    for key in CRITERIA:
        values = {name: run.values[key] for name, run in runs.items() if run.values and key in run.values}
        if not values:
            continue
        relative = np.exp(-0.5 * (np.array(list(values.values())) - min(values.values())))
        for name, weight in zip(values, (relative / relative.sum()).tolist(), strict=True):
            weights[name][key] = weight
    return {
        name: RunCriteria(name, run.log_lik, run.parameters, run.values, weights[name])
        for name, run in runs.items()
    }


def _describe_size(fits: Mapping[str, Fit], given: int | None, size: int | None) -> tuple[str, ...]:
    """Return what the sample size is, and what else it could be."""
    if size is None:
        return (
            "There is no AICc and no BIC: one density holds all observations, and does not say how many they "
            "are; --bic-count sets that.",
        )
    if given is not None:
        return (f"AICc and BIC take {size:,} observations, as given.",)
    trials = {name: fit.results.mle.trials for name, fit in fits.items() if fit.results.mle.trials}
    words = [f"AICc and BIC take {size:,} observations, one for each row of the likelihood."]
    if trials and any(count != size for count in trials.values()):
        count = next(iter(trials.values()))
        words.append(
            f"These count {count or 0:,} trials: taken as the sample size instead, each parameter would cost "
            f"{np.log(count or 1) - np.log(size):.2f} more in BIC. Which is meant depends on whether a "
            "new unit would be a "
            "row or a trial."
        )
    return tuple(words)

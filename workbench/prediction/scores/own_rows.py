"""The scores of the rows that a fit was made with, from what its run holds: Stan is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from workbench.diagnostics.loo import explain_missing_loo, read_log_likelihood_of
from workbench.diagnostics.outcomes import Outcome, split_outcomes
from workbench.prediction.predictions import OutcomePrediction, Predictions
from workbench.prediction.scores.measures import Measure
from workbench.prediction.scores.outcome_scores import OutcomeScores, score_predictions
from workbench.prediction.scores.scored import OwnRows, measure_outcome
from workbench.results import Fit
from workbench.results.view import LooResult

_BLOCK = 4096
"""Elements that are worked on together: a bound of memory."""


def score_own_rows(fit: Fit, new: OutcomeScores, threshold: float) -> OwnRows | str:
    """Return the scores of the fit's own rows, or why there are none.

    The log density is that of leave-one-out where the run has it. All other scores are of rows that the fit
    has seen, from the draws of the outcome that the run holds.

    Parameters
    ----------
    fit
        The fit.
    new
        The scores of new rows, which say what kind of outcome it is.
    threshold
        As in `measure_outcome`.
    """
    replicated, unreplicated = split_outcomes(fit)
    outcome = next((outcome for outcome in replicated if outcome.name == new.name), None)
    if outcome is None:
        reasons = (missing.reason for missing in unreplicated if missing.name == new.name)
        return next(reasons, "the run holds no draws of this outcome.")
    (scores,) = score_predictions(_predict_own_rows(fit, outcome, new))
    measures = measure_outcome(replace(scores, has_mean=new.has_mean), threshold)
    loo = fit.results.loo
    if loo.is_ok and _is_of_all(loo, outcome):
        measures["log_density"] = left_out = _read_left_out(loo)
        if "log_loss" in measures:
            loss = replace(left_out, name="log_loss", value=-left_out.value, better="lower")
            measures["log_loss"] = loss
        return OwnRows(_choose(measures, new), is_left_out=True, bad_rows=loo.bad or 0)
    if loo.is_ok and _is_of_whole_rows(loo, outcome, new):
        measures["joint_log_density"] = replace(_read_left_out(loo), name="joint_log_density")
        return OwnRows(_choose(measures, new), is_left_out=True, bad_rows=loo.bad or 0)
    return OwnRows(_choose(measures, new))


def _choose(measures: dict[str, Measure], new: OutcomeScores) -> dict[str, Measure]:
    """Return the scores that new rows have too: of an outcome that may be censored the density alone."""
    return {"log_density": measures["log_density"]} if new.is_censored else measures


def _is_of_all(loo: LooResult, outcome: Outcome) -> bool:
    """Return whether leave-one-out is of the elements of this outcome and of nothing else."""
    return (
        outcome.rows is not None
        and loo.elpd is not None
        and loo.observations == len(outcome.observed) == len(np.unique(outcome.rows))
    )


def _is_of_whole_rows(loo: LooResult, outcome: Outcome, new: OutcomeScores) -> bool:
    """Return whether leave-one-out is of whole rows of an outcome that has several components in each."""
    has_joint = (
        new.whole is not None and not new.whole.is_of_table and np.isfinite(new.whole.log_density).any()
    )
    components = len(new.elements) / max(1, len(np.unique(new.elements.rows)))
    return (
        bool(has_joint)
        and loo.elpd is not None
        and (loo.observations or 0) * components == len(outcome.observed)
        and components > 1
    )


def _read_left_out(loo: LooResult) -> Measure:
    count = loo.observations or 1
    elpd = float("nan") if loo.elpd is None else loo.elpd
    se = float("nan") if loo.se is None else loo.se
    return Measure("log_density", elpd / count, se / count, count, "higher")


def _predict_own_rows(fit: Fit, outcome: Outcome, new: OutcomeScores) -> Iterator[Predictions]:
    """Yield the stored predictions of the fit's own rows, a block of elements at a time."""
    distributions = ("bernoulli",) if new.kind == "yes/no" else ()
    if new.kind == "ordered":
        distributions = ("ordered_logistic",)
    has_density = outcome.rows is not None and not explain_missing_loo(fit)
    for first in range(0, len(outcome.observed), _BLOCK):
        part = slice(first, first + _BLOCK)
        observed = outcome.observed[part]
        rows = None if outcome.rows is None or not has_density else outcome.rows[part]
        numbers = np.arange(first, first + len(observed), dtype=np.int64)
        yield Predictions(
            method="nuts",
            remark="",
            level=fit.results.interval.level,
            labels=tuple(str(number + 1) for number in numbers),
            first_row=first,
            outcomes=(
                OutcomePrediction(
                    name=outcome.name,
                    quantity=outcome.replicate,
                    index=tuple((int(number),) for number in numbers),
                    rows=numbers,
                    draws=outcome.replicates[:, part],
                    is_integer=new.kind != "continuous",
                    categories=new.categories,
                    observed=observed,
                    log_lik=None if rows is None else read_log_likelihood_of(fit, rows).T,
                    distributions=distributions,
                ),
            ),
        )

"""What there is to say of a cross-validation by refits, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.results import Fit
from workbench.thresholds import JOINT_ERROR_LIMIT, RHAT_LIMIT, UNKNOWN_SCORE_ERROR, khat_limit
from workbench.workflow.fold_context import FoldContext
from workbench.workflow.fold_fit import FoldScores

Floats = NDArray[np.float64]


def describe_folds(
    fit: Fit, context: FoldContext, fits: Sequence[FoldScores], errors: Floats
) -> Iterator[str]:
    """Yield what there is to say of the fits and their scores, in sentences.

    Parameters
    ----------
    fit, context
        The run, and what the fits of its folds share.
    fits
        What each of them gave.
    errors
        The Monte Carlo error of each unit [nats]; NaN where its fit failed.
    """
    scheme = context.scheme
    unknown = int((errors > UNKNOWN_SCORE_ERROR).sum())
    if unknown:
        verb = "are" if unknown > 1 else "is"
        yield (
            f"{_count(unknown, 'score')} of {len(errors)} {verb} hardly known: a few draws make the average "
            f"(a Monte Carlo standard error above {UNKNOWN_SCORE_ERROR:g} nats), as where the program finds "
            "what was left out nearly impossible. The sum is not reliable."
        )
    yield from _describe_scheme(fit, context, len(fits))
    if context.predictive.copies:
        yield (
            "What the program computes from all rows, such as the mean of a predictor, was computed from the "
            "fitted rows alone" + (", in time from those of the last fit." if scheme.first else ".")
        )
    if fit.results.data.standardized.matrices:
        yield (
            "Standardized predictors keep the scale of the run, on which its priors are stated: that of the "
            "means and SDs of all rows, those left out among them."
        )
    noisy = int((errors > JOINT_ERROR_LIMIT).sum())
    if noisy and scheme.scoring != "rows":
        yield (
            f"{_count(noisy, 'score')} of {len(errors)} {'have' if noisy > 1 else 'has'} a Monte Carlo "
            f"standard error above {JOINT_ERROR_LIMIT:g} nats, the largest {np.nanmax(errors):.2f}."
        )
    divergent = [item.divergences for item in fits if item.divergences]
    if divergent:
        yield (
            f"{_count(len(divergent), 'fit')} of {len(fits)} had divergent transitions, at most "
            f"{max(divergent)}: {'their' if len(divergent) > 1 else 'its'} scores may be biased."
        )
    unmixed = [item.rhat for item in fits if item.rhat > RHAT_LIMIT]
    if unmixed:
        yield (
            f"R-hat is above {RHAT_LIMIT:g} in {_count(len(unmixed), 'fit')} of {len(fits)}, at most "
            f"{max(unmixed):.2f}."
        )


def measure_sum_error(fits: Sequence[FoldScores]) -> float:
    """Return the Monte Carlo standard error of the sum of all scores [nats]: fits are independent."""
    return float(np.sqrt(sum(item.sum_error**2 for item in fits)))


def _describe_scheme(fit: Fit, context: FoldContext, fits: int) -> Iterator[str]:
    scheme, division = context.scheme, context.division
    if scheme.kfold and scheme.by:
        yield f"No group of `{scheme.by}` is divided; rows are scored one by one."
    elif division.is_stratified:
        yield "Each fold has its share of each value of the outcome."
    if scheme.groups:
        yield "The score of a group is the joint density of its rows, which share its effects."
    if scheme.first:
        limit = khat_limit(context.sampler.chains * context.sampler.draws)
        order = "" if fit.results.data.rules.get("calendar") else ", which is taken as that of time"
        yield (
            f"Rows are in the order of the table{order}. {_count(fits, 'fit')} served {division.units} "
            f"scores: between fits, draws have importance weights up to a k-hat of {limit:.2f}."
        )


def _count(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> _count(1, "fit"), _count(3, "fit")
    ('1 fit', '3 fits')
    """
    return f"{number} {noun}{'s' if number != 1 else ''}"

"""Predictions in numbers: mean, interval and expectation of each element, and the parts of its variance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from workbench.prediction.draw_summaries import compare_draws, summarise_draws
from workbench.prediction.mixture_moments import mix_deviations, mix_means
from workbench.prediction.predictions import Floats, OutcomePrediction, Predictions
from workbench.results.quantities import element_name

COLUMNS = (
    "row", "label", "prediction", "mean", "sd", "median", "lower", "upper",
    "expected", "expected_lower", "expected_upper", "sd_parameters", "sd_outcome", "most_probable",
)  # fmt: skip
"""The columns of a table of predictions.

`expected` is the mean of the outcome given the parameters, with the interval of that mean; a point in the
place of the posterior (MAP, MLE) leaves that interval out. The variance of a prediction is the sum of two
squares (law of total variance): `sd_parameters`, the spread of the expectation between posterior draws, and
`sd_outcome`, the spread of the outcome around it.

Of a yes/no outcome, and of each category, `mean` is the probability, and `median`, `lower` and `upper` are
those of the probability: an interval of the outcome itself would always run from 0 to 1. `most_probable` is
the category with the greatest probability in that row.
"""

_NUMBERS = COLUMNS[COLUMNS.index("mean") : COLUMNS.index("most_probable")]
"""The columns that hold numbers."""


def summarise_outcomes(predictions: Predictions) -> Iterator[dict[str, object]]:
    """Yield a row for each element of each outcome; for categories, one for each category's probability."""
    for outcome in predictions.outcomes:
        if outcome.probabilities is not None:
            yield from _summarise_categories(outcome, predictions)
        else:
            yield from _summarise_numbers(outcome, predictions)


def find_missing_share(predictions: Predictions) -> float:
    """Return the largest share of draws that one element lacks, as they could not be drawn."""
    shares = [np.isnan(outcome.draws).mean(axis=0) for outcome in predictions.outcomes]
    return max((float(share.max()) for share in shares if share.size), default=0.0)


def _name_rows(outcome: OutcomePrediction, predictions: Predictions) -> Iterator[tuple[int, str, str]]:
    """Yield the number of the row, counted from 1, its name, and the name of the element."""
    for row, index in zip(outcome.rows.tolist(), outcome.index, strict=True):
        label = predictions.labels[row - predictions.first_row] if outcome.index[0] else ""
        yield row + 1, label, element_name(outcome.quantity, index)


def _summarise_numbers(outcome: OutcomePrediction, predictions: Predictions) -> Iterator[dict[str, object]]:
    columns = _measure_numbers(outcome, predictions)
    if outcome.parts:
        columns |= _weight_parts([_measure_numbers(part, predictions) for part in outcome.parts], outcome)
    expected = outcome.expectation
    if outcome.is_yes_or_no:
        columns |= _summarise_share(columns["mean" if expected is None else "expected"], columns)
        if expected is not None:
            columns["median"] = np.median(expected, axis=0)
    missing = float("nan")
    for place, (row, label, name) in enumerate(_name_rows(outcome, predictions)):
        numbers = {
            column: float(columns[column][place]) if column in columns else missing for column in _NUMBERS
        }
        yield {"row": row, "label": label, "prediction": name, **numbers, "most_probable": ""}


def _measure_numbers(outcome: OutcomePrediction, predictions: Predictions) -> dict[str, Floats]:
    """Return mean, SD and quantiles of each element, and what is known of its expectation, `(e,)` each."""
    tail = (1 - predictions.level) / 2
    found = summarise_draws(outcome.draws, (tail, 0.5, 1 - tail))
    lower, median, upper = found.quantiles
    columns: dict[str, Floats] = {
        "mean": found.mean, "sd": found.sd, "median": median, "lower": lower, "upper": upper,
    }  # fmt: skip
    if outcome.expectation is not None:
        columns |= _summarise_expectation(outcome, outcome.expectation, predictions)
    return columns


def _weight_parts(parts: Sequence[Mapping[str, Floats]], outcome: OutcomePrediction) -> dict[str, Floats]:
    """Return means and SDs of a mixture by its weights, from all draws of its parts."""
    weights = outcome.weights
    means = [part["mean"] for part in parts]
    columns = {
        "mean": mix_means(means, weights),
        "sd": mix_deviations([part["sd"] for part in parts], means, weights),
    }
    if outcome.expectation is not None:
        expected = [part["expected"] for part in parts]
        columns |= {
            "expected": mix_means(expected, weights),
            "sd_parameters": mix_deviations([part["sd_parameters"] for part in parts], expected, weights),
            "sd_outcome": np.sqrt(mix_means([part["sd_outcome"] ** 2 for part in parts], weights)),
        }
    return columns


def _summarise_share(share: Floats, columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the probability of a yes/no outcome with its own interval, not one from 0 to 1."""
    none = np.full(len(share), np.nan)
    lower, upper = columns.get("expected_lower", none), columns.get("expected_upper", none)
    return {"mean": share, "sd": np.sqrt(share * (1 - share)), "lower": lower, "upper": upper}


def _summarise_expectation(
    outcome: OutcomePrediction, expected: Floats, predictions: Predictions
) -> dict[str, Floats]:
    """Return the expectation with its interval, and the two parts of the variance."""
    tail = (1 - predictions.level) / 2
    found = summarise_draws(expected, (tail, 1 - tail))
    lower, upper = found.quantiles
    if predictions.is_plug_in:  # what a point decides has no interval
        lower = upper = np.full(len(found.mean), np.nan)
    if outcome.is_simulated or not outcome.is_yes_or_no:
        within = compare_draws(outcome.draws, expected).mean_square
    else:
        within = (expected * (1 - expected)).mean(axis=0)
    return {
        "expected": found.mean,
        "expected_lower": lower,
        "expected_upper": upper,
        "sd_parameters": found.sd,
        "sd_outcome": np.sqrt(within),
    }


def _summarise_categories(
    outcome: OutcomePrediction, predictions: Predictions
) -> Iterator[dict[str, object]]:
    """Yield the probability of each category: its mean, and its interval between posterior draws."""
    assert outcome.probabilities is not None  # noqa: S101 - asked by the caller
    tail = (1 - predictions.level) / 2
    lower, median, upper = np.quantile(outcome.probabilities, [tail, 0.5, 1 - tail], axis=0)
    if predictions.is_plug_in:  # what a point decides has no interval
        lower = upper = np.full(median.shape, np.nan)
    mean = _average_probabilities(outcome)
    sd = np.sqrt(mean * (1 - mean))
    categories = outcome.category_names
    for place, (row, label, name) in enumerate(_name_rows(outcome, predictions)):
        most_probable = categories[int(np.argmax(mean[place]))]
        for number, category in enumerate(categories):
            values = outcome.probabilities[:, place, number]
            yield {
                "row": row,
                "label": label,
                "prediction": f"P({name} = {category})",
                "mean": float(mean[place, number]),
                "sd": float(sd[place, number]),
                "median": float(median[place, number]),
                "lower": float(lower[place, number]),
                "upper": float(upper[place, number]),
                "expected": float(mean[place, number]),
                "expected_lower": float(lower[place, number]),
                "expected_upper": float(upper[place, number]),
                "sd_parameters": float(summarise_draws(values[:, None]).sd[0]),
                "sd_outcome": float(np.sqrt((values * (1 - values)).mean())),
                "most_probable": most_probable,
            }


def _average_probabilities(outcome: OutcomePrediction) -> Floats:
    """Return the probability of each category, `(e, category)`; of a mixture by its weights."""
    if outcome.parts:
        return mix_means([_average_probabilities(part) for part in outcome.parts], outcome.weights)
    assert outcome.probabilities is not None  # noqa: S101 - asked by the caller
    averaged: Floats = outcome.probabilities.mean(axis=0)
    return averaged

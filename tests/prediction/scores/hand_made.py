"""Predictions made by hand, whose scores are known otherwise."""

from typing import Any

import numpy as np

from workbench.prediction import OutcomePrediction, Predictions


def predict(
    observed: Any, draws: Any, *, method: str = "nuts", first_row: int = 0, **more: Any
) -> Predictions:
    """Return predictions of one outcome `y`, a value a row."""
    observed = np.asarray(observed, dtype=float)
    numbers = np.arange(first_row, first_row + len(observed))
    outcome = OutcomePrediction(
        name="y",
        quantity="y_rep",
        index=tuple((int(number),) for number in numbers),
        rows=numbers,
        draws=np.asarray(draws, dtype=float),
        observed=observed,
        **more,
    )
    labels = tuple(f"row {number}" for number in numbers)
    return Predictions(method, "", 0.95, labels, first_row, (outcome,))


def predict_normal(
    observed: Any, location: Any, scale: float, rng: np.random.Generator, draws: int = 400
) -> Predictions:
    """Return predictions by a normal distribution with the same parameters at each draw."""
    from scipy import stats

    location = np.broadcast_to(location, len(observed))
    replicates = rng.normal(location, scale, (draws, len(observed)))
    log_lik = np.tile(stats.norm.logpdf(observed, location, scale), (draws, 1))
    expectation = np.tile(location, (draws, 1))
    return predict(observed, replicates, log_lik=log_lik, expectation=expectation, distributions=("normal",))


def predict_yes(observed: Any, probability: Any, **more: Any) -> Predictions:
    """Return predictions of a yes/no outcome from its probabilities, `(s, e)`."""
    probability = np.atleast_2d(np.asarray(probability, dtype=float))
    observed = np.asarray(observed, dtype=float)
    with np.errstate(divide="ignore"):
        log_lik = np.log(np.where(observed == 1, probability, 1 - probability))
    more = {"expectation": probability, "log_lik": log_lik} | more
    draws = (np.random.default_rng(1).random(probability.shape) < probability).astype(float)
    return predict(observed, draws, is_integer=True, distributions=("bernoulli_logit",), **more)


def cut(whole: Predictions, sizes: list[int]) -> list[Predictions]:
    """Return the same predictions in chunks of so many rows."""
    (outcome,) = whole.outcomes
    chunks, first = [], 0
    for size in sizes:
        part = slice(first, first + size)
        by_draw = {
            name: None if (values := getattr(outcome, name)) is None else values[:, part]
            for name in ("expectation", "log_lik", "probabilities")
        }
        assert outcome.observed is not None
        chunk = predict(
            outcome.observed[part],
            outcome.draws[:, part],
            method=whole.method,
            first_row=first,
            is_integer=outcome.is_integer,
            categories=outcome.categories,
            distributions=outcome.distributions,
            **by_draw,
        )
        chunks.append(chunk)
        first += size
    return chunks

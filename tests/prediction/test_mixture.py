"""Mixtures of two normals known in closed form: quantiles, moments, CRPS and log scores."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from tests.prediction.scores.hand_made import predict, predict_normal, predict_yes
from workbench.errors import RequestError
from workbench.prediction.mixture import allocate_draws, mix_predictions
from workbench.prediction.monte_carlo import measure_errors
from workbench.prediction.outcome_summaries import summarise_outcomes
from workbench.prediction.quantities import parse_quantities, tabulate_quantities
from workbench.prediction.scores import score_predictions
from workbench.prediction.scores.crps import compute_mixture_crps

WEIGHTS = (0.7, 0.3)
PLACES, SCALES = (np.array([0.0, 5.0, -2.0]), np.array([3.0, 5.5, 4.0])), (1.0, 2.0)
"""The location of each run in three rows, and its scale."""
OBSERVED = np.array([2.5, 5.0, -1.0])
NAMES = ({"y": "y"}, {"y": "y"})
DRAWS = 40_000


def summarise(predictions) -> list[dict[str, Any]]:
    return [dict(row) for row in summarise_outcomes(predictions)]


def mix(parts, weights=WEIGHTS):
    return mix_predictions(parts, weights, [{"y": "y"} for _ in parts])


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(4)
    return [
        predict_normal(OBSERVED, place, scale, rng, DRAWS)
        for place, scale in zip(PLACES, SCALES, strict=True)
    ]


def cdf(value, row):
    return sum(
        weight * stats.norm.cdf(value, place[row], scale)
        for weight, place, scale in zip(WEIGHTS, PLACES, SCALES, strict=True)
    )


def density(value, row):
    return sum(
        weight * stats.norm.pdf(value, place[row], scale)
        for weight, place, scale in zip(WEIGHTS, PLACES, SCALES, strict=True)
    )


def find_quantile(probability, row):
    return optimize.brentq(lambda value: cdf(value, row) - probability, -50, 50)


def crps_of_normals(observed, weights, places, scales):
    """Return the CRPS of a mixture of normals: Grimit et al. (2006), doi:10.1256/qj.05.235."""

    def a(mean, sd):
        return mean * (2 * stats.norm.cdf(mean / sd) - 1) + 2 * sd * stats.norm.pdf(mean / sd)

    each = list(zip(weights, places, scales, strict=True))
    near = sum(w * a(observed - m, s) for w, m, s in each)
    apart = sum(w * v * a(m - n, math.hypot(s, t)) for w, m, s in each for v, n, t in each)
    return near - apart / 2


def test_the_closed_form_of_the_crps_is_its_integral():
    places, scales = (0.0, 3.0), (1.0, 2.0)

    def square(value):
        return (
            sum(w * stats.norm.cdf(value, m, s) for w, m, s in zip(WEIGHTS, places, scales, strict=True))
            - (value >= 2.5)
        ) ** 2

    found = integrate.quad(square, -40, 2.5)[0] + integrate.quad(square, 2.5, 40)[0]
    assert crps_of_normals(2.5, WEIGHTS, places, scales) == pytest.approx(found, rel=1e-6)


def test_quantiles_are_those_of_the_mixture(parts):
    rows = summarise(mix(parts))
    total = len(mix(parts).outcomes[0].draws)
    for row, found in enumerate(rows):
        for column, probability in (("lower", 0.025), ("median", 0.5), ("upper", 0.975)):
            true = find_quantile(probability, row)
            error = math.sqrt(probability * (1 - probability) / total) / density(true, row)
            assert abs(found[column] - true) < 4 * error


def test_quantiles_are_not_means_of_quantiles(parts):
    found = summarise(mix(parts))[0]
    averaged = sum(
        w * stats.norm.ppf(0.975, m[0], s) for w, m, s in zip(WEIGHTS, PLACES, SCALES, strict=True)
    )
    assert abs(found["upper"] - averaged) > 0.5


def test_expectation_and_sd_are_weighted_exactly(parts):
    rows = summarise(mix(parts))
    alone = [summarise(part) for part in parts]
    for row, found in enumerate(rows):
        expected = WEIGHTS[0] * PLACES[0][row] + WEIGHTS[1] * PLACES[1][row]
        assert found["expected"] == pytest.approx(expected, abs=1e-12)
        means = [one[row]["mean"] for one in alone]
        assert found["mean"] == pytest.approx(np.dot(WEIGHTS, means), abs=1e-12)
        between = WEIGHTS[0] * WEIGHTS[1] * (PLACES[0][row] - PLACES[1][row]) ** 2
        within = WEIGHTS[0] * SCALES[0] ** 2 + WEIGHTS[1] * SCALES[1] ** 2
        assert found["sd"] == pytest.approx(math.sqrt(within + between), rel=0.02)
        assert found["sd_parameters"] == pytest.approx(math.sqrt(between), abs=1e-9)
        assert found["sd_outcome"] == pytest.approx(math.sqrt(within), rel=0.02)


def test_log_scores_are_those_of_the_weighted_density(parts):
    (scores,) = score_predictions([mix(parts)])
    expected = [math.log(density(value, row)) for row, value in enumerate(OBSERVED)]
    np.testing.assert_allclose(scores.elements.log_density, expected, rtol=1e-12)


def test_crps_is_that_of_the_mixture_and_not_the_mean_of_crps(parts):
    (scores,) = score_predictions([mix(parts)])
    alone = [score_predictions([part])[0].elements.crps for part in parts]
    for row, value in enumerate(OBSERVED):
        true = crps_of_normals(value, WEIGHTS, [place[row] for place in PLACES], SCALES)
        assert scores.elements.crps[row] == pytest.approx(true, abs=0.03)
        assert scores.elements.crps[row] < np.dot(WEIGHTS, [one[row] for one in alone])
    averaged = np.dot(WEIGHTS, [one[0] for one in alone])
    assert averaged - scores.elements.crps[0] > 0.2


def test_crps_has_no_bias_with_few_draws():
    rng = np.random.default_rng(7)
    repeated = 40_000  # as elements that are all alike
    parts = [
        np.sort(rng.normal(place, scale, (draws, repeated)), axis=0)
        for place, scale, draws in ((0.0, 1.0, 3), (3.0, 2.0, 5))
    ]
    found = compute_mixture_crps(parts, WEIGHTS, np.full(repeated, 2.5))
    error = found.std() / math.sqrt(repeated)
    assert abs(found.mean() - crps_of_normals(2.5, WEIGHTS, (0.0, 3.0), (1.0, 2.0))) < 4 * error


def test_one_run_mixed_with_itself_scores_as_it_does_alone(parts):
    alone = score_predictions([parts[0]])[0].elements
    both = score_predictions([mix([parts[0], parts[0]], (0.5, 0.5))])[0].elements
    np.testing.assert_allclose(both.log_density, alone.log_density)
    np.testing.assert_allclose(both.crps, alone.crps, rtol=1e-4)
    np.testing.assert_allclose(both.ends, alone.ends, rtol=1e-3, atol=1e-3)


def test_tail_areas_and_transforms_are_those_of_the_mixture(parts):
    (scores,) = score_predictions([mix(parts)])
    for row, value in enumerate(OBSERVED):
        below = cdf(value, row)
        assert scores.elements.transform[row] == pytest.approx(below, abs=0.01)
        assert scores.elements.tail_area[row] == pytest.approx(2 * min(below, 1 - below), abs=0.02)


def test_quantities_are_of_the_mixture_with_their_error(parts):
    texts = ["P(y_rep > 3)", "quantile(y_rep, 0.9)", "E(y_rep)", "sum(y_rep)"]
    found = tabulate_quantities([mix(parts)], parse_quantities(texts)).set_index("quantity")
    for row in range(3):
        share, quantile = found.loc["P(y_rep > 3)"].iloc[row], found.loc["quantile(y_rep, 0.9)"].iloc[row]
        assert abs(share["estimate"] - (1 - cdf(3, row))) < 4 * share["mcse"]
        assert abs(quantile["estimate"] - find_quantile(0.9, row)) < 4 * quantile["mcse"]
    total = WEIGHTS[0] * PLACES[0].sum() + WEIGHTS[1] * PLACES[1].sum()
    assert abs(found.loc["sum(y_rep)"]["estimate"] - total) < 4 * found.loc["sum(y_rep)"]["mcse"]
    # Within a draw rows go together: all are of one run.
    spread = WEIGHTS[0] * 3 * SCALES[0] ** 2 + WEIGHTS[1] * 3 * SCALES[1] ** 2
    spread += WEIGHTS[0] * WEIGHTS[1] * (PLACES[0].sum() - PLACES[1].sum()) ** 2
    assert found.loc["sum(y_rep)"]["sd"] == pytest.approx(math.sqrt(spread), rel=0.02)


def test_probabilities_of_a_yes_no_outcome_are_weighted():
    rng = np.random.default_rng(2)
    observed = [1, 0]
    shares = [rng.beta(2, 5, (900, 2)), rng.beta(6, 2, (500, 2))]
    mixed = mix([predict_yes(observed, share) for share in shares])
    expected = WEIGHTS[0] * shares[0].mean(axis=0) + WEIGHTS[1] * shares[1].mean(axis=0)
    found = summarise(mixed)
    np.testing.assert_allclose([row["mean"] for row in found], expected)
    np.testing.assert_allclose([row["sd"] for row in found], np.sqrt(expected * (1 - expected)))
    (scores,) = score_predictions([mixed])
    assert scores.kind == "yes/no"
    np.testing.assert_allclose(scores.probability, expected)
    np.testing.assert_allclose(scores.elements.log_density, np.log([expected[0], 1 - expected[1]]))
    np.testing.assert_allclose(scores.elements.crps, (expected - observed) ** 2)


def test_probabilities_of_categories_are_weighted():
    rng = np.random.default_rng(3)
    shares = [rng.dirichlet([1, 2, 3], (count, 2)) for count in (600, 800)]
    parts = []
    for share in shares:
        draws = 1 + (rng.random((*share.shape[:2], 1)) > np.cumsum(share, axis=-1)).sum(axis=-1)
        parts.append(
            predict(
                [3, 1], draws, is_integer=True, categories=(1, 2, 3), probabilities=share,
                distributions=("ordered_logistic",), log_lik=np.log(share[:, [0, 1], [2, 0]]),
            )
        )  # fmt: skip
    expected = WEIGHTS[0] * shares[0].mean(axis=0) + WEIGHTS[1] * shares[1].mean(axis=0)
    found = [row["mean"] for row in summarise(mix(parts))]
    np.testing.assert_allclose(found, expected.ravel())
    (scores,) = score_predictions([mix(parts)])
    np.testing.assert_allclose(scores.elements.probabilities, expected)
    reached = np.array([[0, 0, 1], [1, 1, 1]])
    rps = ((np.cumsum(expected, axis=1) - reached) ** 2).sum(axis=1)
    np.testing.assert_allclose(scores.elements.crps, rps)


@pytest.mark.parametrize(
    ("weights", "counts"),
    [((0.7, 0.3), (4000, 4000)), ((0.5, 0.5), (4000, 1000)), ((1 / 3,) * 3, (999, 1000, 1001)),
     ((0.999, 0.001), (4000, 4000)), ((1.0,), (4000,)), ((0.9999, 0.0001), (4000, 4000))],
)  # fmt: skip
def test_draws_are_taken_in_proportion_and_none_twice(weights, counts):
    found = allocate_draws(weights, counts)
    taken = np.array([len(rows) for rows in found.chosen])
    total = taken.sum()
    assert (np.abs(taken - np.array(weights) * total) <= 1).all()
    assert total >= min(counts)
    for rows, count in zip(found.chosen, counts, strict=True):
        assert len(np.unique(rows)) == len(rows)
        assert not len(rows) or (rows.min() >= 0 and rows.max() < count)
        # Each quarter of a run's draws, such as a chain, gives its share.
        quarters = np.bincount(np.minimum(rows * 4 // count, 3), minlength=4)
        assert quarters.max() - quarters.min() <= 1
    # In the mixture each run stands evenly among the others.
    owner = np.repeat(np.arange(len(counts)), taken)[found.order]
    for run, weight in enumerate(weights):
        ahead = np.cumsum(owner == run) - weight * np.arange(1, total + 1)
        assert np.abs(ahead).max() <= len(weights)


@pytest.mark.parametrize(("apart", "most"), [(2.0, 1.15), (20.0, 2.0)])
def test_the_error_of_a_mean_is_that_of_means_within_runs(apart, most):
    """Of runs far apart it is too large, as batches hold whole draws, and never that of draws at random."""
    rng = np.random.default_rng(8)
    drawn = allocate_draws((0.6, 0.4), (4000, 4000))
    means, errors = [], []
    for _ in range(400):
        mixed = drawn.mix([rng.normal(0, 1, (4000, 1)), rng.normal(apart, 1, (4000, 1))])
        means.append(mixed.mean())
        errors.append(measure_errors(mixed)[0])
    assert 0.88 * np.std(means) < np.mean(errors) < most * np.std(means)
    at_random = np.std(mixed) / math.sqrt(len(mixed))
    assert np.mean(errors) < at_random


def test_what_is_not_one_outcome_is_refused(parts):
    first, second = parts
    (outcome,) = second.outcomes

    def change(**changes):
        return replace(second, outcomes=(replace(outcome, **changes),))

    for other, reason in (
        (change(observed=OBSERVED + 1), "other observed values"),
        (change(is_integer=True), "whole numbers"),
        (change(categories=(1, 2)), "other categories"),
        (change(rows=outcome.rows[::-1]), "other elements"),
        (change(name="z"), "no outcome"),
        (replace(second, labels=("a", "b", "c")), "same rows"),
    ):
        with pytest.raises(RequestError, match=reason):
            mix([first, other])


def test_what_one_run_does_not_know_the_mixture_does_not_know(parts):
    first, second = parts
    unknown = replace(second, outcomes=(replace(second.outcomes[0], log_lik=None, expectation=None),))
    (outcome,) = mix([first, unknown]).outcomes
    assert outcome.log_lik is None
    assert outcome.expectation is None
    (scores,) = score_predictions([mix([first, unknown])])
    assert np.isnan(scores.elements.log_density).all()
    assert np.isfinite(scores.elements.crps).all()

"""Scores of vectors: joint densities and energy scores against their definitions and SciPy."""

import math

import numpy as np
import pytest
from scipy import special, stats

from workbench.prediction import OutcomePrediction, Predictions
from workbench.prediction.proof import add_up_rows
from workbench.prediction.scores import (
    ScoredTable,
    build_scored_outcome,
    score_predictions,
    tabulate_rows,
)
from workbench.prediction.scores.crps import compute_crps
from workbench.prediction.scores.whole_rows import compute_energy_score
from workbench.report.score import build_score_report, describe_table
from workbench.report.score.tables import build_components, build_strangest

ROWS, COMPONENTS = 30, 3


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def predict(observed, draws, *, row_log_lik=None, first_row=0, **more):
    """Return predictions of an outcome with several components in each row."""
    rows, components = observed.shape
    index = tuple((first_row + row, k) for row in range(rows) for k in range(components))
    outcome = OutcomePrediction(
        name="y",
        quantity="y_rep",
        index=index,
        rows=np.array([place[0] for place in index]),
        draws=draws.reshape(len(draws), -1),
        observed=observed.reshape(-1).astype(float),
        **more,
    )
    labels = tuple(f"row {first_row + row + 1}" for row in range(rows))
    return Predictions("nuts", "", 0.95, labels, first_row, (outcome,), row_log_lik=row_log_lik)


@pytest.fixture
def normal(rng):
    """Rows from one multivariate normal; at each of 400 draws another mean."""
    root = rng.normal(size=(COMPONENTS, COMPONENTS))
    covariance = root @ root.T + np.eye(COMPONENTS)
    means = rng.normal(0, 0.3, (400, COMPONENTS))
    observed = rng.multivariate_normal(np.zeros(COMPONENTS), covariance, ROWS)
    noise = rng.multivariate_normal(np.zeros(COMPONENTS), covariance, (400, ROWS))
    log_lik = np.array([stats.multivariate_normal(mean, covariance).logpdf(observed) for mean in means])
    return observed, means[:, None] + noise, log_lik


def test_the_energy_score_is_that_of_the_definition(rng):
    draws, observed = rng.normal(size=(40, 2)), rng.normal(size=2)
    pairs = np.linalg.norm(draws[:, None] - draws[None], axis=2).sum() / (40 * 39)
    expected = np.linalg.norm(draws - observed, axis=1).mean() - pairs / 2
    assert compute_energy_score(draws, observed, rng) == pytest.approx(expected, rel=1e-12)


def test_with_one_component_the_energy_score_is_the_crps_also_from_some_of_the_pairs(rng):
    draws, observed = rng.normal(size=(4000, 1)), np.array([0.4])
    exact = compute_crps(np.sort(draws, axis=0), observed)[0]
    found = [compute_energy_score(draws, observed, np.random.default_rng(seed)) for seed in range(50)]
    assert np.std(found) < 0.01
    assert abs(np.mean(found) - exact) < 4 * np.std(found) / math.sqrt(50)


def test_the_joint_density_averages_over_draws_and_stands_in_for_that_of_values(normal):
    observed, draws, log_lik = normal
    (scores,) = score_predictions([predict(observed, draws, row_log_lik=log_lik)])
    scored = build_scored_outcome([scores], 0.5)
    by_row = special.logsumexp(log_lik, axis=0) - math.log(400)
    joint = scored.leading_measures["joint_log_density"]
    assert joint.value == pytest.approx(by_row.mean())
    assert joint.se == pytest.approx(by_row.std(ddof=1) / math.sqrt(ROWS))
    assert scored.density == "joint_log_density"
    rows = tabulate_rows(ScoredTable((scored,)))
    np.testing.assert_allclose(rows["joint_log_density"], by_row[rows["row"] - 1])
    energy = [compute_energy_score(draws[:, n], observed[n], np.random.default_rng(n)) for n in range(ROWS)]
    assert scored.leading_measures["energy"].value == pytest.approx(np.mean(energy), abs=0.02)
    first = describe_table(ScoredTable((scored,)))[0]
    assert first.startswith(f"On {ROWS} new rows ({ROWS * COMPONENTS} values) the joint log predictive")
    assert "energy score" in str(build_score_report(ScoredTable((scored,)), rows, "m", "d"))


def test_chunks_have_the_scores_of_the_whole(normal):
    observed, draws, log_lik = normal
    parts = [
        predict(observed[part], draws[:, part], row_log_lik=log_lik[:, part], first_row=part.start)
        for part in (slice(0, 11), slice(11, ROWS))
    ]
    (whole,) = score_predictions([predict(observed, draws, row_log_lik=log_lik)])
    (joined,) = score_predictions(parts)
    assert whole.whole is not None
    assert joined.whole is not None
    np.testing.assert_allclose(joined.whole.log_density, whole.whole.log_density)
    assert joined.whole.rows.tolist() == list(range(ROWS))


def test_a_row_that_was_observed_in_part_has_scores_of_its_components_alone(normal):
    observed, draws, log_lik = normal
    observed = observed.copy()
    observed[4, 1] = np.nan
    (scores,) = score_predictions([predict(observed, draws, row_log_lik=log_lik)])
    assert scores.whole is not None
    assert 4 not in scores.whole.rows
    assert len(scores.elements) == ROWS * COMPONENTS - 1


def test_components_are_scored_by_themselves_under_the_names_of_their_columns(normal):
    observed, draws, log_lik = normal
    (scores,) = score_predictions([predict(observed, draws, row_log_lik=log_lik)])
    scored = build_scored_outcome([scores], 0.5, components=("length", "breadth", "height"))
    assert [one.name for one in scored.components] == ["length", "breadth", "height"]
    for k, one in enumerate(scored.components):
        error = observed[:, k] - draws[:, :, k].mean(axis=0)
        assert one.measures["rmse"].value == pytest.approx(math.sqrt(np.mean(error**2)))
        ends = np.quantile(draws[:, :, k], [0.025, 0.975], axis=0)
        inside = (observed[:, k] >= ends[0]) & (observed[:, k] <= ends[1])
        assert one.measures["coverage_95"].value == pytest.approx(inside.mean())
    block = build_components(scored)
    assert block is not None
    assert [row[0].text for row in block.rows] == ["length", "breadth", "height"]
    unnamed = build_scored_outcome([scores], 0.5).components
    assert [one.name for one in unnamed] == ["1", "2", "3"]


def test_methods_are_compared_by_rows(normal):
    observed, draws, log_lik = normal
    (first,) = score_predictions([predict(observed, draws, row_log_lik=log_lik)])
    (second,) = score_predictions([predict(observed, draws, row_log_lik=log_lik[:1])])
    second = type(second)(**{**vars(second), "method": "mle"})
    gain = build_scored_outcome([first, second], 0.5).gains["mle"]["joint_log_density"]
    paired = special.logsumexp(log_lik, axis=0) - math.log(400) - log_lik[0]
    assert gain.value == pytest.approx(paired.mean())
    assert gain.se == pytest.approx(paired.std(ddof=1) / math.sqrt(ROWS))


def test_answers_of_people_have_a_joint_probability_and_no_energy(rng):
    answers = rng.integers(0, 2, (20, 4))
    probability = rng.random((300, 20, 4))
    log_lik = np.log(np.where(answers == 1, probability, 1 - probability)).sum(axis=2)
    draws = (rng.random((300, 20, 4)) < probability).astype(float)
    chunk = predict(
        answers,
        draws,
        row_log_lik=log_lik,
        is_integer=True,
        expectation=probability.reshape(300, -1),
        distributions=("bernoulli_logit",),
    )
    (scores,) = score_predictions([chunk])
    scored = build_scored_outcome([scores], 0.5)
    assert scores.kind == "yes/no"
    assert "energy" not in scored.leading_measures
    by_row = special.logsumexp(log_lik, axis=0) - math.log(300)
    assert scored.leading_measures["joint_log_density"].value == pytest.approx(by_row.mean())
    rows = tabulate_rows(ScoredTable((scored,)))
    shown = build_strangest(scored, rows, 1).rows[0]
    own = rows["probability"][0] if rows["observed"][0] == 1 else 1 - rows["probability"][0]
    assert float(shown[3].text) == pytest.approx(own, abs=1e-3)


def test_counts_of_one_table_have_one_density():
    counts, shares = np.array([3.0, 5.0, 2.0]), np.array([[0.3, 0.5, 0.2], [0.2, 0.5, 0.3]])
    log_lik = np.array([[stats.multinomial(10, share).logpmf(counts)] for share in shares])
    outcome = OutcomePrediction(
        "y",
        "y_rep",
        ((0,), (1,), (2,)),
        np.arange(3),
        np.tile(counts, (2, 1)),
        is_integer=True,
        observed=counts,
        distributions=("multinomial",),
    )
    chunk = Predictions("nuts", "", 0.95, ("a", "b", "c"), 0, (outcome,), row_log_lik=log_lik)
    (scores,) = score_predictions([chunk])
    scored = build_scored_outcome([scores], 0.5)
    expected = special.logsumexp(log_lik) - math.log(2)
    assert scored.leading_measures["joint_log_density"].value == pytest.approx(expected)
    assert "of all counts together is" in describe_table(ScoredTable((scored,)))[0]


def test_densities_of_the_values_of_a_row_are_added_up_where_they_stand():
    by_value = np.arange(6.0)[None]  # two rows of three values
    assert add_up_rows(by_value, "rows side by side", 2).tolist() == [[0 + 2 + 4, 1 + 3 + 5]]
    assert add_up_rows(by_value, "values of a row side by side", 2).tolist() == [[0 + 1 + 2, 3 + 4 + 5]]

"""Moment matching against closed forms: a normal regression whose posteriors are known.

Bishop (2006), Pattern Recognition and Machine Learning, section 3.3, has the formulas. Draws are exact and
independent.
"""

import numpy as np
import pytest
from scipy import stats

from workbench.comparison.moment_matching import AffineMap, match_moments
from workbench.estimation.sampling.psis import choose_tail_length, smooth_log_weights
from workbench.thresholds import khat_limit

PRIOR_SD = 10.0
"""Of each coefficient, independently; the error has SD 1."""


class Regression:
    """Rows `y ~ normal(X b, 1)`, `b ~ normal(0, PRIOR_SD)`."""

    def __init__(self, predictors, outcome):
        self.predictors, self.outcome = predictors, outcome

    def find_posterior(self, is_kept):
        """Return mean and covariance of the coefficients given some rows."""
        kept = self.predictors[is_kept]
        covariance = np.linalg.inv(kept.T @ kept + np.eye(kept.shape[1]) / PRIOR_SD**2)
        return covariance @ kept.T @ self.outcome[is_kept], covariance

    def leave_out(self, row):
        """Return the exact log predictive density of a row without it."""
        mean, covariance = self.find_posterior(np.arange(len(self.outcome)) != row)
        x = self.predictors[row]
        return stats.norm.logpdf(self.outcome[row], x @ mean, np.sqrt(1 + x @ covariance @ x))

    def evaluate(self, row):
        """Return the function that evaluates points, without constants, for a row."""

        def evaluate(points):
            residuals = self.outcome - points @ self.predictors.T
            density = -0.5 * (residuals**2).sum(axis=1) - 0.5 * (points**2).sum(axis=1) / PRIOR_SD**2
            return density, stats.norm.logpdf(residuals[:, row])

        return evaluate

    def draw(self, count, seed):
        """Return draws of the posterior of all rows."""
        mean, covariance = self.find_posterior(np.ones(len(self.outcome), dtype=bool))
        return np.random.default_rng(seed).multivariate_normal(mean, covariance, count)


def make_regression(dimension=3, leverage=6.0, distance=4.0, seed=3):
    """Return thirty rows, the first far out in its predictors and in its outcome."""
    rng = np.random.default_rng(seed)
    predictors = rng.standard_normal((30, dimension))
    predictors[0] = leverage / np.sqrt(dimension)
    outcome = predictors.sum(axis=1) + rng.standard_normal(30)
    outcome[0] += distance * leverage
    return Regression(predictors, outcome)


def match(model, count=4000, seed=1, row=0):
    points = model.draw(count, seed)
    evaluate = model.evaluate(row)
    density, log_lik = evaluate(points)
    _, khat = smooth_log_weights(-log_lik[None], choose_tail_length(count, 1.0))
    return match_moments(points, density, log_lik, evaluate), khat[0]


class TestAgainstClosedForm:
    @pytest.mark.parametrize(("dimension", "leverage"), [(1, 4.0), (3, 6.0), (8, 6.0)])
    def test_the_density_without_an_influential_row_is_right(self, dimension, leverage):
        model = make_regression(dimension, leverage)
        exact = model.leave_out(0)
        found = [match(model, seed=seed) for seed in range(8)]
        assert all(khat > khat_limit(4000) for _, khat in found)
        assert all(row.khat <= khat_limit(4000) for row, _ in found)
        elpd = np.array([row.elpd for row, _ in found])
        assert abs(elpd.mean() - exact) < 4 * elpd.std(ddof=1) / np.sqrt(8) + 0.002 * abs(exact)
        assert elpd.std(ddof=1) < 0.05 * max(1, abs(exact) ** 0.5)

    def test_weights_alone_are_wrong_where_it_is_right(self):
        model = make_regression(3)
        points = model.draw(4000, 1)
        _, log_lik = model.evaluate(0)(points)
        weights, _ = smooth_log_weights(-log_lik[None], choose_tail_length(4000, 1.0))
        by_weights = np.log(np.exp(weights[0] + log_lik).sum())
        assert by_weights - model.leave_out(0) > 1
        assert abs(match(model)[0].elpd - model.leave_out(0)) < 0.3


class TestWhatCannotBeReached:
    def test_no_wrong_density_is_called_good(self):
        """Thirty rows and thirty coefficients: without a row one direction has its prior alone."""
        model = make_regression(30)
        exact = model.leave_out(0)
        good = [row.elpd for row, _ in (match(model, seed=seed) for seed in range(4)) if row.khat <= 0.7]
        assert all(abs(elpd - exact) < 0.2 for elpd in good)

    def test_a_row_that_moves_nothing_is_found_at_once(self):
        model = make_regression(3, leverage=1.0, distance=0.1)
        found, khat = match(model)
        assert khat < 0.7
        assert found.elpd == pytest.approx(model.leave_out(0), abs=0.02)

    def test_rejected_points_have_no_weight(self):
        model = make_regression(3, leverage=4.0, distance=1.0)

        def evaluate(points):
            density, log_lik = model.evaluate(0)(points)
            is_rejected = np.abs(points[:, 0]) > 6  # far beyond both posteriors
            return np.where(is_rejected, np.nan, density), np.where(is_rejected, np.nan, log_lik)

        points = model.draw(4000, 1)
        density, log_lik = evaluate(points)
        found = match_moments(points, density, log_lik, evaluate)
        assert found.khat <= 0.7
        assert found.elpd == pytest.approx(model.leave_out(0), abs=5 * found.mcse)


class TestError:
    def test_the_error_is_that_of_repetitions(self):
        model = make_regression(3, leverage=4.0, distance=1.0)
        found = [match(model, count=1000, seed=seed)[0] for seed in range(40)]
        elpd = np.array([row.elpd for row in found if row.khat <= 2 / 3])
        assert len(elpd) > 30
        assert np.mean([row.mcse for row in found]) == pytest.approx(elpd.std(ddof=1), rel=0.4)
        assert abs(elpd.mean() - model.leave_out(0)) < 4 * elpd.std() / np.sqrt(len(elpd)) + 0.01


class TestAffineMap:
    def test_back_is_the_inverse(self):
        rng = np.random.default_rng(1)
        points = rng.normal(size=(5, 3))
        shift = AffineMap(np.array([2.0, 0.5, 3.0]), rng.normal(size=3))
        turn = AffineMap(rng.normal(size=(3, 3)), rng.normal(size=3))
        for both in (shift, turn, shift.followed_by(turn), turn.followed_by(shift), turn.followed_by(turn)):
            assert both.move_back(both.move(points)) == pytest.approx(points)
        assert shift.followed_by(turn).move(points) == pytest.approx(turn.move(shift.move(points)))
        assert turn.followed_by(shift).move(points) == pytest.approx(shift.move(turn.move(points)))
        assert shift.followed_by(turn).log_determinant == pytest.approx(
            shift.log_determinant + turn.log_determinant
        )

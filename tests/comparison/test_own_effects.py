"""Effects of single rows, integrated out: against closed forms and SciPy's quadrature.

Log densities are written here, in NumPy: an unconstrained point is `(mean, log scale, effect of each row)`.
"""

from itertools import pairwise

import numpy as np
from scipy import integrate, stats

from workbench.comparison.own_effects import OwnEffect, are_apart, find_own_effects, integrate_effects

COUNTS = np.array([0, 3, 20, 500, 1, 7, 60])
"""Outcomes, some far from all others."""

EFFECTS = np.arange(2, 2 + len(COUNTS))
"""The dimensions of the effects."""

SHAPE = 0.3
"""Of the gamma distribution of rates: its logarithm has a long tail to the left."""


def split(points):
    return points[:, :1], np.exp(points[:, 1:2]), points[:, 2:]


def log_lik(points):
    """Poisson counts whose log rates are the effects themselves."""
    return stats.poisson.logpmf(COUNTS, np.exp(np.minimum(split(points)[2], 50)))


def log_lik_scaled(points):
    """Poisson counts whose log rates are `mean + scale * effect`."""
    mean, scale, effects = split(points)
    return stats.poisson.logpmf(COUNTS, np.exp(np.minimum(mean + scale * effects, 50)))


def slope_normal(points):
    mean, scale, effects = split(points)
    return -(effects - mean) / scale**2


def slope_standard(points):
    return -split(points)[2]


def slope_gamma(points):
    """Slope of the log of `gamma(SHAPE, scale)`, of its logarithm."""
    _, rate, effects = split(points)
    return SHAPE - rate * np.exp(effects)


def slope_student(freedom):
    def slope(points):
        effects = split(points)[2]
        return -(freedom + 1) * effects / (freedom + effects**2)

    return slope


def draw(is_scaled, count=12, seed=1):
    """Return points near the posterior."""
    rng = np.random.default_rng(seed)
    mean, log_scale = rng.normal(2, 0.3, count), rng.normal(0.2, 0.2, count)
    effects = np.log(COUNTS + 0.5) + rng.normal(0, 0.2, (count, len(COUNTS)))
    if is_scaled:
        effects = (effects - mean[:, None]) / np.exp(log_scale)[:, None]
    return np.column_stack([mean, log_scale, effects])


def integrate_prior(prior, row):
    """Return the log of the mean likelihood of a row over a density of its log rate."""
    middle = np.log(COUNTS[row] + 0.5)
    ends = np.sort([-400, -20, -5, middle - 1, middle - 0.1, middle + 0.1, middle + 1, middle + 8])
    parts = [
        integrate.quad(lambda v: prior(v) * stats.poisson.pmf(COUNTS[row], np.exp(v)), low, high, limit=400)[
            0
        ]
        for low, high in pairwise(ends)
    ]
    return np.log(sum(parts))


def find_error(points, log_likelihood, slopes, exact):
    """Return the largest error over rows and draws, and what was found."""
    sds = points.std(axis=0)
    found = integrate_effects(points, EFFECTS, sds[EFFECTS], slopes, log_likelihood)
    wanted = np.array([
        [exact(mean, np.exp(log_scale), row) for row in range(len(COUNTS))]
        for mean, log_scale in points[:4, :2]
    ])  # fmt: skip
    return np.abs(found.log_lik[:4] - wanted).max(), found


class TestIntegral:
    def test_counts_with_gamma_rates_are_negative_binomial(self):
        def exact(_, rate, row):
            return stats.nbinom.logpmf(COUNTS[row], SHAPE, rate / (1 + rate))

        error, found = find_error(draw(False), log_lik, slope_gamma, exact)
        assert error < 1e-4
        assert found.is_exact.all()

    def test_effects_on_the_scale_of_the_outcome(self):
        def exact(mean, scale, row):
            return integrate_prior(lambda v: stats.norm.pdf(v, mean, scale), row)

        error, found = find_error(draw(False), log_lik, slope_normal, exact)
        assert error < 1e-5
        assert found.is_exact.all()

    def test_standardised_effects(self):
        def exact(mean, scale, row):
            return integrate_prior(lambda v: stats.norm.pdf(v, mean, scale), row)

        error, found = find_error(draw(True), log_lik_scaled, slope_standard, exact)
        assert error < 1e-5
        assert found.is_exact.all()

    def test_effects_with_a_heavy_tail(self):
        def exact(mean, scale, row):
            return integrate_prior(lambda v: stats.t.pdf((v - mean) / scale, 4) / scale, row)

        error, found = find_error(draw(True), log_lik_scaled, slope_student(4), exact)
        assert error < 1e-3
        assert found.is_exact.all()

    def test_a_prior_beyond_the_range_is_not_called_exact(self):
        points = draw(True)
        found = integrate_effects(
            points, EFFECTS, points.std(axis=0)[EFFECTS], slope_student(1), log_lik_scaled
        )
        assert not found.is_exact.any()

    def test_a_flat_prior_is_not_called_exact(self):
        points = draw(False)
        found = integrate_effects(
            points, EFFECTS, points.std(axis=0)[EFFECTS], lambda at: np.zeros((len(at), len(COUNTS))), log_lik
        )
        assert not found.is_exact.any()


class TestWhichEffects:
    rows = np.arange(len(COUNTS))

    def find(self, log_likelihood, vectors=(EFFECTS,)):
        points = draw(True)
        return find_own_effects(points[:2], points.std(axis=0), vectors, self.rows, log_likelihood)

    def test_each_row_has_its_own(self):
        assert self.find(log_lik_scaled) == [OwnEffect(row, row + 2) for row in range(len(COUNTS))]

    def test_they_are_found_in_any_order(self):
        order = np.array([3, 0, 6, 2, 5, 1, 4])
        found = self.find(lambda points: log_lik_scaled(points)[:, order])
        assert {effect.row: effect.dimension for effect in found} == {
            row: int(order[row]) + 2 for row in range(len(COUNTS))
        }

    def test_an_effect_that_two_rows_share_is_not_their_own(self):
        def shared(points):
            moved = points.copy()
            moved[:, 3] = points[:, 2]  # rows 1 and 2 hang on the first effect
            return log_lik_scaled(moved)

        assert {effect.row for effect in self.find(shared)} == {2, 3, 4, 5, 6}

    def test_a_row_that_hangs_on_two_effects_has_none(self):
        def smooth(points):
            found = log_lik_scaled(points)
            found[:, 0] += 0.1 * points[:, 4]
            return found

        assert {effect.row for effect in self.find(smooth)} == {1, 3, 4, 5, 6}

    def test_of_two_vectors_that_of_single_rows_is_taken(self):
        groups = np.array([9, 10])

        def grouped(points):
            found = log_lik_scaled(points[:, :9])
            return found + points[:, [9, 9, 9, 10, 10, 10, 10]]

        points = np.column_stack([draw(True), np.random.default_rng(2).normal(size=(12, 2))])
        found = find_own_effects(points[:2], points.std(axis=0), (groups, EFFECTS), self.rows, grouped)
        assert [effect.dimension for effect in found] == list(range(2, 9))


class TestWhetherTheyAreApart:
    def test_independent_priors_are(self):
        points = draw(False)
        assert are_apart(points[:2], points.std(axis=0), EFFECTS, slope_normal, 1)

    def test_neighbours_of_a_random_walk_are_not(self):
        def slope(points):
            effects = split(points)[2]
            steps = np.diff(effects, axis=1)
            return np.pad(steps, ((0, 0), (0, 1))) - np.pad(steps, ((0, 0), (1, 0)))

        points = draw(False)
        assert not are_apart(points[:2], points.std(axis=0), EFFECTS, slope, 1)

"""Bridge sampling of densities whose integral is known, from draws that are correlated as chains are."""

import math

import numpy as np
import pytest
from scipy import special, stats

from workbench.errors import MethodError
from workbench.evidence.bridge import estimate_integral


def simulate_chains(random, chains, draws, size, correlation=0.5):
    """Return stationary autoregressions of standard normals, `(chain, draw, U)`."""
    noise = random.standard_normal((chains, draws, size))
    values = noise.copy()
    for place in range(1, draws):
        values[:, place] = (
            correlation * values[:, place - 1] + math.sqrt(1 - correlation**2) * noise[:, place]
        )
    return values


def standardise(draws, distribution):
    return distribution.ppf(stats.norm.cdf(np.clip(draws, -8, 8)))


def test_the_standard_normal_of_the_tests_of_bridgesampling():
    """bridgesampling 1.1: tests/testthat/test-bridge_sampler.R expects log(2 pi) of exp(-x'x / 2)."""
    draws = np.random.default_rng(1).standard_normal((4, 2500, 2))
    for bridge in estimate_integral(lambda x: -0.5 * (x**2).sum(axis=1), draws, 1).values():
        assert abs(bridge.log_integral - math.log(2 * math.pi)) < 3 * bridge.error
        assert bridge.error < 2e-3
        assert bridge.is_reliable


FACTOR = np.array([[1.0, 0, 0], [0.9, 0.3, 0], [-2, 1, 4]])

DENSITIES = {
    "correlated normal": (
        lambda x: stats.multivariate_normal(np.zeros(3), FACTOR @ FACTOR.T).logpdf(x) + 3.0,
        lambda z: z @ FACTOR.T, 3, 3.0,
    ),
    "logarithms of gamma variables": (
        lambda x: np.sum(0.5 * x - np.exp(x) - special.gammaln(0.5), axis=1) - 700.0,
        lambda z: np.log(standardise(z, stats.gamma(0.5))), 3, -700.0,
    ),
    "t with 4 degrees of freedom": (
        lambda x: np.sum(stats.t(4).logpdf(x), axis=1), lambda z: standardise(z, stats.t(4)), 4, 0.0,
    ),
    "half of the line has no density": (
        lambda x: np.where(x[:, 0] > 0, stats.halfnorm.logpdf(np.abs(x[:, 0])), np.nan),
        lambda z: np.abs(z), 1, 0.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DENSITIES)
def test_the_error_is_the_spread_of_estimates(name):
    """Of 60 estimates in standard errors, the mean is about 0 and the standard deviation about 1."""
    log_density, transform, size, truth = DENSITIES[name]
    random = np.random.default_rng(5)
    scores: dict[str, list[float]] = {"warp-III": [], "normal": []}
    for seed in range(60):
        draws = transform(simulate_chains(random, 4, 1000, size, correlation=0.97))
        for proposal, bridge in estimate_integral(log_density, draws, seed).items():
            scores[proposal].append((bridge.log_integral - truth) / bridge.error)
    for values in scores.values():
        assert abs(np.mean(values)) < 4 / math.sqrt(60)
        assert 0.7 < np.std(values) < 1.35  # a chi-square of 59 degrees of freedom is within these


def test_warp_iii_is_more_precise_where_a_density_is_skewed():
    log_density, transform, size, _ = DENSITIES["logarithms of gamma variables"]
    draws = transform(simulate_chains(np.random.default_rng(2), 4, 1000, size))
    bridges = estimate_integral(log_density, draws, 1)
    assert bridges["warp-III"].error < 0.8 * bridges["normal"].error


def test_the_error_is_at_most_the_largest_error():
    for log_density, transform, size, _ in DENSITIES.values():
        draws = transform(simulate_chains(np.random.default_rng(3), 4, 400, size))
        for bridge in estimate_integral(log_density, draws, 1).values():
            assert bridge.error <= bridge.largest_error * 1.01


def test_tails_that_a_normal_proposal_does_not_reach_are_noticed():
    draws = standardise(simulate_chains(np.random.default_rng(4), 4, 1000, 10), stats.cauchy())
    bridge = estimate_integral(lambda x: stats.cauchy.logpdf(x).sum(axis=1), draws, 1)["warp-III"]
    assert not bridge.is_reliable
    assert bridge.khat > bridge.khat_limit


def test_halves_that_do_not_agree_are_noticed():
    """Chains that move from one mode to another half-way: each half integrates its own mode."""
    draws = simulate_chains(np.random.default_rng(6), 4, 1000, 2)
    draws[:, 500:] += 30

    def log_density(x):
        return np.logaddexp(-0.5 * (x**2).sum(axis=1), math.log(3) - 0.5 * ((x - 30) ** 2).sum(axis=1))

    bridges = estimate_integral(log_density, draws, 1)
    assert not any(bridge.is_reliable for bridge in bridges.values())


def test_the_same_seed_gives_the_same_estimate():
    draws = np.random.default_rng(1).standard_normal((2, 200, 2))
    first, again, other = (
        estimate_integral(lambda x: -0.5 * (x**2).sum(axis=1), draws, seed)["normal"].log_integral
        for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("draws", "words"),
    [
        (np.ones((4, 100, 2)), "do not vary in every dimension"),
        (np.random.default_rng(1).standard_normal((1, 40, 30)), "20 draws are too few"),
        (np.random.default_rng(1).standard_normal((4, 100, 1)) - 3, "not finite at"),
    ],
)
def test_draws_that_cannot_be_used_are_refused(draws, words):
    with pytest.raises(MethodError, match=words):
        estimate_integral(lambda x: np.where(x[:, 0] > -2, -(x**2).sum(axis=1), -np.inf), draws, 1)

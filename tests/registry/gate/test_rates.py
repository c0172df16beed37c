"""How often a gate refuses what is as good as the champion, and lets through what is not, by simulation.

Both fits know the mean of a normal distribution with SD 1 from samples of their own: posterior and predictive
distribution are known in closed form.
"""

import msgspec
import numpy as np
from scipy import stats

from tests.registry.gate.test_judge import results_of
from workbench.registry.gate import GateLimits, HeldOutOutcome, judge
from workbench.results.view import NutsResult
from workbench.results.view.estimates import DrawsEstimate

BASE = results_of()
"""What both fits have in common."""

RUNS, ROWS = 400, 200
"""Simulated pairs of fits, and the rows of each fit and of the held-out table."""


def fit_mean(sample):
    return sample.mean(), len(sample) ** -0.5


def describe(mean, sd):
    estimates = {"mu": DrawsEstimate(mean=mean, sd=sd)}
    return msgspec.structs.replace(BASE, nuts=NutsResult(estimates=estimates))


def refusal_rate(shift, seed):
    """Return how often a challenger is refused whose sample is shifted by so many SDs."""
    rng, refused = np.random.default_rng(seed), 0
    for _ in range(RUNS):
        before, after = fit_mean(rng.normal(size=ROWS)), fit_mean(rng.normal(shift, size=ROWS))
        observed = rng.normal(size=ROWS)
        scales = tuple((1 + sd**2) ** 0.5 for _, sd in (before, after))
        means = (before[0], after[0])
        pairs = list(zip(means, scales, strict=True))
        rows = HeldOutOutcome(
            "y",
            np.arange(ROWS),
            observed,
            tuple(stats.norm.logpdf(observed, *pair) for pair in pairs),
            (np.full(ROWS, means[0]), np.full(ROWS, means[1])),
            (np.full(ROWS, scales[0]), np.full(ROWS, scales[1])),
            tuple(stats.norm.cdf(observed, *pair) for pair in pairs),
        )
        result = judge(describe(*after), describe(*before), [rows], GateLimits())
        refused += not result.is_passed
    return refused / RUNS


def test_a_challenger_as_good_as_the_champion_is_seldom_refused():
    """20,000 pairs without the gate's code: score 5.2%, predictions 1.3%, parameters 1.1%, any 6.4%."""
    assert refusal_rate(0.0, 5) < 0.064 + 3 * (0.064 * 0.936 / RUNS) ** 0.5


def test_a_challenger_from_other_data_is_refused():
    """A shift of half an SD moves the mean by five of its combined SDs, of which chance takes two."""
    assert refusal_rate(0.5, 6) > 0.99

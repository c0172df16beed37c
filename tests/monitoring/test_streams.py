"""Streams whose posterior given all batches before is known exactly: false alarms, and power."""

import numpy as np
import pytest
from scipy.stats import binom, kstest

from tests.monitoring.simulated_streams import GROUPS, Streams, find_alarms


def _count_false_alarms(streams: int, batches: int, arl: float, simulated: int) -> int:
    source = Streams(streams, 434, np.random.default_rng(22))
    values = np.stack([source.follow(100, simulated) for _ in range(batches)], axis=1)
    for statistic in range(len(GROUPS)):
        assert kstest(values[:, :, statistic].ravel(), "uniform").pvalue > 1e-5
    return int((find_alarms(values, arl) >= 0).sum())


def test_false_alarms_are_as_rare_as_stated() -> None:
    streams, batches, arl = 100, 40, 200.0
    alarms = _count_false_alarms(streams, batches, arl, 500)
    assert alarms <= binom.ppf(0.9999, streams, batches / arl)


def test_against_the_posterior_of_the_fit_alone_false_alarms_are_many() -> None:
    """Why batches are judged given those before them: else their errors have one cause, and add up."""
    source = Streams(60, 434, np.random.default_rng(3))
    fixed = (source.design, source.centre, source.rss, source.count)
    found = []
    for _ in range(60):
        found.append(source.follow(100, 500))
        source.design, source.centre, source.rss, source.count = fixed
    alarms = (find_alarms(np.stack(found, axis=1), 1000) >= 0).sum()
    assert alarms > binom.ppf(0.9999, 60, 60 / 1000)


def test_a_shift_by_half_a_standard_deviation_is_found_within_two_batches() -> None:
    source = Streams(200, 2000, np.random.default_rng(5))
    values = np.stack([source.follow(100, 10_000, shift=0.5) for _ in range(2)], axis=1)
    found = (find_alarms(values, 1000) >= 0).sum()
    assert found >= binom.ppf(0.001, 200, 0.95)


@pytest.mark.truth
def test_of_a_thousand_clean_streams_as_many_have_alarms_as_stated() -> None:
    alarms = _count_false_alarms(1000, 100, 1000.0, 1000)
    assert alarms <= binom.ppf(0.999, 1000, 0.1)

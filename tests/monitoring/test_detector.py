"""The detector keeps its run length, and finds shifts; both by simulation."""

import math

import numpy as np
from scipy.stats import binom, norm

from workbench.monitoring.detector import find_direction, find_onset, follow, join_detectors
from workbench.monitoring.transforms import rank_among, share_equally

STREAMS = 400


def _first_alarm(values: np.ndarray, weights: np.ndarray, arl: float) -> int | None:
    above = np.flatnonzero(follow(values, weights).log_value >= math.log(arl))
    return int(above[0]) if above.size else None


def test_false_alarms_within_a_horizon_are_as_rare_as_stated() -> None:
    rng = np.random.default_rng(22)
    arl, batches = 200.0, 60
    weights = share_equally(("mean", "score", "beta", "beta"))
    alarms = 0
    for _ in range(STREAMS):
        # Statistics depend on each other; batches do not.
        common = rng.standard_normal((batches, 1))
        values = norm.cdf(0.8 * common + 0.6 * rng.standard_normal((batches, 4)))
        alarms += _first_alarm(values, weights, arl) is not None
    assert alarms <= binom.ppf(0.9999, STREAMS, batches / arl)
    assert alarms > 0  # it does not sleep


def test_the_detector_less_the_number_of_batches_stays_near_zero_in_the_mean() -> None:
    rng = np.random.default_rng(5)
    # Small shifts have averages that can be seen by simulation; those of large ones are rare events.
    values = rng.random((20_000, 3, 1)).clip(0.02, 0.98)
    found = np.array([math.exp(follow(each, np.ones(1)).log_value[-1]) for each in values[:4000]])
    assert found.mean() < 3 + 4 * found.std() / math.sqrt(len(found))


def test_a_shift_is_found_soon_and_its_onset_and_direction_are_named() -> None:
    rng = np.random.default_rng(3)
    delays = []
    for _ in range(50):
        scores = rng.standard_normal((40, 2))
        scores[20:, 1] -= 3
        values = norm.cdf(scores)
        alarm = _first_alarm(values, np.full(2, 0.5), 1000.0)
        assert alarm is not None
        if alarm < 20:
            continue
        onset = find_onset(values[: alarm + 1, 1])
        assert abs(onset - 20) <= 3
        assert find_direction(values[onset : alarm + 1, 1]) == -1
        delays.append(alarm - 20)
    assert len(delays) >= 40
    assert np.mean(delays) < 5


def test_a_statistic_without_a_value_says_nothing_and_does_not_hide_the_others() -> None:
    values = np.full((4, 2), 0.9999)
    values[:, 0] = np.nan
    detector = follow(values, np.full(2, 0.5))
    assert detector.log_value[-1] > math.log(1000)
    assert math.isclose(math.exp(detector.log_statistics[-1, 0]), 4.0)


def test_ranks_among_simulated_statistics_are_uniform_whether_or_not_they_are_discrete() -> None:
    rng = np.random.default_rng(11)
    for size in (10_000, 2):
        ranks = np.array(
            [
                rank_among(
                    rng.integers(size, size=1).astype(float),
                    rng.integers(size, size=(19, 1)).astype(float),
                    rng,
                )[0]
                for _ in range(4000)
            ]
        )
        # Kolmogorov's distance of 4,000 uniform numbers exceeds 0.034 once in 20,000 times.
        ordered = np.sort(ranks)
        assert np.abs(ordered - (np.arange(4000) + 0.5) / 4000).max() < 0.034


def test_what_cannot_be_computed_is_no_evidence() -> None:
    rng = np.random.default_rng(1)
    assert np.isnan(rank_among(np.array([np.nan]), np.zeros((5, 1)), rng)).all()
    assert np.isnan(rank_among(np.array([1.0]), np.full((5, 1), np.inf), rng)).all()
    assert join_detectors({}, 2) == -math.inf

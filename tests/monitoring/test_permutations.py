"""Transforms by permutation are uniform and independent of batch to batch, and see what they look for."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import kstest

from workbench.monitoring.permutations import choose_pool, energy_of, mean_of, permute, unevenness_of
from workbench.monitoring.predictors import Predictors, transform_predictors


def _follow_stream(rng: np.random.Generator, batches: int, shift: float = 0.0) -> np.ndarray:
    """Return the transforms of successive batches of 20 rows, each against all rows before."""
    earlier = rng.standard_normal((40, 2))
    found = []
    for _ in range(batches):
        batch = rng.standard_normal((20, 2))
        batch[:, 0] += shift
        pooled = np.concatenate([batch, earlier])
        statistics = [mean_of(pooled), energy_of(pooled), unevenness_of((pooled[:, 1] > 0).astype(np.int64))]
        found.append(permute(20, len(pooled), statistics, rng)[0])
        earlier = np.concatenate([earlier, batch])
    return np.array(found)


def test_transforms_are_uniform_and_batches_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(8)
    # All of them are compared with the same 40 rows: that is where dependence would show.
    found = np.stack([_follow_stream(rng, 3) for _ in range(60)])
    for statistic in range(found.shape[2]):
        assert kstest(found[:, :, statistic].ravel(), "uniform").pvalue > 1e-4
        correlation = np.corrcoef(found[:, 0, statistic], found[:, 1, statistic])[0, 1]
        assert abs(correlation) < 4 / np.sqrt(60)


def test_a_shift_is_seen_by_the_mean_and_by_the_energy_distance() -> None:
    found = _follow_stream(np.random.default_rng(2), 3, shift=1.5)
    assert (found[0, [0, 2]] > 0.99).all()
    assert 0.001 < found[0, 1] < 0.999  # the other column did not move


def test_the_energy_distance_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(4)
    points = rng.standard_normal((30, 3))
    members = np.zeros((1, 30), dtype=np.float32)
    members[0, :12] = 1
    own, others = points[:12], points[12:]
    expected = 2 * cdist(own, others).mean() - cdist(own, own).mean() - cdist(others, others).mean()
    assert energy_of(points)(members, 12)[0] == pytest.approx(expected, rel=1e-4)


def test_a_batch_with_nothing_to_compare_says_nothing() -> None:
    rng = np.random.default_rng(4)
    values = rng.standard_normal((5, 1))
    assert all(np.isnan(found).all() for found in permute(5, 5, [mean_of(values)], rng))


def test_of_many_rows_some_are_compared() -> None:
    rng = np.random.default_rng(1)
    own, others = choose_pool(50_000, 80_000, 2_000, rng)
    assert (len(own), len(others)) == (1_000, 1_000)
    assert len(set(own)) == 1_000
    own, others = choose_pool(50_000, 300, 2_000, rng)
    assert (len(own), len(others)) == (1_700, 300)


def test_predictors_name_the_column_that_moved() -> None:
    rng = np.random.default_rng(6)

    def draw(rows: int, moved: bool) -> np.ndarray:
        level = rng.integers(1, 4, rows) if not moved else rng.choice([1, 2, 3], rows, p=[0.8, 0.1, 0.1])
        return np.column_stack([rng.normal(size=rows), rng.normal(size=rows) * (3 if moved else 1), level])

    batch = Predictors(("a", "b", "c"), (False, False, True), draw(100, True))
    found = transform_predictors(batch, draw(500, False), 1)
    by_name = dict(zip(found.names, found.values, strict=True))
    assert by_name["b: spread"] > 0.999
    assert by_name["c: levels"] > 0.999
    assert by_name["all predictors together"] > 0.999
    assert 0.0005 < by_name["a: location"] < 0.9995
    assert found.weights.sum() == pytest.approx(1)


def test_a_batch_like_the_table_is_calm_for_columns_that_hold_one_value() -> None:
    batch = Predictors(("a", "b"), (False, True), np.ones((10, 2)))
    found = transform_predictors(batch, np.ones((50, 2)), 1)
    assert ((found.values > 0) & (found.values < 1)).all()

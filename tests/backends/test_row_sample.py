"""Of very many rows some are kept at all draws, and summaries of all, whatever blocks draws come in."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy import special

from workbench.backends import RawRun, Selection
from workbench.backends.draw_table import DrawTable
from workbench.backends.row_sample import RowSampler, choose_rows

SELECTION = Selection(
    pointwise=frozenset({"log_lik", "y_rep"}), pointwise_draws=3, sampled="log_lik",
)  # fmt: skip


def test_samples_of_as_many_rows_hold_each_other():
    many, few = choose_rows(60_000, 4000), choose_rows(60_000, 400_000)
    assert (len(many), len(few)) == (1000, 100)
    assert set(few) < set(many)
    assert (np.diff(many) > 0).all()
    np.testing.assert_array_equal(many, choose_rows(60_000, 1000))
    assert 25_000 < choose_rows(60_000, 4000).mean() < 35_000


@pytest.mark.parametrize("size", [1, 7, 40])
def test_blocks_and_threads_change_no_digit(monkeypatch, size):
    monkeypatch.setattr("workbench.backends.draw_table.MANY_LOO_ROWS", 10)
    monkeypatch.setattr("workbench.backends.row_sample.LOO_SAMPLE_ROWS", 8)
    columns = ("mu", *(f"log_lik[{row}]" for row in range(1, 31)), *(f"y_rep[{row}]" for row in range(1, 31)))
    draws = np.random.default_rng(1).normal(-1e4, 3.0, (40, len(columns)))
    table = DrawTable(SELECTION, columns, 2, 20)
    threads = [
        threading.Thread(target=table.take, args=(start, draws[start : start + size]))
        for start in range(0, 40, size)[::-1]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = table.fill(RawRun((), np.zeros((0, 0, 0))))
    sample = run.row_sample
    assert sample is not None
    log_lik = draws[:, 1:31]
    np.testing.assert_array_equal(sample.log_lik.reshape(40, -1), log_lik[:, sample.rows])
    elpd = np.log(40) - special.logsumexp(-log_lik, axis=0)
    np.testing.assert_allclose(sample.elpd, elpd, rtol=1e-12)
    np.testing.assert_allclose(sample.mean, log_lik.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(sample.variance, log_lik.var(axis=0, ddof=1), rtol=1e-10)
    assert run.pointwise is not None
    assert run.pointwise.draws.shape == (2, 3, 60)


def test_rows_are_in_row_major_order(monkeypatch):
    monkeypatch.setattr("workbench.backends.row_sample.LOO_SAMPLE_ROWS", 6)
    cells = [(row, column) for column in (1, 2) for row in range(1, 13)]  # Stan's order
    sampler = RowSampler([f"log_lik[{row},{column}]" for row, column in cells], np.arange(24), 1, 2)
    values = np.array([row * 100.0 + column for row, column in cells])
    sampler.take(0, np.stack([values, values]))
    sample = sampler.finish()
    expected = np.sort(values)
    np.testing.assert_array_equal(sample.mean, expected)
    np.testing.assert_array_equal(sample.log_lik[0, 0], expected[sample.rows])


def test_few_rows_and_runs_that_are_kept_whole_have_no_sample(monkeypatch):
    columns = ("mu", *(f"log_lik[{row}]" for row in range(1, 31)))
    draws = np.zeros((40, 31))
    for limit, kept in ((30, 3), (10, 20)):
        monkeypatch.setattr("workbench.backends.draw_table.MANY_LOO_ROWS", limit)
        selection = Selection(pointwise=frozenset({"log_lik"}), pointwise_draws=kept, sampled="log_lik")
        table = DrawTable(selection, columns, 2, 20)
        table.take(0, draws)
        assert table.fill(RawRun((), np.zeros((0, 0, 0)))).row_sample is None


def test_a_log_likelihood_of_minus_infinity_leaves_the_other_rows_alone():
    sampler = RowSampler(["log_lik[1]", "log_lik[2]"], np.arange(2), 1, 4)
    sampler.take(0, np.array([[-1.0, -2.0], [-np.inf, -3.0], [-1.0, -2.0], [-1.0, -3.0]]))
    sample = sampler.finish()
    assert np.isnan(sample.variance[0])
    assert sample.mean[1] == -2.5

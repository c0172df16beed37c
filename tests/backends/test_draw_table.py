"""Draws that come in blocks, of which a selection keeps a part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backends import RawRun, Selection
from workbench.backends.base import KEEP_ALL
from workbench.backends.draw_table import DrawTable, check_memory, select
from workbench.errors import ChainFailed
from workbench.thresholds import MOST_POINTWISE

COLUMNS = ("mu", "log_lik[1]", "log_lik[2]", "pair.1[1]", "y_rep[1]", "f[1]", "f[2]")


@given(
    chains=st.integers(1, 3),
    draws=st.integers(1, 30),
    kept=st.integers(1, 40),
    size=st.integers(1, 25),
    left_out=st.sets(st.sampled_from(["f", "pair", "y_rep"])),
)
def test_blocks_of_any_size_leave_what_is_selected(chains, draws, kept, size, left_out):
    selection = Selection(frozenset(left_out), frozenset({"log_lik", "y_rep"}), kept)
    rows = np.arange(chains * draws * len(COLUMNS), dtype=float).reshape(chains * draws, -1)
    table = DrawTable(selection, COLUMNS, chains, draws)
    for start in range(0, len(rows), size):
        table.take(start, rows[start : start + size])
    run = table.fill(RawRun((), np.zeros((0, 0, 0))))

    expected = dict(zip(COLUMNS, np.moveaxis(rows.reshape(chains, draws, -1), 2, 0), strict=True))
    owners = {column: column.replace(".", "[").partition("[")[0] for column in COLUMNS}
    wanted = [column for column in COLUMNS if owners[column] not in left_out]
    found = {}
    for part in {id(part): part for part in (run, run.with_pointwise)}.values():
        chosen = slice(None) if part.positions is None else part.positions
        for position, column in enumerate(part.columns):
            np.testing.assert_array_equal(part.draws[:, :, position], expected[column][:, chosen])
            found[column] = part.draws.shape[1]
    assert sorted(found) == sorted(wanted)
    for column, count in found.items():
        assert count == (min(kept, draws) if owners[column] in selection.pointwise else draws)


@pytest.mark.parametrize(("draws", "kept"), [(1000, 100), (1000, 999), (7, 3), (5, 1)])
def test_kept_draws_are_spread_evenly_and_end_with_the_last(draws, kept):
    positions = Selection(pointwise_draws=kept).choose_positions(4, draws, 10)
    assert len(positions) == kept
    assert positions[-1] == draws - 1
    gaps = np.diff([-1, *positions])
    assert gaps.min() >= 1
    assert gaps.max() - gaps.min() <= 1


def test_large_runs_keep_a_bounded_number_and_at_least_a_draw():
    for columns in (10, 100_000, 10**9):
        positions = KEEP_ALL.choose_positions(4, 1000, columns)
        assert len(positions) == max(1, min(1000, MOST_POINTWISE // (4 * columns)))


def test_everything_is_kept_in_place():
    run = RawRun(COLUMNS, np.zeros((2, 3, len(COLUMNS))))
    assert select(KEEP_ALL, run) is run
    assert select(Selection(frozenset(), frozenset({"log_lik"})), run) is run
    table = DrawTable(KEEP_ALL, COLUMNS, 2, 3)
    for start, stop, value in ((0, 4, 5), (4, 6, 1)):
        place = table.find_place(start, stop)
        assert place is not None
        place[:] = value
    filled = table.fill(run)
    assert filled.draws[:, :, 3].tolist() == [[5, 5, 5], [5, 1, 1]]
    assert filled.columns == COLUMNS


def test_more_than_memory_holds_is_refused_with_the_numbers(monkeypatch):
    columns = ("mu", *(f"f[{i}]" for i in range(1, 2001)), *(f"log_lik[{i}]" for i in range(1, 10_001)))
    selection = Selection(pointwise=frozenset({"log_lik"}))
    monkeypatch.setattr("workbench.process.measure_available_memory", lambda: 10**9)
    check_memory(Selection(frozenset({"f"}), selection.pointwise, 10), columns, 4, 1000)
    with pytest.raises(
        ChainFailed, match=r"4,000 draws of 12,001 quantities take about 1.2 GB .* 1.0 GB are"
    ):
        check_memory(selection, columns, 4, 1000)
    few = Selection(frozenset(), selection.pointwise, 1)
    with pytest.raises(ChainFailed, match=r"`log_lik` \(10,000\)"):
        check_memory(few, columns, 4, 6000)

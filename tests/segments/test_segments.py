"""Names of runs, the ranking of groups, the spread between them, and the folder's files."""

import numpy as np
import pytest

from workbench.errors import RunIncomplete, RunNotFound
from workbench.segments import QuantityEstimate, SegmentRow, Segments, SegmentsRecord, folder, name_run
from workbench.segments.pooling import estimate_spread
from workbench.segments.ranking import count_reasons, find_outliers, rank_concerns


def make_segments(rows, path, **entries):
    record = SegmentsRecord(
        schema=1,
        workbench="1",
        created="2026-01-01T00:00:00+00:00",
        is_finished=True,
        by=("g",),
        model="m",
        data="d.csv",
        groups=len(rows),
        failed=sum(bool(row.failure) for row in rows),
        quantities=folder.list_quantities(rows),
        **entries,
    )
    return Segments(record, rows, path)


def make_row(name, mean=0.0, sd=1.0, **entries):
    entries = {"verdict": "ok", "estimates": {"a": QuantityEstimate(mean, sd, mean - 2, mean + 2)}} | entries
    return SegmentRow(values=(name,), rows=5, key=f"key of {name}", **entries)


@pytest.mark.parametrize(
    "name", ["..", "a/b", "/etc/passwd", "x" * 400, "é" * 200, "\u202ea", "", " ", "CON", "."]
)
def test_a_run_has_a_name_that_is_one_plain_part_of_a_path(name, tmp_path):
    run = tmp_path / name_run([name, "1"], "key")
    run.mkdir()
    assert run.resolve().parent == tmp_path.resolve()
    assert len(run.name.encode()) < 150
    assert not run.name.startswith(".")
    assert folder.list_runs(tmp_path) == {run.name}


def test_names_differ_where_values_do():
    values = [("a",), ("A",), ("a", ""), ("a/b",), ("a_b",), ("a", "b"), ("a-b",), ("e\u0301",), ("\u00e9",)]
    names = {name_run(one, "key").casefold() for one in values}
    assert len(names) == len(values)


def test_the_spread_is_that_of_statsmodels():
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    rng = np.random.default_rng(5)
    errors = rng.uniform(0.2, 1.5, 30)
    estimates = rng.normal(1.0, 0.8, 30) + errors * rng.normal(size=30)
    known = meta.combine_effects(estimates, errors**2, method_re="iterated")
    found = estimate_spread(estimates, errors)
    assert found.between**2 == pytest.approx(known.tau2, rel=1e-6)
    assert found.mean == pytest.approx(known.mean_effect_re, rel=1e-8)
    assert found.mean_se == pytest.approx(known.sd_eff_w_re, rel=1e-6)


def test_the_ranking_begins_with_what_has_no_fit(tmp_path):
    rng = np.random.default_rng(1)
    rows = [make_row(f"g{n}", rng.normal(), 0.1) for n in range(40)]
    rows[7] = make_row("far", 9.0, 0.1)
    rows[8] = make_row("broken", verdict="", failure="row 3 is bad", estimates={})
    rows[9] = make_row("broken too", verdict="", failure="row 4 is bad", estimates={})
    rows[10] = make_row("untrusted", 50.0, verdict="fail", failed=("WB101",))
    rows[11] = make_row("so so", verdict="caution", cautions=("WB301",))
    concerns = rank_concerns(make_segments(rows, tmp_path))
    assert [(one.row.label, one.kind) for one in concerns] == [
        ("broken", "no fit"),
        ("broken too", "no fit"),
        ("untrusted", "not reliable"),
        ("far", "outlying"),
        ("so so", "reservations"),
    ]
    assert [len(groups) for _, groups in count_reasons(rows)] == [2]


def test_groups_that_are_normal_are_seldom_said_to_be_outlying(tmp_path):
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(200):
        rows = [make_row(f"g{n}", mean, 0.3) for n, mean in enumerate(rng.normal(size=100))]
        alarms += bool(find_outliers(make_segments(rows, tmp_path)))
    assert alarms <= 25  # 5 % of 200 are 10; the scale is estimated from 100 groups


def test_an_uncertain_estimate_is_not_outlying_and_positive_ones_are_compared_by_logarithms(tmp_path):
    rng = np.random.default_rng(3)
    rows = [make_row(f"g{n}", mean, 0.1) for n, mean in enumerate(rng.normal(size=50))]
    assert ("vague",) not in find_outliers(make_segments([*rows, make_row("vague", 9.0, 4.0)], tmp_path))
    assert ("vague",) in find_outliers(make_segments([*rows, make_row("vague", 9.0, 0.1)], tmp_path))
    skewed = [make_row(f"g{n}", mean, 0.01) for n, mean in enumerate(np.exp(rng.normal(size=200)))]
    assert find_outliers(make_segments(skewed, tmp_path))
    assert not find_outliers(make_segments(skewed, tmp_path, positive=("a",)))


def test_the_folder_is_read_back_as_it_was_written(tmp_path):
    import pyarrow as pa

    rows = [
        make_row("x", 1.5, divergences=2, rhat_max=1.01, failed=("WB101", "WB201"), run="x-1", seconds=0.5),
        make_row("y", verdict="", failure="no", estimates={}),
    ]
    written = folder.write(make_segments(rows, tmp_path), {"g": pa.array(["x", "y"])}, "<html>")
    found = folder.read(tmp_path)
    assert found.record == written.record
    assert found.rows == tuple(rows)
    (tmp_path / folder.INDEX).write_bytes(b"PAR1")
    with pytest.raises(RunIncomplete, match="not the index that"):
        folder.read(tmp_path)
    with pytest.raises(RunNotFound, match=r"it has no `fits.json`"):
        folder.read(tmp_path / "other")


def test_stale_runs_go_unless_there_is_more_in_them(tmp_path):
    stale, used, kept = (tmp_path / name_run([name], "k") for name in ("a", "b", "c"))
    for run in (stale, used, kept):
        run.mkdir()
        (run / "run.json").write_text('{"schema":1,"workbench":"1","created":"","model":{}}')
    (used / "notes.txt").write_text("mine")
    assert folder.remove_stale(tmp_path, [kept.name]) == 1
    assert (stale.exists(), used.exists(), kept.exists()) == (False, True, True)


def test_failures_are_kept_line_by_line(tmp_path):
    final = make_row("x", verdict="", failure="no", estimates={}, is_final=True)
    folder.write_failures(tmp_path, [final, make_row("y", verdict="", failure="lost", estimates={})])
    with (tmp_path / folder.KEPT_FAILURES).open("a") as stream:
        stream.write('{"values": ["z"')
    assert folder.read_failures(tmp_path) == {final.key: final}


def test_a_run_makes_room_and_what_is_not_ours_stays(tmp_path):
    run = tmp_path / name_run(["a"], "k")
    for name, number in (("a.arrow", 0), ("notes.txt", 1), ("notes.txt", 2)):
        run.mkdir()
        (run / "run.json").write_text("damaged")
        (run / name).write_text("mine")
        folder.clear_run(run)
        assert not run.exists()
        assert sum(path.name.startswith(f"{run.name}.earlier") for path in tmp_path.iterdir()) == number

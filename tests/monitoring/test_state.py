"""The state of a monitor: events, detectors from them, files by hash, and what is refused."""

import json
import math

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from scipy.special import ndtri

from workbench.errors import JobRunning, MonitorDamaged, MonitorNotFound, StoreError
from workbench.journal import compute_hash
from workbench.monitoring import Transforms, follow, join_detectors
from workbench.monitoring.events import (
    AlarmAcknowledged,
    BatchWatched,
    FamilyTransforms,
    ModelRefitted,
    MonitorBegun,
    WindowSuppressed,
    record_transforms,
)
from workbench.monitoring.folder import MonitorFolder, hash_rows, name_rows
from workbench.tables import Table, from_mapping

RUN = "a" * 64


def begin(version=1, families=("outcomes",), arl=100.0, **more):
    return MonitorBegun(
        name="line", version=version, run=RUN, arl=arl, mode="model", families=families, seed=1, **more
    )


def transform(family, *values):
    names = tuple(f"{family[0]}{k}" for k in range(len(values)))
    return record_transforms(
        Transforms(
            family, names, np.full(len(values), 1 / len(values)), np.array(values), ndtri(np.array(values))
        )
    )


def batch(number, *transforms, **more):
    stated = {"time": f"2026-11-{number:02d}T00:00:00+00:00"} | more
    return BatchWatched(
        key=f"{number:064x}", name=f"{number}.csv", start=stated.pop("start", stated["time"]), rows=10,
        with_outcome=10, table=RUN, arrays=RUN, base=RUN, transforms=transforms, is_learned=True, **stated,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return MonitorFolder(tmp_path / "state", "ann")


def test_the_detector_is_the_average_of_the_families_with_or_without_batches(folder):
    folder.path.mkdir()
    folder.append(begin(families=("outcomes", "predictors")))
    folder.append(batch(1, transform("outcomes", 0.99, 0.5)))
    folder.append(batch(2, transform("outcomes", 0.999, 0.4), transform("predictors", 0.3)))
    state = folder.append(batch(3, transform("predictors", 0.2)))
    outcomes = follow(np.array([[0.99, 0.5], [0.999, 0.4]]), np.full(2, 0.5)).log_value
    predictors = follow(np.array([[0.3], [0.2]]), np.ones(1)).log_value
    expected = [
        join_detectors({"outcomes": outcomes[0]}, 2),
        join_detectors({"outcomes": outcomes[1], "predictors": predictors[0]}, 2),
        join_detectors({"outcomes": outcomes[1], "predictors": predictors[1]}, 2),
    ]
    np.testing.assert_allclose(state.present.standing.log_value, expected)
    assert folder.read() == state


def test_an_alarm_stands_until_it_is_acknowledged_and_names_what_moved(folder):
    folder.path.mkdir()
    folder.append(begin())
    for number in (1, 2):
        folder.append(batch(number, transform("outcomes", 0.5, 0.4)))
    folder.append(batch(3, transform("outcomes", 0.5, 1e-6)))
    state = folder.append(batch(4, transform("outcomes", 0.5, 0.5)))
    alarm = state.present.standing.alarm
    assert (alarm.statistic, alarm.direction, alarm.onset, alarm.place) == ("o1", -1, 2, 2)
    state = folder.append(AlarmAcknowledged(reason="known"))
    assert not state.present.standing.is_alarm
    assert len(state.present.standing.log_value) == 0
    state = folder.append(batch(5, transform("outcomes", 0.5, 0.5)))
    assert state.present.standing.value < 3, "it starts anew"
    assert [len(part.batches) for part in state.present.parts] == [4, 1]


def test_of_statistics_beyond_all_that_was_drawn_the_one_farthest_out_leads(folder):
    """A shift of the mean lifts the squares of residuals too, and both end at the last rank."""
    folder.path.mkdir()
    folder.append(begin())
    names = ("dispersion", "mean", "all predictors together")
    weights, values = np.full(3, 1 / 3), np.array([1 - 1e-4, 1.2e-4, 1 - 1e-4])
    for number in (1, 2):
        found = Transforms("outcomes", names, weights, values, np.array([7.0, -10.0, 40.0]))
        state = folder.append(batch(number, record_transforms(found)))
    alarm = state.present.standing.alarm
    assert (alarm.statistic, alarm.direction) == ("mean", -1)
    assert [name for name, _ in alarm.others] == ["dispersion", "all predictors together"]


def test_suppressed_batches_do_not_count(folder):
    folder.path.mkdir()
    folder.append(begin())
    folder.append(WindowSuppressed(start="2026-11-02", end="2026-11-03", reason="deployment"))
    folder.append(batch(1, transform("outcomes", 0.5)))
    state = folder.append(batch(2, transform("outcomes", 1 - 1e-9), window=1))
    assert len(state.present.standing.log_value) == 1
    assert not state.present.standing.is_alarm
    with pytest.raises(MonitorDamaged, match="names a window that was never stated"):
        folder.append(batch(3, transform("outcomes", 0.5), window=2))
    assert folder.read() == state


def test_a_new_version_begins_a_period_and_the_earlier_one_is_kept(folder):
    folder.path.mkdir()
    folder.append(begin())
    folder.append(batch(1, transform("outcomes", 1 - 1e-9)))
    state = folder.append(begin(version=2))
    assert [period.begun.version for period in state.periods] == [1, 2]
    assert not state.present.standing.is_alarm
    assert state.periods[0].standing.is_alarm
    state = folder.append(begin(version=2, arl=50.0))
    assert [period.begun.arl for period in state.periods] == [100.0, 50.0], "it had no batch yet"
    folder.append(batch(1, transform("outcomes", 0.5)))
    with pytest.raises(MonitorDamaged, match="recorded before"):
        folder.append(batch(1, transform("outcomes", 0.5)))
    with pytest.raises(MonitorDamaged, match="batches that never came"):
        folder.append(ModelRefitted(run=RUN, files={}, batches=9, reason="k-hat"))


def test_a_changed_removed_or_unfinished_event_is_noticed(folder):
    folder.path.mkdir()
    folder.append(begin())
    folder.append(batch(1, transform("outcomes", 0.5)))
    path = folder.path / "events.jsonl"
    lines = path.read_text().splitlines()
    changed = json.loads(lines[1])
    changed["content"]["transforms"][0]["values"] = [0.6]
    path.write_text("\n".join([lines[0], json.dumps(changed)]) + "\n")
    with pytest.raises(MonitorDamaged, match="event 2 was changed"):
        folder.read()
    path.write_text(lines[1] + "\n")
    with pytest.raises(MonitorDamaged, match="does not follow"):
        folder.read()
    path.write_text("\n".join(lines) + '\n{"number":3,"ti')
    assert len(folder.read().present.batches) == 1
    assert "never finished" in folder.remarks[0]
    odd = json.loads(lines[1])
    odd["content"]["transforms"][0]["values"] = [1.5]
    odd["hash"] = compute_hash(odd)
    path.write_text("\n".join([lines[0], json.dumps(odd)]) + "\n")
    with pytest.raises(MonitorDamaged, match="event 2 cannot be read"):
        folder.read()


def test_files_are_checked_by_their_hash(folder):
    arrays = folder.write_arrays({"scores": np.arange(6.0).reshape(3, 2)})
    np.testing.assert_array_equal(folder.read_arrays(arrays)["scores"], np.arange(6.0).reshape(3, 2))
    assert folder.write_arrays({"scores": np.arange(6.0).reshape(3, 2)}) == arrays
    cells = pa.table(
        {"g": ["1", None, "na"], "y": [1.5, 2.5, None], "t": pa.array([1, 2, 3], pa.timestamp("us"))}
    )
    table = folder.write_table(Table(path=folder.path, sha256="", cells=cells))
    assert folder.read_table(table, "batch").cells.equals(cells)
    for kind, name, read in (
        ("arrays", f"{arrays}.npz", folder.read_arrays),
        ("rows", f"{table}.parquet", None),
    ):
        place = folder.path / kind / name
        content = bytearray(place.read_bytes())
        content[len(content) // 2] ^= 1
        place.write_bytes(content)
        with pytest.raises(MonitorDamaged, match="was changed after it was written"):
            read(arrays) if read else folder.read_table(table, "batch")
        place.unlink()
        with pytest.raises(MonitorDamaged, match="missing"):
            read(arrays) if read else folder.read_table(table, "batch")


def test_a_file_that_a_kill_left_half_written_is_written_again(folder):
    name = folder.write_arrays({"a": np.arange(9.0)})
    place = folder.path / "arrays" / f"{name}.npz"
    place.write_bytes(place.read_bytes()[:20])
    assert folder.write_arrays({"a": np.arange(9.0)}) == name
    assert folder.read_arrays(name)["a"][-1] == 8


def test_two_jobs_at_once_and_folders_of_others_are_refused(folder, tmp_path):
    with pytest.raises(MonitorNotFound, match="there is none"):
        folder.read()
    with folder.hold("job"), pytest.raises(JobRunning), folder.hold("job"):
        pass
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match=r"holds `thesis\.tex`"), MonitorFolder(foreign).hold("job"):
        pass


def test_equal_rows_have_equal_names_whatever_file_they_came_from():
    first = from_mapping({"x": [1, 2, 3], "g": ["a", "b", "b"]})
    second = from_mapping({"g": ["b", "a", "b"], "x": [3.0, 1.0, 2.0], "other": [1, 2, 3]})
    names = [name_rows(hash_rows(table, ["x", "g"]), ["x", "g"]) for table in (first, second)]
    assert names[0] == names[1]
    third = from_mapping({"x": [1, 2, 3], "g": ["a", "b", "a"]})
    assert name_rows(hash_rows(third, ["x", "g"]), ["x", "g"]) != names[0]
    assert name_rows(hash_rows(first, ["x"]), ["x"]) != names[0]


def test_transforms_without_a_value_survive(folder):
    kept = msgspec.convert(msgspec.to_builtins(transform("outcomes", 0.5, math.nan)), FamilyTransforms)
    assert math.isnan(kept.read_values()["o1"])

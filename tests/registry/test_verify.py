"""Whatever is changed in a registry is found."""

import json

import pytest

from workbench.errors import RegistryDamaged
from workbench.journal import compute_hash
from workbench.registry.verify import verify


@pytest.fixture
def filled(registry, runs):
    for run in runs:
        registry.add("radon", run)
    registry.move("radon@2", "champion")
    return registry


def change_line(registry, number, change):
    path = registry.folder / "events.jsonl"
    lines = path.read_text().splitlines()
    lines[number] = change(lines[number])
    path.write_text("\n".join(lines) + "\n")


def find_file(registry, version, name):
    return registry.folder / "runs" / registry.find(f"radon@{version}").added.run / name


def test_what_was_written_is_clean_and_all_of_it_is_checked(filled):
    found = verify(filled)
    assert found.problems == found.notes == []
    assert (found.events, found.versions, found.runs) == (4, 3, 3)
    assert found.numbers > 3 * 5 * 12


def test_a_changed_estimate_is_found(filled):
    path = find_file(filled, 2, "run.json")
    path.write_text(path.read_text().replace('"mean": ', '"mean": 1', 1))
    assert any("radon@2" in text and "run.json` was changed" in text for text in verify(filled).problems)
    with pytest.raises(RegistryDamaged, match="radon@2 is not as it was added"):
        filled.open_run("radon@2")
    assert filled.open_run("radon@1")


def test_a_changed_draw_is_found(filled):
    path = find_file(filled, 3, "fit.nc")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert any("fit.nc` was changed" in text for text in verify(filled).problems)


def test_a_removed_and_an_added_file_are_found(filled):
    find_file(filled, 1, "summary.csv").unlink()
    find_file(filled, 2, "fit.nc").with_name("extra.txt").write_text("x")
    problems = " ".join(verify(filled).problems)
    assert "summary.csv` is missing" in problems
    assert "extra.txt` was not part of the run" in problems


def test_a_changed_event_is_found(filled):
    change_line(filled, 1, lambda line: line.replace('"verdict":"', '"verdict":"o'))
    assert "event 2 was changed after it was written" in verify(filled).problems[0]


def test_swapped_and_removed_events_are_found(filled):
    path = filled.folder / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[1], lines[0], *lines[2:]]))
    assert "event 1 does not follow" in verify(filled).problems[0]
    path.write_text("".join([lines[0], *lines[2:]]))
    assert "event 2 does not follow" in verify(filled).problems[0]
    path.write_text("".join(lines[:-1]))
    assert "events were removed" in verify(filled).problems[0], "the index knows of one more"
    (filled.folder / "index.json").unlink()
    assert verify(filled).is_clean, "the end alone cannot be missed without it"
    assert not verify(filled, json.loads(lines[-1])["hash"][:12]).is_clean, "but by whoever noted it"


def test_a_history_written_anew_is_found_by_a_hash_that_was_noted(filled):
    path = filled.folder / "events.jsonl"
    head = verify(filled).head
    assert verify(filled, head[:12]).is_clean
    previous, lines = "0" * 64, []
    for line in path.read_text().splitlines():
        event = {**json.loads(line), "author": "somebody else", "previous": previous}
        previous = event["hash"] = compute_hash(event)
        lines.append(json.dumps(event))
    path.write_text("\n".join(lines) + "\n")
    (filled.folder / "index.json").unlink()
    assert verify(filled).is_clean
    assert "no event has the hash" in verify(filled, head[:12]).problems[0]


def test_a_record_that_does_not_follow_from_its_draws_is_found(registry, runs, tmp_path):
    import shutil

    shutil.copytree(runs[0], tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    record["nuts"]["estimates"]["mu"]["mean"] += 0.001
    record["nuts"]["divergences"] += 1
    record["diagnosis"]["verdict"] = "ok"
    path.write_text(json.dumps(record))
    registry.add("radon", tmp_path / "run")
    problems = " ".join(verify(registry).problems)
    assert "`mean` of `mu` by nuts is stated as" in problems
    assert "the number of divergences" in problems
    assert '`diagnosis.verdict` is stated as `"ok"`' in problems


def test_events_that_were_emptied_are_found_and_nothing_is_pruned_then(filled):
    (filled.folder / "events.jsonl").write_text("")
    assert "events were removed" in verify(filled).problems[0]
    with pytest.raises(RegistryDamaged, match="events were removed"):
        filled.prune(keep=1)
    assert len(list((filled.folder / "runs").iterdir())) == 3


def test_a_changed_index_is_found(filled):
    path = filled.folder / "index.json"
    path.write_text(path.read_text().replace("somebody", "nobody"))
    assert "`index.json` was changed" in verify(filled).problems[0]


def test_all_versions_that_share_a_changed_run_are_named(filled, runs):
    filled.add("other", runs[0])
    path = find_file(filled, 1, "fit.nc")
    path.write_bytes(path.read_bytes()[:-1])
    assert "radon@1, other@1: " in verify(filled).problems[0]


def test_the_beginning_of_an_event_is_put_aside(filled):
    path = filled.folder / "events.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:150])
    found = verify(filled)
    assert found.is_clean
    assert "never finished (150 bytes)" in found.notes[0]
    filled.remarks.clear()
    filled.approve("radon@1")
    assert "never finished" in filled.remarks[0]
    assert path.read_bytes().startswith(whole)
    assert (filled.folder / "events.torn").read_bytes() == whole[:150] + b"\n"
    filled.remarks.clear()
    assert verify(filled).is_clean


def test_events_of_a_newer_workbench_are_told(filled):
    line = (filled.folder / "events.jsonl").read_text().splitlines()[-1]
    event = json.loads(line)
    event.update(number=5, previous=event["hash"], content={"type": "teleported", "name": "radon"})
    event["hash"] = compute_hash(event)
    with (filled.folder / "events.jsonl").open("a") as stream:
        stream.write(json.dumps(event) + "\n")
    with pytest.raises(RegistryDamaged, match="`teleported`") as raised:
        filled.read_state()
    assert "newer workbench" in str(raised.value.hint)

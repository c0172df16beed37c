"""Versions, aliases, approvals, pruning and export; whatever else is in the folder."""

import json
import os
import shutil

import pytest

from workbench.errors import RegistryDamaged, RegistryNotFound, RequestError, RunNotFound, StoreError
from workbench.registry import ModelRegistry
from workbench.registry.verify import verify


def test_a_run_becomes_a_version_and_is_read_back_as_it_was(registry, runs):
    added = registry.add("radon", runs[0], alias="champion", note="the first", owner="Health")
    assert (added.reference, added.added.parent, added.author) == ("radon@1", None, "somebody@somewhere")
    version, folder = registry.open_run("radon@champion")
    assert version == added
    assert {path.name for path in folder.iterdir()} == {path.name for path in runs[0].iterdir()}
    for path in folder.iterdir():
        assert path.read_bytes() == (runs[0] / path.name).read_bytes()
    assert registry.read_state().models["radon"].owner == "Health"
    record = json.loads((runs[0] / "run.json").read_text())
    remembered = added.added.summary
    assert list(remembered.estimates)[:2] == ["mu", "tau"], "in the order of the program"
    assert list(registry.find("radon").added.summary.estimates) == list(remembered.estimates)
    assert remembered.estimates["mu"].estimate == record["nuts"]["estimates"]["mu"]["mean"]
    assert remembered.priors == record["priors"]
    assert remembered.prior_origins["mu.sigma"] == "--prior"
    assert remembered.verdict == record["diagnosis"]["verdict"]


def test_the_next_version_comes_from_the_champion(registry, runs):
    registry.add("radon", runs[0], alias="champion")
    registry.add("radon", runs[1])
    third = registry.add("radon", runs[2], alias="challenger")
    assert (third.number, third.added.parent) == (3, 1)
    assert registry.find("radon").number == 1
    assert registry.find("radon@latest").number == registry.find("radon@challenger").number == 3


def test_an_alias_moves_and_the_log_says_from_where(registry, runs):
    registry.add("radon", runs[0], alias="champion")
    registry.add("radon", runs[1])
    assert registry.move("radon@2", "champion", "passed review") == 1
    assert registry.find("radon").number == 2
    count = registry.read_state().count
    assert registry.move("radon@2", "champion") == 2
    assert registry.read_state().count == count, "nothing moved, and nothing is logged"
    assert registry.remove_alias("radon", "champion") == 2
    with pytest.raises(RequestError, match="`radon` has no `champion`"):
        registry.find("radon")
    with pytest.raises(RequestError, match="no alias"):
        registry.remove_alias("radon", "2")


def test_an_approval_stays_with_its_version(registry, runs):
    registry.add("radon", runs[0])
    assert registry.approve("radon@1", "looked at").approvals == (("somebody@somewhere", "looked at"),)


def test_the_same_run_is_one_version(registry, runs):
    registry.add("radon", runs[0])
    with pytest.raises(RequestError, match="is radon@1 already"):
        registry.add("radon", runs[0])
    registry.add("other", runs[0])
    assert len(list((registry.folder / "runs").iterdir())) == 1


def test_what_is_not_known_is_told_with_what_is(registry, runs):
    with pytest.raises(RegistryNotFound, match="a registry was expected"):
        registry.read_state()
    registry.add("radon", runs[0])
    with pytest.raises(RequestError, match="not in the registry") as raised:
        registry.find("rodan@1")
    assert raised.value.hint == "there are radon"
    for which in ("2", "0", "champion"):
        with pytest.raises(RequestError):
            registry.find(f"radon@{which}")
    with pytest.raises(RunNotFound):
        registry.add("radon", registry.folder)


def test_pruning_keeps_the_newest_and_those_with_an_alias(registry, runs):
    registry.add("radon", runs[0], alias="champion")
    for run in runs[1:]:
        registry.add("radon", run)
    planned = registry.prune(keep=1, is_rehearsal=True)
    assert [version.number for version in planned.versions] == [2]
    assert len(list((registry.folder / "runs").iterdir())) == 3
    pruned = registry.prune(keep=1)
    assert pruned.freed == planned.freed == registry.find("radon@2").added.size
    assert [version.is_pruned for version in registry.read_state().models["radon"].versions] == [0, 1, 0]
    with pytest.raises(RequestError, match="radon@2 was pruned"):
        registry.open_run("radon@2")
    with pytest.raises(RequestError, match="was pruned"):
        registry.move("radon@2", "champion")
    assert verify(registry).is_clean
    assert registry.add("radon", runs[1]).number == 4, "a run that was pruned may come back"


def test_a_run_that_two_names_share_stays_for_the_other(registry, runs):
    registry.add("one", runs[0])
    registry.add("one", runs[1])
    registry.add("other", runs[0])
    registry.prune("one", keep=1)
    assert registry.open_run("other@1")


def test_an_export_is_a_run_of_its_own(registry, runs, tmp_path):
    registry.add("radon", runs[0], alias="champion")
    registry.export("radon", tmp_path / "copy")
    assert (tmp_path / "copy" / "fit.nc").read_bytes() == (runs[0] / "fit.nc").read_bytes()
    assert json.loads((tmp_path / "copy" / "version.json").read_text())["content"]["version"] == 1
    with pytest.raises(StoreError, match="exists already"):
        registry.export("radon", tmp_path / "copy")


def test_the_index_says_what_the_events_add_up_to(registry, runs):
    registry.add("radon", runs[0], alias="champion")
    index = json.loads((registry.folder / "index.json").read_text())
    assert index["head"] == registry.read_state().head
    assert index["models"]["radon"]["aliases"] == {"champion": 1}
    (registry.folder / "index.json").unlink()
    assert any("index.json" in note for note in verify(registry).notes)
    registry.add("radon", runs[1])
    assert registry.is_index_fresh()


def test_a_folder_with_something_else_becomes_no_registry(tmp_path, runs):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"is no registry: it holds `notes\.txt`"):
        ModelRegistry(tmp_path).add("radon", runs[0])
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_events_that_are_gone_are_not_begun_again(registry, runs):
    registry.add("radon", runs[0])
    (registry.folder / "events.jsonl").unlink()
    with pytest.raises(RegistryDamaged, match=r"`events\.jsonl` is missing"):
        registry.add("radon", runs[1])


@pytest.mark.parametrize("what", ["events.jsonl", "runs", "run", "fit.nc"])
def test_links_are_refused(registry, runs, tmp_path, what):
    added = registry.add("radon", runs[0])
    run = registry.folder / "runs" / added.added.run
    path = {"run": run, "fit.nc": run / "fit.nc"}.get(what, registry.folder / what)
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegistryDamaged):
        registry.open_run("radon@1")
    assert not verify(registry).is_clean


def test_a_full_disk_leaves_all_as_it_was(registry, runs, monkeypatch):
    registry.add("radon", runs[0])
    before = (registry.folder / "events.jsonl").read_bytes()
    write = os.write

    def write_little(descriptor, content):
        if content.startswith(b'{"number"'):
            write(descriptor, content[:100])
            raise OSError(28, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", write_little)
    with pytest.raises(StoreError, match=r"full|space"):
        registry.add("radon", runs[1])
    monkeypatch.undo()
    assert (registry.folder / "events.jsonl").read_bytes() == before
    assert verify(registry).is_clean
    assert registry.add("radon", runs[1]).number == 2

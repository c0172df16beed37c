"""A folder is the earlier one or the new one, and what is not ours stays in it."""

import fcntl
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from workbench.errors import StoreError
from workbench.files import carry, publish_folder, restore
from workbench.files import folder as publishing
from workbench.files.aside import hold_abandoned, make_folder_aside
from workbench.files.mend import mend_folders

NOBODY = 65534
"""The number of a user who owns nothing."""

OURS = {"result", "report"}.__contains__


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def publish(place, text):
    with publish_folder(place, OURS) as aside:
        (aside / "result").write_text(text)


@pytest.fixture(params=["exchange", "two steps"])
def either_way(request, monkeypatch):
    if request.param == "two steps":
        monkeypatch.setattr(publishing, "exchange", lambda one, other: False)
    return request.param


def test_what_is_not_ours_is_kept(tmp_path, either_way):
    place = tmp_path / "run"
    publish(place, "one")
    (place / "report").write_text("ours")
    (place / "notes.txt").write_text("precious")
    (place / "study" / "kept").mkdir(parents=True)
    (place / "study" / "kept" / "fit.nc").write_text("draws")
    (place / "link").symlink_to("nowhere")
    publish(place, "two")
    assert (place / "result").read_text() == "two"
    assert (place / "notes.txt").read_text() == "precious"
    assert (place / "study" / "kept" / "fit.nc").read_text() == "draws"
    assert (place / "link").is_symlink()
    assert not (place / "report").exists()
    assert names(tmp_path) == ["run"]


def test_what_appears_while_a_folder_is_written_is_kept(tmp_path, either_way, monkeypatch):
    place = tmp_path / "run"
    publish(place, "one")
    link = carry.link_foreign

    def link_then_write(source, target, is_ours):
        link(source, target, is_ours)
        (place / "late.txt").write_text("precious")

    monkeypatch.setattr(publishing, "link_foreign", link_then_write)
    publish(place, "two")
    assert (place / "late.txt").read_text() == "precious"


def test_what_cannot_be_linked_is_moved(tmp_path, either_way, monkeypatch):
    def refuse(*names, **options):
        raise PermissionError(1, "not permitted")

    place = tmp_path / "run"
    publish(place, "one")
    (place / "notes.txt").write_text("precious")
    (place / "study").mkdir()
    (place / "study" / "study.json").write_text("precious, too")
    monkeypatch.setattr(os, "link", refuse)
    publish(place, "two")
    assert (place / "notes.txt").read_text() == "precious"
    assert (place / "study" / "study.json").read_text() == "precious, too"
    assert names(tmp_path) == ["run"]


@pytest.fixture
def as_a_user(tmp_path):
    """Give a folder of a user to whom permissions apply: to root, none does."""
    if os.geteuid():
        yield tmp_path
        return
    with TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def test_what_the_user_has_closed_is_kept_as_it_is(as_a_user, either_way):
    place = as_a_user / "run"
    publish(place, "one")
    for name, mode in {"unreadable": 0o000, "read-only": 0o555, "above/unreadable": 0o000}.items():
        (place / name).mkdir(parents=True)
        (place / name / "notes.txt").write_text("precious")
        (place / name).chmod(mode)
    (place / "notes.txt").write_text("precious")
    (place / "notes.txt").chmod(0o000)
    publish(place, "two")
    assert (place / "result").read_text() == "two"
    assert names(as_a_user) == ["run"]
    assert (place / "notes.txt").stat().st_mode & 0o777 == 0o000
    for name, mode in {"unreadable": 0o000, "read-only": 0o555, "above/unreadable": 0o000}.items():
        assert (place / name).stat().st_mode & 0o777 == mode
        (place / name).chmod(0o700)
        assert (place / name / "notes.txt").read_text() == "precious"


def test_what_the_user_removes_meanwhile_is_gone(tmp_path, either_way, monkeypatch):
    place = tmp_path / "run"
    publish(place, "one")
    (place / "a").mkdir()
    list_names = Path.iterdir

    def remove_then_list(folder):
        if folder.name == "a":
            shutil.rmtree(folder, ignore_errors=True)
        return list_names(folder)

    monkeypatch.setattr(Path, "iterdir", remove_then_list)
    publish(place, "two")
    assert (place / "result").read_text() == "two"
    assert not (place / "a").exists()
    assert names(tmp_path) == ["run"]


def test_a_failure_leaves_the_earlier_folder(tmp_path):
    place = tmp_path / "run"
    publish(place, "one")
    with pytest.raises(ZeroDivisionError), publish_folder(place, OURS) as aside:
        (aside / "result").write_text(f"{1 // 0}")
    assert (place / "result").read_text() == "one"
    assert names(tmp_path) == ["run"]


def test_a_failure_leaves_no_folder_that_was_not_there(tmp_path):
    with (
        pytest.raises(StoreError, match="the file system is read-only"),
        publish_folder(tmp_path / "a" / "b" / "run", OURS),
    ):
        raise OSError(30, "read-only")
    assert names(tmp_path) == []


def test_what_a_dead_owner_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path):
    place = tmp_path / "run"
    dead = tmp_path / ".run.aside-0123abcd"
    dead.mkdir()
    (dead / "result").write_text("half")
    living, descriptor = make_folder_aside(place)
    publish(place, "one")
    assert living.is_dir()
    assert not dead.exists()
    os.close(descriptor)
    publish(tmp_path / "another", "one")
    assert names(tmp_path) == ["another", "run"]


def test_what_is_not_ours_comes_back_from_a_dead_owner(tmp_path):
    place = tmp_path / "run"
    publish(place, "one")
    dead = tmp_path / ".run.aside-0123abcd"
    dead.mkdir()
    (dead / "result").write_text("old")
    (dead / "notes.txt").write_text("precious")
    publish(place, "two")
    assert (place / "notes.txt").read_text() == "precious"
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("left", [".run.old-99999999", ".run.earlier-0123abcd"])
def test_a_folder_between_two_renames_is_put_back(tmp_path, left):
    (tmp_path / left).mkdir()
    (tmp_path / left / "result").write_text("one")
    restore(tmp_path / "run")
    assert (tmp_path / "run" / "result").read_text() == "one"


def test_the_number_of_a_process_is_not_taken_for_that_of_another(tmp_path):
    """The folder is older than the process that has the number now."""
    left = tmp_path / f".run.old-{os.getpid()}"
    left.mkdir()
    restore(tmp_path / "run")
    assert left.is_dir()  # made by this very process, as far as anybody can tell


def test_a_folder_of_the_user_is_never_removed(tmp_path):
    theirs = tmp_path / ".mine.aside-0123abcd"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("precious")
    publish(tmp_path / "run", "one")
    assert (theirs / "thesis.txt").read_text() == "precious"


def test_what_has_just_been_made_is_not_taken_for_abandoned(tmp_path, monkeypatch):
    """Somebody mends between the moment a folder is made and the moment it is locked."""
    lock = fcntl.flock
    mended: list[bool] = []

    def mend_first(descriptor, operation):
        if not mended:
            mended.append(True)
            mend_folders(tmp_path, OURS)
        return lock(descriptor, operation)

    monkeypatch.setattr("workbench.files.aside.fcntl.flock", mend_first)
    aside, descriptor = make_folder_aside(tmp_path / "run")
    assert aside.is_dir()
    mend_folders(tmp_path, OURS)
    assert aside.is_dir()
    os.close(descriptor)


def test_what_is_being_mended_is_left_to_it(tmp_path):
    aside, descriptor = make_folder_aside(tmp_path / "run")
    os.close(descriptor)
    with hold_abandoned(aside) as is_abandoned:
        assert is_abandoned
        with hold_abandoned(aside) as is_free:
            assert not is_free


def test_many_writers_at_once(tmp_path, either_way):
    """Each of them publishes; at the end there is one folder, whole, with what the user has put there."""
    place = tmp_path / "run"
    publish(place, "one")
    (place / "notes.txt").write_text("precious")
    with ThreadPoolExecutor(8) as pool:
        texts = [str(number) for number in range(100)]
        for _ in pool.map(lambda text: publish(place, text), texts):
            if either_way == "exchange":  # between two steps there is a moment without a folder
                assert (place / "notes.txt").read_text() == "precious"
    assert (place / "notes.txt").read_text() == "precious"
    assert names(place) == ["notes.txt", "result"]
    assert (place / "result").read_text() in texts
    publish(place, "two")
    assert names(tmp_path) == ["run"]

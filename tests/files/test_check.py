"""A place is refused before anything is computed, by name and with a reason."""

import os
import re

import pytest

from workbench.errors import StoreError
from workbench.files import check_file_place, check_folder_place, check_open_folder


def check(place, needed=0):
    check_folder_place(place, lambda folder: (folder / "ours").exists(), "a run", needed)


def test_places_where_a_folder_can_be_written(tmp_path):
    check(tmp_path / "new" / "run")
    (tmp_path / "empty").mkdir()
    check(tmp_path / "empty")
    (tmp_path / "empty" / "ours").touch()
    check(tmp_path / "empty")


def test_other_files_are_named(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(StoreError, match=r"holds `thesis.txt`, and is not a run: nothing was written"):
        check(tmp_path)


def test_a_link_is_refused_with_what_it_leads_to(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is a link") as error:
        check(tmp_path / "link")
    assert "elsewhere" in str(error.value.hint)
    with pytest.raises(StoreError, match="is a link"):
        check_file_place(tmp_path / "link")


def test_files_where_folders_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file"):
        check(tmp_path / "file")
    with pytest.raises(StoreError, match=r"`.*/file` is a file, not a folder"):
        check(tmp_path / "file" / "run")
    with pytest.raises(StoreError, match="is a folder"):
        check_file_place(tmp_path)


@pytest.mark.parametrize("name", ["x" * 256, "é" * 128, "/".join(["a" * 200] * 25)])
def test_names_that_are_too_long(tmp_path, name):
    with pytest.raises(StoreError, match=r"bytes"):
        check(tmp_path / name)
    with pytest.raises(StoreError, match=r"bytes"):
        check_file_place(tmp_path / name)


def test_the_longest_name_can_be_written(tmp_path):
    check(tmp_path / ("x" * 255))


def test_the_folder_that_one_is_in(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    for place, relation in ((".", "the folder"), ("..", "above the folder")):
        with pytest.raises(StoreError, match=rf"^`{re.escape(place)}` is {relation} you are in") as refused:
            check(type(tmp_path)(place))
        assert "name a folder in it" in str(refused.value.hint)


def test_room_that_is_missing(tmp_path):
    with pytest.raises(StoreError, match=r"at least 1e\+09 GB|at least 1,000,000,000 GB are needed"):
        check(tmp_path / "run", needed=10**18)


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    """As on a read-only file system, where root may not write either."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StoreError, match=f"nothing can be written in `{tmp_path}`: it is read-only"):
        check(tmp_path / "new" / "run")
    (tmp_path / "table.csv").touch()
    with pytest.raises(StoreError, match=r"table\.csv` could not be written: it is read-only"):
        check_file_place(tmp_path / "table.csv")


def test_figures_join_other_files_and_need_a_folder(tmp_path):
    (tmp_path / "notes.txt").touch()
    check_open_folder(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    with pytest.raises(StoreError, match=r"is a link to `.*missing`, which does not exist"):
        check_open_folder(tmp_path / "link")

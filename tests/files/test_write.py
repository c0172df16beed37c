"""A file is whole or not there, whatever was at its place."""

import os
import stat
import threading

import pytest

from workbench.errors import StoreError
from workbench.files import open_replacement, replace_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new" / "folder" / "report.html"
    replace_file(path, "one")
    replace_file(path, "two")
    assert path.read_text() == "two"
    assert names(path.parent) == ["report.html"]


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    replace_file(path, "earlier")
    with pytest.raises(ZeroDivisionError), open_replacement(path) as stream:
        stream.write(b"%d" % (1 // 0))
    assert path.read_text() == "earlier"
    assert names(tmp_path) == ["table.csv"]


def test_folders_made_for_a_file_that_failed_are_removed(tmp_path):
    with pytest.raises(ZeroDivisionError), open_replacement(tmp_path / "a" / "b" / "c.txt"):
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_a_link_is_replaced_and_never_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "report.html").symlink_to(tmp_path / "precious")
    replace_file(tmp_path / "report.html", "report")
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "report.html").is_symlink()


def test_the_mode_of_an_earlier_file_is_kept(tmp_path):
    path = tmp_path / "table.csv"
    replace_file(path, "")
    path.chmod(0o640)
    replace_file(path, "content")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    replace_file(pipe, "content")
    reader.join(10)
    assert read == [b"content"]
    assert pipe.is_fifo()


def test_a_file_on_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"`.*/file` is a file, not a folder"):
        replace_file(tmp_path / "file" / "report.html", "")


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    with pytest.raises(StoreError, match="it is a folder"):
        replace_file(tmp_path, "")

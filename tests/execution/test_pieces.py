"""Files and folders on their way between machines arrive whole, and nothing else does."""

import io
import tarfile

import pytest

from workbench.errors import ClusterError
from workbench.execution.pieces import pack, unpack


def test_files_and_folders_arrive(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "run").mkdir(parents=True)
    there.mkdir()
    (here / "run" / "fit.nc").write_bytes(b"\0draws")
    (here / "a.npy").write_bytes(b"numbers")
    content = pack(here, ["run", "a.npy"])
    assert not list(here.iterdir())
    unpack(content, there, ["run", "a.npy"])
    assert (there / "run" / "fit.nc").read_bytes() == b"\0draws"
    assert (there / "a.npy").read_bytes() == b"numbers"
    assert sorted(path.name for path in there.iterdir()) == ["a.npy", "run"]


@pytest.mark.parametrize("name", ["b.npy", "../b.npy", "/tmp/b.npy"])  # noqa: S108 - never written
def test_nothing_else_is_written(tmp_path, name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    folder = tmp_path / "there"
    folder.mkdir()
    with pytest.raises(ClusterError, match="a worker"):
        unpack(buffer.getvalue(), folder, ["a.npy"])
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_bytes_that_are_no_archive_are_told(tmp_path):
    with pytest.raises(ClusterError, match="a worker returned files that cannot be read"):
        unpack(b"x", tmp_path, ["a"])

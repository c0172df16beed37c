"""A file whose writes never fail while a library writes it, and which says so at the end."""

import errno
import io
import os

import h5py
import numpy as np
import pytest

from workbench.errors import StoreError
from workbench.files import keep_steady, open_replacement
from workbench.files.stream import RoomMissing, SteadyFile

ROOM = 5000
"""How much the disk of these tests takes [bytes]."""


@pytest.fixture
def small_disk(monkeypatch):
    """Let writes fail beyond a size, the last one after a part of it."""
    write = os.pwrite

    def refuse(descriptor, data, position):
        if position >= ROOM:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: ROOM - position], position)

    monkeypatch.setattr(os, "pwrite", refuse)


def write(path):
    with path.open("w+b") as stream, keep_steady(stream) as steady:
        write_groups(steady)


def write_groups(stream):
    with h5py.File(stream, "w") as file:
        for number in range(20):
            file[f"group {number}/values"] = np.arange(500.0)
        assert np.array_equal(file["group 7/values"][:], np.arange(500.0))


def test_what_is_written_can_be_read(tmp_path):
    write(tmp_path / "x.nc")
    with h5py.File(tmp_path / "x.nc") as file:
        assert np.array_equal(file["group 19/values"][:], np.arange(500.0))


def test_hdf5_never_hears_of_a_full_disk(tmp_path, small_disk):
    """Where it does, Python ends with a segmentation fault."""
    with pytest.raises(RoomMissing) as missing:
        write(tmp_path / "x.nc")
    assert missing.value.errno == errno.ENOSPC
    assert missing.value.needed > 20 * 500 * 8


def test_the_sentence_says_how_much_was_needed(tmp_path, small_disk):
    place = tmp_path / "x.nc"
    with pytest.raises(StoreError, match=r"x\.nc` could not be written: the disk is full: .* kB were needed"):
        replace_groups(place)
    assert list(tmp_path.iterdir()) == []


def replace_groups(path):
    with open_replacement(path) as stream, keep_steady(stream) as steady:
        write_groups(steady)


def test_what_is_kept_in_memory_reads_as_a_file_does(tmp_path, small_disk):
    """The same random steps on a steady file and on one in memory."""
    with (tmp_path / "x").open("w+b") as stream:
        steady, plain = SteadyFile(stream.fileno()), io.BytesIO()
        rng = np.random.default_rng(1)
        for _ in range(300):
            position, start, length = map(int, rng.integers(0, 2 * ROOM, 3))
            data = rng.bytes(length)
            for file in (steady, plain):
                file.seek(position)
                file.write(data)
                file.seek(start)
            assert steady.read(1000) == plain.read(1000)
    with pytest.raises(RoomMissing):
        steady.raise_failure()

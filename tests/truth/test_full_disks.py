"""Full disks: every command that writes, with little room for its output or its temporary files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.truth.campaign import QUICK, REPORT_LAST, SWEEP, check_place, list_hidden, make_place, run

pytestmark = pytest.mark.truth

ROOM = (4, 16, 40, 120, 300, 500, 700, 1000, 1500, 3000)
"""The room that is left on a disk [KiB]."""

DISK = 40 << 20
"""The size of a disk [bytes]."""

COMMANDS = {
    "fit": ("fit", "beta_binomial", "-o", "run", "--seed", "2", *QUICK),
    "fit elsewhere": ("fit", "beta_binomial", "-o", "another/run", *QUICK),
    "fit with figures": ("fit", "beta_binomial", "-o", "run", "--figures", "figures", *QUICK),
    "continue": ("continue", "run", "--draws", "10", "--quiet"),
    "sensitivity": ("sensitivity", "run", "-o", "study", *SWEEP),
    "sensitivity elsewhere": ("sensitivity", "run", "-o", "another", *SWEEP),
    "report": ("report", "run"),
    "report with figures": ("report", "run", "--figures", "figures"),
    "report of a study": ("report", "study", "--figures", "figures"),
    "report of two runs": ("report", "run", "other", "-o", "comparison.html", "--figures", "figures"),
    "predict": ("predict", "run", "new.csv", "-o", "predictions.csv", "--quiet"),
    "new": ("new", "models/mine", "--from", "linear", "--data"),
    "replay": ("replay", "run", "--quiet"),
}
"""Every command that writes, and one that needs temporary files only."""


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system in memory while the block runs."""
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    mount = subprocess.run(argv, capture_output=True, text=True, check=False)
    if mount.returncode:
        pytest.skip(f"file systems cannot be mounted here: {mount.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def fill(folder: Path, room: int) -> Path:
    """Leave so much room on the disk of a folder [bytes]."""
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - room)
    return filler


@pytest.fixture(scope="module")
def prepared(tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two runs, predictions and a study, of which each cell has a copy."""
    if os.geteuid():
        pytest.skip("mounting a file system needs root")
    folder = tmp_path_factory.mktemp("prepared")
    make_place(folder)
    shutil.copytree(folder / "run", folder / "other")
    return folder


def check_words(done: subprocess.CompletedProcess[str]) -> None:
    """Check that a command has succeeded, or says why not in one sentence."""
    assert done.returncode in (0, 3, 4, 5), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, done.stderr
        assert any(word in done.stderr for word in ("full", "are needed", "space")), done.stderr


@pytest.mark.parametrize("room", ROOM)
@pytest.mark.parametrize("command", COMMANDS)
def test_room_for_output(prepared, tmp_path, command, room):
    with small_disk(tmp_path / "disk", DISK) as disk:
        shutil.copytree(prepared, disk, dirs_exist_ok=True)
        before = {path.relative_to(disk) for path in disk.rglob("*")}
        filler = fill(disk, room << 10)
        done = run(*COMMANDS[command], folder=disk)
        filler.unlink()
        check_words(done)
        check_place(disk, has_report=not done.returncode or COMMANDS[command][0] not in REPORT_LAST)
        assert list_hidden(disk) == []
        if done.returncode:
            left = {path.relative_to(disk) for path in disk.rglob("*")} - before
            assert not {path for path in left if path.parts[0] not in ("study", "another")}


@pytest.mark.parametrize("room", ROOM)
@pytest.mark.parametrize("command", COMMANDS)
def test_room_for_temporary_files(prepared, tmp_path, command, room):
    shutil.copytree(prepared, tmp_path / "place")
    with small_disk(tmp_path / "disk", 8 << 20) as disk:
        filler = fill(disk, room << 10)
        done = run(*COMMANDS[command], folder=tmp_path / "place", variables={"TMPDIR": str(disk)})
        filler.unlink()
        left = [path.name for path in disk.iterdir()]
    check_words(done)
    check_place(tmp_path / "place", has_report=not done.returncode or COMMANDS[command][0] not in REPORT_LAST)
    assert list_hidden(tmp_path / "place") == []
    assert left == []
    shutil.rmtree(tmp_path / "place")


CACHES = (1, 20, 100, 145, 150, 160, 200, 300, 450, 700)
"""The sizes of the disk of an empty cache [MiB]: Stan takes 146, a precompiled header 100 or more."""


@pytest.mark.parametrize("size", CACHES)
def test_room_for_the_cache(prepared, tmp_path, size):
    shutil.copytree(prepared, tmp_path / "place")
    with small_disk(tmp_path / "disk", size << 20) as disk:
        cache = disk / "cache"
        done = run(*COMMANDS["fit"], folder=tmp_path / "place", variables={"WORKBENCH_CACHE": str(cache)})
        left = list_hidden(disk)
    check_words(done)
    check_place(tmp_path / "place", has_report=not done.returncode)
    assert list_hidden(tmp_path / "place") == left == []

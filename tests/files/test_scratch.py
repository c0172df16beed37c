"""Temporary folders: removed at the end, or by the next command; a full one is said."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import pytest

from workbench.errors import RunError, StoreError
from workbench.files import make_scratch, refuse_full, scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch._sweep_once.cache_clear()
    return tmp_path


@pytest.fixture
def full_disk(monkeypatch):
    usage = SimpleNamespace(f_bavail=1, f_frsize=4096, f_files=100, f_favail=10)
    monkeypatch.setattr(os, "statvfs", lambda place: usage)


def use(reason=None):
    with make_scratch() as folder:
        (folder / "draws.csv").write_text("1")
        if reason is not None:
            raise reason


def test_a_temporary_folder_is_removed(temporary):
    use()
    with pytest.raises(ZeroDivisionError):
        use(ZeroDivisionError())
    assert list(temporary.iterdir()) == []


def test_nobody_else_can_read_it(temporary):
    with make_scratch() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_command_left_is_removed_by_the_next(temporary):
    text = (
        "import os, signal, tempfile; from workbench.files import make_scratch\n"
        f"tempfile.tempdir = {str(temporary)!r}\n"
        "with make_scratch() as folder: (folder / 'draws.csv').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    argv = [sys.executable, "-P", "-c", text]
    assert subprocess.run(argv, check=False, timeout=60).returncode == -signal.SIGKILL
    assert len(list(temporary.iterdir())) == 1
    with make_scratch() as folder:
        assert list(temporary.iterdir()) == [folder]


@pytest.mark.parametrize("reason", [OSError(errno.ENOSPC, "full"), RunError("the output cannot be read.")])
def test_a_full_disk_is_said_whatever_fails_because_of_it(temporary, full_disk, reason):
    with pytest.raises(StoreError, match=r"the disk of the temporary folder `.*` is full: 4\.1 kB are free"):
        use(reason)
    assert list(temporary.iterdir()) == []


def test_other_failures_stay_what_they_are():
    refuse_full()
    with pytest.raises(RunError, match="cannot be read"):
        use(RunError("the output cannot be read."))


def test_no_temporary_folder(monkeypatch):
    def refuse():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with pytest.raises(StoreError, match="no temporary folder can be written"):
        use()

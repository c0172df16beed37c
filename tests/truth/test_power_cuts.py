"""Power cuts: copies of the image of a file system, made while a command runs or right after it has ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.truth.campaign import REPORT_LAST, check_place, end, make_place, name_command, run, start
from workbench.results import run_directory

pytestmark = pytest.mark.truth

SEED = 17
"""The seed of the moments."""

CUTS = 10
"""Power cuts while a command runs, and as many after one has ended."""

VERBS = ("fit", "continue", "sensitivity", "report", "predict")
"""The commands that write."""

SIZE = 64 << 20
"""The size of the file system [bytes]."""


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image while the block runs."""
    folder.mkdir(exist_ok=True)
    argv = ["mount", "-o", "loop", str(image), str(folder)]
    mount = subprocess.run(argv, capture_output=True, text=True, check=False)
    if mount.returncode:
        pytest.skip(f"images cannot be mounted here: {mount.stderr.strip()}")
    try:
        yield folder
    finally:
        for _ in range(100):  # a process that is just ending may still be in it
            if subprocess.run(["umount", folder], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
        else:
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def disk(tools, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Return the image of a file system, and where it is mounted; it holds a run, predictions and a study."""
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("mounting an image needs root and mkfs.ext4")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    with mounted(image, tmp_path / "disk") as folder:
        make_place(folder)
    with mounted(image, tmp_path / "disk") as folder:
        yield image, folder


def check_copy(image: Path, folder: Path, seed: int | None = None, *, has_report: bool = True) -> None:
    """Check what is found after a power cut; with a seed, that it is the fit with this seed."""
    copy = folder / "copy"
    shutil.copyfile(image, copy)
    with mounted(copy, folder / "after") as found:
        check_place(found, has_report=has_report)
        if seed is not None:
            assert run_directory.read(found / "run").results.seed == seed
    copy.unlink()


def test_power_cuts_while_a_command_runs(disk, tmp_path):
    image, folder = disk
    rng = np.random.default_rng(SEED)
    for number in range(CUTS):
        verb = VERBS[number % len(VERBS)]
        began = time.monotonic()
        assert run(*name_command(verb, number), folder=folder).returncode == 0
        duration = time.monotonic() - began
        process = start(*name_command(verb, number + 100), folder=folder)
        time.sleep(duration * rng.uniform(0.6, 1.02))
        process.send_signal(signal.SIGSTOP)
        check_copy(image, tmp_path, has_report=verb not in REPORT_LAST)
        end(process)
        process.communicate()
        check_place(folder, has_report=verb not in REPORT_LAST)  # the next command finds a report again


def test_power_cuts_after_a_command(disk, tmp_path):
    image, folder = disk
    for number in range(CUTS):
        verb = VERBS[number % len(VERBS)]
        assert run(*name_command(verb, number), folder=folder).returncode == 0
        check_copy(image, tmp_path, seed=number + 2 if verb == "fit" else None)

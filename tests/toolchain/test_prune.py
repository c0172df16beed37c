from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workbench.toolchain import cache as entries
from workbench.toolchain import prune
from workbench.toolchain.cache import make_entry, publish


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Entries of 1,000 bytes; the headers have been unused for longest."""

    def fill(folder: Path) -> None:
        (folder / "file").write_bytes(bytes(1000))

    monkeypatch.setattr(entries, "_hold", lambda place: None)  # another process made them
    for age, name in enumerate(("models/new", "models/old", "homes/home", "headers/oldest")):
        publish(tmp_path / name, fill)
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    return tmp_path


def test_the_longest_unused_entry_is_removed_first(cache: Path) -> None:
    (cache / "headers" / "oldest").rename(cache / "models" / "oldest")
    result = prune(cache, 3500)

    assert [path.name for path in result.removed] == ["oldest"]
    assert result.freed >= 1000
    assert result.left <= 3500
    assert not (cache / "models" / "oldest").exists()


def test_homes_are_removed_with_their_headers(cache: Path) -> None:
    assert {path.name for path in prune(cache, 3500).removed} == {"oldest", "home"}


def test_a_folder_that_vanishes_while_it_is_measured_counts_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_folder = os.scandir

    def list_slowly(folder):
        if Path(folder).name == "vanishing":
            Path(folder).rmdir()
        return list_folder(folder)

    (cache / "models" / "new" / "vanishing").mkdir()
    monkeypatch.setattr(os, "scandir", list_slowly)

    assert entries.measure(cache / "models" / "new") >= 1000


def test_nothing_is_removed_within_the_limit(cache: Path) -> None:
    assert prune(cache, 10**6).removed == ()


def test_zero_empties_the_cache(cache: Path) -> None:
    assert prune(cache, 0).left == 0
    assert not any((cache / "models").iterdir())


def test_remains_of_a_dead_build_are_removed_and_those_of_a_living_one_stay(cache: Path) -> None:
    dead, foreign = cache / "models" / ".half-built", cache / "models" / ".notes"
    with make_entry(cache / "models" / "growing") as growing:
        dead.mkdir()
        (dead / "part").write_bytes(bytes(500))
        foreign.mkdir()
        result = prune(cache, 10**6)
        assert growing is not None
        assert growing.exists()
    assert (result.removed, result.freed) == ((), 500)
    assert not dead.exists()
    assert foreign.exists()


def test_the_next_build_removes_remains_of_a_dead_one(cache: Path) -> None:
    dead = cache / "headers" / ".oldest-x1_2"
    dead.mkdir()
    publish(cache / "models" / "another", lambda folder: None)
    assert not dead.exists()


USE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from workbench.toolchain import cache
assert cache.acquire(Path(sys.argv[1]))
print("using", flush=True)
sys.stdin.read()
"""
"""A process that uses an entry until it is told to end."""


def test_what_another_process_uses_or_makes_stays(cache: Path) -> None:
    used = cache / "models" / "old"
    argv = [sys.executable, "-c", USE, str(used)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "using\n"
        result = prune(cache, 0)
        assert result.in_use == (used,)
        assert {path.name for path in result.removed} == {"new", "home", "oldest"}
        assert entries.is_sound(used)
        user.kill()
    assert prune(cache, 0).removed == (used,)


def test_an_entry_that_is_used_is_held_and_one_that_is_gone_is_not(cache: Path) -> None:
    assert entries.acquire(cache / "models" / "new")
    assert not entries.acquire(cache / "models" / "none")


def test_two_prunes_at_a_time_do_not_disturb_each_other(cache: Path) -> None:
    for number in range(40):
        publish(cache / "models" / str(number), lambda folder: None)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: prune(cache, 0), range(4)))
    prune(cache, 0)
    assert not any((cache / "models").iterdir())

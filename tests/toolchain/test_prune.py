from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.toolchain import prune
from workbench.toolchain.cache import publish


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Entries of 1,000 bytes; the headers have been unused for longest."""

    def fill(folder: Path) -> None:
        (folder / "file").write_bytes(bytes(1000))

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


def test_nothing_is_removed_within_the_limit(cache: Path) -> None:
    assert prune(cache, 10**6).removed == ()


def test_zero_empties_the_cache(cache: Path) -> None:
    assert prune(cache, 0).left == 0
    assert not any((cache / "models").iterdir())


def test_remains_of_a_dead_build_are_removed(cache: Path) -> None:
    abandoned = cache / "models" / ".half-built"
    abandoned.mkdir()
    os.utime(abandoned, (1e9, 1e9))
    (cache / "models" / ".growing").mkdir()

    assert prune(cache, 10**6).removed == (abandoned,)

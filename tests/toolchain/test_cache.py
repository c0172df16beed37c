from __future__ import annotations

import errno
import threading
import time
from pathlib import Path

import pytest

from workbench.errors import ToolchainError
from workbench.toolchain.cache import is_sound, locate_entry, publish


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return locate_entry(tmp_path, "models", "0" * 64)


def write(folder: Path) -> None:
    (folder / "exe").write_text("content")


def refuse(folder: Path) -> None:
    raise AssertionError("made twice")


def left_behind(place: Path) -> list[str]:
    return [path.name for path in place.parent.iterdir()]


def test_an_entry_is_made_once(place: Path) -> None:
    assert publish(place, write)
    assert not publish(place, refuse)
    assert (place / "exe").read_text() == "content"


@pytest.mark.parametrize("damage", ["longer content", "CONTENT", None])
def test_damage_is_noticed_and_mended(place: Path, damage: str | None) -> None:
    publish(place, write)
    if damage is None:
        (place / "exe").unlink()
    else:
        (place / "exe").write_text(damage)

    assert not is_sound(place)
    assert publish(place, write)
    assert (place / "exe").read_text() == "content"
    assert left_behind(place) == [place.name]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing(place: Path, failure: type[BaseException]) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise failure

    with pytest.raises(failure):
        publish(place, fail)

    assert left_behind(place) == []
    assert publish(place, write)


def test_two_at_once_make_it_once(place: Path) -> None:
    made = []

    def slowly(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.2)
        write(folder)

    threads = [threading.Thread(target=publish, args=(place, slowly)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1


@pytest.mark.parametrize(
    ("code", "hint"),
    [(errno.ENOSPC, "prune"), (errno.EROFS, "WORKBENCH_CACHE"), (errno.EACCES, "WORKBENCH_CACHE")],
)
def test_a_disk_that_refuses_is_a_sentence(place: Path, code: int, hint: str) -> None:
    def fail(folder: Path) -> None:
        raise OSError(code, "the disk says no")

    with pytest.raises(ToolchainError, match="cannot be written: the disk says no") as error:
        publish(place, fail)

    assert hint in str(error.value.hint)


def test_other_failures_of_the_system_are_not_hidden(place: Path) -> None:
    def fail(folder: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "a file of our own is missing")

    with pytest.raises(FileNotFoundError):
        publish(place, fail)

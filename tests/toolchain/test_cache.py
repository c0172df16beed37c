from __future__ import annotations

import errno
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench.errors import ToolchainError
from workbench.toolchain import cache
from workbench.toolchain.cache import is_sound, locate_entry, publish


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return locate_entry(tmp_path, "models", "0" * 64)


def make(folder: Path) -> None:
    (folder / "exe").write_text("content")


def refuse_to_make(folder: Path) -> None:
    raise AssertionError("made twice")


def list_beside(place: Path) -> list[str]:
    return [path.name for path in place.parent.iterdir()]


def test_an_entry_is_made_once(place: Path) -> None:
    assert publish(place, make)
    assert not publish(place, refuse_to_make)
    assert (place / "exe").read_text() == "content"


@pytest.mark.parametrize("damage", ["longer content", "CONTENT", None])
def test_a_damaged_entry_is_made_again(place: Path, damage: str | None) -> None:
    publish(place, make)
    if damage is None:
        (place / "exe").unlink()
    else:
        (place / "exe").write_text(damage)

    assert not is_sound(place)
    assert publish(place, make)
    assert (place / "exe").read_text() == "content"
    assert list_beside(place) == [place.name]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_behind(place: Path, failure: type[BaseException]) -> None:
    def fail(folder: Path) -> None:
        make(folder)
        raise failure

    with pytest.raises(failure):
        publish(place, fail)

    assert list_beside(place) == []
    assert publish(place, make)


def test_threads_make_an_entry_once(place: Path) -> None:
    made = []

    def make_slowly(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.2)
        make(folder)

    threads = [threading.Thread(target=publish, args=(place, make_slowly)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1


@pytest.mark.parametrize(
    ("code", "hint"),
    [(errno.ENOSPC, "prune"), (errno.EROFS, "WORKBENCH_CACHE"), (errno.EACCES, "WORKBENCH_CACHE")],
)
def test_errors_of_the_disk_have_a_message_and_a_hint(place: Path, code: int, hint: str) -> None:
    def fail(folder: Path) -> None:
        raise OSError(code, "the disk says no")

    with pytest.raises(ToolchainError, match="cannot be written: the disk says no") as error:
        publish(place, fail)

    assert hint in str(error.value.hint)


def test_other_errors_of_the_system_are_passed_on(place: Path) -> None:
    def fail(folder: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "one of our files is missing")

    with pytest.raises(FileNotFoundError):
        publish(place, fail)


def test_what_finds_no_room_is_not_begun(tmp_path, monkeypatch):
    folder = tmp_path / "headers" / "entry"
    folder.mkdir(parents=True)
    cache.require_space(folder, 1, "a header")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2_500_000))
    cache.require_space(folder, 2_500_000, "a header")
    with pytest.raises(ToolchainError, match=r"a header takes 60 MB or more, .* has [23] MB left") as raised:
        cache.require_space(folder, 60_000_000, "a header")
    assert "prune" in str(raised.value.hint)

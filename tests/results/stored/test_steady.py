"""What is read from a folder that another command replaces comes from one of both, never from a mix."""

import pytest

from workbench.errors import RunIncomplete, StoreError
from workbench.results.stored import read_steadily


def replace(folder, text):
    """Let another folder take the place of one, as a command does that writes a run."""
    new = folder.with_name("new")
    new.mkdir()
    for name in ("a", "b"):
        (new / name).write_text(text)
    if folder.exists():
        folder.rename(folder.with_name(f"earlier than {text}"))
    new.rename(folder)


def test_a_folder_that_is_replaced_meanwhile_is_read_again(tmp_path):
    folder = tmp_path / "run"
    replace(folder, "one")
    texts = iter(["two"])

    def read():
        first = (folder / "a").read_text()
        for text in texts:
            replace(folder, text)
        return first, (folder / "b").read_text()

    assert read_steadily(folder, read) == ("two", "two")


def test_an_error_of_a_mix_is_not_the_last_word(tmp_path):
    folder = tmp_path / "run"
    replace(folder, "one")
    texts = iter(["two"])

    def read():
        for text in texts:
            replace(folder, text)
            raise RunIncomplete("the draws are not those of the record.")
        return (folder / "b").read_text()

    assert read_steadily(folder, read) == "two"


def test_an_error_of_a_folder_that_stays_is_raised(tmp_path):
    def read():
        raise RunIncomplete("it is damaged.")

    for folder in (tmp_path, tmp_path / "none", tmp_path / "a\0b"):
        with pytest.raises(RunIncomplete, match="it is damaged"):
            read_steadily(folder, read)


def test_a_folder_that_is_replaced_without_end(tmp_path):
    folder = tmp_path / "run"
    replace(folder, "0")
    numbers = iter(range(1, 100))
    with pytest.raises(StoreError, match="was replaced again and again"):
        read_steadily(folder, lambda: replace(folder, str(next(numbers))))

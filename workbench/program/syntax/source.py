"""The author's text: its tokens, its included files, and the lines each statement stands on.

stanc's tree carries no places. The printer gives back the author's own tokens, so lining the two up gives
every statement its file and lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from workbench.errors import ProgramError

_TOKEN = re.compile(
    r"""
    (?P<include>\#include[ \t]+(?P<file>[^\n]*))
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<space>\s+)
  | (?P<token>"[^"]*"
      | (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?i?
      | [A-Za-z]\w*
      | %/%|\.\*=|\./=|\.\^|\.\*|\./|&&|\|\||==|!=|<=|>=|\+=|-=|\*=|/=|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Place:
    """Lines of a file, counted from 1, both ends included."""

    path: Path
    first: int
    last: int


@dataclass(frozen=True)
class Source:
    """A program's text as stanc sees it.

    Attributes
    ----------
    path
        The program's file.
    texts
        The text of that file and of each included file, in the order they are first met.
    words
        All tokens, comments apart, included files in their places.
    places
        The file and line of each token.
    """

    path: Path
    texts: Mapping[Path, str]
    words: tuple[str, ...]
    places: tuple[tuple[Path, int], ...]


def read_source(path: Path, include_paths: Sequence[Path] = ()) -> Source:
    """Read a Stan file and everything it includes.

    Raises
    ------
    ProgramError
        The file, or one that it includes, cannot be read.
    """
    texts: dict[Path, str] = {}
    scanned = list(_scan(path, (path.parent, *include_paths), texts, ()))
    words = tuple(word for word, _, _ in scanned)
    return Source(path, texts, words, tuple((file, line) for _, file, line in scanned))


def _scan(
    path: Path, folders: Sequence[Path], texts: dict[Path, str], inside: tuple[Path, ...]
) -> Iterator[tuple[str, Path, int]]:
    text = texts[path] = _text_of(path)
    line = 1
    for match in _TOKEN.finditer(text):
        if match["include"]:
            found = _find(match["file"], folders, path, line)
            if found in inside:
                raise ProgramError(f"`{found}` includes itself.", path=path, line=line)
            yield from _scan(found, folders, texts, (*inside, path))
        elif match["token"]:
            yield match["token"], path, line
        line += match.group().count("\n")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else "it is not UTF-8 text"
        raise ProgramError(f"The Stan program `{path}` cannot be read: {why}.", path=path) from reason


def _find(written: str, folders: Sequence[Path], path: Path, line: int) -> Path:
    name = written.split("//")[0].strip().strip("<>\"'").lstrip("/")
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    message = f"`{path}`, line {line}, includes `{name}`, which is in none of the include folders."
    raise ProgramError(message, path=path, line=line)


def align(source: Source, words: Sequence[str], spans: Mapping[int, tuple[int, int]]) -> dict[int, Place]:
    """Return the place of each numbered statement, given the printer's tokens and its spans over them."""
    where = _matches(source.words, words)
    places = {}
    for number, (first, last) in spans.items():
        held = [where[index] for index in range(first, last + 1) if index in where]
        if held:
            path, start = source.places[held[0]]
            end_path, end = source.places[held[-1]]
            places[number] = Place(path, start, end if end_path == path else start)
    return places


def _matches(theirs: Sequence[str], ours: Sequence[str]) -> dict[int, int]:
    """Return for each of our tokens the index of the author's, where they agree."""
    theirs, ours = [_plain(word) for word in theirs], [_plain(word) for word in ours]
    if theirs == ours:
        return {index: index for index in range(len(ours))}
    blocks = SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    return {block.b + step: block.a + step for block in blocks for step in range(block.size)}


def _plain(word: str) -> str:
    return word.replace("_", "") if word[0].isdigit() else word

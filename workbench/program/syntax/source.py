"""The author's text: its tokens, its included files, and the lines of each statement.

stanc's tree holds no positions. The printer returns the author's own tokens, so that aligning the two
sequences of tokens gives the file and the lines of each statement.
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
"""An include directive, a comment, white space, or a token of Stan."""


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
        The text of that file and of each included file, in the order in which they are first met.
    tokens
        All tokens except comments, those of included files in their places.
    positions
        The file and the line of each token.
    """

    path: Path
    texts: Mapping[Path, str]
    tokens: tuple[str, ...]
    positions: tuple[tuple[Path, int], ...]


@dataclass(frozen=True)
class Token:
    """A token of a text: its first and last position, and its line, counted from 1."""

    text: str
    start: int
    end: int
    line: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, without comments, white space and include directives.

    >>> [token.text for token in tokenize("x ~ normal(0, 1_0); // wide")]
    ['x', '~', 'normal', '(', '0', ',', '10', ')', ';']
    """
    tokens = []
    line = 1
    for match in _TOKEN.finditer(text):
        if match["token"]:
            tokens.append(Token(_normalise_numeral(match["token"]), match.start(), match.end(), line))
        line += match.group().count("\n")
    return tokens


def read_source(path: Path, include_paths: Sequence[Path] = ()) -> Source:
    """Read a Stan file and everything it includes.

    Raises
    ------
    ProgramError
        The file, or one that it includes, cannot be read.
    """
    texts: dict[Path, str] = {}
    scanned = list(_scan(path, (path.parent, *include_paths), texts, ()))
    tokens = tuple(token for token, _, _ in scanned)
    return Source(path, texts, tokens, tuple((file, line) for _, file, line in scanned))


def _scan(
    path: Path, folders: Sequence[Path], texts: dict[Path, str], including: tuple[Path, ...]
) -> Iterator[tuple[str, Path, int]]:
    """Yield each token with its file and line, and keep the text of each file in `texts`."""
    text = texts[path] = _read_text(path)
    line = 1
    for match in _TOKEN.finditer(text):
        if match["include"]:
            included = _find_include(match["file"], folders, path, line)
            if included in including:
                raise ProgramError(f"`{included}` includes itself.", path=path, line=line)
            yield from _scan(included, folders, texts, (*including, path))
        elif match["token"]:
            yield match["token"], path, line
        line += match.group().count("\n")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else "it is not UTF-8 text"
        raise ProgramError(f"The Stan program `{path}` cannot be read: {why}.", path=path) from reason


def _find_include(directive: str, folders: Sequence[Path], path: Path, line: int) -> Path:
    """Return the file that an include directive names."""
    name = directive.split("//")[0].strip().strip("<>\"'").lstrip("/")
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    message = f"`{path}`, line {line}, includes `{name}`, which is in none of the include folders."
    raise ProgramError(message, path=path, line=line)


def locate_statements(
    source: Source, tokens: Sequence[str], spans: Mapping[int, tuple[int, int]]
) -> dict[int, Place]:
    """Return the place of each numbered statement.

    Parameters
    ----------
    source
        The author's text.
    tokens
        The tokens of the printed tree.
    spans
        By the number of a statement: the positions of its first and last token in `tokens`.
    """
    matches = _match_tokens(source.tokens, tokens)
    places = {}
    for number, (first, last) in spans.items():
        matched = [matches[index] for index in range(first, last + 1) if index in matches]
        if matched:
            path, start = source.positions[matched[0]]
            end_path, end = source.positions[matched[-1]]
            places[number] = Place(path, start, end if end_path == path else start)
    return places


def trace_lines(
    text: str, origins: Sequence[tuple[str, int]], places: Mapping[int, Place]
) -> dict[int, Place]:
    """Return by line of a generated program the place of the author's statement that it is made from.

    Parameters
    ----------
    text
        The generated program, formatted.
    origins
        Its tokens before they were formatted, each with the number of the author's statement.
    places
        The place of each numbered statement.
    """
    numbered = [(item, number) for token, number in origins for item in _find_tokens(token)]
    formatted = list(_iterate_lines(text))
    matches = _match_tokens([item for item, _ in numbered], [item for item, _ in formatted])
    lines: dict[int, Place] = {}
    for position, (_, line) in enumerate(formatted):
        number = numbered[matches[position]][1] if position in matches else -1
        if number in places:
            lines.setdefault(line, places[number])
    return lines


def _find_tokens(text: str) -> list[str]:
    return [match["token"] for match in _TOKEN.finditer(text) if match["token"]]


def _iterate_lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield each token of a text with its line."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match["token"]:
            yield match["token"], line
        line += match.group().count("\n")


def _match_tokens(written: Sequence[str], printed: Sequence[str]) -> dict[int, int]:
    """Return for each printed token the index of the author's token that it matches."""
    written = [_normalise_numeral(token) for token in written]
    printed = [_normalise_numeral(token) for token in printed]
    if written == printed:
        return {index: index for index in range(len(printed))}
    blocks = SequenceMatcher(None, written, printed, autojunk=False).get_matching_blocks()
    return {block.b + step: block.a + step for block in blocks for step in range(block.size)}


def _normalise_numeral(token: str) -> str:
    """Return a number without the underscores that Stan allows between digits; other tokens as they are."""
    return token.replace("_", "") if token[0].isdigit() else token

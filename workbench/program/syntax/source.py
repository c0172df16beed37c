"""The author's text: its tokens, its included files, and the lines of each statement.

stanc's tree holds no positions. The printer returns the author's own tokens, so that aligning the two
sequences of tokens gives the file and the lines of each statement.
"""

from __future__ import annotations

import re
import resource
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


@dataclass(frozen=True)
class Inclusion:
    """An include directive: the file that it names, its first and last position in the text, and its line."""

    path: Path
    start: int
    end: int
    line: int


@dataclass(frozen=True)
class SourceFile:
    """A file's text, and its tokens and include directives in order."""

    text: str
    items: tuple[Token | Inclusion, ...]

    @property
    def inclusions(self) -> tuple[Inclusion, ...]:
        """The include directives, in order."""
        return tuple(item for item in self.items if isinstance(item, Inclusion))


def read_source(path: Path, include_paths: Sequence[Path] = ()) -> Source:
    """Read a Stan file and everything it includes.

    Raises
    ------
    ProgramError
        The file, or one that it includes, cannot be read.
    """
    files = read_files(path, include_paths)
    places = _expand(path, files, {})
    texts = {file: content.text for file, content in files.items()}
    return Source(
        path,
        texts,
        tuple(token.text for _, token in places),
        tuple((file, token.line) for file, token in places),
    )


def read_files(path: Path, include_paths: Sequence[Path] = ()) -> dict[Path, SourceFile]:
    """Read a Stan file and everything it includes, each file once, in the order in which they are first met.

    Raises
    ------
    ProgramError
        A file cannot be read, includes itself, or the files are included more often than stanc can open any.
    """
    files: dict[Path, SourceFile] = {}
    _read_file(path, (path.parent, *include_paths), files, (path.resolve(),))
    count, limit = _count_inclusions(path, files, {}), resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if 0 < limit < count:  # a negative one means that there is none
        message = (
            f"`{path}` includes files {count - 1:,} times, counting those within others, and stanc keeps "
        )
        message += f"each of them open: this system lets a program open {limit:,}."
        raise ProgramError(message, path=path, hint="include each file once, or raise the limit: `ulimit -n`")
    return files


def _read_file(
    path: Path, folders: Sequence[Path], files: dict[Path, SourceFile], including: tuple[Path, ...]
) -> None:
    text = _read_text(path)
    files[path] = SourceFile(text, ())  # keeps its place in the order
    files[path] = SourceFile(text, tuple(_scan(path, text, folders)))
    for inclusion in files[path].inclusions:
        included = inclusion.path.resolve()
        if included in including:
            message = f"`{inclusion.path}` includes itself."
            raise ProgramError(message, path=path, line=inclusion.line)
        if inclusion.path not in files:
            _read_file(inclusion.path, folders, files, (*including, included))


def _scan(path: Path, text: str, folders: Sequence[Path]) -> Iterator[Token | Inclusion]:
    """Yield the tokens of a text and its include directives."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match["include"]:
            included = _find_include(match["file"], folders, path, line)
            yield Inclusion(included, match.start(), match.end(), line)
        elif match["token"]:
            yield Token(match["token"], match.start(), match.end(), line)
        line += match.group().count("\n")


def _count_inclusions(path: Path, files: Mapping[Path, SourceFile], known: dict[Path, int]) -> int:
    """Return how many files are read in the course of reading one, itself among them."""
    if path not in known:
        inclusions = files[path].inclusions
        known[path] = 1 + sum(_count_inclusions(item.path, files, known) for item in inclusions)
    return known[path]


def _expand(
    path: Path, files: Mapping[Path, SourceFile], known: dict[Path, list[tuple[Path, Token]]]
) -> list[tuple[Path, Token]]:
    """Return the tokens of a file with those of included files in their places, each with its file."""
    if path not in known:
        places: list[tuple[Path, Token]] = []
        for item in files[path].items:
            if isinstance(item, Inclusion):
                places += _expand(item.path, files, known)
            else:
                places.append((path, item))
        known[path] = places
    return known[path]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else "it is not UTF-8 text"
        raise ProgramError(f"The Stan program `{path}` cannot be read: {why}.", path=path) from reason


def _find_include(directive: str, folders: Sequence[Path], path: Path, line: int) -> Path:
    """Return the file that an include directive names."""
    name = directive.split("//")[0].strip().strip("<>\"'")
    for folder in folders:
        included = folder / name.lstrip("/")  # stanc, too, joins the names
        if included.is_file():
            return included
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

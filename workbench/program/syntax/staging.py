"""A program and the files it includes, copied into a folder of ours under plain names.

stanc and make meet these names alone. Whatever the author's folders and files are called, no character of a
name is taken for an option, for the end of a list, for a command, or for C++ code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.files import make_scratch
from workbench.program.syntax.source import SourceFile, read_files

_LONGEST_NAME = 60
"""The most characters of a plain name: other programs add endings to it, and file systems have limits."""


@dataclass(frozen=True)
class StagedProgram:
    """A program in a folder of ours.

    Attributes
    ----------
    folder
        The folder.
    name
        The name of the program's file in it.
    originals
        By the name of each file in it: the author's file.
    """

    folder: Path
    name: str
    originals: Mapping[str, Path]


def make_plain(name: str) -> str:
    """Return a name that resembles another one, of ASCII letters, digits, `_`, `.` and `-` alone.

    >>> make_plain("eight schools"), make_plain("-h.stan"), make_plain("a;$(b)"), make_plain("modèle.stan")
    ('eight_schools', 'h.stan', 'a___b_', 'mod_le.stan')
    """
    plain = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII).lstrip(".-") or "program"
    stem, dot, ending = plain.rpartition(".")
    if len(plain) <= _LONGEST_NAME or len(ending) > _LONGEST_NAME // 2:
        return plain[:_LONGEST_NAME]
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}{dot}{ending}"


@contextmanager
def stage_program(
    file: Path, include_paths: Sequence[Path] = (), *, name: str = "", within: Path | None = None
) -> Iterator[StagedProgram]:
    """Provide copies of a program and of everything it includes, until the context ends.

    Parameters
    ----------
    file, include_paths
        The program, and the folders that it includes files from besides its own.
    name
        The name of its copy; empty for one that resembles its own.
    within
        Where our folder is made; `None` for the system's temporary folder.

    Raises
    ------
    ProgramError
        The program, or a file that it includes, cannot be read.
    StoreError
        There is no room for the copies.
    """
    files = read_files(file, include_paths)
    names = _choose_names(files, name or make_plain(file.name))
    with make_scratch(within) as folder:
        for path, content in files.items():
            (folder / names[path]).write_text(_redirect(content, names), encoding="utf-8")
        yield StagedProgram(folder, names[file], {name: path for path, name in names.items()})


def _choose_names(files: Mapping[Path, SourceFile], first: str) -> dict[Path, str]:
    """Return a plain name for each file, the first as given; no two differ in case alone."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path in files:
        plain, number = make_plain(path.name) if names else first, 1
        name = plain
        while name.lower() in taken:
            number += 1
            name = f"{number}_{plain}"
        taken.add(name.lower())
        names[path] = name
    return names


def _redirect(content: SourceFile, names: Mapping[Path, str]) -> str:
    """Return a file's text with its include directives naming our copies; its lines stay where they are."""
    pieces, position = [], 0
    for inclusion in content.inclusions:
        pieces += [content.text[position : inclusion.start], f"#include {names[inclusion.path]}"]
        position = inclusion.end
    return "".join((*pieces, content.text[position:]))

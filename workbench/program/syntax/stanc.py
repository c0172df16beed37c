"""stanc, asked: the one place that starts Stan's own compiler front end."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.errors import ProgramError, ToolchainMissing

OPTIMIZE = "--O1"
"""The option by which stanc rearranges a program for speed."""

_PLACE = re.compile(r"in '(?P<file>[^']*)', line (?P<line>\d+), column (?P<column>\d+)")
_COLOUR = re.compile(r"\x1b\[\d*m")
_BAD_OPTION = 124  # stanc's exit code for a command line that it does not understand
_RULER = re.compile(r"^\s*-{10,}\s*$")


@dataclass(frozen=True)
class Stanc:
    """The stanc binary.

    Attributes
    ----------
    path
        The executable.
    version
        Stan's version, such as ``2.39.0``.
    """

    path: Path
    version: str


def ask(stanc: Stanc, options: Sequence[str], file: Path, include_paths: Sequence[Path] = ()) -> str:
    """Return what stanc prints about a file.

    The file's own folder is always searched for includes, then `include_paths`.

    Raises
    ------
    ProgramError
        stanc rejects the program: its words, file, line and column (counted from 1).
    ToolchainMissing
        stanc itself cannot be started, or is too old for an option.
    """
    folders = ",".join(str(folder.resolve()) for folder in (file.parent, *include_paths))
    argv = [str(stanc.path), *options, f"--include-paths={folders}", str(file)]
    try:
        answer = process.run(argv)
    except OSError as reason:
        message = f"stanc was expected at {stanc.path}, but it cannot be started: {reason.strerror}."
        raise ToolchainMissing(message, hint="run `workbench toolchain install`") from reason
    if answer.returncode == _BAD_OPTION:
        said = _COLOUR.sub("", answer.stderr).strip().splitlines()[-1]
        message = f"stanc {stanc.version} at {stanc.path} does not know an option that is needed: {said}"
        raise ToolchainMissing(message, hint="use the Stan that `workbench toolchain install` provides")
    if answer.returncode != 0:
        raise rejection(file, answer.stderr)
    return answer.stdout


def print_tree(stanc: Stanc, file: Path, include_paths: Sequence[Path] = ()) -> str:
    """Return stanc's syntax tree of a file, types included.

    stanc goes on to write C++ beside the file unless it is sent elsewhere.

    Raises
    ------
    ProgramError, ToolchainMissing
        As `ask`.
    """
    return ask(stanc, ["--debug-decorated-ast", f"--o={os.devnull}"], file, include_paths)


def rejection(file: Path, words: str) -> ProgramError:
    """Return stanc's complaint as our error, with the place it names."""
    place = _PLACE.search(words)
    if place is None:
        return ProgramError(f"stanc does not accept `{file}`: {words.strip()}", path=file)
    found_in = Path(place["file"])
    line, column = int(place["line"]), int(place["column"]) + 1
    lines = words.splitlines()
    rulers = [number for number, text in enumerate(lines) if _RULER.match(text)]
    said = "\n".join(lines[rulers[-1] + 1 :] if rulers else lines).strip()
    excerpt = "\n".join(lines[rulers[0] + 1 : rulers[-1]]) if len(rulers) > 1 else ""
    message = f"`{found_in}`, line {line}, column {column}: {said}"
    if excerpt:
        message += f"\n{excerpt}"
    return ProgramError(message, path=found_in, line=line, column=column)

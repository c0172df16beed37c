"""Run stanc, the front end of Stan's own compiler."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.errors import ProgramError, RunTimedOut, ToolchainMissing
from workbench.program.syntax.staging import stage_program

OPTIMIZE = "--O1"
"""The option with which stanc optimises a program for speed."""

_PLACE = re.compile(r"in '(?P<file>[^']*)', line (?P<line>\d+), column (?P<column>\d+)")
"""The place that an error message of stanc names; its columns are counted from 0."""

_COLOUR = re.compile(r"\x1b\[\d*m")
"""A colour code of the terminal."""

_STAN_SUFFIXES = (".stan", ".stanfunctions")
"""The endings of files whose lines an error message may quote."""

ORDER = "a Stan program, or the name of a bundled model, comes first, and its table after it"
"""What a hint says where a table stands in the place of a program, or the other way round."""

_BAD_OPTION = 124
"""The exit code of stanc for a command line that it does not understand."""

_RULER = re.compile(r"^\s*-{10,}\s*$")
"""A line of dashes, of which stanc prints one above and one below an excerpt of the program."""


@dataclass(frozen=True)
class Stanc:
    """The stanc binary.

    Attributes
    ----------
    path
        The executable.
    version
        Stan's version, such as ``2.39.0``.
    timeout
        The longest time that it may run [s]; `None` sets no limit.
    """

    path: Path
    version: str
    timeout: float | None = None


def run_stanc(stanc: Stanc, options: Sequence[str], file: Path, include_paths: Sequence[Path] = ()) -> str:
    """Return what stanc prints about a file.

    Includes are searched for in the file's own folder, then in `include_paths`. stanc reads copies with plain
    names, in a folder of ours; its errors come with the author's names.

    Raises
    ------
    ProgramError
        stanc rejects the program: its message, file, line and column (counted from 1).
    ToolchainMissing
        stanc cannot be started, or is too old for an option.
    RunTimedOut
        stanc takes longer than the time limit.
    """
    with stage_program(file, include_paths) as staged:
        command = [str(stanc.path), *options, "--include-paths=.", staged.name]
        try:
            completed = process.run(command, cwd=staged.folder, timeout=stanc.timeout)
        except OSError as reason:
            message = f"stanc was expected at {stanc.path}, but it cannot be started: {reason.strerror}."
            raise ToolchainMissing(message, hint="run `workbench toolchain install`") from reason
    if completed.timed_out:
        message = f"stanc took longer than the {stanc.timeout:g} s allowed to read `{file.name}`."
        raise RunTimedOut(message, hint="allow more time with --timeout")
    if completed.returncode == _BAD_OPTION:
        last = _COLOUR.sub("", completed.stderr).strip().splitlines()[-1]
        message = (
            f"stanc {stanc.version} at {stanc.path} does not know an option that the workbench needs: {last}"
        )
        raise ToolchainMissing(message, hint="use the Stan that `workbench toolchain install` provides")
    if completed.returncode != 0:
        raise _parse_rejection(file, completed.stderr, staged.originals)
    return completed.stdout


def dump_tree(stanc: Stanc, file: Path, include_paths: Sequence[Path] = ()) -> str:
    """Return stanc's syntax tree of a file, types included.

    The output is sent to the null device, because stanc also writes C++, by default beside the file.

    Raises
    ------
    ProgramError, ToolchainMissing
        As `run_stanc`.
    """
    return run_stanc(stanc, ["--debug-decorated-ast", f"--o={os.devnull}"], file, include_paths)


def _parse_rejection(file: Path, output: str, originals: Mapping[str, Path]) -> ProgramError:
    """Return the error for a message of stanc, with the place that the message names."""
    output = _COLOUR.sub("", output)
    place = _PLACE.search(output)
    if place is None:
        return ProgramError(f"stanc does not accept `{file}`: {output.strip()}", path=file)
    path = originals.get(place["file"].removeprefix("./"), file)
    line, column = int(place["line"]), int(place["column"]) + 1
    if path != file and path.suffix not in _STAN_SUFFIXES:  # whatever it is: its lines are not for a message
        message = f"`{path}`, which `{file}` includes, is not Stan: stanc does not accept its line {line}."
        return ProgramError(message, path=path, line=line, column=column)
    lines = output.splitlines()
    rulers = [number for number, text in enumerate(lines) if _RULER.match(text)]
    explanation = "\n".join(lines[rulers[-1] + 1 :] if rulers else lines).strip()
    excerpt = "\n".join(lines[rulers[0] + 1 : rulers[-1]]) if len(rulers) > 1 else ""
    message = f"`{path}`, line {line}, column {column}: {explanation}"
    if excerpt:
        message += f"\n{excerpt}"
    hint = None if path.suffix in _STAN_SUFFIXES else ORDER
    return ProgramError(message, path=path, line=line, column=column, hint=hint)

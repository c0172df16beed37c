"""The program that a run keeps, with the files that it includes: only these are read, under plain names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from workbench.errors import RunIncomplete

_INCLUDE = re.compile(
    r"""
    "[^"\n]*"
  | //[^\n]*
  | /\*.*?\*/
  | \#\s*include(?:\s*"(?P<quoted>[^"]*)"|\s*<(?P<bracketed>[^>]*)>|\s+(?P<bare>\S*))
    """,
    re.VERBOSE | re.DOTALL,
)
"""A text, a comment, or an include directive, in each way in which stanc takes one."""

_PART = re.compile(r"^[^\x00-\x1f\x7f/\\:,\"<>|?*]{1,200}$")
"""A part of a name that means a plain file on every system, and to the compilers."""

_DEEPEST = 20
"""The most folders in a name. Ours."""


def split_name(name: str) -> tuple[str, ...]:
    """Return the parts of the name of an included file.

    Raises
    ------
    RunIncomplete
        The name is not plain and relative, so that it may lead out of the folder.

    Examples
    --------
    >>> split_name("functions/shift.stan")
    ('functions', 'shift.stan')
    """
    parts = tuple(name.split("/"))
    is_plain = all(_PART.match(part) and part.strip(" .") and not part.startswith("-") for part in parts)
    if not is_plain or len(parts) > _DEEPEST:
        raise RunIncomplete(
            f"the run includes a file named {name[:200]!r}, which is not a plain name inside its folder.",
            hint="the run was changed or made by other software: do not run its program",
        )
    return parts


def choose_program_name(path: str) -> str:
    """Return the name of the file for the program of a run: that of its path.

    Raises
    ------
    RunIncomplete
        It is not a plain name.

    Examples
    --------
    >>> choose_program_name("models/linear.stan")
    'linear.stan'
    """
    name = path.replace("\\", "/").rpartition("/")[2]
    if not name.endswith((".stan", ".stanfunctions")) or len(split_name(name)) != 1:
        raise RunIncomplete(
            f"the program of the run was expected to be a `.stan` file, found {path[:200]!r}."
        )
    return name


def check_includes(texts: Mapping[str, str]) -> None:
    """Refuse a program that includes what its run does not keep; stanc would read it from this machine.

    Parameters
    ----------
    texts
        The text of the program and of each file that it includes, by name.

    Raises
    ------
    RunIncomplete
        The message names the directive.
    """
    for name, text in texts.items():
        split_name(name)
        for match in _INCLUDE.finditer(text):
            included = next((found for found in match.groups() if found is not None), None)
            if included is not None and posixpath.normpath(included.strip().lstrip("/")) not in texts:
                raise RunIncomplete(
                    f"`{name}` of the run includes {included[:200]!r}, which the run does not hold.",
                    hint="fit the program again where its files are",
                )

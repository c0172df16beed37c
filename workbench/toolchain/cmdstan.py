"""The user's own CmdStan: its makefile compiles, without our driver."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from workbench import process
from workbench.errors import ToolchainError, ToolchainMissing
from workbench.program.syntax import stanc
from workbench.provenance import hash_texts


def read_version(home: Path) -> str:
    """Return the version that a CmdStan home states, ``unknown`` if it states none."""
    version = re.search(r"^CMDSTAN_VERSION := (\S+)", (home / "makefile").read_text(), re.MULTILINE)
    return version[1] if version else "unknown"


def hash_home(home: Path, *, threads: bool) -> str:
    """Return the hash of what decides how a home compiles: its path, makefile, local settings and threads."""
    files = (home / "makefile", home / "make" / "local")
    texts = [path.read_text() if path.is_file() else "" for path in files]
    return hash_texts("cmdstan", str(home), str(threads), *texts)


def compose_make_command(
    home: Path, target: Path, *, threads: bool, optimized: bool = False
) -> process.ProcessCommand:
    """Return the command that makes an executable from the Stan program beside it, and from what it includes.

    make passes these words to a shell: `target` must lie in a folder that `find_plain_folder` returned.
    """
    settings = [f"STANCFLAGS+=--filename-in-msg={target.name}.stan --include-paths={target.parent}"]
    if optimized:
        settings.append(f"STANCFLAGS+={stanc.OPTIMIZE}")
    if threads:
        settings.append("STAN_THREADS=TRUE")
    return process.ProcessCommand((os.environ.get("MAKE", "make"), *settings, str(target)), cwd=home)


def find_plain_folder() -> Path:
    """Return a folder for temporary files whose path make takes for nothing but a path.

    Raises
    ------
    ToolchainError
        There is none.
    """
    for folder in map(Path, (tempfile.gettempdir(), *_TEMPORARY_FOLDERS)):
        if is_plain(folder) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    message = (
        f"make cannot work in the temporary folder `{tempfile.gettempdir()}`: "
        "its path has characters with a meaning for make."
    )
    raise ToolchainError(
        message, hint="set TMPDIR to a folder whose path has only letters, digits, `/` and `-`"
    )


def is_plain(path: Path) -> bool:
    """Return whether no character of a path has a meaning for make or a shell.

    >>> is_plain(Path("/tmp/a-b_c.d")), is_plain(Path("/tmp/a b")), is_plain(Path("/tmp/$(touch a)"))
    (True, False, False)
    """
    return re.fullmatch(r"[\w./+-]+", str(path), flags=re.ASCII) is not None


_TEMPORARY_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - a folder of our own is made in one of them
"""Where temporary files can go if the path of TMPDIR is of no use to make."""


def find_home() -> Path:
    """Return the folder that the variable ``CMDSTAN`` names.

    Raises
    ------
    ToolchainMissing
        The variable is not set, or names a folder without a CmdStan.
    """
    value = os.environ.get("CMDSTAN")
    if not value:
        message = "your own CmdStan was requested, but the variable CMDSTAN is not set."
        raise ToolchainMissing(message, hint="set CMDSTAN to CmdStan's folder")
    home = Path(value).expanduser().resolve()
    if not (home / "makefile").is_file():
        message = f"CMDSTAN is set to {value}, but that is not a CmdStan folder: it has no makefile."
        raise ToolchainMissing(message, hint="unset CMDSTAN to use Stan from the package index")
    return home

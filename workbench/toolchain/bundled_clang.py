"""The clang in zig's wheel, with the standard library and the linker of this machine's g++.

It compiles Stan programs in half of g++'s time, and objects of both can be linked together. ``zig clang`` is
clang's own driver; ``zig c++`` would bring another standard library, which it has to build first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workbench import process
from workbench.errors import ToolchainError, ToolchainMissing
from workbench.files import make_scratch
from workbench.progress import Progress
from workbench.toolchain.compilers import OPTIONS, Compiler, identify, locate_header
from workbench.toolchain.wheels import locate_clang, provide_clang

_LONGEST_ANSWER = 120.0
"""How long g++ may take to name its folder, and a small program to be compiled or to run [s]."""

_FAILURE_HOLDS = 3600.0
"""For how long clang is not tried again after a failure [s]: without a network, pip takes 13 seconds."""

_TRIAL = """
#include <cmath>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
int main() {
  std::vector<std::string> words;
  std::thread([&] { words.push_back("works"); }).join();
  try {
    throw std::runtime_error(words.at(0));
  } catch (const std::exception& reason) {
    std::cout << reason.what() << std::endl;
  }
}
"""
"""A program that needs g++'s headers, its libraries, its linker, exceptions and threads."""


def prefer_clang(
    gcc: Compiler, home: Path, folder: Path, local: Path | None, progress: Progress
) -> Compiler | None:
    """Return the clang in zig's wheel; `None` if g++ has compiled Stan's header, and clang has not.

    Parameters
    ----------
    gcc
        This machine's g++.
    home
        The folder that holds Stan.
    folder
        The build cache.
    local
        Zig's wheel on this machine, instead of the package index.
    progress
        Where a download is shown.

    Raises
    ------
    ToolchainError
        It cannot be fetched, or does not work on this machine; that is then taken as known for an hour.
    """
    has_gcc_header = locate_header(folder, gcc, home, threads=False).exists()
    if has_gcc_header and not locate_clang(folder).exists():
        return None
    with _remember_failure(locate_clang(folder)):
        clang = _identify(gcc, provide_clang(folder, local, progress))
        if locate_header(folder, clang, home, threads=False).exists():
            return clang
        if has_gcc_header:
            return None
        _try(clang)
        return clang


def require_clang(gcc: Compiler, folder: Path, local: Path | None, progress: Progress) -> Compiler:
    """Return the clang in zig's wheel, whatever has been compiled; see `prefer_clang`."""
    clang = _identify(gcc, provide_clang(folder, local, progress))
    _try(clang)
    return clang


@contextmanager
def _remember_failure(place: Path) -> Iterator[None]:
    """Note why clang cannot be used; raise the same error at once for as long as the note is recent."""
    note = place.with_name(f"{place.name}.unavailable")
    if note.exists() and time.time() - note.stat().st_mtime < _FAILURE_HOLDS:
        raise ToolchainMissing(note.read_text())
    try:
        yield
    except ToolchainError as obstacle:
        with suppress(OSError):  # the cache cannot be written
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(obstacle.message)
        raise
    note.unlink(missing_ok=True)


def _identify(gcc: Compiler, zig: Path) -> Compiler:
    """Return clang, told where this g++ keeps its standard library: there may be several."""
    options = ("--driver-mode=g++", "--target=x86_64-linux-gnu", f"--gcc-install-dir={_find_folder(gcc)}")
    return identify(str(zig), "clang", *options, "-resource-dir", str(zig.parent / "lib"))


def _find_folder(gcc: Compiler) -> Path:
    """Return the folder of a g++'s own libraries."""
    answer = process.run([*gcc.argv, "-print-libgcc-file-name"], timeout=_LONGEST_ANSWER)
    return Path(answer.stdout.strip()).parent


def _try(clang: Compiler) -> None:
    """Compile a small program, link it, and run it.

    Raises
    ------
    ToolchainMissing
        It does not compile, or not run.
    """
    with make_scratch() as scratch:
        (scratch / "trial.cpp").write_text(_TRIAL)
        command = [*clang.argv, *OPTIONS, str(scratch / "trial.cpp"), "-o", str(scratch / "trial")]
        answer = process.run(command, timeout=_LONGEST_ANSWER)
        if answer.returncode == 0:
            answer = process.run([scratch / "trial"], timeout=_LONGEST_ANSWER)
    if answer.stdout.strip() != "works":
        said = next((line for line in answer.output.splitlines() if "error" in line), "it gives no reason")
        raise ToolchainMissing(
            f"the clang in zig's wheel does not work with this machine's g++: {said.strip()}"
        )

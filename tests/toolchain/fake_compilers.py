"""Fake compilers: shell scripts that print what a test needs."""

from __future__ import annotations

from pathlib import Path

from workbench.program.syntax.stanc import Stanc
from workbench.toolchain import Compiler, Toolchain

CLANG = "Debian clang version {} (fake)"
"""What clang prints about itself, without the version."""

GCC = "gcc version {} (fake)"
"""What gcc prints about itself, without the version."""


def write_script(path: Path, *lines: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path


def write_compiler(path: Path, description: str) -> Path:
    """Write a compiler that answers ``-v`` with a description."""
    return write_script(path, f"echo '{description}' >&2")


def make_toolchain(folder: Path, *compiler_lines: str, kind: str = "clang") -> Toolchain:
    """Return a toolchain whose compiler runs the given shell lines; its Stan is one empty header."""
    home = folder / "stan"
    header = home / "include" / "stan" / "model" / "model_header.hpp"
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text("// a header")
    (home / "lib").mkdir(exist_ok=True)
    program = write_script(folder / "bin" / "fake++", *compiler_lines)
    compiler = Compiler(kind, (str(program),), "fake 1", "identity")
    stanc = Stanc(home / "bin" / "stanc", "2.39.0")
    return Toolchain("2.39.0", "embedded", home, stanc, compiler, folder / "cache", "a test")

"""Compilers that are shell scripts: they say what a test needs them to say."""

from __future__ import annotations

from pathlib import Path

from workbench.program.syntax.stanc import Stanc
from workbench.toolchain import Compiler, Toolchain

CLANG = "Debian clang version {} (fake)"
GCC = "gcc version {} (fake)"


def script(path: Path, *lines: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path


def compiler_script(path: Path, says: str) -> Path:
    """Write a compiler that answers ``-v``."""
    return script(path, f"echo '{says}' >&2")


def toolchain(folder: Path, *compiler_lines: str, kind: str = "clang") -> Toolchain:
    """Return a toolchain whose compiler does what the lines say, with next to nothing for a Stan."""
    home = folder / "stan"
    header = home / "include" / "stan" / "model" / "model_header.hpp"
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text("// a header")
    (home / "lib").mkdir(exist_ok=True)
    program = script(folder / "bin" / "fake++", *compiler_lines)
    compiler = Compiler(kind, (str(program),), "fake 1", "identity")
    stanc = Stanc(home / "bin" / "stanc", "2.39.0")
    return Toolchain("2.39.0", "embedded", home, stanc, compiler, folder / "cache", "a test")

"""Checks of the toolchain on this machine. Each has a code, a result, and a remedy if there is a problem."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import ToolchainError
from workbench.toolchain import cache
from workbench.toolchain.cmdstan import find_home
from workbench.toolchain.compilers import Compiler, find_installed_compilers
from workbench.toolchain.pins import detect_platform, find_wheel
from workbench.toolchain.provision import ToolchainSettings, find_cache_folder
from workbench.toolchain.wheels import locate_stan

_SPACE_NEEDED = 2 << 30
"""The disk space for Stan's sources, its precompiled header (g++'s is the largest) and the driver [bytes]."""

_OLDEST = {"gcc": 9, "clang": 10, "zig": 0}
"""The oldest major versions that compile Stan's C++17."""


@dataclass(frozen=True)
class ToolchainCheck:
    """The result of one check.

    Attributes
    ----------
    code
        A code that never changes, to look it up by.
    title
        What is checked.
    status
        ``ok``, ``note`` (works, but could be better) or ``problem``.
    found
        What was found, in a sentence.
    cure
        What to do about it; empty if there is nothing to do.
    """

    code: str
    title: str
    status: str
    found: str
    cure: str = ""


def examine(settings: ToolchainSettings | None = None) -> tuple[ToolchainCheck, ...]:
    """Check everything that building a Stan program needs; fetch and build nothing."""
    folder = find_cache_folder(settings or ToolchainSettings())
    return (
        _check_platform(),
        _check_cache(folder),
        _check_space(folder),
        _check_stan(folder),
        _check_compiler(),
        _check_cmdstan(),
    )


def _check_platform() -> ToolchainCheck:
    try:
        wheel = find_wheel("httpstan")
    except ToolchainError as reason:
        return ToolchainCheck("TC101", "Platform", "problem", reason.message, reason.hint or "")
    return ToolchainCheck(
        "TC101", "Platform", "ok", f"{wheel.name} {wheel.version} has a wheel for {detect_platform()}."
    )


def _check_cache(folder: Path) -> ToolchainCheck:
    try:
        with cache.explain_write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
    except ToolchainError as reason:
        return ToolchainCheck("TC102", "Cache", "problem", reason.message, reason.hint or "")
    return ToolchainCheck("TC102", "Cache", "ok", f"{folder} can be written.")


def _check_space(folder: Path) -> ToolchainCheck:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    space = f"{free / 1e9:.1f} GB are free at {existing}."
    if free >= _SPACE_NEEDED:
        return ToolchainCheck("TC103", "Disk space", "ok", space)
    return ToolchainCheck("TC103", "Disk space", "problem", space, cache.FREE_SPACE)


def _check_stan(folder: Path) -> ToolchainCheck:
    try:
        place = locate_stan(folder)
    except ToolchainError as reason:
        return ToolchainCheck("TC104", "Stan", "problem", reason.message, reason.hint or "")
    if not (place / cache.MANIFEST).exists():
        message = "Stan is not installed yet: the first use fetches it."
        return ToolchainCheck(
            "TC104", "Stan", "note", message, "`workbench toolchain install` fetches it now"
        )
    if cache.is_sound(place):
        count = len(json.loads((place / cache.MANIFEST).read_text()))
        return ToolchainCheck(
            "TC104", "Stan", "ok", f"all {count} files in {place} are as they were fetched."
        )
    message = f"files in {place} were changed or are missing."
    return ToolchainCheck(
        "TC104", "Stan", "problem", message, "`workbench toolchain install` fetches Stan again"
    )


def _check_compiler() -> ToolchainCheck:
    compilers = find_installed_compilers()
    if not compilers:
        message = "neither clang++ nor g++ is on the PATH: zig will be fetched from the package index."
        return ToolchainCheck(
            "TC105", "C++ compiler", "note", message, "clang++ compiles Stan programs fastest"
        )
    first = compilers[0]
    oldest = _OLDEST[first.kind]
    if _parse_major_version(first) < oldest:
        message = f"{first} is older than {first.kind} {oldest}, the oldest version that compiles Stan."
        return ToolchainCheck(
            "TC105", "C++ compiler", "problem", message, "install a newer one, or choose zig"
        )
    found = f"{first} will be used"
    if first.kind == "gcc":
        found += (
            ", or the clang in zig's wheel with its standard library, unless it has compiled Stan's headers"
        )
    return ToolchainCheck("TC105", "C++ compiler", "ok", f"{found}.")


def _parse_major_version(compiler: Compiler) -> int:
    """Return a compiler's major version."""
    number = re.search(r"version (\d+)", compiler.version)
    return int(number[1]) if number else 0


def _check_cmdstan() -> ToolchainCheck:
    if not os.environ.get("CMDSTAN"):
        return ToolchainCheck(
            "TC106", "CMDSTAN", "ok", "CMDSTAN is not set: Stan comes from the package index."
        )
    try:
        home: Path = find_home()
    except ToolchainError as reason:
        return ToolchainCheck("TC106", "CMDSTAN", "problem", reason.message, reason.hint or "")
    return ToolchainCheck("TC106", "CMDSTAN", "ok", f"the CmdStan in {home} will be used.")

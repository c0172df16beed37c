"""What is right and wrong with the toolchain on this machine: each check has a code, a finding and a cure."""

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
from workbench.toolchain.provision import Settings, find_cache_folder
from workbench.toolchain.wheels import locate_stan

# Header, driver and Stan's sources, with g++'s precompiled header as the largest [bytes].
_SPACE_NEEDED = 2 << 30
# The oldest that know C++17 as Stan writes it.
_OLDEST = {"gcc": 9, "clang": 10, "zig": 0}


@dataclass(frozen=True)
class Finding:
    """One check's result.

    Attributes
    ----------
    code
        Stable: it can be looked up.
    title
        What was checked.
    status
        ``ok``, ``note`` (works, but could be better) or ``problem``.
    found
        What is the case, in a sentence.
    cure
        What to do about it; empty where nothing need be done.
    """

    code: str
    title: str
    status: str
    found: str
    cure: str = ""


def examine(settings: Settings | None = None) -> tuple[Finding, ...]:
    """Check everything that building a Stan program needs; nothing is fetched or built."""
    folder = find_cache_folder(settings or Settings())
    return (
        _check_platform(),
        _check_cache(folder),
        _check_space(folder),
        _check_stan(folder),
        _check_compiler(),
        _check_cmdstan(),
    )


def _check_platform() -> Finding:
    try:
        wheel = find_wheel("httpstan")
    except ToolchainError as reason:
        return Finding("TC101", "Platform", "problem", reason.message, reason.hint or "")
    return Finding(
        "TC101", "Platform", "ok", f"{detect_platform()} is served by {wheel.name} {wheel.version}."
    )


def _check_cache(folder: Path) -> Finding:
    try:
        with cache.explain_write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
    except ToolchainError as reason:
        return Finding("TC102", "Cache", "problem", reason.message, reason.hint or "")
    return Finding("TC102", "Cache", "ok", f"{folder} can be written.")


def _check_space(folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:.1f} GB are free at {existing}."
    if free >= _SPACE_NEEDED:
        return Finding("TC103", "Disk space", "ok", found)
    cure = "`workbench toolchain prune` frees space; WORKBENCH_CACHE moves the cache to another disk"
    return Finding("TC103", "Disk space", "problem", found, cure)


def _check_stan(folder: Path) -> Finding:
    try:
        place = locate_stan(folder)
    except ToolchainError as reason:
        return Finding("TC104", "Stan", "problem", reason.message, reason.hint or "")
    if not (place / cache.MANIFEST).exists():
        found = "Stan is not unpacked yet: the first use fetches it."
        return Finding("TC104", "Stan", "note", found, "`workbench toolchain install` does it now")
    if cache.is_sound(place):
        count = len(json.loads((place / cache.MANIFEST).read_text()))
        return Finding("TC104", "Stan", "ok", f"all {count} files in {place} are as they were fetched.")
    found = f"files in {place} were changed or are missing."
    return Finding("TC104", "Stan", "problem", found, f"remove {place}: the next use fetches Stan again")


def _check_compiler() -> Finding:
    found = find_installed_compilers()
    if not found:
        words = "neither clang++ nor g++ is on the PATH: zig will be fetched from the package index."
        return Finding("TC105", "C++ compiler", "note", words, "clang++ compiles Stan programs fastest")
    first = found[0]
    oldest = _OLDEST[first.kind]
    if _major(first) < oldest:
        words = f"{first} is older than {first.kind} {oldest}, the oldest that compiles Stan."
        return Finding("TC105", "C++ compiler", "problem", words, "install a newer one, or choose zig")
    return Finding("TC105", "C++ compiler", "ok", f"{first} will be used.")


def _major(compiler: Compiler) -> int:
    """Return a compiler's major version."""
    number = re.search(r"version (\d+)", compiler.version)
    return int(number[1]) if number else 0


def _check_cmdstan() -> Finding:
    if not os.environ.get("CMDSTAN"):
        return Finding("TC106", "CMDSTAN", "ok", "CMDSTAN is not set: Stan comes from the package index.")
    try:
        home: Path = find_home()
    except ToolchainError as reason:
        return Finding("TC106", "CMDSTAN", "problem", reason.message, reason.hint or "")
    return Finding("TC106", "CMDSTAN", "ok", f"the CmdStan in {home} will be used.")

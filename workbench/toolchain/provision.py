"""Provide Stan and a compiler on this machine, and say why these."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from workbench.errors import RequestError, ToolchainError
from workbench.program.syntax.stanc import Stanc
from workbench.progress import SILENT, Progress
from workbench.toolchain import cmdstan
from workbench.toolchain.bundled_clang import prefer_clang, require_clang
from workbench.toolchain.compilers import Compiler, find_compiler, find_installed_compilers, tune
from workbench.toolchain.pins import read_pins
from workbench.toolchain.wheels import check_wheels, locate_clang, provide_stan, provide_zig

SOURCES = ("auto", "embedded", "cmdstan")
"""Where Stan can come from; `ToolchainSettings` explains each."""


@dataclass(frozen=True)
class ToolchainSettings:
    """The user's choices about the toolchain.

    Attributes
    ----------
    compiler
        ``clang++``, ``g++``, ``zig`` or a path; `None` takes the first that exists, in this order. On a
        machine with g++ alone, ``clang++`` is the clang in zig's wheel, and `None` prefers it at first use.
    cache
        The folder of the build cache; `None` is ``WORKBENCH_CACHE``, else the user's cache folder.
    source
        ``embedded``: Stan from the package index; ``cmdstan``: the CmdStan that ``CMDSTAN`` names; ``auto``:
        that CmdStan if the variable is set, else embedded.
    wheels
        Wheels of httpstan and ziglang on this machine, instead of downloading them.
    native
        Use all features of this processor: some programs run a tenth faster, and their draws differ by
        rounding. The executables may not run on another processor.
    """

    compiler: str | None = None
    cache: Path | None = None
    source: str = "auto"
    wheels: tuple[Path, ...] = ()
    native: bool = False


@dataclass(frozen=True)
class Toolchain:
    """A Stan and a compiler, ready to build programs.

    Attributes
    ----------
    stan_version
        For example ``2.39.0``.
    source
        ``embedded`` or ``cmdstan``.
    home
        The folder that holds Stan: `include` and `lib`, or a CmdStan home.
    stanc
        Stan's own compiler.
    compiler
        The C++ compiler.
    cache
        The folder of the build cache.
    why
        Why this Stan and this compiler are used.
    timeout
        The longest time that one of its programs may run [s]; `None` sets no limit.
    """

    stan_version: str
    source: str
    home: Path
    stanc: Stanc
    compiler: Compiler
    cache: Path
    why: str
    timeout: float | None = None

    def limit(self, timeout: float | None) -> Toolchain:
        """Return the same toolchain with a time limit for stanc and for each compiler [s]."""
        return replace(self, stanc=replace(self.stanc, timeout=timeout), timeout=timeout)


def provision(settings: ToolchainSettings = ToolchainSettings(), progress: Progress = SILENT) -> Toolchain:
    """Return a usable toolchain; fetch and unpack what is missing, but compile nothing.

    Raises
    ------
    ToolchainError
        The path of the cache has a character that compilers cannot take.
    ToolchainMissing
        There is no Stan or no compiler, and it cannot be fetched.
    PinMismatch
        A fetched file does not have the pinned hash.
    """
    source, reason = _choose_source(settings.source)
    folder = find_cache_folder(settings)
    _check_path(folder)
    local = check_wheels(settings.wheels)
    home = (
        cmdstan.find_home()
        if source == "cmdstan"
        else provide_stan(folder, local.get(read_pins().stan_wheel), progress)
    )
    version = cmdstan.read_version(home) if source == "cmdstan" else read_pins().stan_version
    compiler, compiler_reason = _choose_compiler(
        settings, source == "embedded", home, folder, local.get("ziglang"), progress
    )
    if settings.native:
        compiler, compiler_reason = tune(compiler), f"{compiler_reason}, tuned to this processor"
    stanc = Stanc(home / "bin" / "stanc", version)
    return Toolchain(version, source, home, stanc, compiler, folder, f"{reason}; {compiler_reason}")


def find_cache_folder(settings: ToolchainSettings = ToolchainSettings()) -> Path:
    """Return the folder of the build cache."""
    chosen = settings.cache or os.environ.get("WORKBENCH_CACHE")
    return Path(chosen).expanduser().resolve() if chosen else platformdirs.user_cache_path("workbench")


def _choose_compiler(
    settings: ToolchainSettings,
    is_embedded: bool,
    home: Path,
    folder: Path,
    zig: Path | None,
    progress: Progress,
) -> tuple[Compiler, str]:
    """Return a compiler and the reason for choosing it.

    On a machine with g++ alone, that is the clang in zig's wheel, unless g++ has compiled Stan's header, Stan
    comes from a wheel on this machine and zig does not (there may be no package index), or clang cannot be
    fetched or used.
    """
    installed = find_installed_compilers() if settings.compiler == "clang++" and is_embedded else ()
    if installed and installed[0].kind == "gcc":
        return require_clang(
            installed[0], folder, zig, progress
        ), "you requested clang++, and zig's wheel has it"
    compiler, reason = find_compiler(
        settings.compiler, lambda: provide_zig(folder, zig, progress), folder / "zig" / "compiled"
    )
    is_at_hand = zig is not None or locate_clang(folder).exists() or not settings.wheels
    is_free = is_embedded and settings.compiler is None and is_at_hand
    if compiler.kind != "gcc" or not is_free:
        return compiler, reason
    try:
        clang = prefer_clang(compiler, home, folder, zig, progress)
    except ToolchainError as obstacle:
        return compiler, f"{reason}, and a faster one cannot be used: {obstacle.message}"
    if clang is None:
        return compiler, f"{reason}, and has compiled Stan's headers"
    return clang, "zig's wheel has a clang that compiles faster than this machine's g++"


def _check_path(folder: Path) -> None:
    """Refuse a path that g++ would write into its assembly code as it is, where a quote ends a name."""
    if re.search(r'["\\\x00-\x1f\x7f]', str(folder)):
        message = f"compilers cannot work in the cache at `{folder}`: its path has a quote, a backslash or a "
        hint = "set WORKBENCH_CACHE to a folder with a plainer path"
        raise ToolchainError(f"{message}control character.", hint=hint)


def _choose_source(requested: str) -> tuple[str, str]:
    if requested not in SOURCES:
        message = f"the toolchain `{requested}` was requested, but there are only {', '.join(SOURCES)}."
        raise RequestError(message)
    if requested != "auto":
        return requested, f"you requested the {requested} Stan"
    if os.environ.get("CMDSTAN"):
        return "cmdstan", "CMDSTAN is set"
    return "embedded", "CMDSTAN is not set, so Stan comes from the package index"

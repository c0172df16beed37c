"""Where Stan and the compiler come from on this machine, and why these."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from workbench.errors import ToolchainMissing
from workbench.program.syntax.stanc import Stanc
from workbench.progress import SILENT, Progress
from workbench.toolchain import cmdstan
from workbench.toolchain.compilers import Compiler, find_compiler, tune
from workbench.toolchain.pins import read_pins
from workbench.toolchain.wheels import provide_stan, provide_zig

SOURCES = ("auto", "embedded", "cmdstan")


@dataclass(frozen=True)
class Settings:
    """What the user decides about the toolchain.

    Attributes
    ----------
    compiler
        ``clang++``, ``g++``, ``zig`` or a path; `None` takes the first there is, in this order.
    cache
        Where everything is kept; `None` is ``WORKBENCH_CACHE``, else the user's cache folder.
    source
        ``embedded``: Stan from the package index; ``cmdstan``: the CmdStan that ``CMDSTAN`` names; ``auto``:
        that CmdStan where the variable is set, else embedded.
    wheel
        A httpstan wheel on this machine, instead of downloading it.
    native
        Use all that this processor can do: some programs run a tenth faster, and their draws differ by
        rounding. What is built so does not run on another processor.
    """

    compiler: str | None = None
    cache: Path | None = None
    source: str = "auto"
    wheel: Path | None = None
    native: bool = False


@dataclass(frozen=True)
class Toolchain:
    """A Stan and a compiler, ready to build programs.

    Attributes
    ----------
    stan_version
        Such as ``2.39.0``.
    source
        ``embedded`` or ``cmdstan``.
    home
        The folder that holds Stan: `include` and `lib`, or a CmdStan home.
    stanc
        Stan's own compiler.
    compiler
        The C++ compiler.
    cache
        Where everything built is kept.
    why
        Why this Stan and this compiler.
    """

    stan_version: str
    source: str
    home: Path
    stanc: Stanc
    compiler: Compiler
    cache: Path
    why: str


def provision(settings: Settings = Settings(), progress: Progress = SILENT) -> Toolchain:
    """Return a usable toolchain, fetching and unpacking what is missing; nothing is compiled.

    Raises
    ------
    ToolchainMissing
        There is no Stan or no compiler to be had.
    PinMismatch
        What was fetched is not what we pinned.
    """
    source, reason = _choose_source(settings.source)
    folder = find_cache_folder(settings)
    home = cmdstan.find_home() if source == "cmdstan" else provide_stan(folder, settings.wheel, progress)
    version = cmdstan.read_version(home) if source == "cmdstan" else read_pins().stan_version
    compiler, because = find_compiler(
        settings.compiler, lambda: provide_zig(folder, progress), folder / "zig" / "compiled"
    )
    if settings.native:
        compiler, because = tune(compiler), f"{because}, tuned to this processor"
    stanc = Stanc(home / "bin" / "stanc", version)
    return Toolchain(version, source, home, stanc, compiler, folder, f"{reason}; {because}")


def find_cache_folder(settings: Settings = Settings()) -> Path:
    """Return where everything is kept."""
    named = settings.cache or os.environ.get("WORKBENCH_CACHE")
    return Path(named).expanduser().resolve() if named else platformdirs.user_cache_path("workbench")


def _choose_source(wanted: str) -> tuple[str, str]:
    if wanted not in SOURCES:
        message = f"the toolchain `{wanted}` was asked for, but there are only {', '.join(SOURCES)}."
        raise ToolchainMissing(message)
    if wanted != "auto":
        return wanted, f"you asked for the {wanted} Stan"
    if os.environ.get("CMDSTAN"):
        return "cmdstan", "CMDSTAN is set"
    return "embedded", "CMDSTAN is not set, so Stan comes from the package index"

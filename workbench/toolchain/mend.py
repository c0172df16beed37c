"""Find what is damaged in the build cache, after a compiler has failed, and make it again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from workbench.progress import Progress
from workbench.toolchain import cache
from workbench.toolchain.compilers import locate_header
from workbench.toolchain.header_and_driver import hash_driver
from workbench.toolchain.pins import read_pins
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.wheels import provide_clang, provide_stan, provide_zig


def discard_damaged(
    toolchain: Toolchain, threads: bool, *, is_header_outdated: bool = False
) -> tuple[str, ...]:
    """Discard what is not as it was published, and return its names; every file is hashed.

    Parameters
    ----------
    toolchain
        The toolchain; only one with Stan from the package index keeps anything in the cache.
    threads
        Which of the two variants was used.
    is_header_outdated
        Whether a compiler says that it cannot use the precompiled header.
    """
    if toolchain.source != "embedded":
        return ()
    places = _list_places(toolchain, threads)
    damaged = [name for name, place in places.items() if _is_damaged(place)]
    if is_header_outdated and _HEADER not in damaged and places[_HEADER].exists():
        damaged.append(_HEADER)
    for name in damaged:
        cache.discard(places[name])
    return tuple(damaged)


def mend(toolchain: Toolchain, progress: Progress, local: Mapping[str, Path] = {}) -> None:
    """Fetch again what was discarded; header and driver are built when they are needed.

    Parameters
    ----------
    toolchain
        The toolchain.
    progress
        Where downloads are shown.
    local
        Wheels on this machine, as `check_wheels` returns them.

    Raises
    ------
    ToolchainMissing
        It cannot be fetched.
    """
    if toolchain.source != "embedded":
        return
    if not toolchain.home.exists():
        provide_stan(toolchain.cache, local.get(read_pins().stan_wheel), progress)
    compiler = _locate_own_compiler(toolchain)
    if compiler is not None and not compiler.exists():
        provide = provide_zig if toolchain.compiler.kind == "zig" else provide_clang
        provide(toolchain.cache, local.get("ziglang"), progress)


_HEADER = "the precompiled header"
"""What the precompiled header is called in messages."""


def _list_places(toolchain: Toolchain, threads: bool) -> dict[str, Path]:
    """Return what models are combined with, by name."""
    compiler = _locate_own_compiler(toolchain)
    return {
        **({} if compiler is None else {"the compiler": compiler}),
        "Stan": toolchain.home,
        _HEADER: locate_header(toolchain.cache, toolchain.compiler, toolchain.home, threads=threads),
        "the driver": cache.locate_entry(toolchain.cache, "drivers", hash_driver(toolchain, threads)),
    }


def _locate_own_compiler(toolchain: Toolchain) -> Path | None:
    """Return the folder of a compiler that the cache holds; `None` if the compiler is the machine's own."""
    folder = Path(toolchain.compiler.argv[0]).parent
    return folder if toolchain.cache in folder.parents else None


def _is_damaged(place: Path) -> bool:
    return (place / cache.MANIFEST).exists() and not cache.is_sound(place, is_thorough=True)

"""Find what is damaged in the build cache, after a compiler has failed, and make it again."""

from __future__ import annotations

from pathlib import Path

from workbench.progress import Progress
from workbench.toolchain import cache
from workbench.toolchain.header_and_driver import hash_driver, hash_header
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.wheels import provide_stan


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


def mend(toolchain: Toolchain, progress: Progress) -> None:
    """Fetch Stan again if it was discarded; header and driver are built when they are needed.

    Raises
    ------
    ToolchainMissing
        It cannot be fetched.
    """
    if toolchain.source == "embedded" and not toolchain.home.exists():
        provide_stan(toolchain.cache, None, progress)


_HEADER = "the precompiled header"
"""What the precompiled header is called in messages."""


def _list_places(toolchain: Toolchain, threads: bool) -> dict[str, Path]:
    """Return what models are combined with, by name."""
    return {
        "Stan": toolchain.home,
        _HEADER: cache.locate_entry(toolchain.cache, "headers", hash_header(toolchain, threads)),
        "the driver": cache.locate_entry(toolchain.cache, "drivers", hash_driver(toolchain, threads)),
    }


def _is_damaged(place: Path) -> bool:
    return (place / cache.MANIFEST).exists() and not cache.is_sound(place, is_thorough=True)

"""Keep the build cache within a limit: remove the entries that have been unused for longest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.toolchain import cache


@dataclass(frozen=True)
class Pruned:
    """What pruning did.

    Attributes
    ----------
    removed
        The entries removed.
    in_use
        Entries that would have been removed, but that another process makes or uses.
    freed, left
        How much was freed, remains of killed builds included, and how much is left [bytes].
    """

    removed: tuple[Path, ...]
    in_use: tuple[Path, ...]
    freed: int
    left: int


def prune(folder: Path, limit: float) -> Pruned:
    """Remove entries until at most `limit` bytes are left; remains of killed builds go in any case.

    Parameters
    ----------
    folder
        The cache.
    limit
        How much may stay [bytes]; 0 empties the cache.
    """
    with cache.explain_write_errors(folder):
        swept = cache.sweep(folder)
        entries = sorted(_list_entries(folder), key=_read_last_use)
        sizes = {path: cache.measure(path) for path in entries}
        removed, in_use = _remove_oldest(sizes, limit)
        # The makefile of a CmdStan home names headers and drivers by their paths: it is useless without them.
        if any(path.parent.name in ("headers", "drivers") for path in removed):
            homes = [path for path in sizes if path.parent.name == "homes" and path not in removed]
            removed += [path for path in homes if cache.remove_unused(path)]
    freed = sum(sizes[path] for path in removed)
    return Pruned(tuple(removed), tuple(in_use), swept + freed, sum(sizes.values()) - freed)


def _remove_oldest(sizes: dict[Path, int], limit: float) -> tuple[list[Path], list[Path]]:
    """Remove entries in order until few enough bytes are left; return those removed, and those in use."""
    removed: list[Path] = []
    in_use: list[Path] = []
    left = sum(sizes.values())
    for path in sizes:
        if left <= limit:
            break
        if cache.remove_unused(path):
            removed.append(path)
            left -= sizes[path]
        else:
            in_use.append(path)
    return removed, in_use


def _read_last_use(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # somebody else has just removed it
        return 0.0


def _list_entries(folder: Path) -> list[Path]:
    kinds = [folder / kind for kind in cache.KINDS if (folder / kind).is_dir()]
    paths = [path for kind in kinds for path in kind.iterdir() if path.is_dir()]
    return [path for path in paths if not path.name.startswith(".")]

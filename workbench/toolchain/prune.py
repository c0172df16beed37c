"""Keeping the build cache within bounds: what was unused for longest goes first."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from workbench.toolchain.cache import KINDS, explain_write_errors

# What a build that died left behind; younger ones may still be growing.
_ABANDONED_AFTER = 24 * 3600.0


@dataclass(frozen=True)
class Pruned:
    """What pruning did: the entries removed, the bytes freed, the bytes left."""

    removed: tuple[Path, ...]
    freed: int
    left: int


def prune(folder: Path, limit: int) -> Pruned:
    """Remove entries until at most `limit` bytes are left.

    Parameters
    ----------
    folder
        The cache.
    limit
        What may stay [bytes]; 0 empties the cache.
    """
    sizes = {path: _size(path) for path in _entries(folder)}
    doomed = [path for path in sizes if _is_abandoned(path)]
    left = sum(sizes.values()) - sum(sizes[path] for path in doomed)
    for path in sorted(sizes.keys() - set(doomed), key=lambda path: path.stat().st_mtime):
        if left <= limit:
            break
        doomed.append(path)
        left -= sizes[path]
    # A CmdStan home names headers and drivers by their path: without them it is of no use.
    if any(path.parent.name in ("headers", "drivers") for path in doomed):
        homes = [path for path in sizes if path.parent.name == "homes" and path not in doomed]
        doomed += homes
        left -= sum(sizes[path] for path in homes)
    with explain_write_errors(folder):
        for path in doomed:
            shutil.rmtree(path)
    return Pruned(tuple(doomed), sum(sizes[path] for path in doomed), left)


def _entries(folder: Path) -> list[Path]:
    kinds = [folder / kind for kind in KINDS if (folder / kind).is_dir()]
    return [path for kind in kinds for path in kind.iterdir() if path.is_dir()]


def _is_abandoned(path: Path) -> bool:
    return path.name.startswith(".") and time.time() - path.stat().st_mtime > _ABANDONED_AFTER


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())

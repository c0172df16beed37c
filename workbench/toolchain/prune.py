"""Keep the build cache within a limit: remove the entries that have been unused for longest."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from workbench.toolchain.cache import KINDS, explain_write_errors

_ABANDONED_AFTER = 24 * 3600.0
"""The age from which a temporary folder is taken for the remains of a build that died [s]."""


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
        How much may stay [bytes]; 0 empties the cache.
    """
    sizes = {path: _measure(path) for path in _list_entries(folder)}
    removed = [path for path in sizes if _is_abandoned(path)]
    left = sum(sizes.values()) - sum(sizes[path] for path in removed)
    for path in sorted(sizes.keys() - set(removed), key=lambda path: path.stat().st_mtime):
        if left <= limit:
            break
        removed.append(path)
        left -= sizes[path]
    # The makefile of a CmdStan home names headers and drivers by their paths: it is useless without them.
    if any(path.parent.name in ("headers", "drivers") for path in removed):
        homes = [path for path in sizes if path.parent.name == "homes" and path not in removed]
        removed += homes
        left -= sum(sizes[path] for path in homes)
    with explain_write_errors(folder):
        for path in removed:
            shutil.rmtree(path)
    return Pruned(tuple(removed), sum(sizes[path] for path in removed), left)


def _list_entries(folder: Path) -> list[Path]:
    kinds = [folder / kind for kind in KINDS if (folder / kind).is_dir()]
    return [path for kind in kinds for path in kind.iterdir() if path.is_dir()]


def _is_abandoned(path: Path) -> bool:
    return path.name.startswith(".") and time.time() - path.stat().st_mtime > _ABANDONED_AFTER


def _measure(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())

"""The cache of a study: finished work on disk, each piece under a hash of everything that decides it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.errors import RunIncomplete
from workbench.results.json_values import to_json_values
from workbench.results.store import replace_tree
from workbench.results.stored import read_bytes, read_json, read_tree

if TYPE_CHECKING:
    import xarray as xr

T = TypeVar("T")

_MOST_BYTES = 2**32
"""The longest array that is read from the cache [bytes]. Ours."""


def cache_array(
    folder: Path, key: str, make: Callable[[], NDArray[np.float64]], size: int | None = None
) -> NDArray[np.float64]:
    """Return an array from the cache, or make it and keep it; `size` is that of a complete one."""

    def write(value: NDArray[np.float64], path: Path) -> None:
        with files.open_replacement(path) as stream:
            np.save(stream, value)

    def read(path: Path) -> NDArray[np.float64]:
        content = io.BytesIO(read_bytes(path, _MOST_BYTES))
        value: NDArray[np.float64] = np.load(content, allow_pickle=False)
        if size is not None and value.size != size:
            raise ValueError("the array is not complete.")
        return value

    return _cache(folder / f"{key}.npy", make, write, read)


def cache_record(folder: Path, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return JSON values from the cache, or make them and keep them."""

    def write(value: dict[str, Any], path: Path) -> None:
        files.replace_file(path, json.dumps(to_json_values(value)))

    return _cache(folder / f"{key}.json", make, write, read_json)


def cache_tree(folder: Path, key: str, make: Callable[[], xr.DataTree]) -> xr.DataTree:
    """Return draws from the cache, or make them and keep them."""
    return _cache(folder / f"{key}.nc", make, replace_tree, read_tree)


def is_cached(folder: Path, key: str, suffix: str = "nc") -> bool:
    """Return whether draws (`nc`) or JSON values (`json`) are in the cache."""
    return (folder / f"{key}.{suffix}").is_file()


def _cache(
    path: Path, make: Callable[[], T], write: Callable[[T, Path], None], read: Callable[[Path], T]
) -> T:
    if path.is_file():
        try:
            return read(path)
        except (RunIncomplete, OSError, ValueError, KeyError, MemoryError):
            path.unlink(missing_ok=True)  # damaged, so it is made again
    value = make()
    write(value, path)
    return value

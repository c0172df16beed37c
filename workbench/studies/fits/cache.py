"""Finished pieces of a study on disk, each under the hash of what decided it: nothing is worked out twice."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.results.json_values import to_json_values

T = TypeVar("T")


def cache_array(
    folder: Path, key: str, make: Callable[[], NDArray[np.float64]], size: int | None = None
) -> NDArray[np.float64]:
    """Return an array from the folder, if it has the size that it must have, or make it and keep it there."""

    def write(value: NDArray[np.float64], path: Path) -> None:
        with path.open("wb") as stream:
            np.save(stream, value)

    def read(path: Path) -> NDArray[np.float64]:
        value: NDArray[np.float64] = np.load(path, allow_pickle=False)
        if size is not None and value.size != size:
            raise ValueError("it is not whole.")
        return value

    return _remembered(folder / f"{key}.npy", make, write, read)


def cache_record(folder: Path, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return plain values from the folder, or make them and keep them there."""

    def write(value: dict[str, Any], path: Path) -> None:
        path.write_text(json.dumps(to_json_values(value)), encoding="utf-8")

    return _remembered(folder / f"{key}.json", make, write, lambda path: dict(json.loads(path.read_text())))


def cache_tree(folder: Path, key: str, make: Callable[[], xr.DataTree]) -> xr.DataTree:
    """Return draws from the folder, or make them and keep them there."""

    def write(value: xr.DataTree, path: Path) -> None:
        value.to_netcdf(path, engine="h5netcdf")

    def read(path: Path) -> xr.DataTree:
        with xr.open_datatree(path, engine="h5netcdf") as stored:
            return stored.load()

    return _remembered(folder / f"{key}.nc", make, write, read)


def is_cached(folder: Path, key: str, suffix: str = "nc") -> bool:
    """Return whether draws (`nc`) or plain values (`json`) are there already."""
    return (folder / f"{key}.{suffix}").is_file()


def _remembered(
    path: Path, make: Callable[[], T], write: Callable[[T, Path], None], read: Callable[[Path], T]
) -> T:
    if path.is_file():
        try:
            return read(path)
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)  # damaged: made anew
    value = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    write(value, aside)
    aside.replace(path)
    return value

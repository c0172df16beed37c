"""Run directories of a registry, each in a folder that its content names."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from workbench import files
from workbench.errors import RegistryDamaged, RunIncomplete, StoreError
from workbench.provenance import hash_texts
from workbench.results.store import FILES, PRIORS, RECORD, TREE
from workbench.results.stored import open_stored

RUNS = "runs"
"""The folder of runs in a registry."""

_CARRIED = sorted({*FILES, PRIORS})
"""The files of a run directory that a registry takes; studies and whatever else lies there stay behind."""

_CHUNK = 1 << 20
"""How much of a file is copied at a time [bytes]."""


def hash_run(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a run directory by its name.

    Raises
    ------
    StoreError
        The folder lacks a file that each run has, or one is a link.
    """
    names = [name for name in _CARRIED if os.path.lexists(folder / name)]
    for name in (RECORD, TREE):
        if name not in names:
            raise RunIncomplete(f"a run was expected in `{folder}`, but there is no `{name}`.")
    return {name: _copy(folder / name, None) for name in names}


def name_content(hashes: Mapping[str, str]) -> str:
    """Return the hash that names a run: that of its files with their hashes."""
    return hash_texts(*(text for name in sorted(hashes) for text in (name, hashes[name])))


def keep_run(source: Path, registry: Path) -> tuple[str, dict[str, str], int]:
    """Copy a run directory into a registry, whole or not at all.

    Returns
    -------
    The hash that names it, those of its files, and its size [bytes].

    Raises
    ------
    StoreError
        It cannot be read or written, or changed meanwhile.
    """
    hashes = hash_run(source)
    run = name_content(hashes)
    place = registry / RUNS / run
    if not list_damages(place, hashes):
        return run, hashes, _measure(place, hashes)
    _refuse_links(registry)
    with files.publish_folder(place, lambda _: True) as aside:
        for name, expected in hashes.items():
            if _copy(source / name, aside / name) != expected:
                hint = "wait until nothing writes to it"
                raise StoreError(f"`{source / name}` changed while it was copied.", hint=hint)
    return run, hashes, _measure(place, hashes)


def list_damages(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """Return in words which files of a run are not as they were added."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return [f"`{folder}` is not a folder"]
        held = sorted(path.name for path in folder.iterdir())
    except OSError:
        return [f"`{folder}` is missing"]
    damages = [f"`{folder / name}` was not part of the run" for name in held if name not in hashes]
    for name, expected in hashes.items():
        if name not in held:
            damages.append(f"`{folder / name}` is missing")
            continue
        try:
            if _copy(folder / name, None) != expected:
                damages.append(f"`{folder / name}` was changed")
        except RunIncomplete as reason:
            damages.append(reason.message.rstrip("."))
    return damages


def require_run(folder: Path, hashes: Mapping[str, str], reference: str) -> None:
    """Refuse a run of a registry that is not as it was added.

    Raises
    ------
    RegistryDamaged
        The message names the first file.
    """
    damages = list_damages(folder, hashes)
    if damages:
        message = f"{reference} is not as it was added: {damages[0]}."
        raise RegistryDamaged(message, hint="`workbench registry verify` lists everything that was changed")


def _refuse_links(registry: Path) -> None:
    """Refuse a folder of runs that leads elsewhere.

    Raises
    ------
    RegistryDamaged
        It is a link.
    """
    if (registry / RUNS).is_symlink():
        raise RegistryDamaged(f"`{registry / RUNS}` is a link; a registry holds its runs itself.")


def _measure(folder: Path, names: Mapping[str, str]) -> int:
    return sum((folder / name).stat().st_size for name in names)


def _copy(source: Path, target: Path | None) -> str:
    """Return the hash of a file, and write it elsewhere on the way where that is asked for."""
    digest = hashlib.sha256()
    with open_stored(source) as stream:
        if target is None:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
            return digest.hexdigest()
        with target.open("xb") as output:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                output.write(chunk)
    return digest.hexdigest()

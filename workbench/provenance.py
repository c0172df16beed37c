"""Where numbers come from: content hashes, versions and seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

_CHUNK = 1 << 20
"""How much of a file is read at a time [bytes]."""


def hash_text(text: str) -> str:
    """Return the sha256 of a text, in hexadecimal.

    >>> hash_text("")[:8]
    'e3b0c442'
    """
    return hash_bytes(text.encode())


def hash_bytes(content: bytes) -> str:
    """Return the sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hash_texts(*texts: str) -> str:
    """Return one sha256 for several texts, which depends on where each text ends.

    >>> hash_texts("ab", "c") == hash_texts("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode()
        digest.update(f"{len(encoded)}:".encode())
        digest.update(encoded)
    return digest.hexdigest()


DISTRIBUTION = "stan-workbench"
"""The name under which pip knows this package; on the package index, `workbench` is somebody else's."""


def read_workbench_version() -> str:
    """Return the installed version of workbench."""
    return metadata.version(DISTRIBUTION)


def format_install(extra: str) -> str:
    """Return the command that installs what an extra needs.

    >>> format_install("dask")
    "pip install 'stan-workbench[dask]'"
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def derive_seeds(seed: int | Sequence[int], count: int) -> tuple[int, ...]:
    """Return `count` independent seeds that Stan accepts, derived from one, or from several numbers together.

    References
    ----------
    NumPy's `SeedSequence`, after M. E. O'Neill's `seed_seq`: it mixes a seed so that derived streams do not
    overlap.

    >>> derive_seeds(1, 2) == derive_seeds(1, 3)[:2]
    True
    """
    import numpy as np

    state = np.random.SeedSequence(seed).generate_state(count, dtype=np.uint32)
    return tuple(int(value) for value in state >> 1)

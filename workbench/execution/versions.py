"""What must be the same where tasks are made and where they run."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.provenance import hash_bytes, hash_texts, read_workbench_version
from workbench.toolchain.pins import read_pins


@dataclass(frozen=True)
class Versions:
    """The versions on one machine.

    Attributes
    ----------
    workbench
        Its version.
    sources
        A hash of its files.
    python
        The version of Python, without the last part.
    stan
        The version of Stan that it fetches.
    """

    workbench: str
    sources: str
    python: str
    stan: str


@cache
def read_versions() -> Versions:
    """Return the versions on this machine."""
    package = Path(__file__).parents[1]
    sources = (path for path in sorted(package.rglob("*")) if path.suffix in (".py", ".toml", ".cpp", ".hpp"))
    hashes = (text for path in sources for text in (path.name, hash_bytes(path.read_bytes())))
    python = ".".join(platform.python_version_tuple()[:2])
    return Versions(read_workbench_version(), hash_texts(*hashes), python, read_pins().stan_version)


def describe_difference(here: Versions, there: Versions) -> str:
    """Return in which way a worker's versions differ from ours, as a phrase; empty if they are the same.

    >>> ours = Versions("1.0", "a", "3.11", "2.39.0")
    >>> describe_difference(ours, Versions("1.0", "a", "3.12", "2.39.0"))
    'has Python 3.12, not 3.11'
    >>> describe_difference(ours, Versions("1.0", "b", "3.11", "2.39.0"))
    'has another state of workbench 1.0'
    """
    pairs = {
        "workbench": (here.workbench, there.workbench),
        "Python": (here.python, there.python),
        "Stan": (here.stan, there.stan),
    }
    differing = [f"{name} {theirs}, not {ours}" for name, (ours, theirs) in pairs.items() if ours != theirs]
    if differing:
        return f"has {' and '.join(differing)}"
    return "" if here.sources == there.sources else f"has another state of workbench {here.workbench}"

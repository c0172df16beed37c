"""Python and the packages that workbench needs, as they are installed here."""

from __future__ import annotations

import platform
import re
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9._-]+")
"""The name at the beginning of a requirement."""

_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
"""The extra that a requirement belongs to, in its marker."""


def list_requirements() -> dict[str, list[str]]:
    """Return the names of required packages by extra; those of every installation under the empty name.

    >>> "numpy" in list_requirements()[""]
    True
    """
    found: dict[str, list[str]] = {"": []}
    for line in metadata.requires("workbench") or ():
        requirement, _, marker = line.partition(";")
        name, extra = _NAME.match(requirement.strip()), _EXTRA.search(marker)
        if name is not None:
            found.setdefault(extra[1] if extra else "", []).append(name[0])
    return found


def find_version(package: str) -> str:
    """Return the installed version of a package; empty where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def describe_python() -> str:
    """Return the version of Python, and those of the packages that decide most numbers."""
    names = ("numpy", "scipy", "arviz-stats", "cmdstanpy")
    versions = [f"{name} {version}" for name in names if (version := find_version(name))]
    return (
        f"Python {platform.python_version()}, workbench {find_version('workbench')}, {', '.join(versions)}."
    )


def list_missing() -> list[str]:
    """Return the packages of every installation that are not installed."""
    return [name for name in list_requirements()[""] if not find_version(name)]


def list_extras() -> dict[str, list[str]]:
    """Return the packages that each extra lacks here; none for one that is installed."""
    return {
        extra: [name for name in names if not find_version(name)]
        for extra, names in list_requirements().items()
        if extra
    }

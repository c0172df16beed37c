"""Python and the packages that workbench needs, as they are installed here."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib import metadata

from workbench.provenance import DISTRIBUTION

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
"""The name at the beginning of a requirement, and the extras in brackets."""

_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
"""The extra that a requirement belongs to, in its marker."""


def list_requirements() -> dict[str, list[str]]:
    """Return the names of required packages by extra; those of every installation under the empty name.

    >>> "numpy" in list_requirements()[""]
    True
    """
    found: dict[str, list[str]] = {"": []}
    for extra, name, _ in _read_requirements(DISTRIBUTION):
        found.setdefault(extra, []).append(name)
    return found


def find_needed() -> dict[str, str]:
    """Return the installed packages that workbench needs, directly or through others.

    Returns
    -------
    By name, the extra of workbench that needs it; empty where every installation does.
    """
    found: dict[str, str] = {}
    for extra in sorted(list_requirements()):
        waiting = [(DISTRIBUTION, {extra})]
        seen: set[tuple[str, frozenset[str]]] = set()
        while waiting:
            package, wanted = waiting.pop()
            if (package, frozenset(wanted)) in seen:
                continue
            seen.add((package, frozenset(wanted)))
            for own, name, extras in _read_requirements(package):
                is_wanted = own in wanted if package == DISTRIBUTION else not own or own in wanted
                if is_wanted and find_version(name):
                    found.setdefault(name, extra)
                    waiting.append((name, extras))
    return found


def _read_requirements(package: str) -> Iterator[tuple[str, str, set[str]]]:
    """Yield the requirements of a package: the extra of its own, the name, and the extras it takes."""
    for line in metadata.requires(package) or ():
        requirement, _, marker = line.partition(";")
        match, extra = _REQUIREMENT.match(requirement), _EXTRA.search(marker)
        if match is not None:
            extras = {part.strip() for part in (match[2] or "").split(",") if part.strip()}
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            yield extra[1] if extra else "", name, extras


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
        f"Python {platform.python_version()}, workbench {find_version(DISTRIBUTION)}, {', '.join(versions)}."
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

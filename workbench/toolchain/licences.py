"""The licences of all that is fetched or needed: what the wheels hold, and Python's packages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import metadata, resources

from workbench.toolchain.packages import find_needed
from workbench.toolchain.pins import read_pins

_LONGEST_NAME = 60
"""Characters up to which a field of metadata is the name of a licence, and not its text. Ours."""

_CLASSIFIER = "License :: "
"""How classifiers of licences begin."""


@dataclass(frozen=True)
class LicensedComponent:
    """Something with a licence.

    Attributes
    ----------
    name, version
        What it is; the version is empty where it follows another's.
    licence
        By its SPDX name where its author gives one.
    role
        What it is here for.
    source
        Where it comes from.
    """

    name: str
    version: str
    licence: str
    role: str
    source: str


def list_fetched() -> tuple[LicensedComponent, ...]:
    """Return what the wheels hold that Stan and a compiler come from.

    >>> [part.version for part in list_fetched() if part.name == "Stan and Stan Math"]
    ['2.39.0']
    """
    pins = read_pins()
    versions = {wheel.name: wheel.version for wheel in pins.wheels}
    known = {
        "httpstan": versions["httpstan"],
        "zig": versions["ziglang"],
        "Stan and Stan Math": pins.stan_version,
        "stanc": pins.stan_version,
    }
    content = tomllib.loads(resources.files(__package__).joinpath("licences.toml").read_text())
    return tuple(
        LicensedComponent(**({"version": known.get(part["name"], "")} | part))
        for part in content["component"]
    )


def list_packages() -> tuple[LicensedComponent, ...]:
    """Return the installed packages that workbench needs, directly or through others, by name.

    >>> next(part.licence for part in list_packages() if part.name == "typer")
    'MIT'
    """
    needed = find_needed()
    return tuple(
        LicensedComponent(
            name=name,
            version=metadata.version(name),
            licence=_read_licence(metadata.metadata(name)),
            role="" if not needed[name] else f"extra {needed[name]}",
            source=f"https://pypi.org/project/{name}",
        )
        for name in sorted(needed)
    )


def _read_licence(content: metadata.PackageMetadata) -> str:
    """Return the licence of a package as its author states it: expression, classifiers, or a short field."""
    expressions: list[str] = content.get_all("License-Expression") or []
    if expressions:
        return expressions[0]
    field = "".join(content.get_all("License") or [])
    if field and "\n" not in field and len(field) <= _LONGEST_NAME:
        return field
    classifiers: list[str] = content.get_all("Classifier") or []
    found = [item.rpartition(" :: ")[2] for item in classifiers if item.startswith(_CLASSIFIER)]
    return ", ".join(found) or "stated in its own files"

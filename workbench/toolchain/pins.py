"""What is fetched from the package index, and the hashes it must have."""

from __future__ import annotations

import platform
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from workbench.errors import ToolchainMissing


@dataclass(frozen=True)
class Wheel:
    """One pinned wheel: its name, version, platform and the sha256 of its content."""

    name: str
    version: str
    platform: str
    sha256: str

    @property
    def requirement(self) -> str:
        """The line of a requirements file that names exactly this wheel."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True)
class Pins:
    """Stan's version and every wheel there is."""

    stan_version: str
    stan_wheel: str
    wheels: tuple[Wheel, ...]


@cache
def read_pins() -> Pins:
    """Return what `pins.toml` says.

    >>> read_pins().stan_version
    '2.39.0'
    """
    content = tomllib.loads(resources.files(__package__).joinpath("pins.toml").read_text())
    wheels = tuple(Wheel(**item) for item in content["wheel"])
    return Pins(content["stan"]["version"], content["stan"]["wheel"], wheels)


def detect_platform() -> str:
    """Return the running system and processor as `pins.toml` names them."""
    return f"{platform.system()}-{platform.machine()}".lower()


def find_wheel(name: str, running_on: str | None = None) -> Wheel:
    """Return the wheel of that name for this platform.

    Raises
    ------
    ToolchainMissing
        There is none for the platform.
    """
    here = running_on or detect_platform()
    wheels = [wheel for wheel in read_pins().wheels if wheel.name == name]
    for wheel in wheels:
        if wheel.platform == here:
            return wheel
    known = ", ".join(wheel.platform for wheel in wheels)
    message = f"the package index has {name} for {known}, but this machine is {here}."
    raise ToolchainMissing(message, hint="install CmdStan and set CMDSTAN to its folder")

"""The wheels that are fetched from the package index, and the hashes they must have."""

from __future__ import annotations

import platform
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from workbench.errors import ToolchainMissing


@dataclass(frozen=True)
class Wheel:
    """A pinned wheel: its name, version, platform, and the sha256 of its content."""

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
    """Stan's version, the name of the wheel it comes from, and all pinned wheels."""

    stan_version: str
    stan_wheel: str
    wheels: tuple[Wheel, ...]


@cache
def read_pins() -> Pins:
    """Return the content of `pins.toml`.

    >>> read_pins().stan_version
    '2.39.0'
    """
    content = tomllib.loads(resources.files(__package__).joinpath("pins.toml").read_text())
    wheels = tuple(Wheel(**item) for item in content["wheel"])
    return Pins(content["stan"]["version"], content["stan"]["wheel"], wheels)


def detect_platform() -> str:
    """Return this machine's system and processor, as `pins.toml` names them."""
    return f"{platform.system()}-{platform.machine()}".lower()


def find_wheel(name: str, running_on: str | None = None) -> Wheel:
    """Return the wheel of that name for this platform.

    Raises
    ------
    ToolchainMissing
        There is no such wheel for the platform.
    """
    target = running_on or detect_platform()
    wheels = [wheel for wheel in read_pins().wheels if wheel.name == name]
    for wheel in wheels:
        if wheel.platform == target:
            return wheel
    platforms = ", ".join(wheel.platform for wheel in wheels)
    message = f"the package index has {name} for {platforms}, but this machine is {target}."
    raise ToolchainMissing(message, hint="install CmdStan and set CMDSTAN to its folder")

from __future__ import annotations

import pytest

from workbench.errors import ToolchainMissing
from workbench.toolchain.pins import find_wheel, read_pins


def test_every_wheel_is_pinned_by_its_hash() -> None:
    for wheel in read_pins().wheels:
        assert len(wheel.sha256) == 64
        assert wheel.requirement == f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}"


def test_other_platforms_are_refused_with_a_hint() -> None:
    with pytest.raises(
        ToolchainMissing, match="httpstan for linux-x86_64, but this machine is sunos-sparc"
    ) as error:
        find_wheel("httpstan", "sunos-sparc")

    assert error.value.hint == "install CmdStan and set CMDSTAN to its folder"

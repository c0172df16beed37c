"""The numbers are CmdStan's: every file equals the one that CmdStan itself wrote, to the last digit."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conformance.executables import REFERENCE, run
from workbench.toolchain import CompiledModel

COMMANDS = dict(line.split(": ", 1) for line in (REFERENCE / "commands.txt").read_text().splitlines())
"""The arguments behind each file."""

NOT_COMPARED = re.compile(r"start_datetime|stancflags|model = |file = |mode = |_params = |sig_figs|seconds")
"""The comments that may differ: dates, paths, options, times, and the default precision."""


def read_comparable_lines(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line for line in lines if not (line.startswith("#") and NOT_COMPARED.search(line))]


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands can be run unchanged."""
    folder = tmp_path_factory.mktemp("reference")
    shutil.copytree(REFERENCE, folder, dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_output_equals_cmdstan(
    name: str, references: Path, bernoulli: CompiledModel, eight_schools: CompiledModel, tmp_path: Path
) -> None:
    if bernoulli.compiler.startswith("zig") and "sample" in name:
        pytest.skip("zig rounds the last bit of a log density differently, so its chains are others")
    model = bernoulli if name.startswith("bernoulli") else eight_schools
    output = tmp_path / "output.csv"

    result = run(model, [*COMMANDS[name].split(), "output", f"file={output}", "sig_figs=6"], references)

    assert result.returncode == 0, result.output
    assert read_comparable_lines(output) == read_comparable_lines(REFERENCE / name)

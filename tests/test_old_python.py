"""What is said where Python is too old, or is not there at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import workbench
from workbench.errors import ToolchainError

CHECKOUT = Path(workbench.__file__).parent.parent
OLD = [
    str(path)
    for minor in (6, 7, 8, 9, 10)
    for path in sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
]
"""Old interpreters of this machine: those of pyenv."""


@pytest.mark.parametrize("python", OLD)
def test_an_old_python_is_refused_in_a_sentence(python):
    argv = [python, "-m", "workbench"]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert done.returncode == ToolchainError.exit_code
    message, hint = done.stderr.splitlines()
    assert message.startswith("error: workbench needs Python 3.11 or newer; this is 3.")
    assert hint == "hint: run it with a newer one: `python3.12 -m workbench`"


def test_the_refusal_does_not_need_an_old_python():
    code = (
        "import runpy, sys\n"
        "sys.version_info, sys.version = (3, 6, 15), '3.6.15 (default)'\n"
        "runpy.run_module('workbench', run_name='__main__')\n"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert done.returncode == ToolchainError.exit_code
    assert done.stderr.startswith("error: workbench needs Python 3.11 or newer; this is 3.6.15.\nhint: ")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_says_that_there_is_no_python(tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(CHECKOUT / name, tmp_path)
    # `make test` runs this test, and a make within a make names the folders it enters.
    argv = ["make", "--no-print-directory", "demo", "PYTHON=pythonx"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == (
        "workbench needs Python 3.11 or newer; there is no pythonx. hint: make PYTHON=python3.12 ...\n"
    )

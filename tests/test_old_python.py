"""What is said where Python is too old, or is not there at all."""

import ast
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
    for version in ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10")
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
]
"""Old interpreters of this machine: those of pyenv."""


@pytest.mark.parametrize("python", OLD)
def test_an_old_python_is_refused_in_a_sentence(python):
    argv = [python, "-m", "workbench"]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert done.returncode == ToolchainError.exit_code
    message, hint = done.stderr.splitlines()
    assert message.startswith("error: workbench needs Python 3.11 or newer; this is ")
    assert hint == "hint: run it with a newer one: `python3.12 -m workbench`"


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_what_an_old_python_reads_first_is_plain(name):
    """Annotations and f-strings are errors of syntax in Python 2.7."""
    source = (CHECKOUT / "workbench" / name).read_text(encoding="ascii")
    nodes = list(ast.walk(ast.parse(source)))
    assert not [node for node in nodes if isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.Starred)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    assert not [node.name for node in functions if node.returns or any(a.annotation for a in node.args.args)]


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

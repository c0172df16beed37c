"""An error of ours ends with an exit code of its own: 1 would say that a gate was not passed."""

import subprocess
import sys

import workbench
from workbench.errors import EXIT_FAULT, WorkbenchError

CODE = """
import sys
from workbench import library

def list_models():
    raise ZeroDivisionError("nobody thought of that")

library.list_models = list_models
sys.argv = ["workbench", "models"]
from workbench.cli import main
main()
"""
"""A command with an error that nobody has foreseen."""


def test_an_error_of_ours_has_a_traceback_and_its_own_exit_code():
    checkout = workbench.__path__[0]
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=f"{checkout}/..", capture_output=True, text=True, timeout=120
    )
    assert done.returncode == EXIT_FAULT == WorkbenchError.exit_code
    assert done.stdout == ""
    *traceback, message, hint = done.stderr.splitlines()
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "ZeroDivisionError: nobody thought of that"
    assert message == "error: this is a fault of workbench."
    assert hint.startswith("hint: please report it")

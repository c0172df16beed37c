"""The command as a user types it: what it prints, and its exit code."""

import os
import signal

import pytest
from typer.testing import CliRunner

from tests.conftest import DATA, STAN_MODELS
from workbench.cli.app import app
from workbench.process import CompletedProcess, ProcessCommand

ENTRY = "from workbench.cli import main; main()"
"""The command in a Python process of its own, for tests of signals and of one whole fit."""

SCHOOLS = (STAN_MODELS / "hierarchical" / "eight_schools.stan", DATA / "eight_schools.csv")
"""A bundled program and its table."""


@pytest.fixture(autouse=True)
def _restored_signals():
    """Put back what happens at a signal: each command that runs in this process changes it."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    """Run `workbench ARGUMENTS` in an empty folder, stdout and stderr apart, without the wait for imports."""

    def run(*arguments, env=None):
        words = tuple(os.fspath(argument) for argument in arguments)
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            done = CliRunner().invoke(app, words, env=env, catch_exceptions=False)
        return CompletedProcess(
            ProcessCommand(("workbench", *words)), done.exit_code, done.stdout, done.stderr, 0.0
        )

    return run

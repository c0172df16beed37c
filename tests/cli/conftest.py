"""The command as a user starts it: a process of its own, with what it prints and its exit code."""

import os
import sys

import pytest

from tests.conftest import DATA, STAN_MODELS
from workbench import process

ENTRY = "from workbench.cli import main; main()"
SCHOOLS = (STAN_MODELS / "hierarchical" / "eight_schools.stan", DATA / "eight_schools.csv")


@pytest.fixture
def workbench(tmp_path):
    """Run `workbench ARGUMENTS` in an empty folder, stdout and stderr apart."""

    def run(*arguments, env=None):
        argv = [sys.executable, "-P", "-c", ENTRY, *(os.fspath(one) for one in arguments)]
        return process.run(argv, cwd=tmp_path, env=env, timeout=600)

    return run

"""Sampling cut short: by Ctrl-C, by a killed chain, by the time limit. Nothing is half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import psutil
import pytest

from tests.cli.conftest import ENTRY, SCHOOLS
from tests.process.test_start import HEED_SIGINT
from tests.report.simulated import simulate_fit
from workbench.results import store


@pytest.fixture
def start(tools, tmp_path):
    """Starts fits; at the end none is left running, and no pipe open, even where a test has failed."""
    with ExitStack() as stack:

        def begin(*options):
            parent = stack.enter_context(started(tmp_path, *options))
            stack.callback(end, parent)
            return parent

        yield begin


def end(parent):
    if parent.poll() is None:
        os.killpg(parent.pid, signal.SIGKILL)


def started(folder, *options):
    """Start a fit that would sample for minutes, in a process group of its own."""
    long = ("--draws", "1000000", "--adapt-delta", "0.99", "--jobs", "2")
    argv = [
        sys.executable,
        "-P",
        "-c",
        f"{HEED_SIGINT}; {ENTRY}",
        "fit",
        *map(str, SCHOOLS),
        "-o",
        "run",
        *long,
        *options,
    ]
    return subprocess.Popen(
        argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def is_chain(process):
    try:
        return "method=sample" in process.cmdline()
    except psutil.NoSuchProcess:  # a zombie is one too
        return False


def wait_for_chains(parent):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        chains = [child for child in psutil.Process(parent.pid).children(recursive=True) if is_chain(child)]
        if len(chains) == 2:
            return chains
        assert parent.poll() is None, parent.communicate()
        time.sleep(0.05)
    raise AssertionError("no chain was started")


@pytest.mark.parametrize("sent_to", ["the group, as a terminal does", "the parent alone"])
def test_an_interrupt_ends_the_chains_and_writes_nothing(start, tmp_path, sent_to):
    store.write(simulate_fit(draws=40), "", tmp_path / "run")
    earlier = (tmp_path / "run" / "run.json").read_bytes()
    parent = start()
    chains = wait_for_chains(parent)
    if sent_to == "the parent alone":
        os.kill(parent.pid, signal.SIGINT)
    else:
        os.killpg(parent.pid, signal.SIGINT)
    stdout, stderr = parent.communicate(timeout=30)
    assert parent.returncode == 130
    assert stdout == ""
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert not any(is_chain(chain) for chain in chains)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "run.json").read_bytes() == earlier


def test_a_killed_chain_is_said_and_the_rest_of_the_run_is_kept(start, tmp_path):
    parent = start()
    wait_for_chains(parent)[0].kill()
    deadline = time.monotonic() + 60
    while parent.poll() is None and time.monotonic() < deadline:
        for child in filter(is_chain, psutil.Process(parent.pid).children(recursive=True)):
            child.kill()
        time.sleep(0.1)
    _, stderr = parent.communicate(timeout=30)
    assert parent.returncode == 4
    assert "ended from outside by SIGKILL" in stderr
    assert "Traceback" not in stderr
    assert (tmp_path / "run" / "report.html").exists()


def test_a_chain_that_takes_too_long_is_ended(start, tmp_path):
    first = start("--draws", "20", "--warmup", "50", "--method", "nuts")  # compiles
    first.communicate(timeout=300)
    assert first.returncode == 0
    parent = start("--timeout", "1")
    _, stderr = parent.communicate(timeout=120)
    assert parent.returncode == 4
    assert "sampling took longer than the 1 s allowed" in stderr
    record = json.loads((tmp_path / "run.failed" / "run.json").read_text())
    assert record["map_unconstrained"]["status"] == "ok"
    assert record["nuts"]["status"] == "failed"
    assert json.loads((tmp_path / "run" / "run.json").read_text())["nuts"]["status"] == "ok"

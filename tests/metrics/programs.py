"""Prometheus and node_exporter, where they are installed: on Debian, `apt-get install prometheus`."""

import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest


def need(program: str) -> str:
    """Return where a program is; the test is skipped where it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed (Debian: prometheus, prometheus-node-exporter)")
    return found


def find_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def get(address: str) -> str:
    """Return what a server on loopback answers."""
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - of loopback
        return str(answer.read(), "utf-8")


@contextmanager
def running(words, address, log, seconds=30.0):
    """Run a server until the end of the block; it is ready once it answers at `address`."""
    with log.open("wb") as stream:
        process = subprocess.Popen([*map(str, words)], stdout=stream, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: get(address), seconds, log)
        yield
    finally:
        process.terminate()
        process.wait(20)


def wait_for(ask, seconds, log=None):
    """Return what a question is answered with, once it is answered with anything that is true."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = ask()
        except OSError:
            found = None
        if found or time.monotonic() > end:
            assert found, "" if log is None else log.read_text()
            return found
        time.sleep(0.1)

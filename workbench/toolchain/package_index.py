"""The package index: whether it can be reached with the user's own settings, and what kept pip from it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from workbench import process
from workbench.errors import neutralise
from workbench.toolchain.pins import Wheel

FOR_ANY_PYTHON = ("--only-binary=:all:", "--python-version", "3.12")
"""Options of pip: the wheels are for Python 3.12 and later, but any Python can unpack them."""

_LONGEST_QUESTION = 30.0
"""How long pip may ask the index [s]; it tries a silent one several times. Ours."""

_BROKEN = re.compile(r"connection broken by '(\w+)\((.*)\)': ")
"""pip's words for a connection that failed: the kind of failure, and what the system said."""

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY")
"""Variables of the environment that name a proxy for pip."""


def find_obstacle(output: Iterable[str]) -> str:
    """Return what kept pip from reaching the index, from what it printed; empty if it was reached.

    >>> find_obstacle([
    ...     "WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError("
    ...     "'Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))': /httpstan/",
    ...     "ERROR: No matching distribution found for httpstan==4.17.0",
    ... ])
    'Tunnel connection failed: 403 Forbidden'
    >>> find_obstacle(["ERROR: No matching distribution found for httpstan==4.17.0"])
    ''
    """
    for line in output:
        broken = _BROKEN.search(line)
        if broken is not None:
            quoted = [double or single for double, single in re.findall(r'"([^"]+)"|\'([^\']+)\'', broken[2])]
            last = quoted[-1] if quoted else broken[1]
            return last.rpartition("): ")[2]
    return ""


def describe_proxy() -> str:
    """Return the variable that names a proxy, and its host without a password; empty where none is set."""
    for name in _PROXIES:
        value = os.environ.get(name)
        if value:
            parts = urlsplit(value if "//" in value else f"//{value}")
            return f"{name} is {neutralise(parts.netloc.rpartition('@')[2] or '?')}"
    return ""


def ask_for(wheel: Wheel) -> str:
    """Return why the package index does not have a wheel; empty if it has it. Nothing is fetched."""
    options = ("--disable-pip-version-check", "--no-input", *FOR_ANY_PYTHON)
    argv = [sys.executable, "-P", "-m", "pip", "index", "versions", wheel.name, *options]
    answer = process.run(argv, cwd=Path(sys.prefix), timeout=_LONGEST_QUESTION)
    if answer.timed_out:
        return f"it has not answered within {_LONGEST_QUESTION:.0f} s"
    lines = answer.stderr.splitlines()
    if answer.returncode != 0:
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        return find_obstacle(lines) or (errors[-1] if errors else "pip gave no reason")
    offered = re.findall(r"[\w.]+", answer.stdout.partition("Available versions:")[2])
    return "" if wheel.version in offered else f"it has no {wheel.name} {wheel.version}"

"""Examine a stored run again with the checks of this version; no toolchain is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.check import Check
from workbench.diagnostics.diagnose import diagnose
from workbench.errors import RequestError
from workbench.results import Fit, run_directory, store


def examine_run(folder: Path) -> tuple[Fit, dict[str, Any]]:
    """Return a run with the diagnosis of this version, and the entries of its record that are new.

    Nothing is written.

    Raises
    ------
    StoreError
        There is no complete run in the folder.
    """
    fit = run_directory.read(folder)
    entries = diagnose(fit).entries
    return store.with_entries(fit, entries), entries


def find_check(code: str) -> Check:
    """Return a check by its code, in upper or lower case.

    Raises
    ------
    RequestError
        There is no such check.
    """
    known = {check.code: check for check in CATALOGUE}
    if code.upper() not in known:
        message = f"`{code}` is not a check; the checks are {', '.join(known)}."
        raise RequestError(message, hint="`workbench check RUN` prints the code of each finding")
    return known[code.upper()]

"""Examine a stored run again with the checks of this version; no toolchain is needed."""

from __future__ import annotations

from pathlib import Path

from workbench.diagnostics import Diagnosis, diagnose
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.check import Check
from workbench.errors import RequestError
from workbench.results import store


def check(folder: Path) -> Diagnosis:
    """Return the diagnosis of a run, from its own files; the run stays as it is.

    Raises
    ------
    StoreError
        There is no complete run in the folder.
    """
    return diagnose(store.read(folder))


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

"""A stored run examined again, by the checks of today; no toolchain is needed."""

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


def explain(code: str) -> Check:
    """Return one check by its code, in upper or lower case.

    Raises
    ------
    RequestError
        There is no such check.
    """
    known = {one.code: one for one in CATALOGUE}
    if code.upper() not in known:
        message = f"`{code}` is no check; there are {', '.join(known)}."
        raise RequestError(message, hint="a code stands beside each finding of `workbench check RUN`")
    return known[code.upper()]

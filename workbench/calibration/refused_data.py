"""Simulated data sets that the fitted program itself refuses: its transformed data may check outcomes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.calibration.fitting import SimulatedData, make_plain_job, replace_outcomes
from workbench.errors import ChainFailed, RequestError
from workbench.estimation.context import FitContext
from workbench.program.rewrite.slices import find_read_names
from workbench.progress import SILENT
from workbench.request import FitRequest
from workbench.thresholds import FAILED_FITS_SHARE

if TYPE_CHECKING:
    from workbench.backends.stan import StanBackend


def leave_out_refused(
    request: FitRequest, exe: Path, backend: StanBackend, folder: Path, data: Sequence[SimulatedData]
) -> tuple[list[SimulatedData], str]:
    """Return the data sets that the program takes, and a note about the others; empty if there are none.

    Parameters
    ----------
    request, exe, backend
        The program that is fitted, its executable, and what runs it.
    folder
        A scratch folder.
    data
        The data sets; they are tried where transformed data read an outcome.

    Raises
    ------
    RequestError
        The program refuses so many that the others are selected.
    """
    block = request.program.tree.get_block("transformed data")
    if not data or not find_read_names(block) & data[0].outcomes.keys():
        return list(data), ""
    reasons = [_find_reason(request, exe, backend, folder, one) for one in data]
    refused = [reason for reason in reasons if reason]
    if not refused:
        return list(data), ""
    what = f"the program's own transformed data refuse {len(refused):,} of {len(data):,} simulated data sets"
    if len(refused) > FAILED_FITS_SHARE * len(data):
        raise RequestError(
            f"{what}: {refused[0]}. No fit takes these, and the others are selected.",
            hint="take a prior and a likelihood that keep to what the program demands, or drop the demand",
        )
    kept = [one for one, reason in zip(data, reasons, strict=True) if not reason]
    return kept, f"{what}, which are left out: {refused[0]}."


def _find_reason(
    request: FitRequest, exe: Path, backend: StanBackend, folder: Path, data: SimulatedData
) -> str:
    """Return why the program does not take a data set; empty if it does."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        context = FitContext(replace_outcomes(request, data), exe, backend, Path(own), SILENT)
        try:
            backend.dimension(make_plain_job(context))
        except ChainFailed as reason:
            return find_refusal(reason) or reason.message.rstrip(".")
        finally:
            backend.free(exe)
    return ""


def find_refusal(reason: ChainFailed) -> str:
    """Return what a program says against its data, as a clause; empty where it stopped for another reason.

    >>> find_refusal(ChainFailed("reading the data stopped: Error: Exception: y must be positive."))
    'y must be positive'
    >>> find_refusal(ChainFailed("reading the data stopped: its process was ended by SIGKILL."))
    ''
    """
    said = reason.message.partition("reading the data stopped: ")[2].removeprefix("Error: ")
    return said.removeprefix("Exception: ").rstrip(".") if said.startswith("Exception: ") else ""

"""The exact posterior of a run, where its program is one of the bundled conjugate models."""

from __future__ import annotations

from typing import Any

from workbench import library
from workbench.request import FitRequest


def describe_exact_posterior(request: FitRequest) -> dict[str, Any] | None:
    """Return the part of `run.json` called `exact`; `None` where the exact posterior is not known.

    It is known where the program is, letter for letter, a bundled conjugate model.
    """
    model = library.find_by_hash(request.program.sha256)
    is_rescaled = bool(request.data.standardized)  # results are not on the scale of the bound data
    if model is None or model.family != "conjugate" or is_rescaled:
        return None
    from workbench.library import conjugate  # only here: it imports SciPy's distributions

    return conjugate.describe_posterior(model.name, request.data.values, request.level)

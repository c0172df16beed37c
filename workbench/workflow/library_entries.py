"""What the library knows of a fit: the story of its model, and its exact posterior where there is one."""

from __future__ import annotations

from typing import Any

from workbench import card, library
from workbench.request import FitRequest
from workbench.results import Fit


def entries(fitted: Fit, request: FitRequest) -> dict[str, Any]:
    """Return the parts of `run.json` that come from the model's card and from its conjugate family."""
    story = card.read(request.program.path)
    facts = {"title": story.title, "story": story.story, "units": dict(story.units)}
    known = {key: fact for key, fact in facts.items() if fact}
    return {"model": {**fitted.record["model"], **known}, **_exact(request)}


def _exact(request: FitRequest) -> dict[str, Any]:
    """Return the exact posterior: only where the program, letter for letter, is a conjugate one of ours."""
    bundled = library.find_by_hash(request.program.sha256)
    is_moved = bool(request.data.standardized)  # results are on another scale than the data that were fitted
    if bundled is None or bundled.family != "conjugate" or is_moved:
        return {}
    from workbench.library import conjugate  # SciPy's distributions, needed only here

    return {"exact": conjugate.describe_posterior(bundled.name, request.data.values, request.level)}

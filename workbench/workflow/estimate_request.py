"""A request estimated with the executables of its program."""

from __future__ import annotations

from dataclasses import replace

from workbench.backends import Start
from workbench.backends.base import DEFAULT_START
from workbench.estimation import estimate
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.workflow.builds import Builds


def estimate_request(request: FitRequest, builds: Builds, start: Start = DEFAULT_START) -> Fit:
    """Build what a request needs, and return its fit, without a diagnosis.

    Parameters
    ----------
    request
        What to compute.
    builds
        The executables of its program.
    start
        Where NUTS begins: by default, where its settings say.
    """
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    builds, executable, original = builds.build_or_keep_loops()
    built = builds.request.program
    program = replace(request.program, instrumented=built.instrumented, obstacles=built.obstacles)
    request = replace(request, program=program)
    return estimate(
        request,
        executable,
        StanBackend(),
        builds.progress,
        original=original,
        unoptimized=builds.build_unoptimized,
        with_loops=builds.build_with_loops,
        start=start,
    )

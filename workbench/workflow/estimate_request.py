"""A request estimated with the executables of its program."""

from __future__ import annotations

from workbench.backends import Backend, Start
from workbench.backends.base import DEFAULT_START
from workbench.errors import MethodError
from workbench.estimation.estimate import estimate
from workbench.methods import Auto, Nuts
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.workflow.builds import Builds, take_program
from workbench.workflow.method_settings import check_installed


def estimate_request(
    request: FitRequest, builds: Builds, start: Start = DEFAULT_START, backend: Backend | None = None
) -> Fit:
    """Build what a request needs, and return its fit, without a diagnosis.

    Parameters
    ----------
    request
        What to compute.
    builds
        The executables of its program.
    start
        Where NUTS begins: by default, where its settings say.
    backend
        What runs the executables; by default Stan.

    Raises
    ------
    MethodError
        The sampler is not installed, or cannot run the program.
    """
    for method in request.methods:
        if isinstance(method, Nuts | Auto):
            _check_sampler(method if isinstance(method, Nuts) else method.nuts, request, builds)
    with builds.progress.stage("Importing packages"):
        from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    builds, executable, original = builds.build_or_keep_loops()
    request = take_program(request, builds)
    return estimate(
        request,
        executable,
        backend or StanBackend(),
        builds.progress,
        original=original,
        unoptimized=builds.build_unoptimized,
        in_one_sum=builds.build_in_one_sum,
        with_loops=builds.build_with_loops,
        start=start,
    )


def _check_sampler(nuts: Nuts, request: FitRequest, builds: Builds) -> None:
    """Refuse a sampler that cannot run the program, before anything is compiled."""
    check_installed(nuts)
    if nuts.sampler == "stan":
        return
    if builds.tools.source == "cmdstan":
        raise MethodError(
            "the sampler nutpie needs the Stan of the package index, found your own CmdStan.",
            hint="--toolchain embedded uses the former, or leave --sampler out",
        )
    if request.threads > 1:
        raise MethodError(
            f"`threads` was expected to be 1 with the sampler nutpie, found {request.threads}.",
            hint="several threads in a chain need Stan's own sampler: leave --sampler out",
        )

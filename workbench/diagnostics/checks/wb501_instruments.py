"""WB501: does the instrumented program equal the original?"""

from __future__ import annotations

import re

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit
from workbench.results.view import Results
from workbench.thresholds import (
    DENSITY_DIFFERENCE_LIMIT,
    GRADIENT_DIFFERENCE_LIMIT,
    SOLVER_SUM_LIMIT,
    TERM_SUM_LIMIT,
)

_SOLVER = re.compile(
    r"\b(ode_\w+|dae\w*|integrate_(?:ode\w*|1d)|solve_(?:newton|powell)\w*|algebra_solver\w*)\s*\("
)
"""Stan's functions whose results depend on a tolerance."""

_ADVICE = "Leave --threads out, or see docs/large-data.md for the forms of a likelihood that threads help."
"""What to do where threads do nothing."""


def _assess(fit: Fit) -> Finding:
    model = fit.results.model
    proof = model.proof
    if not model.instrumented:
        reason = " ".join(model.obstacles) or "it could not be taken apart."
        return Finding("tip", f"The program was run as it is written: {reason}")
    if proof.status != "equal":
        reason = proof.reason or "the run does not record why."
        return Finding("skipped", f"The instrumented program was not compared: {reason}")
    difference = fit.results.nuts.terms_differ
    if difference is not None and difference > TERM_SUM_LIMIT:
        return _report_difference(fit.results, difference)
    largest = max(proof.density or 0.0, proof.gradient or 0.0)
    refused = [limit.message for limit in model.limits if limit.feature == "threads"]
    size = f"within {largest:.0e}" if largest else "to the last digit"
    message = (
        "Log density and gradient equal those of the program as written "
        f"{size} at {proof.points} random points."
    )
    if refused and fit.results.request is not None and fit.results.request.threads > 1:
        return Finding(
            "tip", f"{message} Several threads did not help: {refused[-1]}", largest, advice=_ADVICE
        )
    return Finding("passed", message, largest)


def _report_difference(results: Results, difference: float) -> Finding:
    """Return the finding that terms do not add up; an equation solver explains it where there is one."""
    solvers = sorted(set(_SOLVER.findall(results.model.source)))
    if not solvers:
        message = (
            f"The terms do not add up to the log density: they differ by {difference:.1g} (relative). "
            "Pointwise log likelihoods are off by as much."
        )
        return Finding("tip", message, difference)
    message = (
        f"Pointwise log likelihoods are as precise as the tolerance of the solver (`{solvers[0]}`): their "
        f"sum differs from the log density by {difference:.1g} (relative)."
    )
    if difference <= SOLVER_SUM_LIMIT:
        return Finding("passed", f"{message} That is too little to matter.", difference)
    advice = (
        "Solve with smaller tolerances, such as a relative one of 1e-8: leave-one-out and power-scaling are "
        "only as precise as the solver."
    )
    return Finding("tip", message, difference, advice=advice)


def _format_limit(limit: float) -> str:
    """Return a power of ten as it is usually written.

    >>> _format_limit(1e-9)
    '1e-9'
    """
    return f"{limit:.0e}".replace("e-0", "e-")


CHECK = Check(
    code="WB501",
    title="Instrumented program equals the original",
    threshold=(
        f"log density within {_format_limit(DENSITY_DIFFERENCE_LIMIT)}, "
        f"gradient within {_format_limit(GRADIENT_DIFFERENCE_LIMIT)}, "
        f"sum of terms within {_format_limit(TERM_SUM_LIMIT)}, "
        f"with a solver within {_format_limit(SOLVER_SUM_LIMIT)}"
    ),
    reference="compared by Stan's log_prob on both executables",
    meaning=(
        "Switching priors off, changing their constants, and splitting the likelihood all use a program that "
        "the workbench rewrote. It was not used here, or does not equal the author's as closely as it should."
    ),
    advice="See `workbench inspect MODEL`; the estimates are right, but what the message names is lost.",
    page=split_paragraphs("""
    The instrumented program is compiled beside the author's own, and log densities and gradients of both are
    compared at random points. At the posterior draws, the sum of all terms is compared with the log density
    that Stan reports. Where ten digits of the draws are too few for that, the terms are computed again at the
    same draws with all digits.

    If the programs differ, the program is run as it is written, and the message names what is lost.

    A differential equation is solved with other steps where no derivatives are needed. The log density that
    the sampler used and the terms computed afterwards then differ by the tolerance of the solver.
    """),
    assess=_assess,
)

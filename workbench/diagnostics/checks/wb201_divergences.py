"""WB201: did transitions diverge?"""

from __future__ import annotations

import numpy as np

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.diagnostics.parameter_draws import read_parameter_draws
from workbench.results import Fit
from workbench.results.quantities import sampler_statistic
from workbench.thresholds import DIVERGENT_SHARE_LIMIT, DIVERGENT_SHIFT_LIMIT, FEWEST_LOCATED_DIVERGENCES

SHOWN = 3
"""Parameters that the message names."""


@requires_draws
def _assess(fit: Fit) -> Finding:
    nuts = fit.results.nuts
    count, total = nuts.divergences, nuts.total_draws
    if count is None:
        return Finding("n/a", "A program without parameters has no trajectories.")
    if count == 0:
        return Finding("passed", f"None of {total} transitions diverged.", 0)
    message = (
        f"{count} of {total} transitions diverged: part of the posterior may be missing."
        f"{_describe_location(fit, count)}"
    )
    return Finding("issue", message, count, "fail" if count >= DIVERGENT_SHARE_LIMIT * total else "caution")


def _describe_location(fit: Fit, count: int) -> str:
    """Return a sentence on the parameters whose divergent draws differ most from the others."""
    shifts = measure_divergent_shifts(fit) if count >= FEWEST_LOCATED_DIVERGENCES else []
    if not shifts:
        return ""
    named = ", ".join(f"`{label}` ({shift:+.1f})" for label, shift in shifts[:SHOWN])
    return f" Divergent draws differ from the others in {named}, in posterior SDs."


def measure_divergent_shifts(fit: Fit) -> list[tuple[str, float]]:
    """Return how far the mean of divergent draws lies from that of the others, the farthest first.

    The distance is in posterior standard deviations; those up to `DIVERGENT_SHIFT_LIMIT` are left out.
    """
    names, draws = read_parameter_draws(fit)
    statistic = sampler_statistic(fit.tree, "diverging")
    if not names or statistic is None:
        return []
    is_divergent = statistic.ravel().astype(bool)
    if len(is_divergent) != len(draws) or not is_divergent.any() or is_divergent.all():
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = (draws[is_divergent].mean(axis=0) - draws[~is_divergent].mean(axis=0)) / draws.std(axis=0)
    order = np.argsort(-np.abs(np.nan_to_num(shift)), kind="stable")
    return [
        (fit.results.label(names[k]), float(shift[k])) for k in order if abs(shift[k]) > DIVERGENT_SHIFT_LIMIT
    ]


CHECK = Check(
    code="WB201",
    title="No divergent transitions",
    threshold="none",
    reference="Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
    meaning=(
        "The simulated trajectory departed from the exact one: around such points the posterior curves more "
        "sharply than the step size can follow, and the draws may miss that region."
    ),
    advice=(
        "Raise --adapt-delta (0.95, 0.99); if divergences remain, reparameterise (non-centred) or use "
        "narrower priors."
    ),
    page=split_paragraphs("""
    Hamiltonian Monte Carlo follows a trajectory in small steps. Where the energy error along it explodes,
    the transition is called divergent and the trajectory ends.

    Divergences gather where the posterior narrows, such as in the neck of the funnel of a hierarchical
    model. The check names the parameters whose values differ most between divergent and other draws, by the
    difference of the means in standard deviations. Look at these parameters in the pair plot.

    A few divergences can be false alarms; they then scatter over the posterior. If they gather, more draws
    do not help, but a smaller step size (a higher --adapt-delta) or another parameterisation does.
    """),
    assess=_assess,
)

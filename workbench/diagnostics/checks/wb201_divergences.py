"""WB201: did the sampler lose its way?"""

from __future__ import annotations

import numpy as np

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.diagnostics.samples import parameter_draws
from workbench.results import Fit
from workbench.thresholds import DIVERGENT_SHARE_LIMIT, DIVERGENT_SHIFT_LIMIT, FEWEST_LOCATED_DIVERGENCES

SHOWN = 3
"""Parameters named in the sentence."""


@needs_draws
def _examine(fit: Fit) -> Finding:
    record = fit.record
    nuts = record["nuts"]
    count = nuts.get("divergences")
    if count is None:
        return Finding("n/a", "The sampler does not follow trajectories for a program without parameters.")
    total = nuts["chains"] * nuts["draws"]
    if count == 0:
        return Finding("passed", f"None of {total} transitions diverged.", 0)
    message = (
        f"{count} of {total} transitions diverged: part of the posterior may be missing.{_where(fit, count)}"
    )
    return Finding("issue", message, count, "fail" if count >= DIVERGENT_SHARE_LIMIT * total else "caution")


def _where(fit: Fit, count: int) -> str:
    """Return a sentence on the parameters whose divergent draws differ most from the others."""
    far = displaced(fit) if count >= FEWEST_LOCATED_DIVERGENCES else []
    if not far:
        return ""
    named = ", ".join(f"`{name}` ({shift:+.1f})" for name, shift in far[:SHOWN])
    return f" They sit apart from the others in {named}, in posterior SDs."


def displaced(fit: Fit) -> list[tuple[str, float]]:
    """Return how far the mean of divergent draws is from that of the others, farthest first.

    The distance is in posterior standard deviations; parameters within `DIVERGENT_SHIFT_LIMIT` are left out.
    """
    names, draws = parameter_draws(fit)
    if not names or "sample_stats" not in fit.tree.children:
        return []
    diverging = fit.tree["sample_stats"]["diverging"].transpose("chain", "draw").values.ravel().astype(bool)
    if len(diverging) != len(draws) or not diverging.any() or diverging.all():
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = (draws[diverging].mean(axis=0) - draws[~diverging].mean(axis=0)) / draws.std(axis=0)
    labels = fit.record["nuts"]["estimates"]
    order = np.argsort(-np.abs(np.nan_to_num(shift)), kind="stable")
    return [
        (labels.get(names[k], {}).get("label", names[k]), float(shift[k]))
        for k in order
        if abs(shift[k]) > DIVERGENT_SHIFT_LIMIT
    ]


CHECK = Check(
    code="WB201",
    title="No divergent transitions",
    threshold="none",
    reference="Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
    meaning=(
        "The simulated trajectory left the path that the density prescribes: around such points the "
        "posterior is curved more sharply than the step size can follow, and that region may be missing "
        "from the draws."
    ),
    advice="Raise --adapt-delta (0.95, 0.99); if they stay, reparameterise (non-centred) or tighten priors.",
    page=paragraphs("""
    Hamiltonian Monte Carlo follows a trajectory by small steps. Where the energy error along it
    explodes, the transition is called divergent and the trajectory is cut.

    Divergences gather where the posterior narrows, such as the neck of a funnel in a hierarchical
    model. The check names the parameters whose values differ most between divergent and other draws:
    the difference of their means in standard deviations. These are the ones to look at in the pairs
    plot.

    A few divergences can be false alarms; they then scatter over the posterior. If they gather, more
    draws do not help: a smaller step size (higher --adapt-delta) or another parameterisation does.
    """),
    examine=_examine,
)

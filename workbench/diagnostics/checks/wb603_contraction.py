"""WB603: did the data teach anything about each parameter?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.check import Check, Finding, needs_draws, owner, paragraphs
from workbench.diagnostics.prior_density import PriorDensity, prior_density
from workbench.diagnostics.samples import parameter_draws
from workbench.results import Fit
from workbench.thresholds import CONTRACTION_LIMIT

QUARTILES = (0.25, 0.75)
"""The spread is the interquartile range, which also heavy-tailed priors have."""


@needs_draws
def _examine(fit: Fit) -> Finding:
    roles = {term["role"] for term in fit.record["model"]["terms"]}
    if roles and not roles & {"likelihood", "unplaced"}:
        return Finding("n/a", "The program has no likelihood: its draws are those of the priors.")
    names, draws = parameter_draws(fit)
    latent = {
        one["name"] for one in fit.record["model"].get("parameter_priors", ()) if one["kind"] == "latent"
    }
    priors = {name: prior_density(fit.record, name) for name in names if owner(name) not in latent}
    found = {
        name: contraction(prior, draws[:, column])
        for column, name in enumerate(names)
        if (prior := priors.get(name)) is not None
    }
    if not found:
        return Finding("n/a", "No parameter has a prior that its statement alone gives in numbers.")
    name = min(found, key=lambda one: found[one])
    label = fit.record["nuts"]["estimates"].get(name, {}).get("label", name)
    still = sum(one < CONTRACTION_LIMIT for one in found.values())
    if still:
        message = (
            f"{still} of {len(found)} parameters keep the spread of their priors: the data say next to "
            f"nothing about `{label}` (contraction {found[name]:.2f})."
        )
        return Finding("tip", message, found[name])
    message = (
        f"Every parameter is known better than by its prior; least `{label}` (contraction {found[name]:.2f})."
    )
    return Finding("passed", message, found[name])


def contraction(prior: PriorDensity, draws: NDArray[np.float64]) -> float:
    """Return one minus the squared ratio of posterior to prior spread: 1 is all learnt, 0 nothing."""
    below = float(prior.family.cdf(prior.lower))
    ends = prior.family.ppf([below + one * prior.mass for one in QUARTILES])
    lower, upper = np.quantile(draws, QUARTILES)
    return float(1 - ((upper - lower) / (ends[1] - ends[0])) ** 2)


CHECK = Check(
    code="WB603",
    title="Data inform every parameter (prior contraction)",
    threshold=f"contraction at least {CONTRACTION_LIMIT}",
    reference=(
        "Schad, Betancourt and Vasishth (2021), doi:10.1037/met0000275; by quartiles instead of variances"
    ),
    meaning=(
        "For these parameters the posterior is the prior repeated: conclusions about them are assumptions."
    ),
    advice=(
        "Check that the data can tell: a group without rows, a predictor without variation, two parameters "
        "that only enter together. Otherwise report them as assumed."
    ),
    page=paragraphs("""
    The contraction is one minus the squared ratio of the interquartile ranges of posterior and prior. It is
    computed where a parameter has one prior of a known family with numbers for arguments; declared bounds cut
    the prior. Effects that the program draws given other parameters are left out.

    It can be negative: data that disagree with the prior can leave a posterior wider than it.
    """),
    examine=_examine,
)

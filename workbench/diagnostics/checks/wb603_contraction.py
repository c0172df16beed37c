"""WB603: do the data inform every parameter?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.diagnostics.parameter_draws import read_parameter_draws
from workbench.diagnostics.prior_density import PriorDensity, find_prior_density
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.results.view import NO_LIKELIHOOD
from workbench.thresholds import CONTRACTION_LIMIT

QUARTILES = (0.25, 0.75)
"""The spread is the interquartile range, which heavy-tailed priors have as well."""


_ADVICE_WIDER = (
    "Compare the prior with the posterior in the report's figures: the prior may be too narrow, or in "
    "another unit; `workbench sensitivity` shows the results under other priors."
)
"""What to do where the posterior is the wider one."""


@requires_draws
def _assess(fit: Fit) -> Finding:
    if fit.results.model.has_no_likelihood:
        return Finding("n/a", NO_LIKELIHOOD)
    contractions = _measure_contractions(fit)
    if not contractions:
        return Finding("n/a", "No parameter has a prior whose statement gives it in numbers.")
    name = min(contractions, key=lambda name: contractions[name])
    smallest = contractions[name]
    least = _describe(fit, name, contractions)
    wider = [name for name, contraction in contractions.items() if contraction < -CONTRACTION_LIMIT]
    same = [name for name, contraction in contractions.items() if abs(contraction) <= CONTRACTION_LIMIT]
    if same:
        least = _describe(fit, min(same, key=lambda name: abs(contractions[name])), contractions)
        message = (
            f"{len(same)} of {len(contractions)} parameters keep the spread of their priors: the data say "
            f"next to nothing about {least}."
        )
        return Finding("tip", message, smallest)
    if wider:
        message = (
            f"The posterior of {least} is wider than its prior{_count_others(wider)}: the data pull it into "
            "the prior's tail."
        )
        return Finding("tip", message, smallest, advice=_ADVICE_WIDER)
    message = f"The data inform every parameter; they say least about {least}."
    return Finding("passed", message, smallest)


def _describe(fit: Fit, name: str, contractions: dict[str, float]) -> str:
    return f"`{fit.results.label(name)}` (contraction {contractions[name]:.2f})"


def _count_others(names: list[str]) -> str:
    """Return how many further parameters there are, as a part of a sentence; empty for none."""
    others = len(names) - 1
    return f", and so {'is' if others == 1 else 'are'} {others} more" if others else ""


def _measure_contractions(fit: Fit) -> dict[str, float]:
    """Return the contraction of each parameter with a known prior; latent effects are left out."""
    results = fit.results
    latent = {prior.name for prior in results.model.parameter_priors or () if prior.kind == "latent"}
    names, draws = read_parameter_draws(fit)
    contractions = {}
    for column, name in enumerate(names):
        prior = None if owner(name) in latent else find_prior_density(results, name)
        if prior is not None:
            contractions[name] = compute_contraction(prior, draws[:, column])
    return contractions


def compute_contraction(prior: PriorDensity, draws: NDArray[np.float64]) -> float:
    """Return one minus the squared ratio of posterior to prior spread.

    It is 1 where only the data matter, and 0 where only the prior does.
    """
    below = float(prior.family.cdf(prior.lower))
    ends = prior.family.ppf([below + quartile * prior.mass for quartile in QUARTILES])
    lower, upper = np.quantile(draws, QUARTILES)
    return float(1 - ((upper - lower) / (ends[1] - ends[0])) ** 2)


CHECK = Check(
    code="WB603",
    title="Data inform every parameter (prior contraction)",
    threshold=f"contraction at least {CONTRACTION_LIMIT}",
    reference=(
        "Schad, Betancourt and Vasishth (2021), doi:10.1037/met0000275; by quartiles instead of variances; "
        "limit ours"
    ),
    meaning=("For these parameters the posterior repeats the prior: conclusions about them are assumptions."),
    advice=(
        "Check whether the data can inform them: a group without rows, a predictor without variation, or two "
        "parameters that only enter together cannot. Otherwise report them as assumed."
    ),
    page=split_paragraphs("""
    The contraction is one minus the squared ratio of the interquartile ranges of posterior and prior. It is
    computed where a parameter has one prior of a known family with numbers for arguments; declared bounds
    truncate the prior. Latent effects, whose distribution depends on other parameters, are left out.

    It can be negative: data that disagree with the prior can make the posterior wider than the prior.
    """),
    assess=_assess,
)

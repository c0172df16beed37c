"""Why the estimate of a run is not one of maximum likelihood, in sentences."""

from __future__ import annotations

import re

from workbench.results import Fit
from workbench.results.quantities import owner

_DENSITY_OF = re.compile(
    r"^\s*(?P<tilde>[A-Za-z]\w*)[^~(]*~|_l(?:u?pdf|u?pmf|pdf|pmf)\(\s*(?P<call>[A-Za-z]\w*)"
)
"""What a statement is a density of: before a tilde, or the first argument of a density."""

EFFECTS = (
    "its program has effects with a density of their own, and they were estimated together with everything "
    "else: the likelihood at a mode of effects is no marginal likelihood. Integrate them out in the program, "
    "or compare posteriors: `workbench compare`"
)
"""Why no test or criterion applies to a program with varying effects."""


def explain_no_likelihood(fit: Fit) -> str:
    """Return why a run has no maximised likelihood, without a full stop; empty where it has one."""
    return explain_no_maximum(fit) or _explain_no_sum(fit) * (fit.results.mle.log_lik is None)


def explain_no_maximum(fit: Fit) -> str:
    """Return why a run maximised no likelihood, whether its sum is stored or not; empty where it did."""
    mle = fit.results.mle
    if not mle.is_ok:
        return f"it has no maximum-likelihood estimate: {mle.reason.rstrip('.')}"
    return explain_other_target(fit)


def explain_other_target(fit: Fit) -> str:
    """Return what else than the likelihood a run maximised for its MLE; empty where it is the likelihood."""
    results = fit.results
    settings = results.request
    scaled = ("prior",) if settings is None else settings.scaled
    roles = {term.role for term in results.model.terms}
    if "latent" in roles and "latent" not in scaled:
        return EFFECTS
    if "prior" in roles and "prior" not in scaled:
        return "its priors were kept while the likelihood was maximised: the maximum is penalised by them"
    weighted = (
        {} if settings is None else {key: weight for key, weight in settings.weights.items() if weight != 1}
    )
    if weighted:
        return "terms of its log density are raised to powers: that is not the likelihood of the data"
    for term in results.model.terms:
        name = _find_outcome(term.statement)
        if term.role == "likelihood" and name in results.declared:
            return (
                f"`{term.statement.strip()}` is the density of a parameter and counts as likelihood: the "
                "maximum "
                "is penalised by it"
            )
    return ""


def _explain_no_sum(fit: Fit) -> str:
    return f"the log likelihood at the estimate of `{fit.results.model.name}` is not known"


def _find_outcome(statement: str) -> str:
    """Return the variable that a statement is a density of; empty if it is not known.

    >>> _find_outcome("beta[1] ~ normal(0, 1);"), _find_outcome("target += normal_lpdf(y | mu, 1);")
    ('beta', 'y')
    """
    found = _DENSITY_OF.search(statement)
    return "" if found is None else owner(found["tilde"] or found["call"])

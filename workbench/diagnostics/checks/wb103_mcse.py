"""WB103: is the Monte Carlo error small compared with the posterior SD?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, collect_statistic, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.results.view import DrawsEstimate
from workbench.thresholds import MCSE_LIMIT


@requires_draws
def _assess(fit: Fit) -> Finding:
    shares = collect_statistic(fit.results, _compute_share)
    if not shares:
        return Finding("n/a", "No parameter varies, so there is no Monte Carlo error.")
    label = max(shares, key=lambda name: shares[name])
    share = shares[label]
    if share > MCSE_LIMIT:
        message = f"The Monte Carlo error of the mean of `{label}` is {share:.0%} of its posterior SD."
        return Finding("issue", message, share, "caution")
    message = f"No Monte Carlo error of a mean exceeds {share:.1%} of the posterior SD (`{label}`)."
    return Finding("passed", message, share)


def _compute_share(estimate: DrawsEstimate) -> float | None:
    """Return the Monte Carlo standard error of a mean [posterior SD]."""
    return None if estimate.mcse_mean is None or not estimate.sd else estimate.mcse_mean / estimate.sd


CHECK = Check(
    code="WB103",
    title="Means precise (MCSE)",
    threshold=f"at most {MCSE_LIMIT} posterior SDs",
    reference="Flegal, Haran and Jones (2008), doi:10.1214/08-STS257; limit ours",
    meaning=(
        "There are too few draws to locate the centre of a posterior: the last digits in the table are noise."
    ),
    advice="Draw more (--draws): four times as many draws halve the error.",
    page=split_paragraphs("""
    The Monte Carlo standard error of a mean is the posterior SD divided by the square root of the effective
    sample size. A longer run would reduce it; it has nothing to do with the uncertainty about the parameter
    itself.

    Report no more digits than it allows: with an error of 0.03, the second decimal is not known.
    """),
    assess=_assess,
)

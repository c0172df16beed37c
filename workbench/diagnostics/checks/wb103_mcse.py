"""WB103: is the Monte Carlo error small beside the posterior?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, owner, paragraphs, parameter_names
from workbench.results import Fit
from workbench.thresholds import MCSE_LIMIT


@needs_draws
def _examine(fit: Fit) -> Finding:
    names = parameter_names(fit.record)
    shares = {
        numbers.get("label", name): numbers["mcse_mean"] / numbers["sd"]
        for name, numbers in fit.record["nuts"]["estimates"].items()
        if owner(name) in names and numbers.get("mcse_mean") is not None and numbers.get("sd")
    }
    if not shares:
        return Finding("n/a", "No parameter varies, so there is no Monte Carlo error.")
    name = max(shares, key=lambda one: shares[one])
    share = shares[name]
    if share > MCSE_LIMIT:
        message = f"The mean of `{name}` is known only to {share:.0%} of its posterior SD."
        return Finding("issue", message, share, "caution")
    return Finding("passed", f"Every mean is known to {share:.1%} of its posterior SD (`{name}`).", share)


CHECK = Check(
    code="WB103",
    title="Means known precisely (MCSE)",
    threshold=f"at most {MCSE_LIMIT} posterior SDs",
    reference="Flegal, Haran and Jones (2008), doi:10.1214/08-STS257; limit ours",
    meaning="The draws are too few to say where the centre of a posterior is: digits of the table are noise.",
    advice="Ask for more draws (--draws): four times as many halve the error.",
    page=paragraphs("""
    The Monte Carlo standard error of a mean is the posterior SD divided by the square root of the effective
    sample size. It is the error that a longer run would remove, and has nothing to do with the uncertainty
    about the parameter itself.

    Report no more digits than it allows: with an error of 0.03, the second decimal is not known.
    """),
    examine=_examine,
)

"""WB101: do the chains agree?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, collect_statistic, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import RHAT_LIMIT, format_beside_limit


@requires_draws
def _assess(fit: Fit) -> Finding:
    rhats = collect_statistic(fit.results, lambda estimate: estimate.rhat)
    if not rhats:
        return Finding("n/a", "No parameter varies, so there is nothing to compare between chains.")
    label = max(rhats, key=lambda name: rhats[name])
    rhat = rhats[label]
    shown, _ = format_beside_limit(rhat, RHAT_LIMIT, 3)
    if rhat > RHAT_LIMIT:
        message = f"The chains disagree: R-hat is {shown} for `{label}`, above {RHAT_LIMIT}."
        return Finding("issue", message, rhat, "fail")
    return Finding("passed", f"The largest R-hat is {shown} (`{label}`), below {RHAT_LIMIT}.", rhat)


CHECK = Check(
    code="WB101",
    title="Chains agree (R-hat)",
    threshold=f"at most {RHAT_LIMIT}",
    reference="Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221",
    meaning=(
        "The chains have not converged to the same distribution, so their average does not describe the "
        "posterior."
    ),
    advice="Run longer chains (--warmup, --draws); if R-hat stays high, look for several modes.",
    page=split_paragraphs("""
    R-hat compares the variance between chains with the variance within them. It is computed on
    rank-normalised split chains, once for the location and once, on folded draws, for the scale; the
    larger of the two is reported. It is 1, up to noise, when all chains explore the same distribution.

    The number is the largest over all parameters and transformed parameters. Generated quantities do not
    count: a quantity that hardly varies has a poor R-hat without any problem of the chains.

    Look at the rank plots: a chain that sits apart points to several modes or to a chain that got stuck.
    Trends in the traces point to a warm-up that was too short.
    """),
    assess=_assess,
)

"""WB101: do the chains agree?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs, worst
from workbench.results import Fit
from workbench.thresholds import RHAT_LIMIT, format_beside_limit


@needs_draws
def _examine(fit: Fit) -> Finding:
    record = fit.record
    found = worst(record, "rhat")
    if found is None:
        return Finding("n/a", "No parameter varies, so there is nothing to compare between chains.")
    name, rhat = found
    shown, _ = format_beside_limit(rhat, RHAT_LIMIT, 3)
    if rhat > RHAT_LIMIT:
        message = f"The chains disagree: R-hat is {shown} for `{name}`, above {RHAT_LIMIT}."
        return Finding("issue", message, rhat, "fail")
    return Finding("passed", f"The largest R-hat is {shown} (`{name}`), below {RHAT_LIMIT}.", rhat)


CHECK = Check(
    code="WB101",
    title="Chains agree (R-hat)",
    threshold=f"at most {RHAT_LIMIT}",
    reference="Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221",
    meaning=(
        "Chains that started apart have not met: they describe different distributions, and an average "
        "over them describes none."
    ),
    advice="Run longer chains (--warmup, --draws); if R-hat stays high, look for several modes.",
    page=paragraphs("""
    R-hat compares the variance between chains with the variance within them. It is computed on
    rank-normalised split chains, once for the location and once, on folded draws, for the scale; the
    larger of the two is reported. Chains that explore one distribution give 1 up to noise.

    The number is the largest over all parameters and transformed parameters; generated quantities do
    not count, since a quantity that hardly varies has a poor R-hat and says nothing about the chains.

    Look at the rank plots: a chain that sits apart points to several modes or to a chain that got
    stuck; trends in the traces point to too short a warm-up.
    """),
    examine=_examine,
)

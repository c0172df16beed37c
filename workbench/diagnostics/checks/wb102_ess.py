"""WB102: are there enough effective draws?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs, worst
from workbench.results import Fit
from workbench.thresholds import ESS_PER_CHAIN, format_beside_limit


@needs_draws
def _examine(fit: Fit) -> Finding:
    record = fit.record
    needed = ESS_PER_CHAIN * record["nuts"]["chains"]
    found = [(kind, worst(record, f"ess_{kind}", smallest=True)) for kind in ("bulk", "tail")]
    known = [(kind, *one) for kind, one in found if one is not None]
    if not known:
        return Finding("n/a", "No parameter varies, so there is no effective sample size.")
    kind, name, ess = min(known, key=lambda one: one[2])
    shown, _ = format_beside_limit(ess, needed, 0)
    if ess < needed:
        message = f"Too few effective draws: {kind} ESS is {shown} for `{name}`, below {needed}."
        return Finding("issue", message, ess, "caution")
    return Finding("passed", f"The smallest {kind} ESS is {shown} (`{name}`), above {needed}.", ess)


CHECK = Check(
    code="WB102",
    title="Enough effective draws (ESS)",
    threshold=f"at least {ESS_PER_CHAIN} for each chain, bulk and tail",
    reference="Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221",
    meaning=(
        "Correlated draws are worth fewer independent ones; with too few, means and interval ends are "
        "noisy and R-hat itself is not reliable."
    ),
    advice="Ask for more draws (--draws); where ESS stays very small, reparameterise.",
    page=paragraphs("""
    The effective sample size says how many independent draws would give an estimate as precise as
    these do. Bulk ESS concerns the centre of a distribution, tail ESS the 5 % and 95 % quantiles, on
    rank-normalised draws.

    Below 100 for each chain the estimates of R-hat and of ESS themselves become unstable. The Monte
    Carlo error of a mean is about the posterior SD divided by the square root of the bulk ESS.
    """),
    examine=_examine,
)

"""WB102: are there enough effective draws?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, collect_statistic, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import ESS_PER_CHAIN, format_beside_limit


@requires_draws
def _assess(fit: Fit) -> Finding:
    needed = ESS_PER_CHAIN * (fit.results.nuts.chains or 0)
    sizes = {
        "bulk": collect_statistic(fit.results, lambda estimate: estimate.ess_bulk),
        "tail": collect_statistic(fit.results, lambda estimate: estimate.ess_tail),
    }
    smallest = [
        (kind, label, by_label[label])
        for kind, by_label in sizes.items()
        if (label := min(by_label, key=lambda name: by_label[name], default=None)) is not None
    ]
    if not smallest:
        return Finding("n/a", "No parameter varies, so there is no effective sample size.")
    kind, label, ess = min(smallest, key=lambda item: item[2])
    shown, _ = format_beside_limit(ess, needed, 0)
    if ess < needed:
        message = f"There are too few effective draws: {kind} ESS is {shown} for `{label}`, below {needed}."
        return Finding("issue", message, ess, "caution")
    return Finding("passed", f"The smallest {kind} ESS is {shown} (`{label}`), above {needed}.", ess)


CHECK = Check(
    code="WB102",
    title="Enough effective draws (ESS)",
    threshold=f"at least {ESS_PER_CHAIN} per chain, bulk and tail",
    reference="Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221",
    meaning=(
        "Correlated draws carry less information than independent ones. With too few effective draws, means "
        "and interval ends are noisy, and R-hat itself is unreliable."
    ),
    advice="Draw more (--draws); if ESS stays very small, reparameterise.",
    page=split_paragraphs("""
    The effective sample size is the number of independent draws that would give estimates as precise as
    these. Bulk ESS is about the centre of a distribution, tail ESS about its 5 % and 95 % quantiles; both are
    computed on rank-normalised draws.

    Below 100 per chain, the estimates of R-hat and of ESS themselves become unstable. The Monte Carlo
    standard error of a mean is about the posterior SD divided by the square root of the bulk ESS.
    """),
    assess=_assess,
)

"""WB503: is leave-one-out by importance sampling reliable?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.thresholds import KHAT_LIMIT, KHAT_RULE, WAIC_VARIANCE_LIMIT, format_beside_limit


@requires_draws
def _assess(fit: Fit) -> Finding:
    loo = fit.results.loo
    if not loo.is_ok:
        message = f"Leave-one-out is not available: {loo.reason}"
        return Finding("skipped" if loo.status == "skipped" else "n/a", message)
    khat, limit = loo.khat_max, loo.khat_limit or KHAT_LIMIT
    shown, shown_limit = ("infinite", f"{limit:.2f}") if khat is None else format_beside_limit(khat, limit, 2)
    among = "" if loo.sampled is None else f" (of {loo.sampled} examined)"
    if loo.bad:
        message = (
            f"Leave-one-out is unreliable for {loo.bad} of {loo.examined} observations: "
            f"the largest k-hat{among} is {shown}, above {shown_limit}."
        )
        return Finding("tip", message, khat)
    if loo.wide:
        message = (
            f"Leave-one-out is estimated from {loo.sampled} of {loo.observations} observations, and may miss "
            f"some of the {loo.wide} whose log likelihood varies (variance above {WAIC_VARIANCE_LIMIT:g})."
        )
        return Finding("tip", message, khat)
    message = f"Leave-one-out is reliable: the largest k-hat{among} is {shown}, below {shown_limit}."
    return Finding("passed", message, khat)


CHECK = Check(
    code="WB503",
    title="Leave-one-out reliable (Pareto k-hat)",
    threshold=f"k-hat at most {KHAT_RULE} for every observation, S draws",
    reference=(
        "Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4; "
        "Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72)"
    ),
    meaning=(
        "Without some observation the posterior would be so different that reweighting the draws cannot "
        "approximate it. The elpd is then too optimistic, and the model may be misspecified there."
    ),
    advice="Look at the observations that the report names; refit without them, or use a robust likelihood.",
    page=split_paragraphs("""
    Leaving an observation out divides the posterior by its likelihood. The draws are reweighted accordingly,
    and the largest weights are smoothed by a generalised Pareto distribution, whose shape is k-hat.

    A large k-hat has three usual causes: an outlier under the model, a parameter that only this observation
    informs (such as one effect per row), or a model with about as many parameters as observations.
    """),
    assess=_assess,
)

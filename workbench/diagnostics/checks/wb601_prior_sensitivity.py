"""WB601: does a prior outweigh the data?"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.diagnostics.check import Check, Finding, requires_power_scaling, split_paragraphs
from workbench.diagnostics.power_scaling import STRONG_PRIOR, select_parameters
from workbench.diagnostics.prior_shift import PriorShift, find_largest_shift, iterate_shifts
from workbench.results import Fit
from workbench.results.view import NO_LIKELIHOOD, Results, Sensitivity
from workbench.thresholds import (
    PRIOR_SHIFT_LIMIT,
    PRIOR_WEIGHT_LIMIT,
    SENSITIVITY_LIMIT,
    format_beside_limit,
)


def _assess(fit: Fit) -> Finding:
    results = fit.results
    if results.updated is not None and results.updated.way == "normal":
        return _assess_carried(results)
    if results.model.has_no_likelihood:
        return Finding("n/a", NO_LIKELIHOOD)
    shift = find_largest_shift(results)
    if shift is not None and shift.size >= PRIOR_SHIFT_LIMIT:
        label = results.label(shift.name)
        message = (
            f"The prior decides `{label}`: its MLE of {shift.mle:.3g} and its MAP of {shift.map:.3g} differ "
            f"by {_describe_distance(shift)}.{_describe_weight(results, shift.name)}"
        )
        return Finding("issue", message, shift.size, "caution", _ADVICE_ON_SHIFTS)
    finding = _assess_sensitivity(fit)
    if finding.status == "skipped" and shift is not None:
        message = (
            f"The priors move no mode by {PRIOR_SHIFT_LIMIT:g} standard errors or posterior SDs; that of "
            f"`{results.label(shift.name)}` moves most, by {_describe_distance(shift)}."
        )
        return Finding("passed", message, shift.size)
    return finding


def _assess_carried(results: Results) -> Finding:
    """Return whether new rows agree with the earlier posterior, which is their prior on purpose."""
    own = [shift for shift in iterate_shifts(results) if shift.in_se is not None]
    shift = max(own, key=lambda shift: shift.in_se or 0.0, default=None)
    if shift is None:
        return Finding("n/a", "The prior is the posterior of earlier rows, and no MLE stands beside it.")
    label, distance = results.label(shift.name), shift.in_se or 0.0
    scale = f" on the {shift.scale} scale" if shift.scale else ""
    found = f"{_format_distance(distance)} standard errors of the likelihood{scale}"
    if distance >= PRIOR_SHIFT_LIMIT:
        message = (
            f"The new rows contradict the posterior of the earlier ones: their MLE of `{label}`, "
            f"{shift.mle:.3g}, and the MAP of {shift.map:.3g} differ by {found}."
        )
        return Finding("issue", message, distance, "caution", _ADVICE_ON_CONTRADICTIONS)
    message = (
        "The prior is the posterior of earlier rows, and the new rows agree with it: of all parameters "
        f"`{label}` moves most, by {found}.{_describe_weight(results, shift.name)}"
    )
    return Finding("passed", message, distance)


def _describe_distance(shift: PriorShift) -> str:
    distances = []
    if shift.in_se is not None:
        distances.append(f"{_format_distance(shift.in_se)} standard errors of the likelihood")
    if shift.in_sd is not None:
        distances.append(f"{_format_distance(shift.in_sd)} posterior SDs")
    scale = f" on the {shift.scale} scale" if shift.scale else ""
    return f"{' or '.join(distances)}{scale}"


def _format_distance(distance: float) -> str:
    return format_beside_limit(distance, PRIOR_SHIFT_LIMIT, 1)[0]


def _describe_weight(results: Results, name: str) -> str:
    """Return a sentence on the weight of the priors; empty where it is not known."""
    sensitivity = results.power_scaling.parameters.get(name)
    if sensitivity is None or sensitivity.prior_weight is None:
        return ""
    return f" The priors weigh {_describe_ratio(sensitivity)}."


def _describe_ratio(sensitivity: Sensitivity) -> str:
    if sensitivity.prior_rows is None:
        return f"{_round(sensitivity.prior_weight)} times as much as the data"
    rows, weight = _round(sensitivity.prior_rows), _round(sensitivity.prior_weight)
    return f"as much as {rows} rows, {weight} times the data"


def _round(value: float | None) -> str:
    """Return two significant digits, without an exponent.

    >>> _round(1234.0), _round(0.891), _round(10.0)
    ('1,200', '0.89', '10')
    """
    return f"{float(f'{value or 0.0:.2g}'):,g}"


@requires_power_scaling
def _assess_sensitivity(fit: Fit) -> Finding:
    sensitivities = select_parameters(fit.results)
    if not sensitivities:
        return Finding("n/a", "No parameter varies.")
    to_prior = {label: sensitivity.prior or 0.0 for label, sensitivity in sensitivities.items()}
    label = max(to_prior, key=lambda label: to_prior[label])
    largest = to_prior[label]
    heaviest = _find_heaviest(sensitivities)
    outweighed = [label for label, sensitivity in sensitivities.items() if _outweighs(sensitivity)]
    if outweighed:
        weight = (
            f" For `{heaviest}` they weigh {_describe_ratio(sensitivities[heaviest])}." if heaviest else ""
        )
        message = (
            f"Priors outweigh the data for {len(outweighed)} of {len(sensitivities)} parameters; the most "
            f"sensitive is `{label}` ({largest:.2f}).{weight}"
        )
        return Finding("tip", message, largest)
    dependence = (
        "depends on its prior and on the data"
        if largest > SENSITIVITY_LIMIT
        else "hardly depends on the priors"
    )
    message = f"No prior outweighs the data; the most sensitive, `{label}`, {dependence} ({largest:.2f})."
    return Finding("passed", message, largest)


def _outweighs(sensitivity: Sensitivity) -> bool:
    """Return whether the priors outweigh the data, by power-scaling or by their information."""
    return sensitivity.diagnosis == STRONG_PRIOR or (sensitivity.prior_weight or 0.0) > PRIOR_WEIGHT_LIMIT


def _find_heaviest(sensitivities: Mapping[str, Sensitivity]) -> str:
    """Return the label of the parameter whose priors weigh most; empty where none outweigh the data."""
    weights = {label: sensitivity.prior_weight or 0.0 for label, sensitivity in sensitivities.items()}
    label = max(weights, key=lambda label: weights[label])
    return label if weights[label] > PRIOR_WEIGHT_LIMIT else ""


_ADVICE_ON_SHIFTS = (
    "Say where the prior comes from and why it may decide; if it was not meant to, widen it. `workbench "
    "sensitivity` shows the results under other priors."
)
"""What to do where a prior decides the result."""

_ADVICE_ON_CONTRADICTIONS = (
    "Something has changed since the earlier rows: widen the prior (`--prior-from champion:SD*2`), or fit "
    "all rows that still hold together."
)
"""What to do where new rows contradict an earlier posterior."""

CHECK = Check(
    code="WB601",
    title="Priors do not outweigh the data",
    threshold=(
        f"MLE and MAP within {PRIOR_SHIFT_LIMIT:g} standard errors and posterior SDs; sensitivity to the "
        f"prior at most {SENSITIVITY_LIMIT}, or that to the likelihood above it; priors with at most the "
        "information of the data"
    ),
    reference=(
        "Kallioinen, Paananen, Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5; Morita, Thall and "
        "Müller (2008), doi:10.1111/j.1541-0420.2007.00888.x; Neuenschwander, Weber, Schmidli and O'Hagan "
        "(2020), doi:10.1111/biomet.13252; limits on shift and weight ours"
    ),
    meaning=(
        "The prior, rather than the data, decides about these parameters: it moves the estimate far, a "
        "slightly stronger or weaker one would change the posterior, or it holds more information than the "
        "data."
    ),
    advice="Justify the prior when reporting; `workbench sensitivity` shows the results under other priors.",
    page=split_paragraphs("""
    The distance between the mode without priors (MLE) and with them (MAP) is what the priors do to the
    estimate. It is measured in standard errors of the likelihood, which says whether prior and data disagree,
    and in posterior standard deviations, which says whether anything of the data is left. Three of either are
    a reservation, whatever the prior was meant for. A parameter with bounds is compared on the log or
    log-odds scale. With latent variables both modes are joint ones, and are not compared.

    Priors and likelihood are raised to powers slightly below and above one, and the draws are reweighted
    accordingly; nothing is fitted again. The sensitivity is the distance between the posteriors at the two
    powers, per doubling of the power.

    The weight of the priors is their information about a parameter, relative to that of the data: how
    strongly each log density curves over the posterior draws, on the scale without bounds. Times the number
    of rows it is the effective sample size of the prior: a beta prior counts as the sum of its two numbers in
    trials, a normal one as the ratio of the variances of one observation and of the prior. It is not known
    with latent variables, nor where it is lost in Monte Carlo error.

    Where the posterior of earlier rows is the prior, it weighs more than the new rows on purpose. Then only
    the standard errors of the likelihood count: whether the new rows agree with it.

    A strong prior is not a mistake where it is intended: the check says that it matters, not that it is
    wrong.
    """),
    assess=_assess,
)

"""The opening: posterior, prior, convergence, mode and predictions, in a few sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from workbench.diagnostics.check import format_p_value
from workbench.report.fit import selection
from workbench.report.fit.notes import describe_update
from workbench.report.fit.sampler import describe_divergences, find_extremes
from workbench.report.numbers import (
    choose_decimals,
    format_count,
    format_number,
    format_percentage,
    format_share,
    join_with_and,
    pluralise,
)
from workbench.results.modes import list_comparable_modes, list_known_modes
from workbench.results.quantities import owner
from workbench.results.view import NO_LIKELIHOOD, Gap, Results
from workbench.thresholds import P_VALUE_LIMIT, SHIFT_LIMIT

_MOST_NAMED = 4
"""The most quantities whose posterior the opening gives."""

_MOST_LISTED = 3
"""The most sensitive quantities, or test statistics, that the opening names."""

_MAIN_UP_TO = 6
"""A variable with more elements than this is not among the main parameters."""

_CAUSES: Mapping[str, str] = {
    "jacobian": "the mode depends on the scale of the density",
    "curvature": "the transform to the declared scale makes a symmetric posterior asymmetric",
    "non_gaussian": "the posterior is not normal around its mode",
}
"""The steps from mode to mean, and what each is due to."""


def build_opening(results: Results) -> tuple[str, ...]:
    """Return the paragraphs below the verdict; every number in them is in `run.json`.

    Of draws that do not describe the posterior they say nothing more than why.
    """
    sentences = [*filter(None, [describe_update(results)]), *_describe_convergence(results)]
    if not results.has_failed_checks:
        sentences += [*_describe_gap(results), *_describe_predictions(results)]
    return tuple(sentences)


def describe_posterior(results: Results) -> str:
    """Return what was found: the main parameters with their intervals; empty without draws."""
    phrases = [_describe_estimate(results, name) for name in find_main_quantities(results)[:_MOST_NAMED]]
    if not phrases:
        return ""
    lead = (
        "According to draws that are not reliable yet"
        if results.has_failed_checks
        else "Given the model and the data"
    )
    level = format_percentage(results.interval.level)
    return f"{lead}, {join_with_and(phrases)} (posterior means, {level} intervals)."


def find_main_quantities(results: Results) -> list[str]:
    """Return the declared parameters with few elements, in the order of the program."""
    names = list(results.estimates("nuts"))
    sizes = Counter(owner(name) for name in names)
    candidates = [name for name in names if results.is_declared(name)] or names
    return [name for name in candidates if sizes[owner(name)] <= _MAIN_UP_TO] or candidates


def _describe_estimate(results: Results, name: str) -> str:
    posterior = results.posterior(name)
    decimals = choose_decimals(posterior.sd)
    mean, lower, upper = (
        format_number(number, decimals) for number in (posterior.mean, posterior.lower, posterior.upper)
    )
    unit = f" {results.unit(name)}" if results.unit(name) else ""
    return f"`{results.label(name)}` is {mean}{unit} ({lower} to {upper})"


def _describe_convergence(results: Results) -> Iterator[str]:
    extremes = find_extremes(results)
    if extremes.rhat is None or extremes.smallest_ess is None:
        return
    divergences = results.nuts.divergences
    ending = "" if divergences is None else f", and {describe_divergences(divergences)}"
    yield (
        f"The {pluralise(results.nuts.chains or 0, 'chain')} have a largest R-hat of "
        f"{format_number(extremes.rhat.value, 3)} and a smallest effective sample size of "
        f"{format_count(extremes.smallest_ess)}{ending}."
    )


def _describe_gap(results: Results) -> Iterator[str]:
    """Say how far the mode is from the posterior mean, and what most of the distance is due to."""
    ranked, mode = selection.rank_by_gap(results), selection.choose_mode(results)
    if not ranked or mode is None:
        return
    name, title = ranked[0], selection.name_mode(mode)
    gap = selection.measure_gap(results, name) or 0.0
    size, label = format_number(abs(gap), 2), f"`{results.label(name)}`"
    if abs(gap) <= SHIFT_LIMIT:
        yield (
            f"The {title} is close to the posterior mean: the largest distance is {size} posterior SDs, for "
            f"{label}."
        )
        return
    side = "above" if gap > 0 else "below"
    yield (
        f"The {title} is a poor summary of the posterior: for {label} it lies {size} posterior SDs {side} "
        f"the mean{_explain_several_modes(results) or _explain_gap(results.gap(name))}."
    )


def _explain_several_modes(results: Results) -> str:
    """Say that the posterior has other modes; empty where none of them is comparable."""
    count = len(list_comparable_modes(list_known_modes(results)))
    return f", because the posterior has {count} modes, which no single point describes" if count > 1 else ""


def _explain_gap(gap: Gap) -> str:
    sizes = {step: abs(value) for step in _CAUSES if (value := getattr(gap, step)) is not None}
    if len(sizes) < len(_CAUSES):
        return ""
    largest = max(sizes, key=lambda step: sizes[step])
    if gap.is_within_error(largest):
        return "; the draws are too few to say why, as the largest step is within Monte Carlo error"
    return f", mostly because {_CAUSES[largest]}"


def describe_prior(results: Results) -> str:
    """Return whether the prior matters; empty where that is not known, or where a finding says it."""
    checks = results.diagnosis.checks if results.diagnosis is not None else ()
    is_found = any(check.code == "WB601" and check.status in ("issue", "tip") for check in checks)
    if is_found or results.has_failed_checks:
        return ""
    return NO_LIKELIHOOD if results.model.has_no_likelihood else _describe_sensitivity(results)


def _describe_sensitivity(results: Results) -> str:
    """Return which parameters are sensitive to the prior, or that none is."""
    scaling = results.power_scaling
    known = {
        name: sensitivity.prior
        for name, sensitivity in scaling.parameters.items()
        if sensitivity.prior is not None and (results.is_declared(name) or not results.declared)
    }
    if not scaling.is_ok or not known or scaling.threshold is None:
        return ""
    ranked = sorted(known, key=lambda name: -known[name])
    sensitive = [name for name in ranked if known[name] >= scaling.threshold]
    limit = format_number(scaling.threshold, 2)
    if not sensitive:
        return (
            "The prior matters little, as far as small changes of it show: no parameter has a sensitivity to "
            f"it above {limit} (the largest is {format_share(known[ranked[0]])}, for "
            f"`{results.label(ranked[0])}`)."
        )
    phrases = [f"`{results.label(name)}` ({format_share(known[name])})" for name in sensitive[:_MOST_LISTED]]
    if len(sensitive) > _MOST_LISTED:
        phrases.append(pluralise(len(sensitive) - _MOST_LISTED, "other"))
    return f"The prior matters: the sensitivity to it is above {limit} for {join_with_and(phrases)}."


def _describe_predictions(results: Results) -> Iterator[str]:
    """Say whether replicated data look like the observed data, by the test statistics."""
    statistics = [
        (outcome.name, statistic)
        for outcome in results.predictive.outcomes
        for statistic in outcome.statistics
        if statistic.p_value is not None
    ]
    extreme = [
        f"the {statistic.name} of `{outcome}` ({format_p_value(statistic.p_value)})"
        for outcome, statistic in statistics
        if statistic.p_value is not None and min(statistic.p_value, 1 - statistic.p_value) < P_VALUE_LIMIT
    ]
    if extreme:
        yield f"Replicated data do not reproduce {join_with_and(extreme[:_MOST_LISTED])}."
    elif statistics:
        yield f"Replicated data reproduce {_count_statistics(len(statistics))} of the observed data."


def _count_statistics(count: int) -> str:
    """Return a number of test statistics in words.

    >>> _count_statistics(1), _count_statistics(3)
    ('the test statistic', 'all 3 test statistics')
    """
    return "the test statistic" if count == 1 else f"all {count} test statistics"

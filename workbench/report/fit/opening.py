"""The opening: what the posterior says, whether to believe it, what mode and prior did to it."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.report import reading
from workbench.report.fit import selection
from workbench.report.numbers import decimals_for, format_count, format_number, format_share, plural
from workbench.report.reading import Record
from workbench.thresholds import P_VALUE_MARK, SHIFT_LIMIT

_MOST_NAMED = 4
_MAIN_UP_TO = 6
"""A variable with more elements than this is not among the main parameters."""

_CAUSES = {
    "jacobian": "the mode moves with the scale on which the density is taken",
    "curvature": "the transform to the declared scale bends a symmetric posterior",
    "non_gaussian": "the posterior is not normal around its mode",
}
"""The steps of the gap, in words."""


def sentences(record: Record) -> tuple[str, ...]:
    """Return the paragraphs a reader meets first; every number in them is in `run.json`."""
    paragraphs = (
        [*_posterior(record), *_agreement(record)],
        [*_mode(record)],
        [*_prior(record), *_prediction(record)],
    )
    return tuple(" ".join(one) for one in paragraphs if one)


def _posterior(record: Record) -> Iterator[str]:
    found = reading.estimates(record, "nuts")
    if not found:
        return
    named = [_estimate(record, name) for name in main_quantities(record)[:_MOST_NAMED]]
    level = reading.level(record)
    is_doubtful = reading.part(record, "diagnosis").get("verdict") == "fail"
    lead = "As far as these draws can say" if is_doubtful else "Given the model and the data"
    if named:
        yield f"{lead}, {_listed(named)} (posterior means, {level} intervals)."


def main_quantities(record: Record) -> list[str]:
    """Return what to speak of first: declared parameters of few elements, in the order of the program."""
    found = list(reading.estimates(record, "nuts"))
    declared = set(reading.declared(record))
    sizes: dict[str, int] = {}
    for name in found:
        sizes[reading.owner(name)] = sizes.get(reading.owner(name), 0) + 1
    ordered = [name for name in found if reading.owner(name) in declared] or found
    return [name for name in ordered if sizes[reading.owner(name)] <= _MAIN_UP_TO] or ordered


def _estimate(record: Record, name: str) -> str:
    numbers = reading.estimates(record, "nuts")[name]
    decimals = decimals_for(reading.number(numbers, "sd"))
    mean, lower, upper = (
        format_number(reading.number(numbers, key), decimals) for key in ("mean", "lower", "upper")
    )
    unit = reading.unit(record, name)
    return f"`{reading.label(record, name)}` is {mean}{f' {unit}' if unit else ''} ({lower} to {upper})"


def _agreement(record: Record) -> Iterator[str]:
    """Say how well the sampler did, from the extremes over all quantities."""
    found = reading.estimates(record, "nuts").values()
    rhats = [value for one in found if (value := reading.number(one, "rhat")) is not None]
    sizes = [
        value
        for one in found
        for key in ("ess_bulk", "ess_tail")
        if (value := reading.number(one, key)) is not None
    ]
    if not rhats or not sizes:
        return
    nuts = reading.part(record, "nuts")
    divergences = reading.number(nuts, "divergences")
    ending = "" if divergences is None else f", and {_diverged(int(divergences))}"
    yield (
        f"The {plural(int(reading.number(nuts, 'chains') or 0), 'chain')} have a largest R-hat of "
        f"{format_number(max(rhats), 3)} and at least {format_count(min(sizes))} effective draws{ending}."
    )


def _diverged(count: int) -> str:
    return "no transition diverged" if count == 0 else f"{plural(count, 'transition')} diverged"


def _mode(record: Record) -> Iterator[str]:
    """Say how far the mode is from the mean, and what most of the distance is due to."""
    reason = reading.part(record, "map").get("reason")
    if not reading.estimates(record, "map") and reading.part(record, "map").get("status") == "failed":
        yield f"There is no MAP: {str(reason or 'no reason was recorded.').strip()}"
    ranked, mode = selection.by_gap(record), selection.compared_mode(record)
    if not ranked or mode is None:
        return
    name = ranked[0]
    gap = selection.gap(record, name) or 0.0
    label = f"`{reading.label(record, name)}`"
    if abs(gap) <= SHIFT_LIMIT:
        yield (
            f"The {mode.words} is close to the posterior mean: the largest distance is "
            f"{format_number(abs(gap), 2)} posterior SDs, for {label}."
        )
        return
    side = "above" if gap > 0 else "below"
    yield (
        f"The {mode.words} would mislead: for {label} it lies {format_number(abs(gap), 2)} posterior SDs "
        f"{side} the mean{_cause(record, name)}."
    )


def _cause(record: Record, name: str) -> str:
    steps = {key: reading.number(reading.gaps(record, name), key) for key in _CAUSES}
    known = {key: abs(value) for key, value in steps.items() if value is not None}
    if len(known) < len(_CAUSES):
        return ""
    return f", mostly because {_CAUSES[max(known, key=known.__getitem__)]}"


def _prior(record: Record) -> Iterator[str]:
    """Say which parameters the prior moves, or that it moves none."""
    part = reading.part(record, "power_scaling")
    found = part.get("parameters") if reading.is_ok(part) else None
    if not found:
        return
    declared = set(reading.declared(record)) or {reading.owner(name) for name in found}
    known = {
        name: value
        for name, one in found.items()
        if reading.owner(name) in declared and (value := reading.number(one, "prior")) is not None
    }
    threshold = reading.number(part, "threshold")
    if not known or threshold is None:
        return
    moved = sorted((name for name in known if known[name] >= threshold), key=lambda name: -known[name])
    limit = format_number(threshold, 2)
    if not moved:
        name = max(known, key=known.__getitem__)
        yield (
            f"The prior matters little: no parameter has a sensitivity to it above {limit} (the largest is "
            f"{format_share(known[name])}, for `{reading.label(record, name)}`)."
        )
        return
    named = _listed([f"`{reading.label(record, name)}` ({format_share(known[name])})" for name in moved[:3]])
    more = f" and {plural(len(moved) - 3, 'other')}" if len(moved) > 3 else ""
    yield f"The prior matters: the sensitivity to it is above {limit} for {named}{more}."


def _prediction(record: Record) -> Iterator[str]:
    """Say whether replicated data look like the observed ones, by the test statistics."""
    extreme, count = [], 0
    for outcome in reading.entries(reading.part(record, "predictive"), "outcomes"):
        for one in reading.entries(outcome, "statistics"):
            p_value = reading.number(one, "p_value")
            if p_value is None:
                continue
            count += 1
            if min(p_value, 1 - p_value) < P_VALUE_MARK:
                extreme.append(f"the {one.get('name')} of `{outcome.get('name')}` (p {_equal(p_value)})")
    if extreme:
        yield f"Replicated data miss the observed in {_listed(extreme[:3])}."
    elif count:
        yield f"Replicated data match the observed in {_all_of(count)}."


def _all_of(count: int) -> str:
    """Return the test statistics that match.

    >>> _all_of(1), _all_of(3)
    ('its test statistic', 'all 3 test statistics')
    """
    return "its test statistic" if count == 1 else f"all {count} test statistics"


def _equal(value: float) -> str:
    text = format_share(value)
    return text if text[0] in "<>" else f"= {text}"


def _listed(parts: list[str]) -> str:
    """Return parts as one phrase.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

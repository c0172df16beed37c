"""What a prior says before the data, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.calibration.prior_predictive import (
    ABSURD,
    DataStatistic,
    Held,
    OutcomePrior,
    PriorPredictive,
    Responsibility,
)
from workbench.report.numbers import format_interval, format_number, join_with_and

_NOTEWORTHY = 0.1
"""The least share of extreme outcomes, or of the spread, that a sentence blames on one prior. Ours."""

_LISTED = 4
"""The most parameters that a sentence lists. Ours."""


def describe_prior_predictive(prior: PriorPredictive) -> tuple[str, ...]:
    """Return what a prior says of outcomes, and which prior is responsible, a sentence or two for each."""
    if prior.reason:
        return (f"No outcomes are drawn: {prior.reason}",)
    responsible = {item.outcome: item for item in prior.responsible}
    found = []
    for outcome in prior.outcomes:
        sentences = [
            _describe_range(outcome),
            *_describe_undeclared(outcome),
            *_describe_counts(outcome),
        ]
        if outcome.name in responsible:
            sentences.append(describe_responsible(outcome, responsible[outcome.name]))
        found.append(" ".join(item for item in sentences if item))
    if prior.undrawn > 0:
        found.append(
            f"{format_percent(prior.undrawn)} of the data sets could not be drawn: a number was too large, "
            "or no draw was within the limits of a truncated distribution. They are left out, and all the "
            "rest looks tamer than the prior is."
        )
    return tuple(found)


def format_percent(share: float) -> str:
    """Return a share for a sentence, without a false 0 or 100.

    >>> format_percent(0.0), format_percent(0.0004), format_percent(0.034), format_percent(0.256)
    ('0 %', 'less than 0.1 %', '3.4 %', '26 %')
    """
    percent = 100 * share
    text = f"{percent:.1f}"
    if text == "0.0" and share > 0:
        return "less than 0.1 %"
    if text == "100.0" and share < 1:
        return "more than 99.9 %"
    return f"{text} %" if 0 < min(percent, 100 - percent) < 10 else f"{percent:.0f} %"


def _describe_range(outcome: OutcomePrior) -> str:
    name = f"`{outcome.name}`"
    if outcome.kind == "yes/no":
        return f"Under the prior {_describe_share(outcome)}"
    if outcome.kind == "category":
        shares = ", ".join(
            f"{item.name.removeprefix('share of ')}: {format_interval(item.lower, item.upper)}"
            for item in outcome.statistics
        )
        return f"Under the prior the categories of {name} have these shares of a data set: {shares}."
    low, high = outcome.quantiles[1], outcome.quantiles[5]
    sentence = f"Under the prior 95 % of {name} are from {format_number(low)} to {format_number(high)}"
    limits = outcome.limits
    if limits is None:
        return f"{sentence}."
    where = _name_range(limits.source, limits.lower, limits.upper)
    return (
        f"{sentence}; {where}, below that are {format_percent(outcome.below)} and beyond it "
        f"{format_percent(outcome.beyond)}."
    )


def _describe_share(outcome: OutcomePrior) -> str:
    share = outcome.statistics[0]
    sentence = (
        f"the share of yes in a data set of `{outcome.name}` is from {format_number(share.lower)} to "
        f"{format_number(share.upper)} with a probability of 95 %"
    )
    if share.observed is not None:
        sentence += f"; it is {format_number(share.observed)} in the data"
    limits = outcome.limits
    if limits is not None:
        where = _name_range(limits.source, limits.lower, limits.upper)
        sentence += (
            f"; {where}, below that are {format_percent(outcome.below)} of the data sets and beyond it "
            f"{format_percent(outcome.beyond)}"
        )
    values = share.values
    extreme = float(((values == 0) | (values == 1)).mean()) if len(values) else 0.0
    end = f". In {format_percent(extreme)} of the data sets all are alike." if extreme else "."
    return sentence + end


def _name_range(source: str, lower: float, upper: float) -> str:
    """Return a range of outcomes for a sentence, open ends left out."""
    if lower == float("-inf"):
        return f"{source} are at most {format_number(upper)}"
    if upper == float("inf"):
        return f"{source} are at least {format_number(lower)}"
    return f"{source} are {format_interval(lower, upper)}"


def _describe_undeclared(outcome: OutcomePrior) -> Iterator[str]:
    if outcome.undeclared:
        yield (
            f"{format_percent(outcome.undeclared)} of `{outcome.name}` are outside of the bounds that the "
            "program declares for it: data cannot be there, and the likelihood says that they can."
        )


def _describe_counts(outcome: OutcomePrior) -> Iterator[str]:
    if outcome.kind != "count":
        return
    zeros = next(item for item in outcome.statistics if item.name == "share of zeros")
    observed = "" if zeros.observed is None else f" ({format_percent(zeros.observed)} in the data)"
    yield f"In the median data set {format_percent(zeros.median)} are zero{observed}."
    if outcome.absurd:
        yield (
            f"{format_percent(outcome.absurd)} are absurd: more than {ABSURD} times the largest "
            f"{outcome.limits.source if outcome.limits else ''} one."
        )


def describe_responsible(outcome: OutcomePrior, responsible: Responsibility) -> str:
    """Return which prior makes an outcome extreme, or vary, in a sentence or two."""
    sentences = [_blame(outcome, responsible)] if responsible.held else []
    missing = [f"`{name}`" for name in responsible.not_held]
    if missing:
        listed = join_with_and(missing[:_LISTED]) if len(missing) <= _LISTED else f"{len(missing)} parameters"
        verb = "is" if len(missing) == 1 else "are"
        sentences.append(f"{listed} {verb} not held at the median, and may be responsible all the same.")
    return " ".join(sentences)


def _blame(outcome: OutcomePrior, responsible: Responsibility) -> str:
    first, *rest = responsible.held
    share = responsible.measure(first)
    if share < _NOTEWORTHY:
        what = "outside of the range" if responsible.is_about_range else "vary"
        which = "prior that could be held" if responsible.not_held else "single prior"
        return f"No {which} makes `{outcome.name}` {what}: held at its median, none changes it by a tenth."
    sentence = (
        _blame_outside(outcome, responsible, first, share)
        if responsible.is_about_range
        else _blame_spread(outcome, first, share, responsible.free.spread)
    )
    others = [
        f"`{item.parameter}` ({format_percent(responsible.measure(item))})"
        for item in rest[:2]
        if responsible.measure(item) >= _NOTEWORTHY
    ]
    return f"{sentence} Next: {', '.join(others)}." if others else sentence


def _blame_outside(outcome: OutcomePrior, responsible: Responsibility, held: Held, share: float) -> str:
    free = responsible.free
    limits = outcome.limits
    unit = "data sets of" if outcome.kind == "yes/no" else "values of"
    if limits is not None and free.below < 0.05 * free.beyond:
        where = f"beyond {format_number(limits.upper)}"
    elif limits is not None and free.beyond < 0.05 * free.below:
        where = f"below {format_number(limits.lower)}"
    else:
        where = "outside of the plausible range"
    return (
        f"`{held.parameter}` makes {format_percent(share)} of the {unit} `{outcome.name}` {where}: held at "
        f"its prior median, {format_percent(held.below + held.beyond)} are there instead of "
        f"{format_percent(free.below + free.beyond)}."
    )


def _blame_spread(outcome: OutcomePrior, held: Held, share: float, free: float) -> str:
    name = f"`{outcome.name}`"
    of_what = {"yes/no": f"shares of yes in {name}", "category": f"shares of categories of {name}"}
    average = " on average" if outcome.kind == "category" else ""
    return (
        f"`{held.parameter}` makes {format_percent(share)} of the spread: held at its prior median, the "
        f"middle 95 % of {of_what.get(outcome.kind, name)} are{average} {format_number(held.spread)} wide "
        f"instead of {format_number(free)}."
    )


def describe_position(statistic: DataStatistic) -> str:
    """Return the share of simulated data sets with a smaller statistic than the data; a dash if none."""
    return "–" if statistic.below is None else format_percent(statistic.below)

"""Decisions: conclusions drawn from a posterior, such as `P(beta[1] > 0) > 0.95`, and their margins.

The grammar, where NAME is a quantity by its Stan name or its label (`beta[1]`, `beta[age]`)::

    P(SIDE < SIDE) > NUMBER              a posterior probability; each inequality may point either way
    mean(NAME) > NUMBER                  also median(NAME) and sd(NAME)
    interval(NAME) excludes NUMBER       the central interval of the study's level; also `includes`
    interval(NAME, 0.9) excludes NUMBER
    NAME > NAME                          a ranking of posterior means, of two quantities or more
    SIDE = NAME | NUMBER | NAME - NAME

A margin is positive where the decision holds, negative where it does not, and zero at the tipping point. It
is a statistic of the draws, or the largest or smallest of several.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.studies.plan.statistics import (
    Statistic,
    WeightedSample,
    compute_mean,
    compute_median,
    compute_quantile,
    compute_sd,
    measure_probability,
)

Floats = NDArray[np.float64]

# The tokens of the grammar above, and one pattern for each kind of decision.
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NAME = r"[A-Za-z]\w*(?:\[[^\[\]<>]+\])?"
_SIDE = rf"(?:{_NAME}\s*-\s*{_NAME}|{_NAME}|{_NUMBER})"
_PROBABILITY = re.compile(rf"^P\(\s*({_SIDE})\s*([<>])\s*({_SIDE})\s*\)\s*([<>])\s*({_NUMBER})$")
_MOMENT = re.compile(rf"^(mean|median|sd)\(\s*({_NAME})\s*\)\s*([<>])\s*({_NUMBER})$")
_INTERVAL = re.compile(
    rf"^interval\(\s*({_NAME})\s*(?:,\s*({_NUMBER})\s*)?\)\s+(excludes|includes)\s+({_NUMBER})$"
)
_RANKING = re.compile(rf"^{_NAME}(?:\s*>\s*{_NAME})+$")
_DIFFERENCE = re.compile(rf"^({_NAME})\s*-\s*({_NAME})$")
"""The forms that a decision may have, from the name of a quantity up."""

_HINT = "write it like P(beta[1]>0)>0.95, mean(tau)<2, interval(beta[1]) excludes 0, or beta[1]>beta[2]"
"""One example of each kind of decision, for error messages."""


@dataclass(frozen=True)
class Decision:
    """A conclusion whose truth a study follows.

    Attributes
    ----------
    text
        The decision as the user wrote it.
    names
        Stan names of the quantities that it is about.
    measure
        Function that returns the statistics of a sample that decide.
    needs_any
        Whether one positive statistic is enough; otherwise all must be positive.
    is_about_location
        Whether a point estimate is enough to answer it; a probability or an interval needs a spread.
    """

    text: str
    names: tuple[str, ...]
    measure: Callable[[WeightedSample], tuple[Statistic, ...]]
    needs_any: bool = False
    is_about_location: bool = False

    def margin(self, sample: WeightedSample) -> float:
        """Return the margin in a sample; positive where the decision holds."""
        values = [statistic.value for statistic in self.measure(sample)]
        return max(values) if self.needs_any else min(values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse_decision(text: str, level: float = 0.95, labels: Mapping[str, str] | None = None) -> Decision:
    """Parse a decision.

    Parameters
    ----------
    text
        A decision in the grammar of this module.
    level
        Probability of an interval that states none.
    labels
        Stan names by label.

    Raises
    ------
    RequestError
        The text does not follow the grammar.

    >>> sample = WeightedSample({"a": np.array([-1.0, 1.0, 2.0, 3.0])}, np.full(4, 0.25))
    >>> decision = parse_decision("P(a > 0) > 0.5")
    >>> decision.names, decision.margin(sample)
    (('a',), 0.25)
    """
    stripped = text.strip()
    for pattern, parse in _GRAMMAR:
        match = pattern.match(stripped)
        if match:
            names, measure = parse(match, level, labels or {})
            needs_any = parse is _parse_interval and match[3] == "excludes"
            is_about_location = parse is _parse_ranking or (parse is _parse_moment and match[1] != "sd")
            return Decision(stripped, tuple(dict.fromkeys(names)), measure, needs_any, is_about_location)
    raise RequestError(f"a decision was expected, found `{text}`.", hint=_HINT)


def find_names(text: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the Stan names of the quantities that a decision is about; none for a text that is no decision.

    >>> find_names("P(mu > 0) > 0.8", {}), find_names("mean(theta[A]) < 2", {"theta[A]": "theta[1]"})
    (('mu',), ('theta[1]',))
    """
    try:
        return parse_decision(text, labels=labels).names
    except RequestError:
        return ()


def find_probability(text: str, margin: float) -> float | None:
    """Return the probability that a decision compares, from its margin; `None` for other decisions.

    >>> find_probability("P(mu > 0) > 0.8", 0.125), find_probability("mean(mu) > 0", 0.125)
    (0.925, None)
    """
    match = _PROBABILITY.match(text.strip())
    return None if match is None else float(match[5]) + _parse_sign(match[4]) * margin


Measure = Callable[[WeightedSample], tuple[Statistic, ...]]
NamesAndMeasure = tuple[list[str], Measure]


def _parse_probability(match: re.Match[str], level: float, labels: Mapping[str, str]) -> NamesAndMeasure:
    del level
    left, right = _parse_side(match[1], labels), _parse_side(match[3], labels)
    inner, outer = _parse_sign(match[2]), _parse_sign(match[4])
    threshold = float(match[5])
    if not 0 <= threshold <= 1:
        raise RequestError(
            f"`{match[0]}` compares a probability with {threshold:g}.",
            hint="a probability is between 0 and 1",
        )

    def measure(sample: WeightedSample) -> tuple[Statistic, ...]:
        difference = inner * (left[1](sample) - right[1](sample))
        statistic = measure_probability(difference, sample.weights, threshold)
        return (statistic if outer > 0 else -statistic,)

    return [*left[0], *right[0]], measure


def _parse_moment(match: re.Match[str], level: float, labels: Mapping[str, str]) -> NamesAndMeasure:
    del level
    compute = {"mean": compute_mean, "median": compute_median, "sd": compute_sd}[match[1]]
    name = labels.get(match[2], match[2])
    sign, threshold = _parse_sign(match[3]), float(match[4])

    def measure(sample: WeightedSample) -> tuple[Statistic, ...]:
        moment = compute(sample.draws[name], sample.weights)
        return (Statistic(sign * (moment.value - threshold), moment.influence),)

    return [name], measure


def _parse_interval(match: re.Match[str], level: float, labels: Mapping[str, str]) -> NamesAndMeasure:
    name, probability = labels.get(match[1], match[1]), float(match[2] or level)
    if not 0 < probability < 1:
        raise RequestError(
            f"`{match[0]}` asks for an interval of probability {probability:g}.",
            hint="a probability is between 0 and 1",
        )
    is_excluded, value = match[3] == "excludes", float(match[4])

    def measure(sample: WeightedSample) -> tuple[Statistic, ...]:
        tail = (1 - probability) / 2
        lower, upper = (compute_quantile(sample.draws[name], sample.weights, at) for at in (tail, 1 - tail))
        beyond = (
            Statistic(lower.value - value, lower.influence),
            Statistic(value - upper.value, upper.influence),
        )
        return beyond if is_excluded else tuple(-statistic for statistic in beyond)

    return [name], measure


def _parse_ranking(match: re.Match[str], level: float, labels: Mapping[str, str]) -> NamesAndMeasure:
    del level
    names = [labels.get(name.strip(), name.strip()) for name in match[0].split(">")]

    def measure(sample: WeightedSample) -> tuple[Statistic, ...]:
        return tuple(
            compute_mean(sample.draws[left] - sample.draws[right], sample.weights)
            for left, right in itertools.pairwise(names)
        )

    return names, measure


_GRAMMAR: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str], float, Mapping[str, str]], NamesAndMeasure]], ...
] = (
    (_PROBABILITY, _parse_probability),
    (_MOMENT, _parse_moment),
    (_INTERVAL, _parse_interval),
    (_RANKING, _parse_ranking),
)
"""Each kind of decision with the function that parses its match."""


def _parse_side(text: str, labels: Mapping[str, str]) -> tuple[list[str], Callable[[WeightedSample], Floats]]:
    """Return the quantities in one side of an inequality, and the function that computes its values."""
    if re.fullmatch(_NUMBER, text):
        number = float(text)
        return [], lambda sample: np.full(len(sample.weights), number)
    pair = _DIFFERENCE.match(text)
    if pair:
        first, second = (labels.get(name, name) for name in pair.groups())
        return [first, second], lambda sample: sample.draws[first] - sample.draws[second]
    name = labels.get(text, text)
    return [name], lambda sample: sample.draws[name]


def _parse_sign(symbol: str) -> int:
    return 1 if symbol == ">" else -1

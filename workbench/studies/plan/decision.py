"""A conclusion drawn from a posterior, such as `P(beta[1] > 0) > 0.95`, and how far it is from changing.

The grammar, with NAME a quantity by its Stan name or its label (`beta[1]`, `beta[age]`) and NUMBER a number::

    P(SIDE < SIDE) > NUMBER            a posterior probability; either inequality may point either way
    mean(NAME) > NUMBER                also median(NAME), sd(NAME)
    interval(NAME) excludes NUMBER     the central interval of the study's level; also `includes`
    interval(NAME, 0.9) excludes NUMBER
    NAME > NAME                        a ranking of posterior means; also of three or more, NAME > NAME > NAME
    SIDE = NAME | NUMBER | NAME - NAME

Each has a margin: positive where the conclusion holds, negative where it does not, and zero where it tips.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError

Floats = NDArray[np.float64]

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

_HINT = "decisions are like P(beta[1]>0)>0.95, mean(tau)<2, interval(beta[1]) excludes 0, or beta[1]>beta[2]"


@dataclass(frozen=True)
class Sample:
    """Weighted draws.

    Attributes
    ----------
    draws
        By Stan name, each `(S,)`.
    weights
        `(S,)`, sum 1.
    """

    draws: Mapping[str, Floats]
    weights: Floats


@dataclass(frozen=True)
class Decision:
    """A conclusion.

    Attributes
    ----------
    text
        As the user wrote it.
    names
        The quantities it is about.
    margin
        Of a sample: positive where the conclusion holds.
    is_of_points
        Whether an estimate without a spread can answer it.
    """

    text: str
    names: tuple[str, ...]
    margin: Callable[[Sample], float]
    is_of_points: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse_decision(text: str, level: float = 0.95, labels: Mapping[str, str] | None = None) -> Decision:
    """Return what a decision says.

    Parameters
    ----------
    text
        In the grammar above.
    level
        Probability of an interval that names none.
    labels
        Stan names by label.

    Raises
    ------
    RequestError
        The text is not in the grammar.

    >>> sample = Sample({"a": np.array([-1.0, 1.0, 2.0, 3.0])}, np.full(4, 0.25))
    >>> decision = parse_decision("P(a > 0) > 0.5")
    >>> decision.names, decision.margin(sample)
    (('a',), 0.25)
    """
    words = text.strip()
    known = labels or {}
    for pattern, make in _FORMS:
        match = pattern.match(words)
        if match:
            names, margin = make(match, level, known)
            is_of_points = make is _ranking or (make is _moment and match[1] != "sd")
            return Decision(words, tuple(dict.fromkeys(names)), margin, is_of_points)
    raise RequestError(f"`{text}` was expected to be a decision.", hint=_HINT)


def quantile(values: Floats, weights: Floats, probabilities: tuple[float, ...]) -> Floats:
    """Return weighted quantiles, `(probability, ...)`: with equal weights, numpy's default ones.

    Parameters
    ----------
    values
        `(S,)`.
    weights
        `(S,)`, or `(S, view)` for several sets of weights of the same values.
    probabilities
        Between 0 and 1.
    """
    order = np.argsort(values)
    ordered, each = values[order], weights[order].reshape(len(order), -1)
    # Centred cumulative weights, stretched so that the extreme draws are the quantiles 0 and 1.
    centred = np.cumsum(each, axis=0) - 0.5 * each
    at = centred - centred[0]
    spread = np.where(at[-1] > 0, at[-1], 1.0)
    found = [
        np.interp(probabilities, column / one, ordered) for column, one in zip(at.T, spread, strict=True)
    ]
    return np.stack(found, axis=1).reshape(len(probabilities), *weights.shape[1:])


Margin = Callable[[Sample], float]
Made = tuple[list[str], Margin]


def _probability(match: re.Match[str], level: float, labels: Mapping[str, str]) -> Made:
    del level
    left, right = _side(match[1], labels), _side(match[3], labels)
    inner, outer = _sign(match[2]), _sign(match[4])
    threshold = float(match[5])
    if not 0 <= threshold <= 1:
        raise RequestError(f"`{match[0]}` compares a probability with {threshold:g}.", hint=_HINT)

    def margin(sample: Sample) -> float:
        is_so = inner * (left[1](sample) - right[1](sample)) > 0
        return outer * (float(np.sum(sample.weights * is_so)) - threshold)

    return [*left[0], *right[0]], margin


def _moment(match: re.Match[str], level: float, labels: Mapping[str, str]) -> Made:
    del level
    kind, name = match[1], labels.get(match[2], match[2])
    sign, threshold = _sign(match[3]), float(match[4])

    def margin(sample: Sample) -> float:
        return sign * (_statistic(kind, sample.draws[name], sample.weights) - threshold)

    return [name], margin


def _interval(match: re.Match[str], level: float, labels: Mapping[str, str]) -> Made:
    name, held = labels.get(match[1], match[1]), float(match[2] or level)
    if not 0 < held < 1:
        raise RequestError(f"`{match[0]}` asks for an interval of probability {held:g}.", hint=_HINT)
    sign, value = (1 if match[3] == "excludes" else -1), float(match[4])

    def margin(sample: Sample) -> float:
        tail = (1 - held) / 2
        lower, upper = quantile(sample.draws[name], sample.weights, (tail, 1 - tail))
        return sign * float(max(lower - value, value - upper))

    return [name], margin


def _ranking(match: re.Match[str], level: float, labels: Mapping[str, str]) -> Made:
    del level
    names = [labels.get(name.strip(), name.strip()) for name in match[0].split(">")]

    def margin(sample: Sample) -> float:
        means = [float(np.sum(sample.weights * sample.draws[name])) for name in names]
        return min(left - right for left, right in itertools.pairwise(means))

    return names, margin


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], float, Mapping[str, str]], Made]], ...] = (
    (_PROBABILITY, _probability),
    (_MOMENT, _moment),
    (_INTERVAL, _interval),
    (_RANKING, _ranking),
)


def _side(text: str, labels: Mapping[str, str]) -> tuple[list[str], Callable[[Sample], Floats]]:
    """Return the names in one side of an inequality, and its values."""
    if re.fullmatch(_NUMBER, text):
        number = float(text)
        return [], lambda sample: np.full(len(sample.weights), number)
    pair = _DIFFERENCE.match(text)
    if pair:
        first, second = (labels.get(name, name) for name in pair.groups())
        return [first, second], lambda sample: sample.draws[first] - sample.draws[second]
    name = labels.get(text, text)
    return [name], lambda sample: sample.draws[name]


def _statistic(kind: str, values: Floats, weights: Floats) -> float:
    if kind == "median":
        return float(quantile(values, weights, (0.5,))[0])
    mean = float(np.sum(weights * values))
    return mean if kind == "mean" else float(np.sqrt(np.sum(weights * (values - mean) ** 2)))


def _sign(symbol: str) -> int:
    return 1 if symbol == ">" else -1

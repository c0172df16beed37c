"""What has drifted in some rows: a parameter, the noise, predictors, single groups, or single rows.

Rows are judged by what a fit predicted of them, and by how far the posterior moves once it has seen them too.
If nothing has changed, that move has the variance that the rows take away: the difference of the variances
before and after, as the posterior mean before is the expectation of the one after.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtri

from workbench.thresholds import DRIFT_P_VALUE_LIMIT, FEWEST_DRIFT_ROWS

Floats = NDArray[np.float64]

DriftKind = Literal["parameter", "noise", "predictors", "group", "rows", "none"]
"""What has drifted."""

_SMALLEST_TRANSFORM = 1e-4
"""Beside 0 and 1 the place among draws is known no better than this."""

_LEAST_INFORMATION = 0.06
"""The share of its variance that rows take away from a parameter, at least, where the scale of chance moves
is computed. Ours: the variance of some thousand draws is not known better."""

_MOST_ODD_SHARE = 0.05
"""The share of rows up to which they are single rows. Ours."""

_MOST_LEARNED = 0.95
"""The largest share of a variance that rows take away that is reckoned with. Ours."""

_IMPROVED = 3.0
"""The paired improvement of predictions from which on means have moved [standard errors]. Ours."""


@dataclass(frozen=True)
class ParameterMove:
    """How far the posterior of a parameter moves by the rows.

    Attributes
    ----------
    name
        The parameter.
    mean_before, sd_before, mean_after, sd_after
        Its posterior.
    mean_alone, sd_alone
        Its posterior given the rows alone; `None` where it is not known.
    """

    name: str
    mean_before: float
    sd_before: float
    mean_after: float
    sd_after: float
    mean_alone: float | None = None
    sd_alone: float | None = None

    @property
    def apart(self) -> float | None:
        """How far the posteriors of the fit's rows and of these alone lie apart [SDs of the difference].

        A normal score if nothing has changed. A fit of both together spreads a shift over its parameters: two
        levels of an outcome look like more noise. This does not.
        """
        if self.mean_alone is None or self.sd_alone is None:
            return None
        return (self.mean_alone - self.mean_before) / math.hypot(self.sd_alone, self.sd_before)

    @property
    def in_sd(self) -> float:
        """How far it moves [posterior SDs before]."""
        return (self.mean_after - self.mean_before) / self.sd_before

    @property
    def by_chance(self) -> float:
        """How far it moves by chance if nothing has changed, as an SD [posterior SDs before]."""
        return math.sqrt(max(_LEAST_INFORMATION, 1 - (self.sd_after / self.sd_before) ** 2))

    @property
    def score(self) -> float:
        """The move over what it is by chance: a normal score if nothing has changed."""
        return self.in_sd / self.by_chance


@dataclass(frozen=True)
class PredictorShift:
    """How a column of predictors differs between the fit's table and the rows.

    Attributes
    ----------
    name
        The column.
    before, after
        Its mean; of levels, the share of the level whose share changed most.
    in_sd
        The difference of means [SDs of the fit's table]; `nan` of levels.
    spread
        The ratio of SDs; `nan` of levels.
    p_value
        Of a test that both have one distribution.
    level
        The level; empty of a column on a scale.
    """

    name: str
    before: float
    after: float
    in_sd: float
    spread: float
    p_value: float
    level: str = ""


@dataclass(frozen=True)
class PredictedElements:
    """What the fit predicted of the rows, element by element, `(e,)`.

    Attributes
    ----------
    outcome
        The outcome of each.
    rows
        The row of each, from 1.
    batches
        The name of the batch of each.
    observed, mean, sd, transform
        What came, the predictive mean and SD, and the probability transform.
    mean_after
        The predictive mean of a fit that has seen the rows.
    """

    outcome: NDArray[np.object_]
    rows: NDArray[np.int64]
    batches: NDArray[np.object_]
    observed: Floats
    mean: Floats
    sd: Floats
    transform: Floats
    mean_after: Floats

    def take(self, is_taken: NDArray[np.bool_]) -> PredictedElements:
        """Return some of the elements."""
        names = (each.name for each in fields(self))
        return PredictedElements(**{name: getattr(self, name)[is_taken] for name in names})

    @property
    def scores(self) -> Floats:
        """The normal scores of the transforms."""
        found: Floats = ndtri(self.transform.clip(_SMALLEST_TRANSFORM, 1 - _SMALLEST_TRANSFORM))
        return found

    @property
    def distances(self) -> Floats:
        """How far each is from its predictive mean [predictive SDs]."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = (self.observed - self.mean) / self.sd
        return found


@dataclass(frozen=True)
class LevelShift:
    """The outcomes of one level of a column against their predictions.

    Attributes
    ----------
    column, level
        The level.
    rows
        How many rows it has.
    score
        The sum of its normal scores, in SDs.
    """

    column: str
    level: str
    rows: int
    score: float

    @property
    def p_value(self) -> float:
        """Of a test that they are as predicted."""
        return float(2 * stats.norm.sf(abs(self.score)))


@dataclass(frozen=True)
class DriftEvidence:
    """Everything by which drift is judged.

    Attributes
    ----------
    fitted
        The rows of the fit.
    moves
        Each parameter, those that moved most first.
    elements
        What was predicted.
    levels
        By column and element, the level, as text.
    predictors
        Each column of predictors, those that differ most first.
    """

    fitted: int
    moves: tuple[ParameterMove, ...]
    elements: PredictedElements
    levels: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    predictors: tuple[PredictorShift, ...] = ()


@dataclass(frozen=True)
class DriftDecision:
    """What has drifted.

    Attributes
    ----------
    kind
        What.
    move
        The parameter that moved farthest beyond chance, where one did.
    level
        The level, of a drift of a group.
    odd
        The elements that stand out, of a drift of single rows, `(k,)`.
    outcome
        The outcome that is farthest from its predictions on average.
    location, dispersion
        The sum of its normal scores, and the farthest sum of squares of any outcome, in SDs of chance.
    improvement
        By how much a fit that has seen the rows predicts them better [standard errors]; `nan` without means.
    predictors
        Columns that differ.
    """

    kind: DriftKind
    move: ParameterMove | None = None
    level: LevelShift | None = None
    odd: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    outcome: str = ""
    location: float = math.nan
    dispersion: float = math.nan
    improvement: float = math.nan
    predictors: tuple[PredictorShift, ...] = ()


def judge_drift(evidence: DriftEvidence) -> DriftDecision:
    """Return what has drifted: the narrowest that explains the rows, single rows before groups before all."""
    elements = evidence.elements
    scores = elements.scores
    fits = measure_outcomes(elements, evidence.fitted)
    outcome = max(fits, key=lambda name: abs(fits[name][0]), default="")
    location = fits[outcome][0] if fits else 0.0
    dispersion = max((pair[1] for pair in fits.values()), key=abs, default=0.0)
    shifted = tuple(
        each for each in evidence.predictors if each.p_value * len(evidence.predictors) < DRIFT_P_VALUE_LIMIT
    )
    improvement = measure_improvement(elements, evidence.moves)
    move = _find_move(evidence.moves)
    odd = find_odd(elements)
    levels = list_levels(evidence)

    def decide(kind: DriftKind, level: LevelShift | None = None) -> DriftDecision:
        return DriftDecision(kind, move, level, odd, outcome, location, dispersion, improvement, shifted)

    if len(odd) and _are_calm_without(evidence, np.isin(np.arange(len(scores)), odd)):
        return decide("rows")
    alone = _find_alone(evidence, levels)
    if alone is not None:
        return decide("group", alone)
    has_moved = move is not None
    if has_moved and (math.isnan(improvement) or improvement > _IMPROVED):
        return decide("parameter")
    if _is_rare(dispersion, len(fits)):
        return decide("noise")
    if has_moved or _is_rare(location, len(fits)):
        return decide("parameter")
    return decide("predictors" if shifted else "none")


def measure_outcomes(elements: PredictedElements, fitted: int) -> dict[str, tuple[float, float]]:
    """Return location and dispersion of the normal scores of each outcome, in SDs of chance."""
    found = {}
    for outcome in dict.fromkeys(elements.outcome.tolist()):
        own = elements.scores[elements.outcome == outcome]
        inflation = _inflate(len(own), fitted)
        found[str(outcome)] = (measure_location(own) / inflation, measure_dispersion(own) / inflation)
    return found


def measure_location(scores: Floats) -> float:
    """Return the sum of normal scores in SDs."""
    return float(scores.sum() / math.sqrt(len(scores))) if len(scores) else 0.0


def measure_dispersion(scores: Floats) -> float:
    """Return the sum of squared normal scores, less its mean and in SDs."""
    return float((scores**2 - 1).sum() / math.sqrt(2 * len(scores))) if len(scores) else 0.0


def measure_improvement(elements: PredictedElements, moves: Sequence[ParameterMove] = ()) -> float:
    """Return the paired difference of squared errors before and after [standard errors].

    The fit after has seen the rows. What it gains by that alone is taken off: of a mean whose variance after
    is ``1 - c`` of that before it is ``c (2 - c) / (1 - c)`` squared SDs of a row, in all.
    """
    with np.errstate(invalid="ignore"):
        gain = (elements.observed - elements.mean) ** 2 - (elements.observed - elements.mean_after) ** 2
        gain = gain / elements.sd**2
    known = gain[np.isfinite(gain)]
    if len(known) < FEWEST_DRIFT_ROWS or not known.std() > 0:
        return math.nan
    learned = [min(_MOST_LEARNED, max(0.0, 1 - (move.sd_after / move.sd_before) ** 2)) for move in moves]
    expected = sum(share * (2 - share) / (1 - share) for share in learned) / len(known)
    return float((known.mean() - expected) / (known.std(ddof=1) / math.sqrt(len(known))))


def find_odd(elements: PredictedElements) -> NDArray[np.int64]:
    """Return the few elements that are farther from their predictions than any of so many by chance."""
    distances = np.abs(elements.distances)
    if not len(distances):
        return np.zeros(0, dtype=np.int64)
    farthest = stats.norm.isf(DRIFT_P_VALUE_LIMIT / 2 / len(distances))
    sides = np.minimum(elements.transform, 1 - elements.transform)
    odd = np.flatnonzero((distances > farthest) & (sides < DRIFT_P_VALUE_LIMIT))
    return odd if len(odd) <= max(1, _MOST_ODD_SHARE * len(distances)) else np.zeros(0, dtype=np.int64)


def list_levels(evidence: DriftEvidence) -> list[LevelShift]:
    """Return the levels of all columns with enough rows, those farthest from their predictions first."""
    found = []
    scores = evidence.elements.scores
    for column, levels in evidence.levels.items():
        names, places, counts = np.unique(levels.astype(str), return_inverse=True, return_counts=True)
        if len(names) < 2:
            continue
        inflation = _inflate(len(scores), evidence.fitted)
        sums = np.bincount(places, scores)
        found += [
            LevelShift(column, str(name), int(count), float(total / math.sqrt(count) / inflation))
            for name, count, total in zip(names, counts, sums, strict=True)
            if count >= FEWEST_DRIFT_ROWS
        ]
    return sorted(found, key=lambda level: -abs(level.score))


def _find_alone(evidence: DriftEvidence, levels: Sequence[LevelShift]) -> LevelShift | None:
    """Return the level without which nothing is left to explain; `None` where there is none."""
    if not levels or levels[0].p_value * len(levels) >= DRIFT_P_VALUE_LIMIT:
        return None
    first = levels[0]
    is_own = evidence.levels[first.column].astype(str) == first.level
    return first if _are_calm_without(evidence, is_own) else None


def _find_move(moves: Sequence[ParameterMove]) -> ParameterMove | None:
    """Return the parameter that moved farthest beyond chance; `None` where none did.

    That is the one whose posteriors before and of the rows alone lie farthest apart, where these are known.
    """
    if not moves:
        return None
    farthest = max(moves, key=lambda move: abs(move.apart or 0.0))
    if _is_rare(farthest.apart or 0.0, len(moves)):
        return farthest
    first = max(moves, key=lambda move: abs(move.score))
    return first if _is_rare(first.score, len(moves)) else None


def _are_calm_without(evidence: DriftEvidence, is_left_out: NDArray[np.bool_]) -> bool:
    """Return whether the others are as predicted, and no better by a fit that has seen them all."""
    others = evidence.elements.take(~is_left_out)
    fits = measure_outcomes(others, evidence.fitted)
    is_odd = any(_is_rare(each, len(fits)) for pair in fits.values() for each in pair)
    has_improved = measure_improvement(others, evidence.moves) > _IMPROVED
    return len(others.rows) >= FEWEST_DRIFT_ROWS and not has_improved and not is_odd


def _is_rare(score: float, among: int = 1) -> bool:
    return bool(2 * stats.norm.sf(abs(score)) * among < DRIFT_P_VALUE_LIMIT)


def _inflate(rows: int, fitted: int) -> float:
    """Return by how much a sum of scores varies more as parameters are known from the fit's rows alone."""
    return math.sqrt(1 + rows / max(1, fitted))


def compare_columns(before: Floats, after: Floats, name: str) -> PredictorShift:
    """Return how a column on a scale differs between two tables."""
    sd = float(before.std())
    spread = float(after.std()) / sd if sd > 0 else math.nan
    p_value = float(stats.ks_2samp(before, after).pvalue)
    in_sd = float(after.mean() - before.mean()) / sd if sd > 0 else math.nan
    return PredictorShift(name, float(before.mean()), float(after.mean()), in_sd, spread, p_value)


def compare_levels(before: NDArray[np.object_], after: NDArray[np.object_], name: str) -> PredictorShift:
    """Return how the levels of a column differ between two tables."""
    levels = np.unique(np.concatenate([before.astype(str), after.astype(str)]))
    counts = np.array([[(part.astype(str) == level).sum() for level in levels] for part in (before, after)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    p_value = float(stats.chi2_contingency(counts).pvalue) if len(levels) > 1 else 1.0
    return PredictorShift(
        name, float(shares[0, most]), float(shares[1, most]), math.nan, math.nan, p_value, str(levels[most])
    )

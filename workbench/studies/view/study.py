"""The content of `study.json`: what was asked, the points, the results of each stage, and the conclusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from workbench.results.json_values import to_typed
from workbench.results.view import PowerScalingResult
from workbench.results.view.estimates import Status
from workbench.studies.view.decisions import Answer, Margin, TippingPoint
from workbench.studies.view.reweighting import Reweighting
from workbench.thresholds import SHIFT_LIMIT, count_chance_errors

Origin = Literal["base", "refit", "weights", "failed", "skipped"]
"""How the posterior at a point was obtained; `skipped` where no posterior was requested."""

METHOD_ORDER = ("nuts", "laplace", "map")
"""Methods from the one that says most about a posterior to the one that says least."""

MAX_AXIS_COLUMNS = 3
"""Axes up to which each has a column of its own in tables of points; what fits a terminal. Ours."""


class StudiedModel(Struct, frozen=True, kw_only=True):
    """The program of the study."""

    name: str
    path: str
    sha256: str = ""
    instrumented: bool = True


class DataSource(Struct, frozen=True, kw_only=True):
    """The table of the study.

    Priors are about the predictors as they were fitted: those in the matrices `standardized` had mean 0 and
    standard deviation 1. Results are on the scale of the data if `on_data_scale`.
    """

    path: str
    sha256: str = ""
    rows: int | None = None
    standardized: tuple[str, ...] = ()
    on_data_scale: bool = True


class BaseVerdict(Struct, frozen=True, kw_only=True):
    """The verdict on the base fit, `not known` if it was not examined, and whether it doubts the draws."""

    verdict: str = "not known"
    is_about_draws: bool = True
    reasons: tuple[str, ...] = ()


class IntervalLevel(Struct, frozen=True):
    """The probability of every interval of the study."""

    level: float = 0.95


class AxisResult(Struct, frozen=True, kw_only=True):
    """A hyperparameter that was varied, its values, and its value in the base fit."""

    name: str
    values: tuple[float, ...]
    is_log: bool = False
    base: float


class PlanResult(Struct, frozen=True, kw_only=True):
    """What the study asked."""

    axes: tuple[AxisResult, ...] = ()
    design: str = ""
    methods: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    above: float = 0.0
    refit: str = "needed"
    sampler: Mapping[str, Any] = field(default_factory=dict)


class PointResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One point: where it is, how its posterior was obtained, and which decisions hold there.

    Attributes
    ----------
    number
        Its place among the points; the base is 0.
    name
        The name of a scenario; empty for others.
    label
        The point in words.
    values, forms
        Hyperparameters and powers, and whole prior statements, that differ from the base's.
    how
        How the posterior was obtained.
    reason
        Why it failed; for a refit, why importance weights were not enough.
    khat, ess
        The k-hat of the importance weights, and the effective draws.
    source
        The point whose full fit the draws are from.
    rhat, divergences
        The largest R-hat and the divergent transitions of that fit.
    decisions
        Whether each decision holds, by the sign of its margin; `None` where there is nothing to decide by.
    margins
        The margin of each decision, with its Monte Carlo error.
    """

    number: int
    name: str
    label: str
    values: Mapping[str, float]
    forms: Mapping[str, str]
    how: Origin
    reason: str
    khat: float | None = None
    ess: float | None = None
    source: str | None = None
    rhat: float | None = None
    divergences: int | None = None
    decisions: Mapping[str, bool] | None = None
    margins: Mapping[str, Margin] = field(default_factory=dict)

    @property
    def is_full_fit(self) -> bool:
        """Whether the point was fitted in full."""
        return self.how in ("base", "refit")

    @property
    def is_about_prior(self) -> bool:
        """Whether the point says something about the prior: not if it changes the likelihood's power."""
        return "power(likelihood)" not in self.values

    def find_value(self, axis: AxisResult) -> float:
        """Return the value of an axis at this point: the base's if the point does not set it."""
        return float(self.values.get(axis.name, axis.base))

    def find_answer(self, text: str) -> Answer | None:
        """Return whether a decision holds, as far as that can be told; `None` where there is no answer."""
        if text in self.margins:
            return self.margins[text].answer
        holds = (self.decisions or {}).get(text)
        return None if holds is None else "yes" if holds else "no"


class FitCounts(Struct, frozen=True, kw_only=True):
    """How many points were obtained in each way; `full` also counts full fits that are not points."""

    base: int
    refit: int
    weights: int
    failed: int
    skipped: int = 0
    full: int
    points: int


class LikelihoodEstimate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The maximum of the likelihood in one quantity, with its interval if it has one."""

    value: float | None = None
    lower: float | None = None
    upper: float | None = None


class ReferenceResult(Struct, frozen=True, kw_only=True):
    """The maximum of the likelihood, with which posteriors are compared."""

    status: Status = "skipped"
    reason: str = ""
    estimates: Mapping[str, LikelihoodEstimate] = field(default_factory=dict)


class ScalingResult(PowerScalingResult, frozen=True, kw_only=True):
    """Power-scaling of the base fit: by reweighting, or by refits where weights cannot be relied on.

    Attributes
    ----------
    how, powers
        By component, `weights`, `refit` or `failed`; and the powers that were fitted.
    noise
        By refitted component, the median sensitivity that chance alone gives.
    failures
        By component that could not be refitted, the reason.
    """

    noise: Mapping[str, float | None] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)


class Slope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How fast one quantity moves with one hyperparameter, at the base fit.

    Attributes
    ----------
    mean, mcse
        The derivative of the posterior mean, and its Monte Carlo standard error.
    per_doubling
        The change of the mean if the hyperparameter doubled [posterior SD].
    mode
        The derivative of the MAP.
    """

    mean: float | None
    mcse: float | None
    per_doubling: float | None = None
    mode: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the slope is farther from zero than Monte Carlo error explains."""
        return exceeds_error(self.mean, self.mcse)


class HyperparameterSlopes(Struct, frozen=True, kw_only=True):
    """How fast every quantity moves with one hyperparameter, at the base fit; `value` is its value there."""

    status: Status
    reason: str = ""
    value: float | None = None
    estimates: Mapping[str, Slope] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether the slopes could be computed."""
        return self.status == "ok"


class StageStatus(Struct, frozen=True, kw_only=True):
    """Whether an optional stage of the study has results, and why not."""

    status: Status
    reason: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether it has results."""
        return self.status == "ok"


class DensityCurve(Struct, frozen=True, kw_only=True):
    """The density of a quantity at one point, on the grid of its `QuantityDensities`."""

    point: int
    density: tuple[float | None, ...]


class QuantityDensities(Struct, frozen=True, kw_only=True):
    """The posterior densities of one quantity at all points, on one grid."""

    x: tuple[float, ...]
    curves: tuple[DensityCurve, ...]

    def __post_init__(self) -> None:
        """Refuse a density that is not on the grid."""
        if any(len(curve.density) != len(self.x) for curve in self.curves):
            raise ValueError("Expected a density at each of `x`")


class Move(Struct, frozen=True, kw_only=True):
    """How far the mean or mode of a quantity moves over all points.

    Attributes
    ----------
    label
        The name for people.
    in_sd
        The largest distance from the base [posterior SD of the base fit], with its sign.
    mcse
        Its Monte Carlo standard error [posterior SD]; `None` where it was not computed.
    point
        The number of the point where it is largest.
    lowest, highest
        The smallest and largest value over all points.
    """

    label: str
    in_sd: float
    mcse: float | None = None
    point: int
    lowest: float
    highest: float

    @property
    def is_clear(self) -> bool:
        """Whether the move is larger than Monte Carlo error explains."""
        return exceeds_error(self.in_sd, self.mcse)

    def is_clear_among(self, count: int) -> bool:
        """Return whether the move is clear even as the largest of so many."""
        return exceeds_error(self.in_sd, self.mcse, count)

    def is_large_among(self, count: int) -> bool:
        """Return whether the move is clear even as the largest of so many, and worth a remark."""
        return abs(self.in_sd) > SHIFT_LIMIT and self.is_clear_among(count)


class PriorEffect(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the posterior moves as one part of the prior changes and all else stays as in the base fit.

    Attributes
    ----------
    kind
        What changes: one hyperparameter, the form of a prior, a named scenario, or several things at once.
    name
        The hyperparameter, the statement or the scenario; empty for several.
    quantity
        The Stan name of the quantity that moves most beyond its Monte Carlo error; if none does, of the one
        that moves most.
    largest
        Its largest move.
    halved, doubled
        Its move where the hyperparameter is half or twice what it is in the base fit; `None` where the study
        has no such point.
    bound
        The farthest that any quantity may have moved: the largest distance plus its Monte Carlo error
        [posterior SD].
    """

    kind: Literal["hyperparameter", "form", "scenario", "several"]
    name: str = ""
    quantity: str
    largest: Move
    halved: Move | None = None
    doubled: Move | None = None
    bound: float


class Conclusion(Struct, frozen=True, kw_only=True):
    """The verdict of a study and what is behind it.

    Attributes
    ----------
    verdict, sentence
        Whether the conclusions depend on the prior, and which prior matters.
    trust
        Whether the fits behind it can be relied on, and how each point was obtained.
    remedy
        What to do; empty where nothing needs to be done.
    reasons
        Everything that was found, cautions first.
    moves
        How far each quantity moves.
    effects
        How far each part of the prior moves the posterior, the one that matters most first.
    """

    verdict: Literal["ok", "caution", "fail"]
    sentence: str
    trust: str = ""
    remedy: str = ""
    reasons: tuple[str, ...] = ()
    moves: Mapping[str, Move] = field(default_factory=dict)
    effects: tuple[PriorEffect, ...] = ()

    @property
    def ranked_names(self) -> list[str]:
        """The quantities that move, the one that moves most first."""
        return rank_moves(self.moves)


class StudyMeasurements(Struct, frozen=True, kw_only=True):
    """Everything in `study.json` from which the conclusion is drawn.

    Attributes
    ----------
    schema
        The version of the format.
    workbench, created, command, seed, toolchain, versions
        Where the numbers come from.
    model, data, base, priors, interval
        The program, the table, the verdict on the base fit, its hyperparameters and the level of intervals.
    plan
        What was asked.
    points, fits
        Every point, and how many were obtained in each way.
    quantities, labels
        Stan names of what is reported, and the names for people of those that have one.
    declared
        The variables of the program's `parameters` block.
    run_hash
        What the draws of the base fit say of each quantity, as a hash by which its run is known again.
    reference
        The maximum of the likelihood.
    power_scaling, derivatives, tipping, prior_alone
        Results of each stage.
    timings
        Wall times [s].
    """

    schema: int
    workbench: str
    created: str
    model: StudiedModel
    data: DataSource
    base: BaseVerdict = BaseVerdict()
    priors: Mapping[str, Any] = field(default_factory=dict)
    interval: IntervalLevel = IntervalLevel()
    seed: int
    plan: PlanResult
    points: tuple[PointResult, ...]
    fits: FitCounts
    quantities: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    run_hash: str = ""
    reference: ReferenceResult = ReferenceResult()
    command: str = ""
    toolchain: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    power_scaling: ScalingResult
    derivatives: Mapping[str, HyperparameterSlopes] = field(default_factory=dict)
    tipping: tuple[TippingPoint, ...] = ()
    prior_alone: StageStatus
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def leading_method(self) -> str:
        """The method whose numbers tables and figures show: NUTS if it was requested."""
        return choose_leading_method(self.plan.methods)

    @property
    def axis_columns(self) -> tuple[AxisResult, ...]:
        """The axes that have columns of their own in tables of points.

        There are none if points have names or other forms, or if there are more than three axes: then the
        label of a point says where it is.
        """
        is_plain = not any(point.name or point.forms for point in self.points)
        return self.plan.axes if is_plain and len(self.plan.axes) <= MAX_AXIS_COLUMNS else ()

    def find_label(self, name: str) -> str:
        """Return the name for people of a quantity: its own if it has no other."""
        return self.labels.get(name, name)


class StudyResults(StudyMeasurements, frozen=True, kw_only=True):
    """The whole of `study.json`: measurements, what is drawn or weighted in the page, and the conclusion."""

    densities: Mapping[str, QuantityDensities] = field(default_factory=dict)
    reweighting: Reweighting | None = None
    conclusion: Conclusion

    def __post_init__(self) -> None:
        """Refuse what is about a point that the study does not have, and a study without a method."""
        numbers = [point.number for point in self.points]
        if numbers != list(range(len(numbers))) or not numbers:
            raise ValueError("Expected points with the numbers 0, 1, 2 ...")
        if not set(self.plan.methods) & set(METHOD_ORDER):
            raise ValueError(f"Expected a method of {', '.join(METHOD_ORDER)} in `plan.methods`")
        curves = (curve for density in self.densities.values() for curve in density.curves)
        effects = self.conclusion.effects
        ratios = () if self.reweighting is None else self.reweighting.ratios
        moves = [effect.largest for effect in effects]
        moves += [move for effect in effects for move in (effect.halved, effect.doubled) if move is not None]
        moves += self.conclusion.moves.values()
        named = [
            *(move.point for move in moves),
            *(curve.point for curve in curves),
            *(one.point for one in ratios),
        ]
        if any(number not in range(len(numbers)) for number in named):
            raise ValueError("Expected the number of a point of this study")


def exceeds_error(value: float | None, mcse: float | None, count: int = 1) -> bool:
    """Return whether a number, the largest of so many, is farther from zero than Monte Carlo error explains.

    >>> exceeds_error(0.3, 0.1), exceeds_error(0.3, 0.2), exceeds_error(0.3, None)
    (True, False, True)
    >>> exceeds_error(0.3, 0.1, count=1000)
    False
    """
    return value is not None and abs(value) > count_chance_errors(count) * (mcse or 0.0)


def rank_moves(moves: Mapping[str, Move]) -> list[str]:
    """Return quantities by how far they move, the farthest first."""
    return sorted(moves, key=lambda name: -abs(moves[name].in_sd))


def choose_leading_method(methods: tuple[str, ...]) -> str:
    """Return the method that says most about a posterior."""
    return next(method for method in METHOD_ORDER if method in methods)


def view_study(record: Mapping[str, Any]) -> StudyResults:
    """Return the typed content of a study's record.

    Raises
    ------
    RunIncomplete
        A value is not of the documented type; the message names its place.
    """
    return to_typed(record, StudyResults, "study.json", "run the study again")

"""What a prior says of parameters and of data sets, and which prior is responsible for extreme outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends.base import Floats
from workbench.calibration.drawn_priors import JOINT_KINDS, QUANTILES, DrawnPrior, list_drawn_priors
from workbench.calibration.simulator import ParameterDraws, Simulator
from workbench.errors import ProgramError, RunError
from workbench.program import Declaration
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.traverse import find_names
from workbench.progress import Stage
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results.quantities import owner, split_element

ABSURD = 10
"""Counts more than so many times beyond the largest observed or plausible one are called absurd. Ours."""

MOST_HELD = 30
"""Parameters that are held at their median, one after the other. Ours."""

_CATEGORIES = frozenset({
    "categorical", "categorical_logit", "categorical_logit_glm", "ordered_logistic", "ordered_logistic_glm",
    "ordered_probit",
})  # fmt: skip
"""Distributions whose outcomes are categories."""

_BLOCK = 4_000_000
"""Numbers of simulated data that are held at a time: a bound of memory."""

_KEPT = 1_000_000
"""Simulated numbers of an outcome of which quantiles are taken, evenly spread over data sets and rows."""

_SHOWN = 30
"""Simulated data sets that are kept whole for a picture."""

_MOST_SHOWN = 2_000
"""Rows up to which data sets are kept whole for a picture."""

_MOST_CATEGORIES = 12
"""Categories whose shares are reported."""

_HELD_DRAWS = 100
"""Fewest data sets that are drawn with a parameter held."""


_NONE_DRAWN = (
    "in every data set a number was too large, or no draw was within the limits of a truncated distribution."
)
"""Why there is nothing to be shown of outcomes."""


@dataclass(frozen=True)
class Range:
    """A range of outcomes in their unit; an end may be open. `source` is `plausible` or `observed`."""

    lower: float
    upper: float
    source: str


@dataclass(frozen=True)
class DataStatistic:
    """A number that each data set has: its prior predictive quantiles, and that of the observed data.

    Attributes
    ----------
    name
        `mean`, `SD`, `min`, `max`, or a share.
    lower, median, upper
        Quantiles over data sets at the level that was asked for.
    observed
        That of the data; `None` if they lack the outcome.
    below
        The share of simulated data sets with a smaller one, ties counted half.
    values
        Those of the data sets, `(S,)`.
    """

    name: str
    lower: float
    median: float
    upper: float
    observed: float | None = None
    below: float | None = None
    values: Floats = field(default_factory=lambda: np.empty(0), repr=False)


@dataclass(frozen=True)
class OutcomePrior:
    """The prior predictive distribution of one outcome.

    Attributes
    ----------
    name
        The data variable.
    kind
        `yes/no`, `count`, `category` or `number`.
    size
        Numbers in a data set.
    quantiles
        Those of single numbers at `QUANTILES`.
    lowest, highest
        The extremes of all that was drawn.
    limits
        What they are compared with; `None` where nothing is known.
    below, beyond
        Shares of single numbers below and beyond that; of yes/no outcomes, shares of data sets by their share
        of yes.
    statistics
        Statistics of data sets.
    absurd
        Of counts: the share more than `ABSURD` times beyond the range; `None` without one.
    undeclared
        The share outside of the bounds that the program declares: data cannot be there.
    sample
        Single numbers, evenly spread, for a picture.
    data_sets, observed
        Some data sets and the observed one, for a picture; empty where rows are many or the data lack it.
    """

    name: str
    kind: str
    size: int
    quantiles: tuple[float, ...]
    lowest: float
    highest: float
    limits: Range | None
    below: float
    beyond: float
    statistics: tuple[DataStatistic, ...]
    absurd: float | None
    undeclared: float
    sample: Floats = field(repr=False)
    data_sets: Floats = field(repr=False)
    observed: Floats = field(repr=False)

    @property
    def outside(self) -> float:
        """The share of single numbers outside of the range."""
        return self.below + self.beyond

    @property
    def spread(self) -> float:
        """How widely the outcome varies: 95 % of single numbers, or of shares in data sets.

        These are the share of yes, or those of all categories on average.
        """
        if self.kind in {"yes/no", "category"}:
            return float(np.mean([item.upper - item.lower for item in self.statistics]))
        return self.quantiles[5] - self.quantiles[1]


@dataclass(frozen=True)
class Held:
    """What becomes of an outcome if one parameter is held at its prior median.

    Attributes
    ----------
    parameter
        The parameter, with all its elements.
    below, beyond
        The shares of single numbers below and beyond the range.
    spread
        As `OutcomePrior.spread`.
    """

    parameter: str
    below: float
    beyond: float
    spread: float


@dataclass(frozen=True)
class Responsibility:
    """How far each parameter makes an outcome vary: it is drawn with one after the other held.

    Attributes
    ----------
    outcome
        The outcome.
    is_about_range
        Whether parameters are ranked by the share outside of a plausible range, or else by the spread.
    count
        Data sets that were drawn with each.
    free
        The same numbers with nothing held.
    held
        The parameters, the most responsible first.
    not_held
        Parameters with a prior of their own that are not among them, and may be responsible all the same.
    """

    outcome: str
    is_about_range: bool
    count: int
    free: Held
    held: tuple[Held, ...]
    not_held: tuple[str, ...] = ()

    def measure(self, held: Held) -> float:
        """Return the share of what is outside, or of the spread, that is gone with a parameter held."""
        free, now = (
            (self.free.below + self.free.beyond, held.below + held.beyond)
            if self.is_about_range
            else (self.free.spread, held.spread)
        )
        return 1 - now / free if free > 0 else 0.0


LEAST_OUTSIDE = 0.02
"""The least share of outcomes outside of a range that priors are made responsible for. Ours."""


@dataclass(frozen=True)
class PriorPredictive:
    """What a prior says before the data.

    Attributes
    ----------
    draws
        Parameters drawn.
    undrawn
        The share of data sets that could not be drawn: too large a number, or none within limits.
    way, notes
        As in `Simulations`.
    level
        Probability of the intervals of statistics.
    parameters
        Their priors.
    outcomes
        The prior predictive distribution of each outcome.
    responsible
        Which parameters make the outcomes vary.
    reason
        Why there are no outcomes, in a sentence; empty where there are.
    not_held
        Parameters that could not be held at their median, and why, in a sentence each.
    """

    draws: int
    undrawn: float
    way: str
    notes: tuple[str, ...]
    level: float
    parameters: tuple[DrawnPrior, ...]
    outcomes: tuple[OutcomePrior, ...]
    responsible: tuple[Responsibility, ...]
    reason: str = ""
    not_held: tuple[str, ...] = ()


def examine_prior(
    simulator: Simulator, count: int, *, plausible: Mapping[str, Range], level: float, stage: Stage
) -> PriorPredictive:
    """Return what the prior of a request says of parameters and outcomes.

    Parameters
    ----------
    simulator
        Draws from it.
    count
        How many parameters and data sets are drawn.
    plausible
        By outcome: the range of values that experts would not wonder at.
    level
        Probability of the intervals of statistics.
    stage
        Where to report.
    """
    request = simulator.request
    draws = simulator.draw_parameters(count, request.seed)
    stage.update(0.0, "data sets")
    accounts, undrawn = _simulate(simulator, draws, plausible, request.seed)
    outcomes = tuple(account.finish(level) for account in accounts) if undrawn < 1 else ()
    not_held: dict[str, str] = {}
    responsible = tuple(_find_responsible(simulator, draws, outcomes, plausible, level, stage, not_held))
    return PriorPredictive(
        count,
        undrawn,
        simulator.way,
        (*simulator.notes, *draws.notes, *not_held.values()),
        level,
        tuple(list_drawn_priors(request, draws)),
        outcomes,
        responsible,
        "" if undrawn < 1 else _NONE_DRAWN,
        tuple(not_held.values()),
    )


# --- data sets, some at a time ------------------------------------------------------------------------------


@dataclass
class _Account:
    """Collects what is reported of an outcome from blocks of simulated data sets.

    Attributes
    ----------
    name, kind
        The outcome.
    keep
        Which of its numbers are drawn, `(size,)`.
    observed
        Those of the data, `(size,)`; empty where they lack it.
    limits
        What they are compared with.
    kept_each
        Numbers of each data set that are kept.
    declared
        The declared bounds of its numbers, `(2, size)`.
    top
        The last category.
    """

    name: str
    kind: str
    keep: NDArray[np.bool_]
    observed: Floats
    limits: Range | None
    kept_each: int
    declared: Floats
    top: int
    sample: list[Floats] = field(default_factory=list)
    data_sets: list[Floats] = field(default_factory=list)
    statistics: list[Floats] = field(default_factory=list)
    extremes: list[tuple[float, float]] = field(default_factory=list)
    outside: list[tuple[int, int, int]] = field(default_factory=list)
    compared: int = 0
    undeclared: int = 0
    drawn: int = 0

    def add(self, values: np.ndarray) -> None:
        """Take a block of data sets, `(S, *shape)`."""
        flat = values.reshape(len(values), self.keep.size)[:, self.keep].astype(float)
        if not flat.size:
            return
        self.statistics.append(self._compute_statistics(flat))
        self.extremes.append((float(flat.min()), float(flat.max())))
        self.undeclared += int(((flat < self.declared[0]) | (flat > self.declared[1])).sum())
        self.drawn += flat.size
        size = flat.shape[1]
        first = np.arange(len(flat))[:, None] * 7919  # another part of each data set
        places = (first + np.arange(self.kept_each) * size // self.kept_each) % size
        self.sample.append(np.take_along_axis(flat, places, axis=1).ravel())
        if self.limits is not None:
            flat = self.statistics[-1] if self.kind == "yes/no" else flat
            self.compared += flat.size
            low, high = self.limits.lower, self.limits.upper
            absurd = ABSURD * max(abs(high), 1) if np.isfinite(high) else np.inf
            self.outside.append(
                (int((flat < low).sum()), int((flat > high).sum()), int((flat > absurd).sum()))
            )
        if size <= _MOST_SHOWN and sum(map(len, self.data_sets)) < _SHOWN:
            self.data_sets.append(flat[:_SHOWN])

    def _compute_statistics(self, flat: Floats) -> Floats:
        """Return the statistics of data sets, `(S, statistic)`, in the order of `list_names`."""
        if self.kind == "yes/no":
            return np.asarray(flat.mean(axis=1, keepdims=True), dtype=float)
        if self.kind == "category":
            shares = [(flat == category).mean(axis=1) for category in self.categories]
            rest = [(flat > _MOST_CATEGORIES).mean(axis=1)] if self.top > _MOST_CATEGORIES else []
            return np.stack([*shares, *rest], axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            columns = [flat.mean(axis=1), flat.std(axis=1), flat.min(axis=1), flat.max(axis=1)]
        if self.kind == "count":
            columns.append((flat == 0).mean(axis=1))
        return np.stack(columns, axis=1)

    @property
    def categories(self) -> range:
        """The categories whose shares are reported; those beyond have one together."""
        return range(1, min(self.top, _MOST_CATEGORIES) + 1)

    def list_names(self) -> list[str]:
        """Return the names of the statistics."""
        if self.kind == "yes/no":
            return ["share of yes"]
        if self.kind == "category":
            rest = [f"share of {_MOST_CATEGORIES + 1} and above"] if self.top > _MOST_CATEGORIES else []
            return [*(f"share of {category}" for category in self.categories), *rest]
        return ["mean", "SD", "min", "max", *(["share of zeros"] if self.kind == "count" else [])]

    def finish(self, level: float) -> OutcomePrior:
        """Return what was collected."""
        sample = np.concatenate(self.sample) if self.sample else np.array([np.nan])
        statistics = np.concatenate(self.statistics) if self.statistics else np.full((1, 1), np.nan)
        observed = self._compute_statistics(self.observed[None])[0] if self.observed.size else None
        below, beyond, absurd = np.sum(self.outside, axis=0) if self.outside else (0, 0, 0)
        total = max(self.compared, 1)
        data_sets = np.concatenate(self.data_sets)[:_SHOWN] if self.data_sets else np.empty((0, 0))
        lows, highs = zip(*self.extremes, strict=True) if self.extremes else ((np.nan,), (np.nan,))
        is_bounded = self.limits is not None and np.isfinite(self.limits.upper)
        return OutcomePrior(
            self.name,
            self.kind,
            int(self.keep.sum()),
            tuple(float(value) for value in np.quantile(sample, QUANTILES)),
            min(lows),
            max(highs),
            self.limits,
            float(below / total),
            float(beyond / total),
            tuple(
                _summarise(name, statistics[:, number], level, None if observed is None else observed[number])
                for number, name in enumerate(self.list_names()[: statistics.shape[1]])
            ),
            float(absurd / total) if self.kind == "count" and is_bounded else None,
            self.undeclared / max(self.drawn, 1),
            sample,
            data_sets,
            self.observed,
        )


def _summarise(name: str, values: Floats, level: float, observed: float | None) -> DataStatistic:
    tail = (1 - level) / 2
    finite = values[~np.isnan(values)]
    lower, median, upper = (
        np.quantile(finite, [tail, 0.5, 1 - tail], method="inverted_cdf") if finite.size else [np.nan] * 3
    )
    below = None
    if observed is not None and finite.size:
        below = float((finite < observed).mean() + 0.5 * (finite == observed).mean())
        observed = float(observed)
    return DataStatistic(name, float(lower), float(median), float(upper), observed, below, finite)


def _simulate(
    simulator: Simulator, draws: ParameterDraws, plausible: Mapping[str, Range], seed: int
) -> tuple[list[_Account], float]:
    """Return what is collected of each outcome, and the share of data sets that could not be drawn."""
    outcome, values = simulator.outcome, simulator.request.data.values
    if outcome is None:
        return [], 0.0
    sizes = {name: int(np.size(values[name])) for name in outcome.drawn}
    step = max(1, _BLOCK // max(1, sum(sizes.values())))
    accounts: dict[str, _Account] = {}
    drawn = 0
    for number, start in enumerate(range(0, len(draws.values), step)):
        part = replace(draws, values=draws.values[start : start + step])
        found = simulator.draw_outcomes(part, derive_seeds((seed, number), 1)[0])
        drawn += int(found.is_drawn.sum())
        if not accounts:
            accounts = {
                name: _open_account(simulator, name, block[found.is_drawn], plausible, len(draws.values))
                for name, block in found.outcomes.items()
            }
        for name, block in found.outcomes.items():
            accounts[name].add(block[found.is_drawn])
    return list(accounts.values()), 1 - drawn / max(1, len(draws.values))


def _open_account(
    simulator: Simulator, name: str, block: np.ndarray, plausible: Mapping[str, Range], count: int
) -> _Account:
    request = simulator.request
    value = np.asarray(request.data.values[name], dtype=float).ravel()
    kept = simulator.kept.get(name)
    keep = np.ones(value.size, dtype=bool) if kept is None else ~np.asarray(kept).ravel()
    observed = np.empty(0) if name in simulator.absent else value[keep]
    limits = plausible.get(name)
    kind = _find_kind(request, name, block, observed)
    if limits is None and observed.size and kind in {"number", "count"}:
        limits = Range(float(observed.min()), float(observed.max()), "observed")
    each = max(1, min(int(keep.sum()), _KEPT // max(1, count)))
    declared = next(item for item in request.program.data if item.name == name)
    bounds = _evaluate_bounds(declared, request.data.values)[:, keep]
    drawn = block.reshape(len(block), value.size)[:, keep]
    known = [float(item.max()) for item in (observed, drawn, bounds[1]) if item.size]
    top = int(max([2.0, *(item for item in known if np.isfinite(item))]))
    return _Account(name, kind, keep, observed, limits, each, bounds, top)


def _evaluate_bounds(declared: Declaration, values: Mapping[str, Any]) -> Floats:
    """Return the declared bounds of the numbers of a data variable, `(2, size)`; open where not known."""
    shape = np.shape(values[declared.name])
    plain = {
        name: np.asarray(value).tolist() for name, value in values.items() if not isinstance(value, dict)
    }
    found = np.stack([np.full(shape, -np.inf), np.full(shape, np.inf)])
    for place, bound in enumerate((declared.lower, declared.upper)):
        if bound is not None:
            with suppress(ProgramError, ValueError, KeyError, TypeError):
                found[place] = np.asarray(evaluate(bound.node, plain), dtype=float)
    return found.reshape(2, -1)


def _find_kind(request: FitRequest, name: str, block: np.ndarray, observed: Floats) -> str:
    declared = next(item for item in request.program.data if item.name == name)
    if not declared.is_integer:
        return "number"
    distributions = {
        term.distribution
        for term in request.program.terms
        if term.role == "likelihood" and name in term.outcomes
    }
    if distributions & _CATEGORIES:
        return "category"
    if np.isin(block, (0, 1)).all() and (np.isin(observed, (0, 1)).all() if observed.size else block.any()):
        return "yes/no"
    return "count"


# --- which prior is responsible -----------------------------------------------------------------------------


def _find_responsible(
    simulator: Simulator,
    draws: ParameterDraws,
    outcomes: Sequence[OutcomePrior],
    plausible: Mapping[str, Range],
    level: float,
    stage: Stage,
    not_held: dict[str, str],
) -> Iterator[Responsibility]:
    """Yield for each outcome the parameters ranked by how far it varies less with each of them held.

    Sentences on those that cannot be held are added to `not_held`, by the parameter.
    """
    if not outcomes:
        return
    request = simulator.request
    stated = [name for name in list_stated(request) if _is_drawn(draws, name)]
    names = stated[:MOST_HELD]
    size = sum(item.size for item in outcomes)
    count = int(np.clip(_BLOCK // max(1, size), _HELD_DRAWS, len(draws.values)))
    free = [_to_held("", item) for item in outcomes]
    found: dict[str, list[Held]] = {item.name: [] for item in outcomes}
    for number, name in enumerate(names):
        stage.update(number / len(names), f"{name} held at its median")
        declared = next(item for item in request.program.parameters if item.name == name)
        centre = _choose_centre(draws, declared)
        seed = derive_seeds((request.seed, 1000 + number), 1)[0]
        if limited := _find_limited(request, name):
            not_held[name] = _explain_not_held(name, f"the bounds of {limited} depend on each other")
            continue
        try:
            if not simulator.is_held_alone(draws, name):
                reason = "others have priors given it, which NUTS does not draw anew"
                not_held[name] = _explain_not_held(name, reason)
                continue
            held = _draw_held(simulator, draws, name, centre, count, seed)
            accounts, _ = _simulate(simulator, held, plausible, seed)
        except RunError as error:
            said = error.message.splitlines()[0].rstrip(".")
            not_held[name] = _explain_not_held(name, f"with it the program stops ({said})")
            continue
        for account in accounts:
            found[account.name].append(_to_held(name, account.finish(level)))
    missing = tuple(name for name in stated if name in not_held or name not in names)
    for item, start in zip(outcomes, free, strict=True):
        is_about_range = (
            item.limits is not None and item.limits.source == "plausible" and item.outside >= LEAST_OUTSIDE
        )
        responsibility = Responsibility(item.name, is_about_range, count, start, (), missing)
        ranked = sorted(found[item.name], key=responsibility.measure, reverse=True)
        yield replace(responsibility, held=tuple(ranked))


def _find_limited(request: FitRequest, name: str) -> str:
    """Return a parameter and those that its bounds depend on, where it or one of these is held; else empty.

    At the median of one of them, draws of the others can be out of bounds.
    """
    program = request.program
    for item in program.parameters:
        bounds = tuple(bound.node for bound in (item.lower, item.upper) if bound is not None)
        around = find_names(bounds) & ({each.name for each in program.parameters} - {item.name})
        if around and name in around | {item.name}:
            return " and ".join(f"`{each}`" for each in (item.name, *sorted(around)))
    return ""


def _explain_not_held(name: str, reason: str) -> str:
    return f"`{name}` is not held at its median, and may be responsible all the same: {reason}."


def list_stated(request: FitRequest) -> list[str]:
    """Return the parameters with a prior of their own: not those given others, such as effects of groups.

    A uniform prior within bounds counts, though no statement says it.
    """
    stated = {
        name
        for term in request.program.terms
        if term.role == "prior"
        for name in term.outcomes or term.parameters
    }
    latent = {
        name
        for term in request.program.terms
        if term.role == "latent"
        for name in term.outcomes or term.parameters
    }
    return [
        item.name for item in request.program.parameters if item.name in stated or item.name not in latent
    ]


def _to_held(name: str, outcome: OutcomePrior) -> Held:
    return Held(name, outcome.below, outcome.beyond, outcome.spread)


def _draw_held(
    simulator: Simulator, draws: ParameterDraws, name: str, centre: np.ndarray, count: int, seed: int
) -> ParameterDraws:
    """Return draws with a parameter held: drawn anew forward, else those of NUTS with its value changed."""
    if simulator.prior is not None:
        return simulator.draw_parameters(count, seed, {name: centre})
    places = np.arange(count) * len(draws.values) // count
    values = draws.values[places].copy()
    for position, column in enumerate(draws.columns):
        variable, index = split_element(column)
        if variable == name:
            values[:, position] = centre[index]
    return replace(draws, values=values)


def _is_drawn(draws: ParameterDraws, name: str) -> bool:
    return any(owner(column) == name for column in draws.columns)


def _choose_centre(draws: ParameterDraws, declared: Declaration) -> np.ndarray:
    """Return the prior median of a parameter; of a type whose elements depend on each other, a central draw.

    The central draw is the one whose elements are nearest to their medians, by ranks.
    """
    positions = [i for i, column in enumerate(draws.columns) if owner(column) == declared.name]
    values = draws.values[:, positions]
    centre = np.median(values, axis=0)
    if declared.kind in JOINT_KINDS:
        ranks = values.argsort(axis=0).argsort(axis=0) / len(values)
        centre = values[np.square(ranks - 0.5).sum(axis=1).argmin()]
    indices = [split_element(draws.columns[i])[1] for i in positions]
    shape = tuple(max(index[axis] for index in indices) + 1 for axis in range(len(indices[0])))
    found = np.empty(shape)
    for index, value in zip(indices, centre, strict=True):
        found[index] = value
    return found

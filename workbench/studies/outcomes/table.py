"""Outcomes of a study, one for each point, method and quantity, and the table that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from workbench.late_imports import LateModule
from workbench.results.view.estimates import Status
from workbench.studies.plan.plan import Plan, Point
from workbench.studies.view import Margin

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

PRIOR = "prior"
"""The method of outcomes that are of the prior alone."""

_MODE_COLUMNS = ("khat", "lpd")
"""Columns that the table has even where no outcome of MAP or Laplace has a number for them."""


@dataclass(frozen=True, kw_only=True)
class OutcomeRow:
    """What one method says about one quantity at one point; `None` for what it does not say.

    Attributes
    ----------
    point, scenario
        The number of the point, and the name of its scenario.
    settings
        The value of every hyperparameter and power that some point changes.
    form
        Whole prior statements that differ from the base's.
    method
        `nuts`, `map`, `laplace`, or `prior` for the prior alone.
    how
        How the numbers were obtained.
    status, reason
        Whether there are any, and why not.
    khat, ess, source, rhat, divergences
        How good they are, and the point whose draws they are from.
    lpd, elpd_loo, elpd_loo_se
        The log predictive density of the data as seen, and leave-one-out with its standard error [nats].
    decisions, margins
        Whether each decision holds by the sign of its margin, and that margin, by its text.
    parameter, label
        The quantity by its Stan name, and the name for people.
    mean, sd, median, lower, upper
        Its summary.
    p_above
        The probability that it is above the plan's constant.
    mcse_mean, mcse_move
        Monte Carlo standard error of the mean, and of its distance from that of the base fit.
    map_minus_mean, gap_in_sd
        How far the MAP lies from the posterior mean, also in posterior SDs.
    below, beyond
        Shares of predicted values under the smallest and over the largest observed value.
    share, share_lower, share_upper, share_observed
        For predicted yes/no outcomes, the share of yes in a replicated data set, by its median and interval,
        and the share of yes in the observed data.
    """

    point: int
    scenario: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)
    form: str = ""
    method: str = ""
    how: str = ""
    reason: str | None = None
    status: Status = "ok"
    khat: float | None = None
    ess: float | None = None
    source: str | None = None
    rhat: float | None = None
    divergences: int | None = None
    lpd: float | None = None
    elpd_loo: float | None = None
    elpd_loo_se: float | None = None
    decisions: Mapping[str, bool] = field(default_factory=dict)
    margins: Mapping[str, Margin] = field(default_factory=dict)
    parameter: str | None = None
    label: str | None = None
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_above: float | None = None
    mcse_mean: float | None = None
    mcse_move: float | None = None
    map_minus_mean: float | None = None
    gap_in_sd: float | None = None
    below: float | None = None
    beyond: float | None = None
    share: float | None = None
    share_lower: float | None = None
    share_upper: float | None = None
    share_observed: float | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it has numbers."""
        return self.status == "ok"


def make_outcome(number: int, point: Point, base_settings: Mapping[str, float]) -> OutcomeRow:
    """Return an outcome that says only where it is.

    Parameters
    ----------
    number, point
        The point and its number.
    base_settings
        The base's value of everything that some point changes.
    """
    settings = {**base_settings, **point.values}
    return OutcomeRow(point=number, scenario=point.name, settings=settings, form=point.form_text)


def make_frame(outcomes: Sequence[OutcomeRow], plan: Plan) -> pd.DataFrame:
    """Return outcomes as the tidy table of `study.parquet`."""
    frame = pd.DataFrame([_make_row(outcome) for outcome in outcomes])
    names = dict.fromkeys(name for point in plan.points for name in point.values)
    texts = [decision.text for decision in plan.decisions]
    has_modes = any(outcome.method in ("map", "laplace") and outcome.is_ok for outcome in outcomes)
    columns = [
        column
        for column in _list_columns(names, texts)
        if column in frame.columns or (has_modes and column in _MODE_COLUMNS)
    ]
    return frame.reindex(columns=columns)


def read_frame(frame: pd.DataFrame) -> tuple[OutcomeRow, ...]:
    """Return the outcomes in a table, without settings, decisions and margins."""
    names = [name for name in _SIMPLE_FIELDS if name in frame.columns]
    outcomes = []
    for values in frame[names].itertuples(index=False, name=None):
        known = {name: value for name, value in zip(names, values, strict=True) if not pd.isna(value)}
        outcomes.append(replace(_EMPTY, **known))
    return tuple(outcomes)


def select_outcomes(outcomes: Iterable[OutcomeRow], method: str) -> dict[tuple[int, str], OutcomeRow]:
    """Return the outcomes of a method that have numbers, by the number of the point and the quantity."""
    return {
        (outcome.point, outcome.parameter): outcome
        for outcome in outcomes
        if outcome.method == method and outcome.is_ok and outcome.parameter is not None
    }


_EMPTY = OutcomeRow(point=0)
"""An outcome that says nothing."""

_NESTED_FIELDS = ("settings", "decisions", "margins")
"""Fields that stand for several columns."""

_SIMPLE_FIELDS = tuple(column.name for column in fields(OutcomeRow) if column.name not in _NESTED_FIELDS)
"""Fields that are columns of the same name, in the order of the table."""


def _name_margin(text: str) -> str:
    """Return the column that holds the margin of a decision."""
    return f"margin: {text}"


def _name_margin_error(text: str) -> str:
    """Return the column that holds the Monte Carlo standard error of that margin."""
    return f"mcse of margin: {text}"


def _list_columns(names: Iterable[str], texts: Sequence[str]) -> list[str]:
    """Return every column that a table may have, in its order."""
    nested = {
        "settings": list(names),
        "decisions": [column for text in texts for column in _list_decision_columns(text)],
    }
    columns = [column for item in fields(OutcomeRow) for column in nested.get(item.name, [item.name])]
    return list(dict.fromkeys(column for column in columns if column not in _NESTED_FIELDS))


def _list_decision_columns(text: str) -> tuple[str, ...]:
    return text, _name_margin(text), _name_margin_error(text)


def _make_row(outcome: OutcomeRow) -> dict[str, Any]:
    simple = {name: getattr(outcome, name) for name in _SIMPLE_FIELDS}
    return {
        **{name: value for name, value in simple.items() if value is not None},
        **outcome.settings,
        **outcome.decisions,
        **{_name_margin(text): margin.value for text, margin in outcome.margins.items()},
        **{_name_margin_error(text): margin.mcse for text, margin in outcome.margins.items()},
    }

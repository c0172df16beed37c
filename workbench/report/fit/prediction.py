"""Posterior predictive checks: replicated data compared with each observed outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.diagnostics import calibration, predictive
from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Outcome, split_outcomes
from workbench.report import figures
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.figures import Drawing
from workbench.report.fit.notes import describe_pointwise
from workbench.report.numbers import (
    MISSING,
    format_interval,
    format_number,
    format_percentage,
    format_share,
    pluralise,
)
from workbench.results import Fit
from workbench.results.view import (
    CalibrationScores,
    Dispersion,
    IntervalCoverage,
    OutcomeCheck,
    PredictiveResult,
    StatisticCheck,
)
from workbench.thresholds import P_VALUE_MARK

_TITLE = "Does the model predict data like these?"
"""The heading of the section."""


def build_section(fit: Fit, leave_one_out: LeaveOneOut | None = None) -> Section:
    """Return drawings, test statistics, coverage and scores of each outcome; or why there are none.

    Parameters
    ----------
    fit
        The fit.
    leave_one_out
        Leave-one-out computed from the draws; where there is none, predictions are not made without the
        values that they are compared with.
    """
    result = fit.results.predictive
    if not result.is_ok or not result.outcomes:
        return Section("prediction", _TITLE, (Notice(_explain_absence(result)),))
    replicated, unreplicated = split_outcomes(fit)
    outcomes = {outcome.name: outcome for outcome in replicated}
    reasons = {outcome.name: outcome.reason for outcome in unreplicated}
    thinned = describe_pointwise(fit.results)
    blocks: list[Block] = [Paragraph(thinned)] if thinned else []
    for check in result.outcomes:
        blocks.append(Paragraph(_introduce(check)))
        if check.name in outcomes:
            blocks.append(_draw(outcomes[check.name], leave_one_out))
        else:
            blocks.append(Notice(f"`{check.name}` cannot be drawn: {_give_reason(reasons.get(check.name))}"))
        blocks += [*_build_statistics(check), *_build_coverage(check), *_build_scores(check)]
    return Section("prediction", _TITLE, (*blocks, *_list_unchecked(result)))


def is_extreme(p_value: float) -> bool:
    """Return whether few replications have a test statistic beyond the observed one, on either side."""
    return min(p_value, 1 - p_value) < P_VALUE_MARK


def _explain_absence(result: PredictiveResult) -> str:
    if result.status == "skipped":
        reason = f": {result.reason}" if result.left_out else "."
        return f"Predictions were not compared with the data{reason}"
    return f"Predictions cannot be compared with the data: {result.reason or 'there is no outcome.'}"


def _list_unchecked(result: PredictiveResult) -> Iterator[Block]:
    """Yield each outcome that was not checked, with the reason."""
    for outcome in result.left_out:
        yield Notice(f"`{outcome.name}` was not checked: {_give_reason(outcome.reason)}")


def _give_reason(reason: str | None) -> str:
    return reason or "no reason was recorded."


_KINDS = {
    "continuous": "continuous",
    "count": "a count",
    "binary": "binary",
    "ordinal": "ordinal",
    "categorical": "categorical",
}
"""What an outcome is, by its kind."""

_SOURCES = {
    "y_rep": "the program's own replications",
    "likelihood": "replications drawn from the program's likelihood",
}
"""Where replications are from."""


def _introduce(check: OutcomeCheck) -> str:
    source = _SOURCES.get(check.source, "replications")
    kind = f"is {_KINDS[check.kind]} and " if check.kind in _KINDS else ""
    conditional = " Each value is drawn given the observed values before it." if check.conditional else ""
    left_out = f" {pluralise(check.left_out, 'value')} could not be replicated." if check.left_out else ""
    return (
        f"The outcome `{check.name}` {kind}is compared with {source}, one for each posterior draw."
        f"{conditional}{left_out}"
    )


@dataclass(frozen=True)
class _Plot:
    """A way to compare an outcome with its replications.

    Attributes
    ----------
    title
        Its name.
    draw
        Draws it.
    describe
        Says what it shows, for a reader who cannot see it.
    explanation
        How to read it.
    by_leave_one_out
        What is computed by leave-one-out where that is possible; empty where nothing is.
    """

    title: str
    draw: Callable[[Outcome, LeaveOneOut | None], Drawing]
    describe: Callable[[Outcome, LeaveOneOut | None], str]
    explanation: str
    by_leave_one_out: str = ""


def _draw(outcome: Outcome, leave_one_out: LeaveOneOut | None) -> Block:
    plots = _PLOTS[outcome.kind]
    drawings = tuple(
        Figure(
            plot.draw(outcome, leave_one_out),
            plot.describe(outcome, leave_one_out),
            f"`{outcome.name}`: {plot.title}",
        )
        for plot in plots
    )
    is_left_out = leave_one_out is not None and outcome.rows is not None
    explanations = [plot.explanation for plot in plots]
    explanations += [plot.by_leave_one_out for plot in plots if is_left_out and plot.by_leave_one_out]
    return Figures(f"predictive-{_make_key(outcome.name)}", drawings, " ".join(explanations), "medium")


def _make_key(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)


def _draw_overlay(outcome: Outcome, _: LeaveOneOut | None) -> Drawing:
    return figures.draw_overlay(outcome.observed, outcome.replicates)


def _draw_pit(outcome: Outcome, leave_one_out: LeaveOneOut | None) -> Drawing:
    return figures.draw_pit(predictive.compute_pit(outcome, leave_one_out))


def _draw_rootogram(outcome: Outcome, _: LeaveOneOut | None) -> Drawing:
    return figures.draw_rootogram(outcome.observed, outcome.replicates)


def _draw_reliability(outcome: Outcome, leave_one_out: LeaveOneOut | None) -> Drawing:
    return figures.draw_reliability(
        outcome.observed, calibration.predict_probabilities(outcome, leave_one_out)
    )


def _draw_bars(outcome: Outcome, _: LeaveOneOut | None) -> Drawing:
    return figures.draw_bars(outcome.observed, outcome.replicates)


def _describe_location_and_spread(outcome: Outcome, _: LeaveOneOut | None) -> str:
    return (
        f"{outcome.name}: observed mean {format_number(float(outcome.observed.mean()))} and SD "
        f"{format_number(float(outcome.observed.std()))}; replicated mean "
        f"{format_number(float(outcome.replicates.mean()))} and SD "
        f"{format_number(float(outcome.replicates.std(axis=1).mean()))}."
    )


def _describe_pit(outcome: Outcome, leave_one_out: LeaveOneOut | None) -> str:
    is_within = figures.is_within_band(predictive.compute_pit(outcome, leave_one_out))
    return f"PIT of {outcome.name}: the ECDF {'stays within' if is_within else 'leaves'} its 95% band."


def _describe_shares(outcome: Outcome, leave_one_out: LeaveOneOut | None) -> str:
    predicted = float(calibration.predict_probabilities(outcome, leave_one_out).mean())
    observed = float(outcome.observed.mean())
    return (
        f"{outcome.name}: mean predicted probability {format_number(predicted)}, observed share "
        f"{format_number(observed)}."
    )


# The plots, of which each kind of outcome has one or two.
_DENSITY = _Plot(
    "density",
    _draw_overlay,
    _describe_location_and_spread,
    "Density: the thick line is the observed data, each thin line a replication.",
)
_PIT = _Plot(
    "PIT",
    _draw_pit,
    _describe_pit,
    "PIT: the predictive probability below each observed value. The line is the ECDF of these probabilities "
    "minus that of a uniform distribution; if the model is right, all of it lies in the grey band with a "
    "probability of 95%. If it slopes up in the middle, predictions are too wide; if it slopes down, too "
    "narrow.",
    "PIT values are computed by leave-one-out: each value is compared with a prediction made without it.",
)
_ROOTOGRAM = _Plot(
    "rootogram",
    _draw_rootogram,
    _describe_location_and_spread,
    "Rootogram: dots are the observed frequencies of each count, diamonds those outside the band; line and "
    "band (95%) are what the replications expect. The scale is a square root.",
)
_RELIABILITY = _Plot(
    "reliability",
    _draw_reliability,
    _describe_shares,
    "Reliability: the observed frequency of the event at each predicted probability, fitted by isotonic "
    "regression. The grey band (95%) is where a calibrated model lies. The strip below shows which "
    "probabilities were predicted.",
    "Probabilities are computed by leave-one-out: each is predicted without the event that it is compared "
    "with.",
)
_FREQUENCIES = _Plot(
    "frequencies",
    _draw_bars,
    _describe_location_and_spread,
    "Frequencies: bars are the observed data, dots and lines the replications (95%).",
)
"""The plots of an outcome: title, how it is drawn, what it shows in words, and how to read it."""

_PLOTS = {
    "continuous": (_DENSITY, _PIT),
    "count": (_ROOTOGRAM, _PIT),
    "binary": (_RELIABILITY,),
    "ordinal": (_FREQUENCIES, _PIT),
    "categorical": (_FREQUENCIES,),
}
"""The plots for each kind of outcome."""


def _build_statistics(check: OutcomeCheck) -> Iterator[Block]:
    statistics = list(check.statistics)
    if check.dispersion is not None:
        statistics.append(_describe_dispersion(check.dispersion))
    if not statistics:
        return
    yield TableBlock(
        key=f"statistics-{_make_key(check.name)}",
        caption=f"Test statistics of `{check.name}`",
        columns=(
            Column("Statistic", "text"),
            Column("Observed", "number"),
            Column("Replicated", "number", help="mean of the replications"),
            Column("95% of replications", "number"),
            Column("p", "number", help="share of replications above the observed value, ties counted half"),
        ),
        rows=tuple(_build_statistic(statistic) for statistic in statistics),
        note=(
            "p: the share of replications with a larger statistic. Near 0 or 1, the model does not reproduce "
            "this feature of the data."
        ),
    )


def _describe_dispersion(dispersion: Dispersion) -> StatisticCheck:
    """Return the dispersion of counts as a test statistic: given all other rows where that is reliable."""
    if dispersion.loo_p_value is None or dispersion.unreliable:
        return StatisticCheck("dispersion", dispersion.ratio, dispersion.p_value, replicated=1)
    name = "dispersion, given the other rows"
    return StatisticCheck(name, dispersion.loo_ratio, dispersion.loo_p_value, replicated=1)


def _build_statistic(statistic: StatisticCheck) -> tuple[Cell, ...]:
    p_value = statistic.p_value
    tone = Tone.CAUTION if p_value is not None and is_extreme(p_value) else None
    return (
        Cell(statistic.name or MISSING),
        Cell(format_number(statistic.observed)),
        Cell(format_number(statistic.replicated)),
        Cell(format_interval(statistic.lower, statistic.upper)),
        Cell(format_share(p_value), tone),
    )


def _build_coverage(check: OutcomeCheck) -> Iterator[Block]:
    if not check.coverage:
        return
    yield TableBlock(
        key=f"coverage-{_make_key(check.name)}",
        caption=f"How often predictive intervals contain the left-out value of `{check.name}`",
        columns=(
            Column("Level", "number"),
            Column("Observed share", "number"),
            Column("Expected by chance", "number"),
        ),
        rows=tuple(_build_interval(coverage) for coverage in check.coverage),
        note="Each interval was computed without the row that it should contain (leave-one-out).",
    )


def _build_interval(coverage: IntervalCoverage) -> tuple[Cell, ...]:
    observed, lower, upper = coverage.observed, coverage.lower, coverage.upper
    if observed is None or lower is None or upper is None:
        return (
            Cell(format_percentage(coverage.level, 1)),
            Cell(format_percentage(observed, 1)),
            Cell(MISSING),
        )
    return (
        Cell(format_percentage(coverage.level, 1)),
        Cell(format_percentage(observed, 1), None if lower <= observed <= upper else Tone.CAUTION),
        Cell(f"{format_percentage(lower, 1)} to {format_percentage(upper, 1)}"),
    )


_SCORES: tuple[tuple[str, Callable[[CalibrationScores], float | None], str], ...] = (
    (
        "Brier score",
        lambda scores: scores.brier,
        "mean squared distance of probability and event; smaller is better",
    ),
    (
        "Log loss [nats]",
        lambda scores: scores.log_loss,
        "mean negative log probability of what happened; smaller is better",
    ),
    (
        "Expected calibration error",
        lambda scores: scores.calibration_error,
        "mean distance of predicted and observed share",
    ),
    (
        "Spiegelhalter's z",
        lambda scores: scores.spiegelhalter_z,
        "standard normal if the probabilities are calibrated",
    ),
    ("Base rate", lambda scores: scores.base_rate, "the observed share of events"),
)
"""The scores of a binary outcome, and how to read them."""


def _build_scores(check: OutcomeCheck) -> Iterator[Block]:
    if check.scores is None:
        return
    rows = tuple(
        (Cell(title), Cell(format_number(value)), Cell(explanation))
        for title, read, explanation in _SCORES
        if (value := read(check.scores)) is not None
    )
    if rows:
        yield TableBlock(
            key=f"scores-{_make_key(check.name)}",
            caption=f"Calibration of `{check.name}`",
            columns=(Column("Score", "text"), Column("Value", "number"), Column("How to read it", "prose")),
            rows=rows,
        )

"""Prediction: whether data replicated by the model look like the observed, by the kind of outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workbench.diagnostics import calibration, predictive
from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Outcome, read_outcomes
from workbench.report import figures, reading
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    Table,
    Tone,
)
from workbench.report.figures import Drawing
from workbench.report.numbers import MISSING, format_number, format_share, plural
from workbench.report.reading import Record
from workbench.results import Fit
from workbench.thresholds import P_VALUE_MARK

_TITLE = "Does the model predict data like these?"


def section(fit: Fit, left: LeaveOneOut | None = None) -> Section:
    """Return pictures, test statistics, coverage and scores of each outcome; or why there are none.

    Parameters
    ----------
    fit
        The fit.
    left
        What leaving rows out one by one gave, where the pictures are to rest on it.
    """
    part = reading.part(fit.record, "predictive")
    entries = reading.entries(part, "read_outcomes")
    if not reading.is_ok(part) or not entries:
        return Section("prediction", _TITLE, (Notice(_absence(part)),))
    found = _replicated(fit)
    blocks = [block for one in entries for block in _outcome(one, found.get(str(one.get("name"))), left)]
    return Section("prediction", _TITLE, (*blocks, *_left_out(part)))


def _replicated(fit: Fit) -> dict[str, Outcome]:
    """Return the outcomes with their replicates by name; none where the record does not say what they are."""
    try:
        return {one.name: one for one in read_outcomes(fit)}
    except (KeyError, TypeError, AttributeError, IndexError):
        return {}


def _absence(part: Record) -> str:
    if part.get("status") == "skipped":
        return "Predictions were not held against the data on this run."
    return f"Predictions cannot be held against the data: {part.get('reason') or 'there is no outcome.'}"


def _left_out(part: Record) -> Iterator[Block]:
    """Name what was not checked, with the reason."""
    for one in reading.entries(part, "left_out"):
        yield Notice(f"`{one.get('name')}` was left out: {one.get('reason') or 'no reason was recorded.'}")


def _outcome(entry: Record, found: Outcome | None, left: LeaveOneOut | None) -> Iterator[Block]:
    yield Paragraph(_words(entry))
    if found is not None:
        yield from _pictures(found, left)
    yield from _statistics(entry)
    yield from _coverage(entry)
    yield from _scores(entry)


_SOURCES = {
    "y_rep": "the program's own replications",
    "likelihood": "replications drawn from the program's likelihood",
}


def _words(outcome: Record) -> str:
    source = _SOURCES.get(str(outcome.get("source")), "replications")
    kind = outcome.get("kind")
    article = "an" if str(kind)[:1] in "aeiou" else "a"
    described = f", {article} {kind} outcome," if kind else ""
    given = " Each value is drawn given the observed ones before it." if outcome.get("conditional") else ""
    gone = reading.number(outcome, "left_out")
    without = f" {plural(int(gone), 'value')} could not be drawn anew." if gone else ""
    lead = f"The outcome `{outcome.get('name')}`{described} beside {source} for each posterior draw."
    return f"{lead}{given}{without}"


Draw = Callable[[Outcome, LeaveOneOut | None], Drawing]
Find = Callable[[Outcome, LeaveOneOut | None], str]
Picture = tuple[str, Draw, Find]


def _pictures(found: Outcome, left: LeaveOneOut | None) -> Iterator[Block]:
    chosen = _BY_KIND.get(found.kind, _CONTINUOUS)
    drawn = tuple(
        Figure(draw(found, left), finding(found, left), f"`{found.name}`: {title}")
        for title, draw, finding in chosen
    )
    words = " ".join(_READING[title] for title, _, _ in chosen)
    rests_on_rows = not {"PIT", "reliability"}.isdisjoint(title for title, _, _ in chosen)
    source = _LEFT_OUT if left is not None and found.rows is not None and rests_on_rows else ""
    yield Figures(f"predictive-{_slug(found.name)}", drawn, f"{words}{source}", "medium")


_LEFT_OUT = " For these each value is held against a prediction made without it (leave-one-out)."


def _slug(name: str) -> str:
    return "".join(one if one.isascii() and one.isalnum() else "-" for one in name)


def _overlay(found: Outcome, _: LeaveOneOut | None) -> Drawing:
    return figures.draw_overlay(found.observed, found.replicates)


def _transforms(found: Outcome, left: LeaveOneOut | None) -> Drawing:
    return figures.draw_pit(predictive.compute_pit(found, left))


def _rootogram(found: Outcome, _: LeaveOneOut | None) -> Drawing:
    return figures.draw_rootogram(found.observed, found.replicates)


def _reliability(found: Outcome, left: LeaveOneOut | None) -> Drawing:
    return figures.draw_reliability(found.observed, calibration.predict_probabilities(found, left))


def _bars(found: Outcome, _: LeaveOneOut | None) -> Drawing:
    return figures.draw_bars(found.observed, found.replicates)


def _spread(found: Outcome, _: LeaveOneOut | None) -> str:
    """Say how the observed spread compares, for a reader who cannot see the curves."""
    return (
        f"{found.name}: observed mean {format_number(float(found.observed.mean()))} and SD "
        f"{format_number(float(found.observed.std()))}; replicated mean "
        f"{format_number(float(found.replicates.mean()))} and SD "
        f"{format_number(float(found.replicates.std(axis=1).mean()))}."
    )


def _within(found: Outcome, left: LeaveOneOut | None) -> str:
    where = "stays within" if figures.is_within_band(predictive.compute_pit(found, left)) else "leaves"
    return f"Where each value of {found.name} lies in its prediction: the ECDF {where} its 95% band."


def _calibrated(found: Outcome, left: LeaveOneOut | None) -> str:
    expected = float(calibration.predict_probabilities(found, left).mean())
    seen = format_number(float(found.observed.mean()))
    return f"{found.name}: predicted share {format_number(expected)}, observed {seen}."


_CONTINUOUS: tuple[Picture, ...] = (("density", _overlay, _spread), ("PIT", _transforms, _within))
_COUNT: tuple[Picture, ...] = (("rootogram", _rootogram, _spread), ("PIT", _transforms, _within))
_BINARY: tuple[Picture, ...] = (("reliability", _reliability, _calibrated),)
_CATEGORIES: tuple[Picture, ...] = (("frequencies", _bars, _spread),)

_BY_KIND = {
    "continuous": _CONTINUOUS,
    "count": _COUNT,
    "binary": _BINARY,
    "ordinal": (*_CATEGORIES, ("PIT", _transforms, _within)),
    "categorical": _CATEGORIES,
}

_READING = {
    "density": "Density: the thick line is the observed data, each thin one a replication.",
    "PIT": (
        "PIT: the share of its prediction that lies below each observed value, as the distance of the ECDF "
        "from uniform. The grey band holds all of it in 95 of 100 cases where the model is right. Sloping up "
        "in the middle, the model predicts too wide; sloping down, too narrow."
    ),
    "rootogram": (
        "Rootogram: dots are observed frequencies of each count, the line and band what the replications "
        "expect (95%), on a square-root scale."
    ),
    "reliability": (
        "Reliability: how often the event happened where the model gave it a probability, fitted by isotonic "
        "regression; in the grey band (95%), it is what a calibrated model would show. The strip below says "
        "which probabilities were given."
    ),
    "frequencies": "Frequencies: bars are the observed data, dots and lines the replications (95%).",
}


def _statistics(outcome: Record) -> Iterator[Block]:
    rows = reading.entries(outcome, "statistics")
    dispersion = outcome.get("dispersion")
    if isinstance(dispersion, Mapping):
        rows = [
            *rows,
            {"name": "dispersion", "observed": dispersion.get("ratio"), "replicated": 1, **dispersion},
        ]
    if not rows:
        return
    yield Table(
        key=f"statistics-{_slug(str(outcome.get('name')))}",
        caption=f"Test statistics of `{outcome.get('name')}`",
        columns=(
            Column("Statistic", "text"),
            Column("Observed", "number"),
            Column("Replicated", "number", help="mean over the replications"),
            Column("95% of replications", "number"),
            Column("p", "number", help="share of replications above the observed value, ties counted half"),
        ),
        rows=tuple(_statistic(one) for one in rows),
        note="p: the share of replications whose statistic is larger; near 0 or 1, a miss.",
    )


def _statistic(one: Record) -> tuple[Cell, ...]:
    p_value = reading.number(one, "p_value")
    is_extreme = p_value is not None and min(p_value, 1 - p_value) < P_VALUE_MARK
    lower, upper = reading.number(one, "lower"), reading.number(one, "upper")
    known = lower is not None and upper is not None
    return (
        Cell(str(one.get("name") or MISSING)),
        Cell(format_number(one.get("observed"))),
        Cell(format_number(one.get("replicated"))),
        Cell(f"{format_number(lower)} to {format_number(upper)}" if known else MISSING),
        Cell(format_share(p_value), Tone.CAUTION if is_extreme else None),
    )


def _coverage(outcome: Record) -> Iterator[Block]:
    rows = reading.entries(outcome, "coverage")
    if not rows:
        return
    yield Table(
        key=f"coverage-{_slug(str(outcome.get('name')))}",
        caption=f"How often intervals hold the left-out value of `{outcome.get('name')}`",
        columns=(
            Column("Level", "number"),
            Column("Observed share", "number"),
            Column("Chance would give", "number"),
        ),
        rows=tuple(_covered(one) for one in rows),
        note="Each interval was formed without the row that it is to hold (leave-one-out).",
    )


def _covered(one: Record) -> tuple[Cell, ...]:
    observed, lower, upper = (reading.number(one, key) for key in ("observed", "lower", "upper"))
    level = reading.number(one, "level")
    is_off = None not in (observed, lower, upper) and not lower <= observed <= upper  # type: ignore[operator]
    between = f"{_share(lower)} to {_share(upper)}" if lower is not None and upper is not None else MISSING
    return (
        Cell(_share(level)),
        Cell(_share(observed), Tone.CAUTION if is_off else None),
        Cell(between),
    )


def _share(value: float | None) -> str:
    return MISSING if value is None else f"{format_number(100 * value, 1)}%"


def _scores(outcome: Record) -> Iterator[Block]:
    scores = reading.part(outcome, "scores")
    found = {name: value for name in _SCORES if (value := reading.number(scores, name)) is not None}
    if not found:
        return
    yield Table(
        key=f"scores-{_slug(str(outcome.get('name')))}",
        caption=f"Calibration of `{outcome.get('name')}`",
        columns=(Column("Score", "text"), Column("Value", "number"), Column("How to read it", "prose")),
        rows=tuple(
            (Cell(_SCORES[name][0]), Cell(format_number(value)), Cell(_SCORES[name][1]))
            for name, value in found.items()
        ),
    )


_SCORES = {
    "brier": ("Brier score", "mean squared distance of probability and event; smaller is better"),
    "log_loss": ("Log loss [nats]", "mean negative log probability of what happened; smaller is better"),
    "calibration_error": ("Expected calibration error", "mean distance of predicted and observed share"),
    "spiegelhalter_z": ("Spiegelhalter's z", "beyond ±2, the probabilities are not calibrated"),
    "base_rate": ("Base rate", "the observed share of events"),
}
"""Scores of a binary outcome: their names and what they mean."""

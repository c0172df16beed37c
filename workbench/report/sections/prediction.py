"""Prediction: whether data replicated by the model look like the observed, by the kind of outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workbench.estimation import Fit
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
from workbench.report.numbers import MISSING, format_number
from workbench.report.reading import Record
from workbench.report.replication import Replication, replication

_TITLE = "Does the model predict data like these?"


def section(fit: Fit) -> Section:
    """Return pictures, test statistics, coverage and scores of each outcome; or why there are none."""
    part = reading.part(fit.record, "predictive")
    outcomes = reading.entries(part, "outcomes")
    if not reading.is_ok(part) or not outcomes:
        return Section("prediction", _TITLE, (Notice(_absence(part)),))
    blocks = [block for one in outcomes for block in _outcome(fit, one)]
    return Section("prediction", _TITLE, (*blocks, *_left_out(part)))


def _absence(part: Record) -> str:
    if part.get("status") == "skipped":
        return "Predictions were not held against the data on this run."
    return f"Predictions cannot be held against the data: {part.get('reason') or 'there is no outcome.'}"


def _left_out(part: Record) -> Iterator[Block]:
    """Name what was not checked, with the reason."""
    for one in reading.entries(part, "left_out"):
        yield Notice(f"`{one.get('name')}` was left out: {one.get('reason') or 'no reason was recorded.'}")


def _outcome(fit: Fit, outcome: Record) -> Iterator[Block]:
    yield Paragraph(_words(outcome))
    if outcome.get("reason"):
        yield Notice(str(outcome["reason"]))
    found = replication(fit.tree, outcome)
    if found is not None:
        yield from _pictures(outcome, found)
    yield from _statistics(outcome)
    yield from _coverage(outcome)
    yield from _scores(outcome)


_SOURCES = {
    "y_rep": "the program's own replications",
    "likelihood": "replications drawn from the program's likelihood",
}


def _words(outcome: Record) -> str:
    source = _SOURCES.get(str(outcome.get("source")), "replications")
    kind = outcome.get("kind")
    article = "an" if str(kind)[:1] in "aeiou" else "a"
    described = f", {article} {kind} outcome," if kind else ""
    return f"The outcome `{outcome.get('name')}`{described} beside {source} for each posterior draw."


Picture = tuple[str, Callable[[Replication], Drawing], Callable[[Record, Replication], str]]


def _pictures(outcome: Record, found: Replication) -> Iterator[Block]:
    name = str(outcome.get("name"))
    chosen = _BY_KIND.get(str(outcome.get("kind")), _CONTINUOUS)
    drawn = tuple(
        Figure(draw(found), finding(outcome, found), f"`{name}`: {title}") for title, draw, finding in chosen
    )
    reading_words = " ".join(_READING[title] for title, _, _ in chosen)
    yield Figures(f"predictive-{_slug(name)}", drawn, reading_words, "medium")


def _slug(name: str) -> str:
    return "".join(one if one.isascii() and one.isalnum() else "-" for one in name)


def _overlay(found: Replication) -> Drawing:
    return figures.overlay(found.observed, found.replicated)


def _pit(found: Replication) -> Drawing:
    return figures.pit(found.observed, found.replicated)


def _rootogram(found: Replication) -> Drawing:
    return figures.rootogram(found.observed, found.replicated)


def _reliability(found: Replication) -> Drawing:
    return figures.reliability(found.observed, found.replicated.mean(axis=0))


def _bars(found: Replication) -> Drawing:
    return figures.bars(found.observed, found.replicated)


def _spread(outcome: Record, found: Replication) -> str:
    """Say how the observed spread compares, for a reader who cannot see the curves."""
    return (
        f"{outcome.get('name')}: observed mean {format_number(float(found.observed.mean()))} and SD "
        f"{format_number(float(found.observed.std()))}; replicated mean "
        f"{format_number(float(found.replicated.mean()))} and SD "
        f"{format_number(float(found.replicated.std(axis=1).mean()))}."
    )


def _ranks(outcome: Record, found: Replication) -> str:
    low, high = figures.outside_band(found.observed, found.replicated)
    name = outcome.get("name")
    if not low and not high:
        return f"Ranks of {name} among its replications: the ECDF stays within its 95% band."
    return f"Ranks of {name} among its replications: the ECDF leaves its 95% band."


def _calibration(outcome: Record, found: Replication) -> str:
    expected, seen = float(found.replicated.mean()), float(found.observed.mean())
    return (
        f"{outcome.get('name')}: predicted share {format_number(expected)}, observed {format_number(seen)}."
    )


_CONTINUOUS: tuple[Picture, ...] = (("density", _overlay, _spread), ("ranks", _pit, _ranks))
_COUNT: tuple[Picture, ...] = (("rootogram", _rootogram, _spread), ("ranks", _pit, _ranks))
_BINARY: tuple[Picture, ...] = (("reliability", _reliability, _calibration),)
_CATEGORIES: tuple[Picture, ...] = (("frequencies", _bars, _spread),)

_BY_KIND = {
    "continuous": _CONTINUOUS,
    "count": _COUNT,
    "binary": _BINARY,
    "ordinal": (*_CATEGORIES, ("ranks", _pit, _ranks)),
    "categorical": _CATEGORIES,
}

_READING = {
    "density": "Density: the thick line is the observed data, each thin one a replication.",
    "ranks": (
        "Ranks: where each value lies among its replications, as the distance of their ECDF from the "
        "diagonal; inside the grey band, which holds all of it in 95 of 100 cases, nothing speaks against "
        "the model. A slope up in the middle means that the model predicts too wide, a slope down too narrow."
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
    if not rows:
        return
    yield Table(
        key=f"statistics-{_slug(str(outcome.get('name')))}",
        caption=f"Test statistics of `{outcome.get('name')}`",
        columns=(
            Column("Statistic", "text"),
            Column("Observed", "number"),
            Column("p", "number", help="share of replications at or above the observed value"),
        ),
        rows=tuple(_statistic(one) for one in rows),
        note="p: the share of replications whose statistic is at least the observed; near 0 or 1, a miss.",
    )


def _statistic(one: Record) -> tuple[Cell, ...]:
    p_value = reading.number(one, "p_value")
    is_extreme = p_value is not None and min(p_value, 1 - p_value) < reading.EXTREME_TAIL
    return (
        Cell(str(one.get("name") or MISSING)),
        Cell(format_number(one.get("observed"))),
        Cell(format_number(p_value, 3), Tone.CAUTION if is_extreme else None),
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
    found = {name: value for name in scores if (value := reading.number(scores, name)) is not None}
    if not found:
        return
    rows = tuple((Cell(_SCORES.get(name, name)), Cell(format_number(value))) for name, value in found.items())
    yield Table(
        key=f"scores-{_slug(str(outcome.get('name')))}",
        caption=f"Scores of the predictions of `{outcome.get('name')}`, smaller is better unless said",
        columns=(Column("Score", "text"), Column("Value", "number")),
        rows=rows,
    )


_SCORES = {
    "brier": "Brier score",
    "ece": "Expected calibration error",
    "log_loss": "Log loss [nats]",
    "crps": "CRPS",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "accuracy": "Accuracy (larger is better)",
}

"""Which run predicts unseen rows better, and whether the difference is clear."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from workbench.comparison.cross_validation import LEAVE_ONE_OUT
from workbench.comparison.predictions import PredictionComparison
from workbench.comparison.standings import Standing, find_doubts
from workbench.comparison.weights import WeightKind
from workbench.report import figures
from workbench.report.document import (
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
from workbench.report.figures.elpd import MAX_ROWS
from workbench.report.numbers import MISSING, format_count, format_number, join_with_and, pluralise
from workbench.thresholds import SAME_PREDICTION, format_beside_limit

_TITLE = "Prediction"
"""The title of the section."""

_WEIGHTS: dict[WeightKind, str] = {
    "stacking": "Weight: stacking (Yao et al. 2018), the mixture that predicts left-out {units} best.",
    "pseudo-bma": "Weight: pseudo-BMA with the Bayesian bootstrap (Yao et al. 2018).",
    "evidence": "Weight: the probability of each program, where all were as probable before the data.",
}
"""What the weights are."""

_MOST_NAMED = 3
"""Runs that are clearly worse and named; of more, their number is given. Ours."""

_WAYS = {
    "moment matching": "by moment matching",
    "integrated": "by integrating over its own effect",
    "refit": "by a fit without it",
    "importance weights": "",
    "left out": "",
}
"""How the elpd of a unit was found where importance weights could not be relied on."""


def build_section(comparison: PredictionComparison, warning: str = "") -> Section:
    """Return the leave-one-out comparison, its picture first, or why there is none.

    A warning not to rely on it stands above its numbers.
    """
    if comparison.standings is None:
        notice = Notice(f"The runs cannot be compared by {comparison.scheme}: {comparison.obstacle}")
        return Section("prediction", _TITLE, (notice,))
    warnings = (Notice(warning, Tone.FAIL),) if warning else ()
    texts = (
        comparison.remark,
        _describe_sample(comparison),
        describe_ways(comparison),
        *_list_notes(comparison),
    )
    remarks = (*warnings, *(Paragraph(text) for text in texts if text))
    return Section("prediction", _TITLE, (*remarks, *_draw(comparison), _build_table(comparison)))


def describe(comparison: PredictionComparison) -> str:
    """Return which run predicts best, and by how much; empty where they cannot be compared."""
    if comparison.standings is None:
        return ""
    if len(comparison.standings) < 2:
        return _describe_single(comparison)
    (best, _), (second, standing), *others = comparison.standings.items()
    doubts, units = _list_doubts(comparison, standing), f"{comparison.unit}s"
    size = _format_difference(standing)
    if _is_equal(standing) and not is_unreliable(comparison):
        text = f"`{best}` and `{second}` predict left-out {units} equally well: their elpd differs by {size}"
    elif doubts:
        text = (
            f"{_capitalise(comparison.scheme)} does not show whether `{best}` or `{second}` predicts better: "
            f"their elpd differs by {size}, {' and '.join(doubts)}"
        )
    else:
        text = f"`{best}` predicts left-out {units} better than `{second}`: its elpd is higher by {size}"
    chance = (
        f" Of {len(comparison.standings)} runs the best may be best by chance (McLatchie and Vehtari 2024): "
        "do not select one, average their predictions."
    )
    return f"{text}{_describe_others(comparison, others)}.{chance if comparison.may_be_chance else ''}"


def _describe_single(comparison: PredictionComparison) -> str:
    """Return how well a single run predicts."""
    (name, standing), *_ = (comparison.standings or {}).items()
    elpd, error = format_number(standing.elpd, 1), format_number(standing.se, 1)
    units = pluralise(comparison.rows, comparison.unit)
    return (
        f"By {comparison.scheme} the elpd of `{name}` is {elpd} nats (standard error {error}), over {units}."
    )


def describe_ways(comparison: PredictionComparison) -> str:
    """Return how units were predicted whose k-hat was too large; empty where none were repaired."""
    clauses = []
    for name, standing in (comparison.standings or {}).items():
        found = [(count, _WAYS[way]) for way, count in standing.ways.items() if _WAYS.get(way)]
        if found:
            texts = [f"{pluralise(count, comparison.unit)} {how}" for count, how in found]
            left = f", {standing.bad_units:,} could not be" if standing.bad_units else ""
            clauses.append(f"in `{name}` {join_with_and(texts)}{left}")
    return (
        f"Where k-hat was too large, the elpd was found in another way: {'; '.join(clauses)}."
        if clauses
        else ""
    )


def _list_notes(comparison: PredictionComparison) -> Iterator[str]:
    """Yield what there is to say of the left-out units of each run; once what holds for all."""
    names = list(comparison.standings or {})
    for text in dict.fromkeys(text for name in names for text in comparison.notes.get(name, ())):
        whose = [name for name in names if text in comparison.notes.get(name, ())]
        yield (
            text if len(whose) == len(names) else f"{join_with_and([f'`{name}`' for name in whose])}: {text}"
        )


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def describe_trust(comparison: PredictionComparison) -> str:
    """Return whether leave-one-out can be relied on; empty where that is not known."""
    known = [each for each in (comparison.standings or {}).items() if each[1].khat_max is not None]
    if not known:
        return ""
    scheme = _capitalise(comparison.scheme)
    bad = {name: standing for name, standing in known if standing.is_unreliable}
    if not bad:
        standing = max((standing for _, standing in known), key=lambda each: each.khat_max or -math.inf)
        largest, limit = _format_khat(standing)
        return f"{scheme} can be relied on: the largest k-hat is {largest}, and up to {limit} is good."
    clauses = []
    for name, standing in bad.items():
        largest, limit = _format_khat(standing)
        rows = f"{standing.bad_units:,} of {standing.sampled or comparison.rows:,} {comparison.unit}s"
        clauses.append(f"in `{name}` k-hat is above {limit} at {rows} (up to {largest})")
    return f"{scheme} cannot be relied on here: {'; '.join(clauses)}."


def advise(comparison: PredictionComparison) -> str:
    """Return what to do about the comparison; empty where it is clear."""
    if comparison.standings is None or len(comparison.standings) < 2:
        return ""
    (best, _), (second, standing), *_ = comparison.standings.items()
    if is_unreliable(comparison):
        is_first = comparison.scheme == LEAVE_ONE_OUT and not any(
            each.ways for each in comparison.standings.values()
        )
        way = "`workbench compare --repair` finds" if is_first else "`--kfold 10` finds"
        return (
            f"What to do: {way} the elpd of rows with a large k-hat in another way. Look at these rows: are "
            "they errors, or are the tails of the likelihood too light?"
        )
    if _list_doubts(comparison, standing) and not _is_equal(standing):
        return f"What to do: prefer neither `{best}` nor `{second}` for its predictions alone."
    return ""


def is_unreliable(comparison: PredictionComparison) -> bool:
    """Return whether some k-hat of some run is too large."""
    return any(standing.is_unreliable for standing in (comparison.standings or {}).values())


def _list_doubts(comparison: PredictionComparison, standing: Standing) -> tuple[str, ...]:
    """Return why a difference to the best run is not clear."""
    best = next(iter((comparison.standings or {}).values()), None)
    return find_doubts(standing, comparison.rows, best, comparison.unit)


def _is_equal(standing: Standing) -> bool:
    """Return whether a run predicts as the best does."""
    return standing.difference + standing.difference_error < SAME_PREDICTION


def _describe_sample(comparison: PredictionComparison) -> str:
    """Return from how many rows the numbers are estimated, and how well; empty where all were left out."""
    standings = comparison.standings or {}
    sampled = next((standing.sampled for standing in standings.values() if standing.sampled), None)
    if sampled is None:
        return ""
    errors = [standing.difference_sampling_se for standing in standings.values()]
    return (
        f"The numbers are estimated from {format_count(sampled)} of {format_count(comparison.rows)} rows, "
        "chosen at random and the same for all runs. The standard error of a difference by choosing them, "
        f"apart from the one in the table, is at most {format_number(max(errors), 2)} nats."
    )


def _format_difference(standing: Standing) -> str:
    difference, error = (format_number(each, 1) for each in (standing.difference, standing.difference_error))
    return f"{difference} nats (standard error {error})"


def _describe_others(comparison: PredictionComparison, others: Sequence[tuple[str, Standing]]) -> str:
    """Return a clause on the runs after the second: which are clearly worse than the best."""
    clear = [f"`{name}`" for name, standing in others if not _list_doubts(comparison, standing)]
    if len(others) == 1:
        name, standing = others[0]
        if clear:
            return f"; `{name}` is clearly worse than the best, by {_format_difference(standing)}"
        return f"; whether `{name}` is worse than the best is not clear"
    if not others:
        return ""
    verb = "is" if len(clear) == 1 else "are"
    if 0 < len(clear) <= _MOST_NAMED:
        which = "" if len(clear) == len(others) else f"of the other {len(others)}, "
        return f"; {which}{join_with_and(clear)} {verb} clearly worse than the best"
    return f"; of the other {len(others)}, {len(clear) or 'none'} {verb} clearly worse than the best"


def _format_khat(standing: Standing) -> tuple[str, str]:
    """Return the largest k-hat and its limit, told apart."""
    khat, limit = standing.khat_max, standing.khat_limit or math.nan
    if khat is None or not math.isfinite(khat):
        return "infinite" if khat == math.inf else MISSING, f"{limit:.2f}"
    return format_beside_limit(khat, limit, 2)


def _draw(comparison: PredictionComparison) -> Iterator[Figures]:
    """Yield how far the runs are below the best, and which rows make the difference to the second."""
    standings, letters = comparison.standings or {}, comparison.letters
    numbers = [number for each in standings.values() for number in (each.difference, each.difference_se)]
    if not letters or not all(map(math.isfinite, numbers)):
        return
    if len(standings) < 2:
        return
    (best, first), (second, other), *_ = standings.items()
    pairs = [(letters[name], standing) for name, standing in standings.items()]
    drawing = figures.draw_elpd_differences(
        [letter for letter, _ in pairs],
        [-standing.difference for _, standing in pairs],
        [standing.difference_se for _, standing in pairs],
    )
    sizes = [f"{name} {format_number(-standing.difference, 1)}" for name, standing in standings.items()]
    alt = f"Expected log predictive density relative to the best: {', '.join(sizes)}."
    drawn = [Figure(drawing, alt, "All rows together")]
    text = "All rows together: elpd relative to the best, with two standard errors."
    if first.elpd_by_unit is not None and other.elpd_by_unit is not None:
        rows = first.elpd_by_unit - other.elpd_by_unit
        kind = f"{comparison.unit}s" if first.sampled is None else "sampled rows"
        counted = f"predicts {int((rows > 0).sum()):,} of {len(rows):,} {kind} better than"
        share = f"{letters[best]} {counted} {letters[second]}"
        alt = (
            f"Difference in expected log predictive density by {comparison.unit}: {best} {counted} {second}."
        )
        picture = figures.draw_row_differences(rows, letters[best], letters[second], comparison.unit)
        drawn.append(Figure(picture, alt, f"{_capitalise(comparison.unit)} by {comparison.unit}"))
        few = f" The {MAX_ROWS:,} that differ most are drawn." if len(rows) > MAX_ROWS else ""
        by_unit = f"{_capitalise(comparison.unit)} by {comparison.unit}"
        text += f" {by_unit}: {share}, those above the line.{few}"
    names = ", ".join(f"{letter}: `{name}`" for name, letter in letters.items())
    yield Figures("elpd", tuple(drawn), f"{text} {names}.", "medium")


def _build_table(comparison: PredictionComparison) -> TableBlock:
    standings = comparison.standings or {}
    scheme = comparison.scheme
    caption = "leave-one-out cross-validation" if scheme == LEAVE_ONE_OUT else f"{scheme} cross-validation"
    units = f"{comparison.unit}s"
    what = (
        "that are left out one at a time" if scheme == LEAVE_ONE_OUT else "given what a fit without them saw"
    )
    has_khat = any(standing.khat_max is not None for standing in standings.values())
    return TableBlock(
        key="loo-table",
        caption=f"{_capitalise(caption)}, the best first [nats]",
        columns=(
            Column("Run", "name"),
            Column("elpd", "number", help=f"expected log predictive density of {units} {what}"),
            Column("SE", "number"),
            Column(
                "p_loo" if scheme == LEAVE_ONE_OUT else "p", "number", help="effective number of parameters"
            ),
            *(_COMPARED if len(standings) > 1 else ()),
            *(
                (Column("k-hat high", "number", help=f"{units} whose k-hat is above its limit"),)
                if has_khat
                else ()
            ),
            *((Column("Why the difference is not clear", "prose"),) if len(standings) > 1 else ()),
        ),
        rows=tuple(_build_row(comparison, *item, has_khat=has_khat) for item in standings.items()),
        note=_describe_noise(comparison).strip()
        if len(standings) < 2
        else (
            f"{_WEIGHTS[comparison.weights].format(units=units)} P(worse): by the normal distribution of the "
            f"difference. {_describe_noise(comparison)}Small differences and few rows: Sivula et al. (2020), "
            "arXiv:2008.10296."
        ),
    )


_COMPARED = (
    Column("elpd", "number", "Below the best"),
    Column("SE", "number", "Below the best"),
    Column("P(worse)", "number", help="probability that the run predicts worse than the best"),
    Column("Weight", "number"),
)
"""Columns of a run among others."""


def _describe_noise(comparison: PredictionComparison) -> str:
    """Return the Monte Carlo errors of elpd, as a sentence with a space; empty where nothing is known."""
    standings = comparison.standings or {}
    known = [each.mcse for each in standings.values() if each.mcse is not None]
    doubtful = [f"`{name}`" for name, each in standings.items() if each.mcse is None and each.is_unreliable]
    why = "a k-hat is above its limit"
    if not known or not max(known):
        return f"The Monte Carlo standard error of elpd is not known: {why}. " if doubtful else ""
    size = f"{'up to ' if len(known) > 1 else ''}about {format_number(max(known), 2)}"
    unknown = f"; that of {join_with_and(doubtful)} is not known, where {why}" if doubtful else ""
    return f"Monte Carlo standard error of elpd: {size}{unknown}. "


def _build_row(
    comparison: PredictionComparison, name: str, standing: Standing, *, has_khat: bool
) -> tuple[Cell, ...]:
    is_best = standing.p_worse is None
    doubts = "" if is_best else "; ".join(_list_doubts(comparison, standing))
    bad = Cell(f"{standing.bad_units:,}", Tone.CAUTION if standing.is_unreliable else None)
    alone = (
        Cell(name),
        Cell(format_number(standing.elpd, 1), Tone.CAUTION if standing.is_unreliable else None),
        Cell(format_number(standing.se, 1)),
        Cell(format_number(standing.p, 1)),
    )
    if len(comparison.standings or {}) < 2:
        return (*alone, *((bad,) if has_khat else ()))
    return (
        *alone,
        Cell(MISSING if is_best else format_number(standing.difference, 1)),
        Cell(MISSING if is_best else format_number(standing.difference_se, 1)),
        Cell(MISSING if standing.p_worse is None else format_number(standing.p_worse, 2)),
        Cell(MISSING if standing.weight is None else format_number(standing.weight, 2)),
        *((bad,) if has_khat else ()),
        Cell(doubts or MISSING),
    )

"""What is said and shown of a diagnosis of drift."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from workbench.monitoring.drift import DriftDecision, ParameterMove, PredictorShift, list_levels
from workbench.monitoring.drift_diagnosis import DriftDiagnosis
from workbench.provenance import read_workbench_version
from workbench.report import figures
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
    Verdict,
    VerdictReason,
)
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_number,
    format_percentage,
    format_share,
    join_with_and,
    pluralise,
)
from workbench.report.score.words import SCORES

_MOST_DRAWN = 12
_MOST_MOVES = 30
_MOST_ROWS = 15
_MOST_LEVELS = 15
_MOST_NAMED = 3
"""What tables list at most, and what sentences name."""

_ALONE = (
    Column("alone", "number", help="posterior mean by these rows alone, with the program's priors"),
    Column("SD alone", "number"),
    Column(
        "apart",
        "number",
        help="alone less before, in SDs of the difference: a normal score if nothing has changed",
    ),
)
_BY_CHANCE = (
    Column("by chance", "number", help="the SD of such a move if nothing has changed"),
    Column("score", "number", help="moved over by chance: a normal score if nothing has changed"),
)
"""Columns of the table of parameters, where the rows were fitted alone and where not."""

_SHORT = 8
"""Parameters, rows and levels that a terminal lists."""


def describe_drift(diagnosis: DriftDiagnosis) -> tuple[str, ...]:
    """Return what has drifted in sentences, the decision first."""
    return (
        _say_decision(diagnosis),
        *(f"Before anything else: {text[:1].lower()}{text[1:]}" for text in diagnosis.units),
        *_say_evidence(diagnosis),
        _say_refit(diagnosis),
    )


def _say_decision(diagnosis: DriftDiagnosis) -> str:
    decision, version = diagnosis.decision, diagnosis.version
    rows = f"{pluralise(diagnosis.count, 'row')} of {diagnosis.rows}"
    match decision.kind:
        case "rows":
            count = len(decision.odd)
            verb = "does" if count == 1 else "do"
            return (
                f"Drift of single rows: {pluralise(count, 'value')} of {rows} {verb} not fit {version} "
                f"({_list_odd(diagnosis)}); without {'it' if count == 1 else 'them'} the rest is as "
                "predicted."
            )
        case "group":
            level = decision.level
            assert level is not None  # noqa: S101 - a drift of a group has one
            way = "higher" if level.score > 0 else "lower"
            return (
                f"Drift of one group: in {rows} the outcomes of `{level.column}` = {level.level} "
                f"({pluralise(level.rows, 'row')}) are {way} than {version} predicts; the others are as "
                "predicted."
            )
        case "parameter":
            return _say_parameter(decision, rows, version)
        case "noise":
            way = "more" if decision.dispersion > 0 else "less"
            named = "" if decision.move is None else f", which moves `{decision.move.name}`"
            return (
                f"Drift of the noise: {rows} scatter {way} around their predictions than {version} says, "
                "and on "
                f"average lie where it puts them{named}."
            )
        case "predictors":
            names = join_with_and([f"`{shift.name}`" for shift in decision.predictors[:_MOST_NAMED]])
            verb = "differs" if len(decision.predictors) == 1 else "differ"
            return (
                f"Drift of predictors alone: {names} {verb} from the table of {version}; the outcomes of "
                f"{rows} "
                "are as it predicts, given their predictors."
            )
    return f"No drift found: {rows} are as {version} predicts, and their predictors like those of its table."


def _say_parameter(decision: DriftDecision, rows: str, version: str) -> str:
    move = decision.move
    if move is None:
        way = "higher" if decision.location > 0 else "lower"
        return (
            f"Drift of an outcome: in {rows} `{decision.outcome}` is {way} than {version} predicts, and no "
            "parameter of the program stands out by how far it moves."
        )
    if move.apart is not None and move.mean_alone is not None:
        way = "higher" if move.apart > 0 else "lower"
        return (
            f"Drift of a parameter: in {rows} `{move.name}` is {way}: {_show(move.mean_alone, move)} by "
            f"these rows alone, {_show(move.mean_before, move)} by {version}, "
            f"{format_number(abs(move.apart), 1)} standard deviations of chance apart."
        )
    way = "up" if move.in_sd > 0 else "down"
    return (
        f"Drift of a parameter: with {rows}, `{move.name}` moves {way} from {_show(move.mean_before, move)} "
        "to "
        f"{_show(move.mean_after, move)}, by {format_number(abs(move.in_sd), 1)} of its posterior SDs, where "
        f"{format_number(move.by_chance, 1)} is usual by chance."
    )


def _show(value: float, move: ParameterMove) -> str:
    return format_number(value, choose_decimals(move.sd_before))


def _list_odd(diagnosis: DriftDiagnosis) -> str:
    elements = diagnosis.evidence.elements
    named = [
        f"row {elements.rows[place]} of {elements.batches[place]}"
        for place in diagnosis.decision.odd[:_MOST_NAMED]
    ]
    more = len(diagnosis.decision.odd) - len(named)
    return join_with_and([*named, *([f"{more} more"] if more > 0 else [])])


def _say_evidence(diagnosis: DriftDiagnosis) -> Iterator[str]:
    decision = diagnosis.decision
    yield (
        f"Outcomes against predictions: location {format_number(decision.location, 1)} and dispersion "
        f"{format_number(decision.dispersion, 1)}, in standard deviations of chance."
    )
    if decision.kind != "predictors" and decision.predictors:
        names = join_with_and([_say_shift(shift) for shift in decision.predictors[:_MOST_NAMED]])
        yield f"Predictors differ from the fit's table too: {names}."
    elif decision.predictors:
        names = join_with_and([_say_shift(shift) for shift in decision.predictors[:_MOST_NAMED]])
        yield f"They differ so: {names}."
    if decision.kind != "rows" and len(decision.odd):
        yield f"Single values stand out as well: {_list_odd(diagnosis)}."
    for scores in diagnosis.outcomes:
        if "log_density" in scores.measures:
            before, after = scores.measures["log_density"]
            yield (
                f"Per value of `{scores.outcome}` the log predictive density is {format_number(before)} "
                "before and "
                f"{format_number(after)} once these rows are learned; the latter has seen them."
            )


def _say_shift(shift: PredictorShift) -> str:
    if shift.level:
        shares = f"{format_percentage(shift.before, 0)} to {format_percentage(shift.after, 0)}"
        return f"the share of `{shift.name}` = {shift.level} goes from {shares}"
    location = f"`{shift.name}` moves by {format_number(shift.in_sd, 2)} SD"
    return f"{location}, its SD by a factor of {format_number(shift.spread, 2)}"


def _say_refit(diagnosis: DriftDiagnosis) -> str:
    name = diagnosis.model
    advice = {
        "rows": f"Look at these rows before anything is fitted: `workbench refit {name} DATA` would learn "
        "them too",
        "group": "If the group is to be followed, fit again with these rows: "
        f"`workbench refit {name} DATA --update`",
        "predictors": "The model need not be fitted again for that; rows like these are fewer in its table, "
        "so "
        "that its predictions of them are less certain",
        "none": "There is nothing to fit again for",
    }
    usual = (
        f"`workbench refit {name} DATA --update` gives the posterior after; where the old rows are "
        "of the "
        f"past, `workbench refit {name} DATA` fits the new ones alone, and `--prior-from 'champion:SD*2'` "
        "lets the "
        "old posterior count for less"
    )
    return f"{advice.get(diagnosis.decision.kind, usual)}."


def describe_way(diagnosis: DriftDiagnosis) -> str:
    """Return how the posterior after was found."""
    khat = "" if diagnosis.khat is None else f" (k-hat {format_number(diagnosis.khat, 2)})"
    if diagnosis.way == "weights":
        return f"its draws weighted by these rows{khat}"
    because = f", as weights of its draws would not do{khat}" if khat else ""
    return f"its program fitted to its own rows and these{because}"


def build_drift_page(diagnosis: DriftDiagnosis) -> Document:
    """Return the page that `workbench diagnose-drift` prints."""
    return Document(
        title=f"drift of {diagnosis.version}",
        subtitle=f"{diagnosis.rows}, {pluralise(diagnosis.count, 'row')}",
        opening=describe_drift(diagnosis),
        sections=tuple(_build_sections(diagnosis, _SHORT, _SHORT, _SHORT)),
        kicker="Drift",
    )


def build_drift_report(diagnosis: DriftDiagnosis) -> Document:
    """Return a diagnosis of drift as a document."""
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    first, *others = describe_drift(diagnosis)
    kind = diagnosis.decision.kind
    tone = Tone.OK if kind == "none" else Tone.CAUTION if kind in ("predictors", "rows") else Tone.FAIL
    return Document(
        title=diagnosis.version,
        subtitle=f"{diagnosis.rows}, {pluralise(diagnosis.count, 'row')}",
        byline=f"Written {now} by workbench {read_workbench_version()}",
        verdict=Verdict(tone, first, tuple(VerdictReason(text) for text in others)),
        sections=(
            *_draw_moves(diagnosis),
            *_build_sections(diagnosis, _MOST_MOVES, _MOST_ROWS, _MOST_LEVELS),
        ),
        kicker="Diagnosis of drift",
    )


def _draw_moves(diagnosis: DriftDiagnosis) -> Iterator[Section]:
    """Yield a picture of the posteriors that move most."""
    moves = [move for move in diagnosis.evidence.moves if move.sd_before > 0][:_MOST_DRAWN]
    if not moves:
        return
    what = "with these rows" if diagnosis.reason else "these rows alone"
    drawn = [_describe_move(move) for move in moves]
    drawing = figures.draw_moves(drawn, what)
    alt = "; ".join(f"{each.name} moves by {format_number(each.mean, 1)} SD" for each in drawn)
    explanation = (
        f"Posterior means with 95% intervals before, and {what}, each on the scale of the one before. "
        "Within the grey bar lie 95% of the means if nothing has changed."
    )
    picture = Figure(drawing, f"{alt}.", "Posteriors before and after")
    yield Section(
        "posteriors", "Before and after", (Figures("posterior-moves", (picture,), explanation, "medium"),)
    )


def _describe_move(move: ParameterMove) -> figures.MovedPosterior:
    if move.mean_alone is None or move.sd_alone is None:
        return figures.MovedPosterior(move.name, move.in_sd, move.sd_after / move.sd_before, move.by_chance)
    distance, ratio = (move.mean_alone - move.mean_before) / move.sd_before, move.sd_alone / move.sd_before
    return figures.MovedPosterior(move.name, distance, ratio, math.hypot(1, ratio))


def _build_sections(diagnosis: DriftDiagnosis, moves: int, rows: int, levels: int) -> Iterator[Section]:
    yield Section("parameters", "Which parameters move?", _tabulate_moves(diagnosis, moves))
    yield Section("predictions", "How well are these rows predicted?", tuple(_tabulate_scores(diagnosis)))
    if diagnosis.evidence.predictors:
        yield Section("predictors", "Which predictors differ?", (_tabulate_predictors(diagnosis),))
    ranked = list_levels(diagnosis.evidence)[:levels]
    if ranked:
        columns = (
            Column("column", "name"),
            Column("level", "name"),
            Column("rows", "number"),
            Column("score", "number", help="the sum of normal scores of its outcomes [SDs of chance]"),
        )
        cells = tuple(
            (Cell(each.column), Cell(each.level), Cell(str(each.rows)), Cell(format_number(each.score, 1)))
            for each in ranked
        )
        yield Section("groups", "Which groups?", (TableBlock("groups", "", columns, cells),))
    yield Section("rows", "Which rows?", (_tabulate_rows(diagnosis, rows),))


def _tabulate_moves(diagnosis: DriftDiagnosis, most: int) -> tuple[Block, ...]:
    moves = diagnosis.evidence.moves
    if not moves:
        return (Notice("No parameter has an SD before and after."),)
    is_alone = not diagnosis.reason
    columns = (
        Column("parameter", "name"),
        Column("before", "number", help=f"posterior mean of {diagnosis.version}"),
        Column("SD before", "number"),
        *(_ALONE if is_alone else ()),
        Column("after", "number", help="posterior mean with these rows"),
        Column("SD after", "number"),
        Column("moved", "number", help="from before to after, in posterior SDs before"),
        *(() if is_alone else _BY_CHANCE),
    )
    rows = tuple(
        (
            Cell(move.name),
            Cell(_show(move.mean_before, move)),
            Cell(_show(move.sd_before, move)),
            *(_tell_alone(move) if is_alone else ()),
            Cell(_show(move.mean_after, move)),
            Cell(_show(move.sd_after, move)),
            Cell(format_number(move.in_sd, 2)),
            *(
                ()
                if is_alone
                else (Cell(format_number(move.by_chance, 2)), Cell(format_number(move.score, 1)))
            ),
        )
        for move in moves[:most]
    )
    left_out = len(moves) - len(rows)
    note = f"after: {describe_way(diagnosis)}"
    note += (
        f"; the rows could not be fitted alone: {diagnosis.reason.rstrip('.')}" if diagnosis.reason else ""
    )
    note += f"; {left_out:,} that moved less are left out" if left_out > 0 else ""
    return (TableBlock("moves", "", columns, rows, note=note),)


def _tell_alone(move: ParameterMove) -> tuple[Cell, ...]:
    if move.mean_alone is None or move.sd_alone is None or move.apart is None:
        return (Cell(MISSING), Cell(MISSING), Cell(MISSING))
    return (
        Cell(_show(move.mean_alone, move)),
        Cell(_show(move.sd_alone, move)),
        Cell(format_number(move.apart, 1)),
    )


def _tabulate_scores(diagnosis: DriftDiagnosis) -> Iterator[Block]:
    for number, scores in enumerate(diagnosis.outcomes):
        columns = (Column("score"), Column("before", "number"), Column("after", "number"))
        rows = tuple(
            (Cell(_name_score(name)), Cell(format_number(before)), Cell(format_number(after)))
            for name, (before, after) in scores.measures.items()
        )
        caption = f"`{scores.outcome}`" if len(diagnosis.outcomes) > 1 else ""
        yield TableBlock(f"scores-{number}", caption, columns, rows)
    yield Paragraph(
        "The posterior after has seen these rows, and predicts them better than it would new ones."
    )


def _name_score(name: str) -> str:
    for start, what in (("coverage_", "share within"), ("width_", "width of")):
        if name.startswith(start):
            return f"{what} {name.removeprefix(start)}% intervals"
    return SCORES.get(name, (name.replace("_", " "), ""))[0]


def _tabulate_predictors(diagnosis: DriftDiagnosis) -> TableBlock:
    columns = (
        Column("predictor", "name"),
        Column("fit's table", "number", help="the mean, or the share of a level"),
        Column("these rows", "number"),
        Column("difference", "number", help="of means, in SDs of the fit's table"),
        Column("ratio of SDs", "number"),
        Column("p-value", "number", help="Kolmogorov and Smirnov's test, or Pearson's of levels"),
    )
    rows = tuple(
        (
            Cell(f"{shift.name} = {shift.level}" if shift.level else shift.name),
            Cell(format_percentage(shift.before, 1) if shift.level else format_number(shift.before)),
            Cell(format_percentage(shift.after, 1) if shift.level else format_number(shift.after)),
            Cell(MISSING if math.isnan(shift.in_sd) else format_number(shift.in_sd, 2)),
            Cell(MISSING if math.isnan(shift.spread) else format_number(shift.spread, 2)),
            Cell(format_share(shift.p_value)),
        )
        for shift in diagnosis.evidence.predictors
    )
    return TableBlock("predictor-shifts", "", columns, rows)


def _tabulate_rows(diagnosis: DriftDiagnosis, most: int) -> TableBlock:
    elements = diagnosis.evidence.elements
    distances = np.nan_to_num(np.abs(elements.distances), nan=-1.0)
    order = np.lexsort((-distances, -np.abs(elements.scores)))[:most]
    order = order[np.argsort(-distances[order], kind="stable")]
    columns = (
        Column("row", "number"),
        Column("of", "name"),
        Column("outcome", "name", drop_order=1),
        Column("observed", "number"),
        Column("predicted", "number"),
        Column("SD", "number"),
        Column("distance", "number", help="from the predictive mean [predictive SDs]"),
        Column("mean after", "number", drop_order=2),
    )
    rows = tuple(
        (
            Cell(str(elements.rows[place])),
            Cell(str(elements.batches[place])),
            Cell(str(elements.outcome[place])),
            *(
                Cell(MISSING if math.isnan(value) else format_number(float(value)))
                for value in (elements.observed[place], elements.mean[place], elements.sd[place])
            ),
            Cell(MISSING if distances[place] < 0 else format_number(float(elements.distances[place]), 1)),
            Cell(
                MISSING
                if math.isnan(elements.mean_after[place])
                else format_number(float(elements.mean_after[place]))
            ),
        )
        for place in order
    )
    return TableBlock("odd-rows", "", columns, rows)

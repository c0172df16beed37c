"""What is said of scores in sentences, the answer first."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from workbench.prediction.mixture import METHOD
from workbench.prediction.scores import ScoredOutcome, ScoredSteps, ScoredTable, compare_with_own
from workbench.prediction.scores.measures import Measure, PairedDifference
from workbench.report.numbers import format_count, format_number, format_percentage, pluralise
from workbench.report.score.words import name_method, say_with_error
from workbench.thresholds import ELPD_STANDARD_ERRORS

_FEW = 20
"""Values of which a share is said as a count."""

_SAME = 1e-9
"""A standard error of so small a share of a score is one of equal rows, rounded."""

_WORDS = ("nuts", "laplace", "pathfinder")
"""The methods that average over draws."""


def describe_table(table: ScoredTable) -> tuple[str, ...]:
    """Return what the scores of a table come to, in sentences."""
    sentences: list[str] = []
    for scored in table.outcomes:
        sentences += _describe_outcome(scored, table)
    if table.is_own:
        sentences.insert(1, "The fit was made with these very rows: it predicts them better than new ones.")
    sentences[1:1] = table.remarks
    if table.left_out:
        rows = pluralise(table.left_out, "row")
        verb = "was" if table.left_out == 1 else "were"
        sentences.append(f"{rows} without an outcome {verb} left out.")
    sentences += [f"{name_method(one.method)} was not scored: {one.reason}" for one in table.unscored]
    return tuple(sentences)


def _describe_outcome(scored: ScoredOutcome, table: ScoredTable) -> Iterator[str]:
    yield _say_how_well(scored, table)
    yield from _explain_steps(scored, table.steps)
    if scored.leading.is_plug_in:
        yield (
            f"These are predictions by the {name_method(scored.leading.method)} alone: its own uncertainty "
            "is left out."
        )
    elif scored.leading.remark:
        yield scored.leading.remark
    if scored.leading.is_censored:
        yield f"`{scored.leading.name}` may be censored, so that only its log density is scored."
    if not scored.leading_measures[scored.density].count:
        yield f"The program gives no log density of single values of `{scored.leading.name}`."
    if scored.impossible:
        count = pluralise(scored.impossible, "outcome")
        what = "average" if scored.leading.method == METHOD else "fit"
        yield f"The {what} gives {count} a density of 0, so that the mean log density is −∞."
    if table.steps is None:
        yield from _explain_no_error(scored)
    if not table.is_own:
        yield from _compare_with_own_rows(scored)
    yield from _say_gains(scored)
    yield from describe_tails(scored)


def _explain_no_error(scored: ScoredOutcome) -> Iterator[str]:
    """Yield why scores have no standard error, where that is so."""
    rows = len(np.unique(scored.leading.elements.rows))
    density = scored.leading_measures[scored.density]
    if rows == 1:
        yield "One row tells nothing about others: its scores have no standard errors."
    elif density.count and math.isfinite(density.value) and density.se <= _SAME * abs(density.value):
        yield (
            "All rows have the same density: standard errors are 0, and say nothing about rows that differ."
        )


def _explain_steps(scored: ScoredOutcome, steps: ScoredSteps | None) -> Iterator[str]:
    """Yield what rows that follow those of the fit were predicted from, and which are missing."""
    if steps is None:
        return
    if steps.is_path:
        yield "Forecasts from one row err together: their scores have no standard errors."
        return
    densities = scored.leading.elements.log_density
    count = len(np.unique(scored.leading.elements.rows))
    yield (
        "What the fit knew is updated by each new row with importance weights, so that the log densities add "
        f"up to that of these rows together given those of the fit, {format_number(float(densities.sum()))}."
    )
    if count < steps.count:
        missing = steps.count - count
        last = "The last row is" if missing == 1 else f"The last {format_count(missing)} rows are"
        yield (
            f"{last} not scored: the rows before changed the posterior too much for importance weights "
            "(k-hat). Fit again with those rows."
        )


def _say_which(count: int, table: ScoredTable) -> str:
    """Return which rows were scored, and what they were predicted from."""
    noun = "row" if count == 1 else "rows"
    number = format_count(count)
    if table.steps is None:
        return f"On the fit's own {number} {noun}" if table.is_own else f"On {number} new {noun}"
    following = f"the {number} {noun} that follow{'s' if count == 1 else ''}"
    if table.steps.is_one_step:
        return f"One step ahead, each given all rows before it: on {following}"
    ahead = "1 step" if count == 1 else f"1 to {number} steps"
    return f"Forecast {ahead} ahead, without seeing the rows between: on {following}"


def _say_how_well(scored: ScoredOutcome, table: ScoredTable) -> str:
    """Return the first sentence: rows, density, and what else matters for the kind of outcome."""
    measures = scored.leading_measures
    elements = scored.leading.elements
    rows = len(np.unique(elements.rows))
    values = "" if rows == len(elements) else f" ({format_count(len(elements))} values)"
    of_which = f" of `{scored.leading.name}`" if len(table.outcomes) > 1 else ""
    density = measures[scored.density]
    clauses = []
    if density.count:
        clauses.append(_say_density(scored, density, of_which, rows))
    clauses += _say_more(scored, "" if density.count else of_which)
    return f"{_say_which(rows, table)}{values} {'; '.join(clauses)}."


def _say_density(scored: ScoredOutcome, density: Measure, of_which: str, rows: int) -> str:
    """Return the log predictive density: of values, of whole rows, or of the table as one outcome."""
    whole = scored.leading.whole
    if scored.density == "log_density" or whole is None:
        unit = "row" if rows == len(scored.leading.elements) else "value"
        return f"the log predictive density{of_which} is {_say(density)} per {unit}"
    if whole.is_of_table:
        return f"the log predictive density of all counts{of_which} together is {_say(density)}"
    return f"the joint log predictive density{of_which} is {_say(density)} per row"


def _say_more(scored: ScoredOutcome, of_which: str) -> list[str]:
    measures = scored.leading_measures
    if scored.leading.kind == "yes/no":
        brier, accuracy = measures["brier"], measures["accuracy"]
        return [
            f"the Brier score{of_which} is {_say(brier)}",
            f"at a threshold of {scored.threshold:g}, {_share(accuracy)} are classified rightly",
        ]
    if scored.leading.categories:
        return [f"the most probable category{of_which} is the observed one in {_share(measures['accuracy'])}"]
    coverage = measures["coverage_95"]
    if coverage.count:
        return [f"95% intervals{of_which} hold {_share(coverage)}"]
    return [f"the RMSE{of_which} is {_say(measures['rmse'])}"] if measures["rmse"].count else []


def _say(measure: Measure) -> str:
    return say_with_error(measure.value, measure.se)


def _share(measure: Measure) -> str:
    if measure.count < _FEW:
        return f"{round(measure.value * measure.count)} of {measure.count}"
    return f"{format_percentage(measure.value, 0)} of them"


def _compare_with_own_rows(scored: ScoredOutcome) -> Iterator[str]:
    """Yield how the log density of new rows compares with that of the fit's own."""
    own, new = scored.own, scored.leading_measures[scored.density]
    density = None if own is None else own.measures.get(scored.density)
    if own is None or density is None or not density.count or not new.count:
        return
    if not own.is_left_out:
        yield (
            f"The fit's own rows have {_say(density)}; as it has seen them, that is more than it would be "
            "for new rows like them."
        )
        return
    sentence = f"The fit's own rows, each predicted from the others, have {_say(density)}"
    difference = compare_with_own(scored)
    if difference is not None and math.isfinite(difference.value):
        direction = "lower" if difference.value > 0 else "higher"
        size = say_with_error(abs(difference.value), difference.se)
        sentence += f": that of the new rows is {direction} by {size}{_doubt(difference)}"
    doubt = f" Its k-hat is too large at {pluralise(own.bad_rows, 'row')}." if own.bad_rows else ""
    yield f"{sentence}.{doubt}"


def _say_gains(scored: ScoredOutcome) -> Iterator[str]:
    """Yield what averaging over the posterior gains over each point, and averaging runs over each run."""
    is_average = scored.leading.method == METHOD
    if scored.leading.method not in (*_WORDS, METHOD):
        return
    for method, gains in scored.gains.items():
        gain = gains.get(scored.density)
        if gain is None or (is_average and gain.value == 0):  # the average is this run
            continue
        verb = "gains" if gain.value >= 0 else "loses"
        size = say_with_error(abs(gain.value), gain.se)
        what = "On these rows averaging" if is_average else "Averaging over the posterior"
        other = f"`{method}` alone" if is_average else f"plugging in the {name_method(method)}"
        yield f"{what} {verb} {size} per row over {other}{_doubt(gain)}."


def _doubt(difference: PairedDifference) -> str:
    """Return that a difference is not clear, where it is within two standard errors of 0."""
    is_clear = abs(difference.value) > ELPD_STANDARD_ERRORS * difference.se
    return "" if is_clear or math.isnan(difference.se) else ", which is no clear difference"


def describe_tails(scored: ScoredOutcome) -> Iterator[str]:
    """Yield how many rows lie in the tails of their predictions, and how many do so by chance."""
    total = int((~np.isnan(scored.leading.elements.tail_area)).sum())
    counts = [count for count in scored.tails if count.expected >= 1] or list(scored.tails[:1])
    if not counts:
        return
    count = counts[-1]
    by_chance = format_number(count.expected, 0 if count.expected >= 10 else 1)
    unit = "rows" if total == len(np.unique(scored.leading.elements.rows)) else "values"
    # The tail area of a discrete outcome takes few values, so that fewer lie below a limit.
    by_chance = f"about {by_chance}" if scored.leading.kind == "continuous" else f"{by_chance} or fewer"
    verb = "has" if count.found == 1 else "have"
    yield (
        f"{format_count(count.found)} of {format_count(total)} {unit} {verb} a tail area of "
        f"{count.area:g} or less; if the model is right, {by_chance} are expected by chance "
        f"({format_number(1000 * count.area)} in 1,000)."
    )

"""What is said of where a monitor stands, in sentences, the answer first."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workbench.monitoring.account import MonitorAccount
from workbench.monitoring.detector import SHIFTS
from workbench.monitoring.outcomes import DISPERSION, LOG_SCORE, MEAN
from workbench.monitoring.state import Period
from workbench.report.monitor.words import name_arrow, name_batch, say_moved, split_outcome
from workbench.report.numbers import format_count, format_number, format_percentage, join_with_and, pluralise

_MOST_ROWS = 3
"""Rows that are named in a sentence."""

_CLOSE = 0.05
"""The share of the threshold from which on it is said what leads."""

_LARGEST_SCORE = 3.5
"""The normal score of a batch that is certainly seen: transforms are computed from some thousand draws."""

_LARGEST_SHIFT, _PRECISION = 1_000.0, 1e-3
"""Moves of a statistic among which the smallest that is found is sought [its SDs]."""

_SOON = 10
"""Batches within which a shift is called found soon."""


def describe_account(account: MonitorAccount) -> tuple[str, ...]:
    """Return where a monitor stands in sentences, the answer first."""
    sentences = [*(_describe_alarm(account) if account.is_alarm else _describe_calm(account))]
    if account.is_repeated and account.batch is not None:
        known = f"These rows were recorded before, as {name_batch(account.batch)}: nothing has changed."
        sentences.insert(0, known)
    sentences += account.remarks
    sentences += _describe_batch(account)
    return tuple(sentences)


def say_headline(account: MonitorAccount) -> str:
    """Return the first sentence."""
    sentences = describe_account(account)
    return sentences[1 if account.is_repeated else 0]


def _describe_alarm(account: MonitorAccount) -> Iterator[str]:
    period, finding, onset = account.period, account.finding, account.onset
    assert finding is not None  # noqa: S101 - an alarm is about something
    assert onset is not None  # noqa: S101 - likewise
    standing = period.standing
    raised = period.watched[finding.place]
    moved = say_moved(
        finding,
        list_outcomes(period),
        period.reference,
        unordered=raised.event.unordered,
        is_reference=period.begun.mode == "reference",
    )
    yield f"Alarm: {moved}, most likely since {name_batch(onset)}."
    if finding.family == "predictors":
        yield (
            "This is a change of predictors, not of the model: its predictions of such rows may hold as well "
            "as ever, but fewer rows of its own table are like them."
        )
    value = math.exp(min(700.0, float(standing.log_value[finding.place])))
    now = ""
    if finding.place < len(standing.log_value) - 1:
        now = f", and stands at {format_number(standing.value)} now"
    yield (
        f"The detector reached {format_number(value)} with {name_batch(raised)}, above its threshold of "
        f"{format_number(standing.arl)}{now}: while nothing changes, the first alarm comes after "
        f"{format_number(standing.arl)} batches or more in expectation, and within {finding.place + 1} with "
        f"a probability of at most {format_percentage(_bound(finding.place + 1, standing.arl), 1)}."
    )
    others = [f"`{name}` ({name_arrow(direction)})" for name, direction in finding.others]
    if others:
        yield (
            f"The {finding.family} lead, by `{finding.statistic}` ({name_arrow(finding.direction)}); next "
            f"come {join_with_and(others)}."
        )
    if account.rows:
        rows = [_say_row(account, place) for place in range(min(_MOST_ROWS, len(account.rows)))]
        yield f"The rows that contribute most: {'; '.join(rows)}."
    name = period.begun.name
    yield (
        f"`workbench diagnose-drift {name}` puts the posterior before and after side by side; `workbench "
        "refit "
        f"{name} DATA` fits the model anew; `workbench monitor {name} --acknowledge REASON` ends the alarm."
    )


def _bound(batches: int, arl: float) -> float:
    return min(1.0, batches / arl)


def _say_row(account: MonitorAccount, place: int) -> str:
    item = account.rows[place]
    row = item.row
    decimals = None
    found = f"`{row.outcome}` {format_number(row.observed, decimals)}"
    ends = f"{format_number(row.lower)} to {format_number(row.upper)}"
    return f"row {row.row} of batch {item.batch} ({found}, predicted {format_number(row.mean)}, {ends})"


def _describe_calm(account: MonitorAccount) -> Iterator[str]:
    period = account.period
    standing, watched = period.standing, period.watched
    if not watched:
        since = ""
        if period.acknowledgements:
            last = period.acknowledgements[-1]
            since = f" since the alarm that {last.author or 'somebody'} acknowledged ({last.reason})"
        yield f"No alarm, and nothing to raise one: no batch of {period.reference} has counted{since}."
        return
    rows = sum(batch.event.rows for batch in watched)
    against = (
        "the reference period" if period.begun.mode == "reference" else f"what {period.reference} predicts"
    )
    yield (
        f"No alarm: in {pluralise(len(watched), 'batch')} with "
        f"{pluralise(rows, 'row')} nothing differs clearly from {against}."
    )
    highest = standing.highest
    most = f", and was at most {format_number(highest)}" if highest > standing.value else ""
    yield (
        f"The detector stands at {format_number(standing.value)}{most}; its threshold is "
        f"{format_number(standing.arl)}."
    )
    leading = standing.leading
    if leading is not None and standing.value >= _CLOSE * standing.arl:
        onset = watched[leading.onset]
        yield (
            f"Closest to an alarm is `{leading.statistic}` ({name_arrow(leading.direction)} since "
            f"{name_batch(onset)})."
        )
    yield f"Watched: {describe_watched(period)}."
    yield describe_blindness(period)


def describe_watched(period: Period) -> str:
    """Return what is watched."""
    texts = []
    for each in period.standing.families:
        if each.family == "outcomes":
            outcomes = list_outcomes(period)
            names = [split_outcome(name, outcomes)[1] for name in each.names]
            plain = [name for name in (LOG_SCORE, MEAN, DISPERSION) if name in names]
            parameters = sum(name not in plain for name in names)
            pulls = [f"the pull on {pluralise(parameters, 'parameter')}"] if parameters else []
            texts.append(f"of outcomes {join_with_and([*plain, *pulls])}")
        else:
            texts.append(f"of predictors {pluralise(len(each.names), 'statistic')}")
    missing = [family for family in period.begun.families if family not in _list_families(period)]
    if missing:
        texts.append(f"nothing yet of {join_with_and(missing)}")
    return "; ".join(texts)


def _list_families(period: Period) -> list[str]:
    return [each.family for each in period.standing.families]


def describe_blindness(period: Period) -> str:
    """Return what the monitor could not have seen.

    A statistic that is shifted by ``d`` standard deviations from some batch on raises the log of its detector
    by ``d^2 / 2`` a batch, from which its share in the average is to be taken.
    """
    batches = [batch.event.with_outcome for batch in period.watched if batch.event.with_outcome]
    families = {each.family: each for each in period.standing.families}
    slow = "What moves so slowly that the posterior learns it from batch to batch is followed, not found"
    if period.begun.mode == "reference":
        slow = "What the reference period had too is not found"
    if not batches or "outcomes" not in families:
        return f"{slow}."
    outcomes = families["outcomes"]
    rows = sorted(batches)[len(batches) // 2]
    learned = period.begun.fitted + sum(batch.event.with_outcome for batch in period.learned)
    if period.begun.mode == "reference":  # rows of all earlier batches are compared with, as those of it
        learned = period.begun.reference_rows + sum(batches)
    shift = find_smallest_shift(
        rows,
        learned,
        period.begun.arl,
        float(outcomes.detector.weights[outcomes.names.index(MEAN)]) / len(period.begun.families)
        if MEAN in outcomes.names
        else float(outcomes.detector.weights.max()),
    )
    return (
        f"With {format_count(rows)} rows a batch, an outcome that moves by {format_number(shift, 2)} of its "
        f"predictive SD more likely than not raises an alarm within {_SOON} batches; a smaller move takes "
        f"longer, if it is found at all. {slow}."
    )


def find_smallest_shift(rows: int, learned: int, arl: float, share: float) -> float:
    """Return the smallest move of an outcome's mean that is found within a few batches [predictive SDs].

    From the batch on that brings it, the normal score of the mean has the expectation ``m[t]``, which shrinks
    as the posterior learns; the log of the detector of a shift ``d`` grows by ``d m[t] - d^2 / 2`` in
    expectation, most of all for the mean of ``m``.

    Parameters
    ----------
    rows
        Rows of a batch.
    learned
        Rows that the posterior has learned from before, or that batches are compared with.
    arl
        The average run length.
    share
        The share of the statistic in the detector.

    >>> round(find_smallest_shift(100, 10**9, 1000, 1 / 12), 2)
    0.15
    >>> round(find_smallest_shift(100, 300, 1000, 1 / 12), 2)
    0.35
    """
    needed = math.log(arl) - math.log(share / (2 * len(SHIFTS)))
    known = [learned + batch * rows for batch in range(_SOON)]
    kept = [learned / max(1, each) / math.sqrt(1 + rows / max(1, each)) for each in known]
    low, high = 0.0, _LARGEST_SHIFT
    while high - low > _PRECISION:
        middle = (low + high) / 2
        scores = [min(_LARGEST_SCORE, middle * share_kept) for share_kept in kept]
        sums = [sum(scores[:batch]) ** 2 / (2 * batch) for batch in range(1, _SOON + 1)]
        low, high = (low, middle) if max(sums) >= needed else (middle, high)
    return high / math.sqrt(rows)


def list_outcomes(period: Period) -> list[str]:
    """Return the outcomes that batches had."""
    return list(dict.fromkeys(name for batch in period.batches for name in batch.event.outcomes))


def _describe_batch(account: MonitorAccount) -> Iterator[str]:
    """Yield what is to be known about the batch of this command."""
    batch = account.batch
    if batch is None:
        return
    event = batch.event
    if event.window:
        window = account.state.windows[event.window - 1]
        yield (
            f"Batch {batch.number} is suppressed ({window.reason}; {window.start[:16]} to {window.end[:16]} "
            "UTC): it is recorded, counts for nothing, and nothing is learned from it."
        )
    if event.is_late:
        yield (
            f"Batch {batch.number} is of {event.time[:16]} UTC, before one that came earlier: it counts in "
            "the "
            "order in which it came."
        )
    yield from (f"{remark[0].upper()}{remark[1:]}" for remark in event.remarks)
    refit = next((each for each in account.period.refits if each.run == event.base), None)
    if refit is not None and refit.batches == batch.number - 1:
        verdict = f", with the verdict {refit.verdict}" if refit.verdict not in ("", "ok") else ""
        if refit.verdict == "fail":
            verdict += " (what is said of batches since rests on draws that its checks doubt)"
        yield (
            f"Before it, the program was fitted to the rows of {account.period.reference} and of the batches "
            f"so far{verdict}, as weights of the draws would not do: {refit.reason}."
        )
    if event.is_learned and event.weights_reason:
        yield (
            "Before the next batch the program will be fitted to all rows so far: with batch "
            f"{batch.number}, {event.weights_reason}."
        )

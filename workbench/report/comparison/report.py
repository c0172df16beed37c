"""The comparison of runs: estimates, predictions, and everything in which the runs differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from workbench.comparison.predictions import PredictionComparison, compare
from workbench.errors import RequestError
from workbench.evidence.bayes_factors import EvidenceComparison
from workbench.likelihood.criteria import CriteriaComparison, compute_criteria
from workbench.provenance import read_workbench_version
from workbench.report.comparison import criteria, differences, estimates, evidence, prediction, rows, runs
from workbench.report.document import Document, Items, Section, Tone, Verdict, VerdictReason
from workbench.report.fit.verdict import list_reasons
from workbench.report.numbers import join_with_and
from workbench.results import Fit
from workbench.results.view import DiagnosisResult, Results

FEWEST_RUNS, MOST_RUNS = 2, 26
"""How many runs can be compared: as many as there are letters for them in drawings."""

_MOST_SIDE_BY_SIDE = 8
"""How many runs' estimates fit side by side: those that predict best."""

_MOST_NAMED = 2
"""Runs that the title names; of more, it gives their number."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
"""A number in a sentence."""

_UNCHECKED = "unchecked"
"""Stands for the verdict of a run that has none."""

_SENTENCES = {
    "fail": "Some of these runs cannot be relied on.",
    _UNCHECKED: "Some of these runs were not checked.",
    "caution": "These runs can be compared, with the reservations below.",
    "ok": "The checks found no problem with any of these runs.",
}
"""What the worst verdict means for the comparison, from the worst on."""

_RESERVATIONS = "The checks of some of these runs have reservations, which follow."
"""What is said in the place of that runs can be compared, where they have different outcomes."""

_REMARKS = "These runs can be compared, as far as they were checked; the report of each has its tips."
"""What is said instead of no problem where a check has a tip or was left out."""


def build_comparison_report(
    fits: Mapping[str, Fit],
    predictions: PredictionComparison | None = None,
    evidences: EvidenceComparison | None = None,
    criterion: CriteriaComparison | None = None,
) -> Document:
    """Return a document that shows runs side by side.

    Parameters
    ----------
    fits
        The runs by short names; all others are compared with the first.
    predictions
        How well they predict, where that is known already.
    evidences
        Their log evidences, where these are wanted.
    criterion
        Their information criteria, where these are known already.

    Raises
    ------
    RequestError
        There are too few or too many runs.
    """
    if not FEWEST_RUNS <= len(fits) <= MOST_RUNS:
        raise RequestError(f"{FEWEST_RUNS} to {MOST_RUNS} runs can be compared, found {len(fits)}.")
    results = {name: fit.results for name, fit in fits.items()}
    predictions = predictions or compare(fits)
    criterion = criterion or compute_criteria(fits)
    shown = _choose_side_by_side(fits, predictions)
    warning = _warn_of_failures(results)
    models = list(dict.fromkeys(run.model.name for run in results.values()))
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    return Document(
        title=" and ".join(fits) if len(fits) <= _MOST_NAMED else f"{len(fits)} runs",
        subtitle=f"side by side: {join_with_and(models)}",
        byline=f"Written {now} by workbench {read_workbench_version()}",
        verdict=_build_verdict(results, predictions),
        sections=(
            prediction.build_section(predictions, warning),
            *filter(None, (rows.build_section(fits, predictions),)),
            *((evidence.build_section(evidences),) if evidences is not None else ()),
            *filter(None, (criteria.build_section(criterion),)),
            estimates.build_section(shown, are_unlike=_are_unlike(results, predictions), warning=warning),
            *filter(None, (_list_obstacles(fits, shown, predictions, evidences, criterion),)),
            runs.build_section(results),
            differences.build_section({name: results[name] for name in shown}),
        ),
        kicker="Comparison of runs",
    )


def _choose_side_by_side(fits: Mapping[str, Fit], predictions: PredictionComparison) -> dict[str, Fit]:
    """Return the runs whose estimates are set side by side: all, or those that predict best."""
    best = list(dict.fromkeys([*(predictions.standings or ()), *fits]))[:_MOST_SIDE_BY_SIDE]
    return {name: fit for name, fit in fits.items() if name in best}


def _list_obstacles(
    fits: Mapping[str, Fit],
    shown: Mapping[str, Fit],
    predictions: PredictionComparison,
    evidences: EvidenceComparison | None,
    criterion: CriteriaComparison,
) -> Section | None:
    """Return what is not compared, and why; `None` where everything is."""
    texts = []
    if predictions.obstacle:
        texts.append(f"Predictions: {predictions.obstacle}")
    texts += [f"Predictions: {reason}" for reason in predictions.missing.values()]
    if evidences is not None:
        reasons = (
            f"`{name}`: {each.reason}" for name, each in evidences.evidences.items() if not each.is_known
        )
        texts += [f"Evidence: {text}" for text in (evidences.obstacle, *reasons) if text]
    texts += [f"Information criteria: {text}" for text in criteria.list_obstacles(criterion)]
    if len(shown) < len(fits):
        left = join_with_and([f"`{name}`" for name in fits if name not in shown])
        texts.append(f"Estimates: only those of the {len(shown)} best fit side by side; {left} are left out.")
    return Section("not-compared", "What is not compared, and why", (Items(tuple(texts)),)) if texts else None


def _build_verdict(results: Mapping[str, Results], predictions: PredictionComparison) -> Verdict:
    """Return which run predicts better, whether to trust that, and the reservations of each run."""
    diagnoses = {name: run.diagnosis for name, run in results.items()}
    verdicts = {_UNCHECKED if diagnosis is None else diagnosis.verdict for diagnosis in diagnoses.values()}
    worst = next(verdict for verdict in _SENTENCES if verdict in verdicts)
    reservations = _merge(
        [(name, reason) for name, run in results.items() for reason in _list_reservations(run)]
    )
    is_doubtful = worst == _UNCHECKED or (
        worst == "ok" and (prediction.is_unreliable(predictions) or predictions.has_other_outcome)
    )
    has_remarks = worst == "ok" and any(_has_remarks(diagnosis) for diagnosis in diagnoses.values())
    texts = (
        "" if worst == "fail" else prediction.describe_trust(predictions),
        _describe_estimates(results, predictions, has_failed=worst == "fail"),
        _say_what_checks_found(worst, predictions, has_remarks=has_remarks),
    )
    last = "" if worst == "fail" else prediction.advise(predictions)
    return Verdict(
        Tone.CAUTION if is_doubtful else Tone(worst),
        describe_answer(results, predictions),
        (
            *(VerdictReason(text) for text in (*texts, last) if text),
            *reservations,
        ),
    )


def _say_what_checks_found(worst: str, predictions: PredictionComparison, *, has_remarks: bool) -> str:
    """Return what the checks found; that runs can be compared only where they have the same outcome."""
    if predictions.has_other_outcome and (worst == "caution" or has_remarks):
        return _RESERVATIONS if worst == "caution" else ""
    return _REMARKS if has_remarks else _SENTENCES[worst]


def describe_answer(results: Mapping[str, Results], predictions: PredictionComparison) -> str:
    """Return which run predicts better, or why that is not known; different outcomes before all else.

    Of a single run it is how well it predicts, or that it failed its checks.
    """
    if predictions.has_other_outcome:
        what = "The predictions of these runs" if estimates.share_quantities(results) else "These runs"
        return f"{what} cannot be compared: {predictions.obstacle}"
    if failures := _describe_failures(results):
        what = "Which run predicts better" if len(results) > 1 else "How well the run predicts"
        return f"{what} is not known: {failures}."
    return prediction.describe(predictions) or (
        f"Which run predicts better is not known: {predictions.obstacle}"
    )


def _describe_estimates(
    results: Mapping[str, Results], predictions: PredictionComparison, *, has_failed: bool
) -> str:
    """Return how far posteriors are apart, where their quantities are the same and can be relied on."""
    if _are_unlike(results, predictions):
        alike = join_with_and([f"`{name}`" for name in predictions.alike])
        return f"Compare runs that were fitted to the same outcome{f': {alike} were' if alike else ''}."
    return "" if has_failed else estimates.describe(results)


def _are_unlike(results: Mapping[str, Results], predictions: PredictionComparison) -> bool:
    """Return whether quantities of the same name need not be the same quantity."""
    return predictions.has_other_outcome and not estimates.share_quantities(results)


def _describe_failures(results: Mapping[str, Results]) -> str:
    """Return which runs failed their checks; empty where none did."""
    failed = [name for name, run in results.items() if run.has_failed_checks]
    whose = "their" if len(failed) > 1 else "its"
    return f"{join_with_and([f'`{name}`' for name in failed])} failed {whose} checks" if failed else ""


def _warn_of_failures(results: Mapping[str, Results]) -> str:
    """Return that numbers from draws are not to be relied on; empty where they can be."""
    failures = _describe_failures(results)
    return f"Do not rely on these numbers: {failures}." if failures else ""


def _merge(reasons: Sequence[tuple[str, VerdictReason]]) -> list[VerdictReason]:
    """Return reasons with the runs they are about; those that differ in numbers alone come once."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, VerdictReason]]] = {}
    for name, reason in reasons:
        key = (_NUMBER.sub("", reason.text), reason.advice, reason.consequences)
        alike.setdefault(key, []).append((f"`{name}`", reason))
    return [_name_runs(found) for found in alike.values()]


def _name_runs(found: Sequence[tuple[str, VerdictReason]]) -> VerdictReason:
    """Return one reason for runs that have the same, with the numbers of the first."""
    (first, reason), *others = found
    same = [name for name, other in others if other.text == reason.text]
    other = [name for name, other in others if other.text != reason.text]
    likewise = f" Likewise {join_with_and(other)}, with other numbers." if other else ""
    return replace(reason, text=f"{join_with_and([first, *same])}: {reason.text}{likewise}")


def _list_reservations(run: Results) -> Iterator[VerdictReason]:
    """Yield the issues of a run that have no cause among the others, and what was not checked."""
    diagnosis = run.diagnosis
    if diagnosis is None:
        return
    for reason in list_reasons(run, diagnosis):
        if not reason.place.startswith("tip"):
            yield replace(reason, place="", anchor="")
    if diagnosis.not_checked:
        yield VerdictReason(f"not checked: {join_with_and(diagnosis.not_checked)}.")


def _has_remarks(diagnosis: DiagnosisResult | None) -> bool:
    """Return whether a check has a tip, or was left out."""
    return diagnosis is not None and bool(
        diagnosis.not_checked or any(check.status == "tip" for check in diagnosis.checks)
    )

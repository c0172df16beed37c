"""The comparison of runs: estimates, predictions, and everything in which the runs differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from workbench.errors import RequestError
from workbench.provenance import read_workbench_version
from workbench.report.comparison import differences, estimates, prediction, runs
from workbench.report.comparison.prediction import PredictionComparison
from workbench.report.document import Document, Tone, Verdict, VerdictReason
from workbench.report.numbers import join_with_and, pluralise
from workbench.results import Fit
from workbench.results.view import DiagnosisResult, Results

FEWEST_RUNS, MOST_RUNS = 2, 8
"""How many runs fit side by side."""

_MOST_NAMED = 2
"""Models that the title names; of more, it gives their number."""

_UNCHECKED = "unchecked"
"""Stands for the verdict of a run that has none."""

_SENTENCES = {
    "fail": "Some of these runs cannot be relied on.",
    _UNCHECKED: "Some of these runs were not checked.",
    "caution": "These runs can be compared, with the reservations below.",
    "ok": "The checks found no problem with any of these runs.",
}
"""What the worst verdict means for the comparison, from the worst on."""

_REMARKS = "These runs can be compared, as far as they were checked; the report of each has its tips."
"""What is said instead of no problem where a check has a tip or was left out."""


def build_comparison_report(fits: Mapping[str, Fit]) -> Document:
    """Return a document that shows runs side by side.

    Parameters
    ----------
    fits
        The runs by short names; all others are compared with the first.

    Raises
    ------
    RequestError
        There are too few or too many runs.
    """
    if not FEWEST_RUNS <= len(fits) <= MOST_RUNS:
        raise RequestError(f"{FEWEST_RUNS} to {MOST_RUNS} runs can be compared, found {len(fits)}.")
    results = {name: fit.results for name, fit in fits.items()}
    predictions = prediction.compare(fits)
    models = list(dict.fromkeys(run.model.name for run in results.values()))
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    return Document(
        title=" and ".join(models) if len(models) <= _MOST_NAMED else f"{len(models)} models",
        subtitle=f"{pluralise(len(fits), 'run')} side by side",
        byline=f"Written {now} by workbench {read_workbench_version()}",
        verdict=_build_verdict(results, predictions),
        sections=(
            prediction.build_section(predictions),
            estimates.build_section(fits),
            runs.build_section(results),
            differences.build_section(results),
        ),
        kicker="Comparison of runs",
    )


def _build_verdict(results: Mapping[str, Results], predictions: PredictionComparison) -> Verdict:
    """Return which run predicts better, whether to trust that, and the reservations of each run."""
    diagnoses = {name: run.diagnosis for name, run in results.items()}
    verdicts = {_UNCHECKED if diagnosis is None else diagnosis.verdict for diagnosis in diagnoses.values()}
    worst = next(verdict for verdict in _SENTENCES if verdict in verdicts)
    reservations = [
        f"`{name}`: {reason}"
        for name, diagnosis in diagnoses.items()
        for reason in (_list_reservations(diagnosis) if diagnosis else ())
    ]
    is_doubtful = worst == _UNCHECKED or (worst == "ok" and prediction.is_unreliable(predictions))
    has_remarks = worst == "ok" and any(_has_remarks(diagnosis) for diagnosis in diagnoses.values())
    texts = (
        "" if worst == "fail" else prediction.describe_trust(predictions),
        estimates.describe(results),
        _REMARKS if has_remarks else _SENTENCES[worst],
        *reservations,
        "" if worst == "fail" else prediction.advise(predictions),
    )
    return Verdict(
        Tone.CAUTION if is_doubtful else Tone(worst),
        _answer(results, predictions),
        tuple(VerdictReason(text) for text in texts if text),
    )


def _answer(results: Mapping[str, Results], predictions: PredictionComparison) -> str:
    """Return which run predicts better, or why that is not known."""
    failed = [name for name, run in results.items() if run.diagnosis and run.diagnosis.verdict == "fail"]
    if failed:
        names = join_with_and([f"`{name}`" for name in failed])
        whose = "their" if len(failed) > 1 else "its"
        return f"Which run predicts better is not known: {names} failed {whose} checks."
    return prediction.describe(predictions) or (
        f"Which run predicts better is not known: {predictions.obstacle}"
    )


def _list_reservations(diagnosis: DiagnosisResult) -> Iterator[str]:
    """Yield the reasons of a verdict, and what was not checked."""
    yield from diagnosis.reasons
    if diagnosis.not_checked:
        yield f"not checked: {join_with_and(diagnosis.not_checked)}."


def _has_remarks(diagnosis: DiagnosisResult | None) -> bool:
    """Return whether a check has a tip, or was left out."""
    return diagnosis is not None and bool(
        diagnosis.not_checked or any(check.status == "tip" for check in diagnosis.checks)
    )

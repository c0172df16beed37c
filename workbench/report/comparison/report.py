"""The comparison of runs: estimates, predictions and everything in which the runs differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from workbench.errors import RequestError
from workbench.provenance import read_workbench_version
from workbench.report import reading
from workbench.report.comparison import differences, estimates, prediction, runs
from workbench.report.document import Document, Reason, Tone, Verdict
from workbench.report.numbers import plural
from workbench.report.reading import Record
from workbench.results import Fit

FEWEST, MOST = 2, 8
"""Runs that fit side by side."""

_TONES = {"ok": Tone.OK, "caution": Tone.CAUTION, "fail": Tone.FAIL}


def comparison_report(fits: Mapping[str, Fit]) -> Document:
    """Return a document that holds runs side by side.

    Parameters
    ----------
    fits
        By a short name for each; the first is the one that the others are compared with.

    Raises
    ------
    RequestError
        There are too few or too many to stand side by side.
    """
    if not FEWEST <= len(fits) <= MOST:
        raise RequestError(f"{FEWEST} to {MOST} runs can be compared, found {len(fits)}.")
    records = {name: fit.record for name, fit in fits.items()}
    names = list(dict.fromkeys(str(one["model"]["name"]) for one in records.values()))
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    return Document(
        title=" and ".join(names) if len(names) <= FEWEST else f"{len(names)} models",
        subtitle=f"{plural(len(fits), 'run')} side by side",
        byline=f"Written {now} by workbench {read_workbench_version()}",
        verdict=_verdict(records),
        opening=_opening(fits),
        sections=(
            runs.section(records),
            estimates.section(fits),
            prediction.section(fits),
            differences.section(records),
        ),
        kicker="Comparison of runs",
    )


def _verdict(records: Mapping[str, Record]) -> Verdict:
    """Return the worst verdict of the runs, with the reasons of each."""
    found = {name: str(reading.part(one, "diagnosis").get("verdict")) for name, one in records.items()}
    order = ["fail", "caution", "ok"]
    worst = min(found.values(), key=lambda one: order.index(one) if one in order else 1)
    reasons = tuple(
        Reason(f"`{name}`: {reason}")
        for name, one in records.items()
        for reason in reading.part(one, "diagnosis").get("reasons") or ()
    )
    sentences = {
        "ok": "Nothing speaks against any of these runs.",
        "caution": "These runs can be compared, with the reservations below.",
        "fail": "Not every one of these runs can be relied on.",
    }
    sentence = sentences.get(worst, "Not every one of these runs was examined.")
    return Verdict(_TONES.get(worst, Tone.CAUTION), sentence, reasons)


def _opening(fits: Mapping[str, Fit]) -> tuple[str, ...]:
    sentences = (estimates.sentence(fits), prediction.sentence(fits))
    return tuple(one for one in sentences if one)

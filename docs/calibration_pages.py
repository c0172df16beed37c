"""What `make calibration` found of the bundled models: a table of all, and a section of each model's page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

RECORD: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "calibration.json").read_text(encoding="utf-8")
)
"""What was found, by model and by where truths come from."""

_METHODS = {"nuts": "NUTS", "laplace": "Laplace", "map": "MAP", "mle": "MLE"}
"""Names for people, in the order of columns."""

_KINDS = {"prior": "Truths from the prior", "posterior": "Truths from the posterior of the data"}
"""Where truths come from."""

_MOST_SENTENCES = 4
"""How many sentences about quantities a section has. Ours."""


def format_overview(names: Sequence[str]) -> Iterator[str]:
    """Yield the page that says of each model which methods can be relied on."""
    yield from (
        "# Which methods can be relied on",
        "",
        "Every bundled model, with its own table and its default priors, fitted to data sets that were",
        "simulated from it ([calibration](../../calibration.md)). *Off*: intervals or ranks of some quantity",
        "are wrong, with a chance of at most 1% that a right method is called so: of a hundred, about one.",
        "MLE and MAP are judged by their Wald intervals. Of ten quantities, 200 simulations show one whose",
        "intervals are too narrow by a factor of 1.4 in nine of ten cases; 20 to 40 show gross faults alone.",
    )
    for kind, title in _KINDS.items():
        done = [name for name in names if kind in RECORD.get(name, {})]
        missing = [f"[{name}]({name}.md)" for name in names if name not in done]
        yield from ("", f"## {title}", "")
        if done:
            yield f"| model | simulations | {' | '.join(_METHODS.values())} |"
            yield "|---|---|---|---|---|---|"
        for name in done:
            yield from _format_row(name, RECORD[name][kind])
        if missing:
            yield from ("", f"Not run: {', '.join(missing)}.")
    yield from ("", "`make calibration` runs what is missing.")


def _format_row(name: str, entry: dict[str, Any]) -> Iterator[str]:
    link = f"[{name}]({name}.md#calibration)"
    if "refused" in entry:
        yield f"| {link} | – | refused | – | – | – |"
        return
    found = {item["method"]: item for item in entry["methods"]}
    cells = (_say(found[method]) if method in found else "–" for method in _METHODS)
    yield f"| {link} | {entry['simulations']} | {' | '.join(cells)} |"


def _say(found: dict[str, Any]) -> str:
    if found["judgement"] == "not calibrated":
        return f"**off**: {found['off_count']} of {found['quantities']}"
    if found["judgement"] == "calibrated":
        return "calibrated"
    sentence = found["sentence"]
    if found["failed"] and re.search("has no (fit|result) in|cannot be judged", sentence):
        return f"{found['judgement']}: {found['failed']} of {found['fits'] + found['failed']} failed"
    why = "alarms" if "fired in" in sentence else "tails" if "of the tails" in sentence else ""
    return f"{found['judgement']}: {why}" if why else str(found["judgement"])


def format_section(name: str) -> Iterator[str]:
    """Yield the section of a model's page, which is empty if it was never run."""
    kinds = RECORD.get(name, {})
    if kinds:
        yield from ("## Calibration", "")
        yield "Fits of data sets simulated from this model ([what that shows](../../calibration.md))."
    for kind, entry in kinds.items():
        yield from ("", f"**{_KINDS[kind]}.** {_clean(_say_result(entry))}", "")
        if entry["methods"]:
            yield from _format_methods(entry)
    yield ""


def _say_result(entry: dict[str, Any]) -> str:
    """Return the sentence of a calibration, or why it was refused, without the hint for the command line."""
    if "refused" not in entry:
        return str(entry["sentence"])
    reason = str(entry["refused"]).removeprefix("error: ").partition(" hint: ")[0].rstrip(".")
    return f"Refused: {reason}."


def _format_methods(entry: dict[str, Any]) -> Iterator[str]:
    yield "| method | judgement | fits | failed | coverage, worst and median | time | checks that fired |"
    yield "|---|---|---|---|---|---|---|"
    for found in entry["methods"]:
        worst, median = (f"{share:.0%}" for share in found["coverage"]) if found["coverage"] else ("–", "–")
        seconds = "–" if found["seconds"] is None else f"{found['seconds']:.2g}\N{NO-BREAK SPACE}s"
        fired = ", ".join(
            f"[{code}](../checks.md#{code.lower()}) in {count} of {fits}"
            for code, (count, fits) in found["fired"].items()
        )
        yield (
            f"| {_METHODS[found['method']]} | {found['judgement']} | {found['fits']} | {found['failed']} "
            f"| {worst}, {median} | {seconds} | {fired or '–'} |"
        )
    yield ""
    for found in entry["methods"]:
        if found["judgement"] == "undecided":
            yield f"- {_clean(found['sentence'])}"
        sentences = [item["sentence"] for item in found["off"]]
        yield from (f"- {_clean(sentence)}" for sentence in sentences[:_MOST_SENTENCES])
        if found["off_count"] > _MOST_SENTENCES:
            yield f"- {_METHODS[found['method']]} is off for {found['off_count'] - _MOST_SENTENCES} more."
        yield from (f"- {_clean(sentence)}" for sentence in found.get("advice", ()))
        for words, count in found["failures"]:
            yield f"- {_METHODS[found['method']]} has no fit in {count}: {_clean(words)}"
    if entry["left_out"]:
        yield f"- {entry['left_out']} more data sets are left out: no fit can take them."
    settings = "default settings"
    if "nuts" in entry:
        chains, warmup, draws = entry["nuts"]
        settings = (
            f"NUTS with {chains} chains of {warmup} warm-up and {draws} kept draws, else default settings"
        )
    if "watched_until" in entry:
        settings = f"times censored at {entry['watched_until']}, {settings}"
    yield from (
        "",
        f"{entry['simulations']} data sets, {settings}, seed 1, workbench {entry['workbench']}.",
    )


def _clean(text: str) -> str:
    """Return a sentence in which nothing but its code has a meaning in Markdown."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    plain = [part if part.startswith("`") else re.sub(r"([\\*_<\[\]$])", r"\\\1", part) for part in parts]
    return "".join(plain)

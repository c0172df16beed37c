"""Score rows with an export of workbench, whose schema says what it means: plain Python, no package.

    python scorer.py model.json rows.csv > expectations.csv

From Python: `score(read_export("model.json"), {"age": 41, "county": "AITKIN"})`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import sys
from typing import Any


class ScoringError(Exception):
    """An export or a row cannot be used; the message says what was expected, and what was found."""


def read_export(path: str) -> Any:
    """Return an export from its file, checked against its own hash."""
    try:
        with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - one import less
            export = json.load(stream)
        kept = {key: value for key, value in export.items() if key != "sha256"}
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        form, found = export["format"], export["sha256"]
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        raise ScoringError(f"`{path}` is no export of workbench: it is damaged, or another file.") from None
    if form != "workbench-export-1":
        raise ScoringError(f"`{path}` was expected to have the format workbench-export-1, found {form!r}.")
    if hashlib.sha256(text.encode()).hexdigest() != found:
        raise ScoringError(f"`{path}` was changed after it was written: its hash is another one.")
    return export


def score(export: Any, row: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Return the expectation of each outcome in a row: `{name: {"expected", "lower", "upper"}}`."""
    features = {name: _read(rule, row) for name, rule in export["features"].items() if "column" in rule}
    for name, rule in export["features"].items():
        if "function" in rule:
            value = _add_up(rule["of"], 0, features)
            try:
                features[name] = _FUNCTIONS[rule["function"]](value)
            except (ValueError, OverflowError):
                raise ScoringError(f"`{name}` cannot be computed: it is taken of {value:g}.") from None
    for rule in export["group_values"]:
        known = rule["values"][int(features[rule["group"]]) - 1]
        given = known if row.get(rule["column"]) in (None, "") else _to_number(row, rule["column"])
        if not math.isclose(given, known, rel_tol=1e-6, abs_tol=1e-9):
            raise ScoringError(f"column `{rule['column']}` of that level was {known:g} in the fit.")
    return {outcome["name"]: _score(export, outcome, features) for outcome in export["outcomes"]}


def _score(export: Any, outcome: Any, features: dict[str, float]) -> dict[str, float | None]:
    """Return mean and interval of an expectation over draws."""
    draws = []
    for draw in range(export["draws"]):
        predictor, multiplier = (_add_up(outcome[key], draw, features) for key in ("predictor", "multiplier"))
        draws.append(multiplier * _INVERSES[outcome["link"]](predictor))
    mean, tail = math.fsum(draws) / len(draws), (1 - export["level"]) / 2
    if export["plug_in"]:
        return {"expected": mean, "lower": None, "upper": None}
    draws.sort()
    return {"expected": mean, "lower": _quantile(draws, tail), "upper": _quantile(draws, 1 - tail)}


def _add_up(terms: Any, draw: int, features: dict[str, float]) -> float:
    """Return the sum of all terms at a draw: a coefficient, by level of its groups, times features."""
    total = 0.0
    for term in terms:
        value = term["values"][draw if len(term["values"]) > 1 else 0]  # one value is that of every draw
        for group in term["groups"]:
            value = value[int(features[group]) - 1]
        for feature in term["features"]:
            value *= features[feature]
        total += value
    return total


def _read(rule: Any, row: dict[str, Any]) -> float:
    """Return what a row has in a column: a number, the number of its level, or 1 for one level."""
    column = rule["column"]
    if row.get(column) in (None, ""):
        raise ScoringError(f"column `{column}` was expected in each row, found a row without it.")
    if "centre" in rule:
        return _to_number(row, column) - float(rule["centre"])
    text = _to_text(row[column])
    if "level" in rule:
        return float(text == rule["level"])
    if text not in rule["levels"]:
        raise ScoringError(f"column `{column}` holds {text!r}, which did not occur in the data of the fit.")
    return float(rule["levels"].index(text) + rule["first"])


def _to_number(row: dict[str, Any], column: str) -> float:
    try:
        if math.isfinite(number := float(row[column])):
            return number
    except (TypeError, ValueError):
        pass
    raise ScoringError(f"column `{column}` was expected to hold numbers, found {row[column]!r}.")


def _to_text(value: Any) -> str:
    """Return a level as the fit wrote it: 3 for 3.0, yes for true."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _quantile(ordered: list[float], probability: float) -> float:
    """Return a quantile between ordered values (type 7 of Hyndman and Fan 1996)."""
    place = probability * (len(ordered) - 1)
    below, above = math.floor(place), math.ceil(place)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


_FUNCTIONS: dict[str, Any] = {"exp": math.exp, "log": math.log, "log1p": math.log1p, "sqrt": math.sqrt}
_INVERSES: dict[str, Any] = {
    "identity": lambda x: x,
    "logit": lambda x: 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)),
    "log": lambda x: math.exp(x) if x < 709 else math.inf,
}
"""The functions and the inverses of links that an export can hold."""


def main(arguments: list[str]) -> int:
    """Write the expectations of all rows of a CSV file to stdout; return the exit code."""
    try:
        if len(arguments) != 2:
            raise ScoringError("expected two files: python scorer.py model.json rows.csv")
        export = read_export(arguments[0])
        with open(arguments[1], encoding="utf-8-sig", newline="") as stream:  # noqa: PTH123
            print("row,outcome,expected,expected_lower,expected_upper")  # noqa: T201
            for number, row in enumerate(csv.DictReader(stream), 1):
                for name, found in score(export, row).items():
                    print(number, name, *("" if x is None else x for x in found.values()), sep=",")  # noqa: T201
    except (ScoringError, OSError, UnicodeDecodeError, csv.Error) as reason:
        sys.stderr.write(f"error: {reason}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

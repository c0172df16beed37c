"""Score rows, without any package: `python scorer.py model.json rows.csv`, or `score(export, row)`."""

import csv
import hashlib
import json
import math
import re
import sys
from typing import Any

_DAMAGE = (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RecursionError)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUTHS = {"True": 1.0, "TRUE": 1.0, "true": 1.0, "False": 0.0, "FALSE": 0.0, "false": 0.0}
_FUNCTIONS: dict[str, Any] = {"exp": math.exp, "log": math.log, "log1p": math.log1p, "sqrt": math.sqrt}
_INVERSES: dict[str, Any] = {
    "identity": lambda x: x,
    "logit": lambda x: 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)),
    "log": lambda x: math.exp(x) if x < 709 else math.inf,
}
"""What counts as damage, as a number and as a truth; the functions and inverses of links of an export."""


class ScoringError(Exception):
    """An export or a row cannot be used; the message says what was expected, and what was found."""


def read_export(path: str) -> Any:
    """Return an export from its file, checked against its own hash."""
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - one import less
        try:
            export = json.load(stream)
            kept = {key: value for key, value in export.items() if key != "sha256"}
            text, form = json.dumps(kept, sort_keys=True, separators=(",", ":")), export["format"]
            is_same = hashlib.sha256(text.encode()).hexdigest() == export["sha256"]
            terms = [x for each in export["outcomes"] for x in (*each["predictor"], *each["multiplier"])]
            is_whole = {len(x["values"]) for x in terms} <= {1, export["draws"]} and export["draws"] > 0
        except _DAMAGE:
            raise ScoringError(f"`{path}` is no export of workbench, or it is damaged.") from None
    if form != "workbench-export-2":
        raise ScoringError(f"`{path}` was expected to have the format workbench-export-2, found {form!r}.")
    if not is_same:
        raise ScoringError(f"`{path}` was changed after it was written: its hash is another one.")
    if not terms or not is_whole:
        raise ScoringError(f"`{path}` lacks outcomes, or some of its {export['draws']} draws.")
    return export


def read_rows(path: str) -> Any:
    """Yield the rows of a CSV file, each cell as it is written."""
    with open(path, encoding="utf-8-sig", newline="") as stream:  # noqa: PTH123
        lines = (cells for cells in csv.reader(stream, strict=True) if cells)
        header = [name.strip() for name in next(lines, [])]
        if len({*header}) < len(header) or re.fullmatch("[^,]*[;\t|][^,]*", ",".join(header)):
            raise ScoringError(f"the header of `{path}` was expected to have commas, and each name once.")
        for number, cells in enumerate(lines, 1):
            if len(cells) != len(header):
                raise ScoringError(f"row {number} has {len(cells)} cells, and the header {len(header)}.")
            yield dict(zip(header, cells, strict=True))


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
        if rule["column"] in row and not math.isclose(_read(rule, row), known, rel_tol=1e-6, abs_tol=1e-9):
            raise ScoringError(f"column `{rule['column']}` of that level was {known:g} in the fit.")
    return {outcome["name"]: _score(export, outcome, features) for outcome in export["outcomes"]}


def _score(export: Any, outcome: Any, features: dict[str, float]) -> dict[str, float | None]:
    """Return mean and interval of an expectation over draws; quantiles are of type 7 (Hyndman and Fan)."""
    keys = ("predictor", "multiplier")
    sums = ([_add_up(outcome[key], draw, features) for key in keys] for draw in range(export["draws"]))
    draws = sorted(multiplier * _INVERSES[outcome["link"]](predictor) for predictor, multiplier in sums)
    found: dict[str, float | None] = {"expected": math.fsum(draws) / len(draws), "lower": None, "upper": None}
    for end, sign in (("lower", -1), ("upper", 1)) if not export["plug_in"] else ():
        place = (1 + sign * export["level"]) / 2 * (len(draws) - 1)
        below, above = (draws[whole] for whole in (math.floor(place), math.ceil(place)))
        found[end] = below + (place - math.floor(place)) * (above - below)
    return found


def _add_up(terms: Any, draw: int, features: dict[str, float]) -> float:
    """Return the sum of all terms at a draw: a coefficient, by level of its groups, times features."""
    total = 0.0
    for term in terms:
        value = term["values"][draw if len(term["values"]) > 1 else 0]  # one value is that of every draw
        for group in term["groups"]:
            value = value[int(features[group]) - 1]
        total += value * math.prod(features[feature] for feature in term["features"])
    return total


def _read(rule: Any, row: dict[str, Any]) -> float:
    """Return what a row has in a column: a number, the number of its level, or 1 for one level."""
    column, levels = rule["column"], rule.get("levels")
    if row.get(column) is None:
        raise ScoringError(f"column `{column}` was expected in each row, found a row without it.")
    text = (raw := str(row[column])).strip()
    number = float(text) if _NUMBER.fullmatch(text) else _TRUTHS.get(raw, math.nan)
    if levels is None:
        lower, upper = rule.get("lower", -math.inf), rule.get("upper", math.inf)
        is_right = number.is_integer() if rule.get("integer") else math.isfinite(number)
        if is_right and lower <= number <= upper:
            return number - float(rule.get("centre", 0))
        expected = f"{'whole ' * bool(rule.get('integer'))}numbers from {lower:.10g} to {upper:.10g}"
        raise ScoringError(f"column `{column}` was expected to hold {expected}, found {text!r}.")
    plain = repr(number).removesuffix(".0") if abs(number) < 2**53 else text  # 3.0 and 03 are the level 3
    names = {text, ("no", "yes")[int(number)] if raw in _TRUTHS else plain}
    found = names.intersection(levels) or {rule["words"].get(name.casefold()) for name in names} - {None}
    if len(found) != 1:
        raise ScoringError(f"column `{column}` holds {text!r}, and its levels are {', '.join(levels)[:999]}.")
    return float(found == {rule["level"]} if "level" in rule else levels.index(*found) + rule["first"])


def main(arguments: list[str]) -> int:
    """Write the expectations of all rows of a CSV file to stdout; return the exit code."""
    path, number, lines = "", 0, ["row,outcome,expected,expected_lower,expected_upper"]
    try:
        if len(arguments) != 2:
            raise ScoringError("expected two files: python scorer.py model.json rows.csv")
        export = read_export(path := arguments[0])
        rows = list(read_rows(path := arguments[1]))
        if not rows:
            raise ScoringError(f"`{path}` has no rows.")
        for number, row in enumerate(rows, 1):
            for name, found in score(export, row).items():
                ends = ",".join("" if x is None else str(x) for x in found.values())
                lines.append(f"{number},{name},{ends}")
    except (ScoringError, OSError, csv.Error, *_DAMAGE) as reason:
        said = reason if isinstance(reason, ScoringError) else f"`{path}` cannot be used: {reason!r}."
        sys.stderr.write(f"error: {f'row {number}: ' if number else ''}{said}\n")
        return 2
    print(*lines, sep="\n")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make gallery`: fits of the bundled models; their numbers stand in `docs/gallery.json` and on their pages.

Usage: python -m tests.library.gallery [--seed 2] [NAME ...]

A model without numbers there is fitted, with seed 1, and gets them. Any other is fitted with another seed and
compared: the command fails where a posterior mean differs by more than five combined Monte Carlo standard
errors, or a point estimate by more than a hundredth of a posterior SD. Delete the entry of a model to have it
written again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import workbench
from tests.conftest import ROOT
from tests.library.write_pages import _choose_quantities
from workbench import library
from workbench.results.view import Results

RECORD = ROOT / "docs" / "gallery.json"
"""The numbers, by model."""

Entry = dict[str, Any]


def main() -> None:
    """Fit models, write what is missing, and end with exit code 1 if a number has moved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    record = read_record()
    moves = []
    for name in options.names or library.list_names():
        if name in record:
            moves += [f"{name}: {move}" for move in compare(record[name], measure(name, options.seed))]
        else:
            record[name] = measure(name, seed=1)
            write_record(record)
        print(name, flush=True)  # noqa: T201
    sys.exit("\n".join(moves) or 0)


def read_record() -> dict[str, Entry]:
    """Return what the record holds, which may be nothing."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def write_record(record: dict[str, Entry]) -> None:
    """Write the record, a quantity a line."""
    models = []
    for name, entry in sorted(record.items()):
        lines = ",\n".join(f"   {json.dumps(row, ensure_ascii=False)}" for row in entry["quantities"])
        head = json.dumps({key: entry[key] for key in entry if key != "quantities"}, ensure_ascii=False)
        models.append(f' "{name}": {head[:-1]}, "quantities": [\n{lines}\n ]}}')
    RECORD.write_text("{\n" + ",\n".join(models) + "\n}\n", encoding="utf-8")


def measure(name: str, seed: int) -> Entry:
    """Fit a bundled model as `workbench fit NAME` does, and return what its page says of it."""
    fit = workbench.fit(name, seed=seed, output=False, progress=False)
    results = fit.results
    diagnosis = fit.diagnosis
    issues = [check.code for check in diagnosis.checks if check.status == "issue"]
    terms = [[term.role, term.statement] for term in results.model.terms]
    return {
        "verdict": diagnosis.verdict,
        "issues": issues,
        "terms": terms,
        "quantities": [_describe(results, quantity) for quantity in _choose_quantities(results)],
    }


def _describe(results: Results, name: str) -> Entry:
    draws: Any = results.estimates("nuts")[name]
    row = {"name": results.label(name)}
    for key in ("mean", "sd", "lower", "upper", "mcse_mean"):
        row[key] = _round(getattr(draws, key))
    for method in ("mle", "map"):
        point: Any = results.estimates(method).get(name)
        row[method] = _round(None if point is None else point.value)
    return row


def _round(value: float | None) -> Any:
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


def compare(known: Entry, found: Entry) -> Iterator[str]:
    """Yield a sentence for each number that differs by more than chance, and each that came or went."""
    for old, new in zip(known["quantities"], found["quantities"], strict=True):
        error = math.hypot(old["mcse_mean"] or 0, new["mcse_mean"] or 0)
        if old["name"] != new["name"] or abs(old["mean"] - new["mean"]) > 5 * error + 1e-4 * abs(old["mean"]):
            yield f"{old['name']} was {old['mean']}, {new['name']} is {new['mean']} (error {error:.2g})"
        for method in ("mle", "map"):
            was, now = old[method], new[method]
            if (was is None) != (now is None) or (was is not None and abs(was - now) > 0.01 * old["sd"]):
                yield f"the {method} of {old['name']} was {was} and is {now}"


if __name__ == "__main__":
    main()

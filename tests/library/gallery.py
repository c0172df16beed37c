"""`make gallery`: fits of the bundled models; their numbers stand in `docs/gallery.json` and on their pages.

Usage: python -m tests.library.gallery [--seed 2] [NAME ...]

A model without numbers there is fitted, with seed 1, and gets them. Any other is fitted with another seed and
compared: the command fails where a posterior mean differs by more than five combined Monte Carlo standard
errors, or a point estimate by more than a hundredth of a posterior SD. Which of several maxima is found
depends on where optimisers start: there only whether there is an estimate is compared. Delete the entry of a
model to have it written again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import workbench
from tests.conftest import ROOT
from tests.library.write_pages import _choose_quantities
from workbench import library
from workbench.results.view import OptimizerStart, Results
from workbench.thresholds import SAME_MODE_LOG_DENSITY

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
    return describe(workbench.fit(name, seed=seed, output=False, progress=False))


def describe(fit: workbench.Fit) -> Entry:
    """Return what the page of a model says of its fit."""
    results = fit.results
    diagnosis = fit.diagnosis
    issues = [check.code for check in diagnosis.checks if check.status == "issue"]
    return {
        "verdict": diagnosis.verdict,
        "issues": issues,
        "several_maxima": [
            name
            for name, starts in (("mle", results.mle.starts), ("map", results.map.starts))
            if _end_at_several_heights(starts)
        ],
        "quantities": [_describe(results, quantity) for quantity in _choose_quantities(results)],
    }


def _end_at_several_heights(starts: Iterable[OptimizerStart]) -> bool:
    """Return whether optimisers converged at points that are not equally high."""
    heights = [
        start.log_density for start in starts if start.status == "converged" and start.log_density is not None
    ]
    return max(heights, default=0.0) - min(heights, default=0.0) > SAME_MODE_LOG_DENSITY


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
    names = [[row["name"] for row in entry["quantities"]] for entry in (known, found)]
    if names[0] != names[1]:
        yield f"the quantities were {', '.join(names[0])} and are {', '.join(names[1])}"
        return
    unsure = {*known.get("several_maxima", ()), *found.get("several_maxima", ())}
    for old, new in zip(known["quantities"], found["quantities"], strict=True):
        error = math.hypot(old["mcse_mean"] or 0, new["mcse_mean"] or 0)
        if abs(old["mean"] - new["mean"]) > 5 * error + 1e-4 * abs(old["mean"]):
            yield f"the mean of {old['name']} was {old['mean']} and is {new['mean']} (error {error:.2g})"
        for method in ("mle", "map"):
            was, now = old[method], new[method]
            limit = math.inf if method in unsure else 0.01 * old["sd"]
            if (was is None) != (now is None) or (was is not None and abs(was - now) > limit):
                yield f"the {method} of {old['name']} was {was} and is {now}"


if __name__ == "__main__":
    main()

"""An export as a document: formulas, features and coefficients, as `export.schema.json` says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workbench.binding.columns.levels import list_spellings
from workbench.errors import RequestError
from workbench.exporting.columns import BoundColumns, Feature, bind_columns, make_known
from workbench.exporting.formula import Formula, find_formula, list_features
from workbench.exporting.interpreter import Interpreter
from workbench.exporting.linear import Linear
from workbench.exporting.values import Known, Refused, Value
from workbench.prediction.chunk import OpenPredictor
from workbench.program import Declaration
from workbench.program.syntax import nodes as n
from workbench.provenance import read_workbench_version
from workbench.results.outcomes import list_outcome_data
from workbench.tables import Table

FORMAT = "workbench-export-2"
"""What the documents are called in themselves: raised when a key changes its meaning."""

SCORER = Path(__file__).with_name("scorer.py")
"""The reference scorer: plain Python without any package."""

SCHEMA = Path(__file__).with_name("export.schema.json")
"""The JSON Schema of the documents."""

_MOST_BYTES = 50_000_000
"""The largest document. Ours: plain Python reads it in a few seconds."""

_BYTES_OF_NUMBER = 21
"""How many bytes a number takes at most, with its comma."""


@dataclass(frozen=True)
class Origin:
    """Where an export comes from: the run's program, its hash, the version in a registry, and when."""

    model: str
    program: str
    run: str
    created: str
    version: str = ""


@dataclass(frozen=True)
class DrawChoice:
    """Which draws of a run are exported.

    Attributes
    ----------
    places
        Their places among all, `(s,)`.
    total
        How many there are.
    plug_in
        The method whose point stands in their place; empty for draws.
    """

    places: np.ndarray = field(repr=False)
    total: int
    plug_in: str = ""


def choose_draws(total: int, count: int) -> np.ndarray:
    """Return the places of draws that lie evenly among all of them.

    >>> choose_draws(8, 4).tolist(), choose_draws(3, 200).tolist()
    ([0, 2, 4, 6], [0, 1, 2])
    """
    if count >= total:
        return np.arange(total)
    return np.arange(count) * total // count


def build_document(
    opened: OpenPredictor, choice: DrawChoice, origin: Origin, table: Table | None = None
) -> dict[str, Any]:
    """Return the export of a run.

    Parameters
    ----------
    opened
        The run, ready to predict.
    choice
        Which of its draws.
    origin
        Where it comes from.
    table
        The table of the fit, where it is still there.

    Raises
    ------
    RequestError
        An outcome has no expectation that can be exported, or the document would be very large.
    """
    predictor = opened.predictor
    columns = bind_columns(
        opened.fit.results.data,
        predictor.request,
        predictor.growth.rows,
        frozenset(list_outcome_data(predictor.request.program)),
        table,
    )
    outcomes = tuple(dict.fromkeys(item.outcome for item in predictor.program.replicates))
    interpreter = run_program(opened, columns, choice.places, frozenset(outcomes))
    formulas = [find_formula(interpreter, columns, outcome) for outcome in outcomes]
    _check_size(formulas, len(choice.places))
    used = {name for formula in formulas for name in list_features(interpreter, formula)}
    document = {
        "format": FORMAT,
        "workbench": read_workbench_version(),
        "model": origin.model,
        "version": origin.version,
        "created": origin.created,
        "run_sha256": origin.run,
        "program_sha256": origin.program,
        "draws": len(choice.places),
        "draws_of_run": choice.total,
        "plug_in": choice.plug_in,
        "level": opened.fit.results.interval.level,
        "features": {
            **{name: _describe_feature(each) for name, each in columns.features.items() if name in used},
            **{
                name: {"function": function, "of": _describe_terms(of)}
                for name, (function, of) in interpreter.derived.items()
                if name in used
            },
        },
        "group_values": _list_group_values(opened, columns, used),
        "outcomes": [_describe_formula(formula) for formula in formulas],
    }
    return {**document, "sha256": hash_document(document)}


def hash_document(document: Mapping[str, Any]) -> str:
    """Return the hash of a document without its own `sha256`, as the scorer computes it."""
    kept = {key: value for key, value in document.items() if key != "sha256"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def format_document(document: Mapping[str, Any]) -> str:
    """Return a document as JSON with a line for each key."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def run_program(
    opened: OpenPredictor, columns: BoundColumns, places: np.ndarray, outcomes: frozenset[str]
) -> Interpreter:
    """Return a program that was run for some draws, its statistics those of the fit."""
    predictor = opened.predictor
    tree = predictor.program.program.tree
    values: dict[str, Value | Refused] = dict(columns.values)
    data = {item.name: item for item in predictor.request.program.data}
    for name, copy in predictor.program.copies.items():
        values[copy] = make_known(data[name], predictor.request.data.values[name])
    program = predictor.request.program
    draws = {
        item.name: _read_draws(opened, item, places)
        for item in (*program.parameters, *program.transformed_parameters)
    }
    for declared in program.parameters:
        values[declared.name] = draws[declared.name]
    transformed = {item.name: draws[item.name] for item in program.transformed_parameters}
    interpreter = Interpreter(
        values,
        {name: value for name, value in transformed.items() if isinstance(value, Known)},
        outcomes,
        {
            name: len(each.levels)
            for name, each in columns.features.items()
            if each.levels and each.first == 1 and each.level is None
        },
    )
    for block in ("transformed data", "transformed parameters", "model"):
        interpreter.run(tree.get_block(block))
    return interpreter


def _read_draws(opened: OpenPredictor, declared: Declaration, places: np.ndarray) -> Known | Refused:
    """Return a parameter or transformed parameter, by draw."""
    name, stored = declared.name, opened.stored.draws
    if any(size.text in opened.predictor.growth.rows for size in declared.axes):
        return Refused(f"`{name}` has an element for each row of the fit")
    if declared.members or name not in stored:
        return Refused(f"the draws of `{name}` are not known")
    values = stored[name].values
    draws = values.reshape(-1, *values.shape[2:])[places].astype(float)
    return Known(make_plain_type(declared), draws, is_data=False)


def make_plain_type(declared: Declaration) -> n.Type:
    """Return the type of a variable without its constraints."""
    own = len(declared.axes) - declared.depth
    plain = declared.kind if declared.kind in ("int", "row_vector") else ("real", "vector", "matrix")[own]
    return n.Type(plain, declared.depth)


def _check_size(formulas: Sequence[Formula], draws: int) -> None:
    numbers = sum(
        values.size
        for item in formulas
        for part in (item.predictor, item.multiplier)
        for values in part.terms.values()
    )
    if numbers * _BYTES_OF_NUMBER > _MOST_BYTES:
        message = (
            f"the export would hold {numbers:,} coefficients, at {draws} draws: too many for a document."
        )
        raise RequestError(message, hint="choose fewer draws with --draws, or --plug-in map")


def _describe_feature(feature: Feature) -> dict[str, Any]:
    if not feature.levels:
        kept = {"lower": feature.lower, "upper": feature.upper}
        return {
            "column": feature.column,
            "centre": feature.centre,
            "integer": feature.is_integer,
            **{name: bound for name, bound in kept.items() if bound is not None},
        }
    what = {"first": feature.first} if feature.level is None else {"level": feature.level}
    words = list_spellings(feature.levels) if feature.has_spellings else {}
    return {"column": feature.column, "levels": list(feature.levels), "words": words, **what}


def _describe_formula(formula: Formula) -> dict[str, Any]:
    return {
        "name": formula.outcome,
        "statement": formula.statement,
        "link": formula.link,
        "predictor": _describe_terms(formula.predictor),
        "multiplier": _describe_terms(formula.multiplier),
    }


def _describe_terms(linear: Linear) -> list[dict[str, Any]]:
    """Return the terms of a sum; those whose coefficient is zero everywhere are left out."""
    return [
        {"features": list(features), "groups": list(groups), "values": values.tolist()}
        for (features, groups), values in linear.terms.items()
        if values.any() or not np.isfinite(values).all()
    ]


def _list_group_values(opened: OpenPredictor, columns: BoundColumns, used: set[str]) -> list[dict[str, Any]]:
    """Return the columns with one value for each level of a group: a row with another value is refused."""
    found = []
    predictor, description = opened.predictor, opened.fit.results.data
    for declared in predictor.request.program.data:
        name, rules = declared.name, description.rules
        if name not in rules.get("by_group", {}) or name in rules.get("standardized", {}):
            continue
        own = [column for column in rules["variables"].get(name, ()) if column in description.columns]
        values = np.asarray(predictor.request.data.values[name], dtype=float)
        values = values.reshape(len(values), -1)
        groups = [group for group in columns.groups.get(declared.axes[0].text, ()) if group in used]
        if groups and values.shape[1] == len(own):
            for column, each in zip(own, values.T, strict=True):
                found.append({"column": column, "group": groups[0], "values": each.tolist()})
    return found

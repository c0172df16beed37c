"""The content of `run.json`: a public contract, kept in one place."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from workbench import card
from workbench.methods import RESULTS
from workbench.program import Obstacle, Program, describe
from workbench.provenance import read_workbench_version
from workbench.request import FitRequest
from workbench.results import draws
from workbench.results.gap import compute_gaps
from workbench.results.method_result import MethodResult
from workbench.results.outcomes import describe_outcomes
from workbench.results.view import SCHEMA, FlatDirection
from workbench.toolchain import CompiledModel

_PACKAGES = ("arviz-base", "arviz-stats", "cmdstanpy", "numpy", "scipy", "xarray")
"""The packages whose versions decide the numbers of a run."""


def build_record(
    request: FitRequest,
    model: CompiledModel,
    parts: Mapping[str, MethodResult],
    proof: Mapping[str, Any],
    data: Mapping[str, Any],
    flat_directions: Sequence[FlatDirection] | None = None,
) -> dict[str, Any]:
    """Return what `run.json` says about a fit before it is checked.

    Parameters
    ----------
    request, model
        What was asked, and the executable that answered.
    parts
        The result of each method by its key.
    proof
        Whether the instrumented program equals the original.
    data
        Where the data came from, and the scale of the results.
    flat_directions
        The directions in which the posterior is constant; `None` if they are not known.
    """
    return {
        "schema": SCHEMA,
        "workbench": read_workbench_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {
            **describe_program(request),
            "proof": proof,
            "outcomes": describe_outcomes(request),
            "flat_directions": None if flat_directions is None else msgspec.to_builtins(flat_directions),
            **_card(request.program),
        },
        "data": dict(data),
        "priors": dict(request.priors.values),
        "prior_origins": dict(request.priors.origins),
        "seed": request.seed,
        "toolchain": {
            "stan": model.stan_version,
            "compiler": model.compiler,
            "key": model.key,
            "optimized": model.optimized,
        },
        "interval": {"level": request.level},
        **{name: _part(part, request) for name, part in parts.items()},
        "gaps": compute_gaps(parts),
        "versions": read_versions(),
        "platform": platform.platform(),
        "timings": {
            "compile": 0.0 if model.cached else model.seconds,
            **{name: part.seconds for name, part in parts.items()},
        },
    }


def read_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the numbers of a run."""
    return {name: metadata.version(name) for name in _PACKAGES} | {"python": _python()}


def place_record(
    record: Mapping[str, Any], *, model: Path, data: Path, sha256: str, segment: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record of a fit to a group of a table, with the paths of the machine that asked.

    Parameters
    ----------
    record
        The record.
    model
        The program's file there.
    data, sha256
        The file with the group's rows, and its hash.
    segment
        Which group it is, and of which table.
    """
    placed = {
        "model": {**record["model"], "path": str(model)},
        "data": {**record["data"], "path": str(data), "sha256": sha256},
    }
    return {**record, **placed, "segment": dict(segment)}


def extend_record(
    record: Mapping[str, Any],
    facts: Mapping[str, Any],
    summaries: Mapping[str, Mapping[str, float]],
    seconds: float,
) -> dict[str, Any]:
    """Return the record of a fit whose chains have further draws.

    Parameters
    ----------
    record
        The record before.
    facts
        What is said about the sampler as a whole, for all draws.
    summaries
        The numbers of each quantity from all draws; a quantity without any keeps those it had.
    seconds
        The time that the further draws took [s].
    """
    estimates = {
        name: {**({"label": numbers["label"]} if "label" in numbers else {}), **summaries.get(name, numbers)}
        for name, numbers in record["nuts"]["estimates"].items()
    }
    extended = {**record, "nuts": {**record["nuts"], **facts, "estimates": estimates}}
    results = {
        name: MethodResult(extended[name]["status"], estimates=extended[name]["estimates"])
        if name in extended
        else MethodResult("skipped")
        for name in RESULTS
    }
    timings = record.get("timings", {})
    total = (timings.get("nuts") or 0.0) + seconds
    return extended | {"gaps": compute_gaps(results), "timings": {**timings, "nuts": total}}


def record_earlier_energy(record: Mapping[str, Any], ebfmi: Sequence[float | None]) -> dict[str, Any]:
    """Return the sampler's entry of a record whose draws are those of earlier chains, weighted.

    Energies of successive draws say something only of a chain without gaps and repeats, so that the E-BFMI is
    that of the earlier chains.

    Parameters
    ----------
    record
        The record of the weighted draws.
    ebfmi
        The E-BFMI of each earlier chain.
    """
    nuts = record["nuts"]
    return {"nuts": {**nuts, "ebfmi": list(ebfmi)} if "ebfmi" in nuts else nuts}


def record_columns(record: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data's entry of a record, with the columns and levels of an earlier run of the same rules.

    A record of both tables bound together has its own.
    """
    data, before = record["data"], earlier["data"]
    kept = {} if data["columns"] else {key: before[key] for key in ("columns", "levels") if key in before}
    return {"data": {**data, **kept}}


def _part(part: MethodResult, request: FitRequest) -> dict[str, Any]:
    head: dict[str, Any] = {"status": part.status}
    if part.reason:
        head["reason"] = part.reason
    estimates = {name: _with_label(name, numbers, request) for name, numbers in part.estimates.items()}
    return {**head, **part.facts, "estimates": estimates}


def _with_label(name: str, numbers: Mapping[str, float], request: FitRequest) -> dict[str, Any]:
    label = draws.label_column(name, request.program, request.data.labels)
    return dict(numbers) if label == name else {"label": label, **numbers}


def _describe_replaced_priors(program: Program) -> dict[str, Any]:
    """Return the priors that are not those of the file, if there are any."""
    replaced = [asdict(prior) for prior in program.replaced_priors]
    return {"replaced_priors": replaced} if replaced else {}


def describe_program(request: FitRequest) -> dict[str, Any]:
    """Return what the program says: parameters, terms, priors, and ranges that it leaves out."""
    return {**_model(request.program), **_describe_priors(request)}


def _model(program: Program) -> dict[str, Any]:
    return {
        "name": program.name,
        "path": str(program.path),
        "sha256": program.sha256,
        "source": program.source,
        "instrumented": program.instrumented is not None,
        **_describe_replaced_priors(program),
        "obstacles": [_obstacle(obstacle) for obstacle in program.obstacles],
        "limits": [asdict(obstacle) for obstacle in program.obstacles],
        "parameters": [
            {"name": declaration.name, "type": declaration.text, "line": declaration.line, "block": block}
            for block, declarations in (
                ("parameters", program.parameters),
                ("transformed parameters", program.transformed_parameters),
            )
            for declaration in declarations
        ],
        "terms": [
            {
                "line": term.line,
                "statement": term.text,
                "role": term.role,
                "confidence": term.confidence,
                "reason": term.reason,
                "parameters": list(term.parameters),
            }
            for term in program.terms
        ],
    }


def _card(program: Program) -> dict[str, Any]:
    """Return what the model's card tells a reader; empty where there is no card."""
    model_card = card.read(program.path)
    facts = {"title": model_card.title, "story": model_card.story, "units": dict(model_card.units)}
    return {key: fact for key, fact in facts.items() if fact}


def _describe_priors(request: FitRequest) -> dict[str, Any]:
    """Return what the program says about each parameter before the data, and ranges that it leaves out."""
    description = describe(request.program, request.data.values)
    priors = [
        {
            "name": prior.name,
            "kind": prior.kind,
            "prior": prior.prior,
            "support": prior.support,
            "flat_elements": list(prior.flat_elements),
        }
        for prior in description.parameters
    ]
    undeclared = [asdict(item) for item in description.undeclared_ranges]
    return {"parameter_priors": priors, "undeclared_ranges": undeclared}


def _obstacle(obstacle: Obstacle) -> str:
    return obstacle.message if obstacle.line is None else f"line {obstacle.line}: {obstacle.message}"


def _python() -> str:
    return platform.python_version()

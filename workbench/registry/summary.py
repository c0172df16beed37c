"""What is remembered of a version even when its run is gone: a few kilobytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from workbench.provenance import hash_text
from workbench.results.view import Estimate, PointEstimate, Results

MOST_QUANTITIES = 200
"""The most quantities that are remembered, in the order of the program. Ours: 30 kB."""

MOST_VALUES = 50
"""The most values of one hyperparameter that are remembered, with a hash of all. Ours."""

_METHODS = ("nuts", "laplace", "pathfinder", "map", "mle")
"""Whose estimates are remembered: those of the first that the run has."""


class RememberedEstimate(Struct, frozen=True):
    """A quantity: mean and SD, or an optimum and its standard error, and an interval."""

    estimate: float | None = None
    sd: float | None = None
    lower: float | None = None
    upper: float | None = None


class VersionSummary(Struct, frozen=True, kw_only=True):
    """What a version was made from, and what came out.

    Attributes
    ----------
    model, program, data, rows, table, columns
        Name and hash of the program, hash, number of rows and file name of the table, and the columns of each
        variable.
    created, command, seed, seconds
        When and how the run was made, and how long its methods took [s].
    priors, prior_origins, replaced_priors
        The hyperparameters with who set them, and whole priors that are not those of the program.
    method, level, estimates, left_out
        Whose estimates these are, the probability of their intervals, and how many are left out.
    verdict, findings
        The verdict, and the codes of the checks that found something.
    elpd, elpd_se
        The expected log predictive density of left-out rows, and its standard error [nats].
    workbench, stan, compiler
        Versions.
    updated_from
        The run that this one updated.
    settings
        What else decides the numbers: the settings of each method, weights of terms, standardized predictors.
    """

    model: str
    program: str
    data: str
    rows: int | None = None
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    command: str = ""
    seed: int | None = None
    seconds: float | None = None
    priors: Mapping[str, Any] = field(default_factory=dict)
    prior_origins: Mapping[str, str] = field(default_factory=dict)
    replaced_priors: Mapping[str, str] = field(default_factory=dict)
    method: str = ""
    level: float | None = None
    estimates: Mapping[str, RememberedEstimate] = field(default_factory=dict)
    left_out: int = 0
    verdict: str = ""
    findings: tuple[str, ...] = ()
    elpd: float | None = None
    elpd_se: float | None = None
    workbench: str = ""
    stan: str = ""
    compiler: str = ""
    updated_from: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def summarise_results(results: Results) -> VersionSummary:
    """Return what is remembered of a run."""
    method = choose_method(results)
    estimates = results.estimates(method) if method else {}
    kept = dict(list(estimates.items())[:MOST_QUANTITIES])
    seconds = [value for value in results.timings.values() if value is not None]
    found = results.diagnosis
    return VersionSummary(
        model=results.model.name,
        program=results.model.sha256,
        data=results.data.sha256,
        rows=results.data.rows,
        table=Path(results.data.path).name,
        columns=dict(results.data.binding),
        created=results.created,
        command=results.command,
        seed=results.seed,
        seconds=sum(seconds) if seconds else None,
        priors={name: _shorten(value) for name, value in results.priors.items()},
        prior_origins=dict(results.prior_origins),
        replaced_priors={prior.parameter: prior.statement for prior in results.model.replaced_priors},
        method=method,
        level=results.interval.level,
        estimates={results.label(name): remember(estimate) for name, estimate in kept.items()},
        left_out=len(estimates) - len(kept),
        verdict="" if found is None else found.verdict,
        findings=() if found is None else tuple(each.code for each in found.checks if each.status == "issue"),
        elpd=_finite(results.loo.elpd),
        elpd_se=_finite(results.loo.se),
        workbench=results.workbench,
        stan=results.toolchain.stan,
        compiler=results.toolchain.compiler,
        updated_from="" if results.updated is None else Path(results.updated.parent).name,
        settings=describe_settings(results),
    )


def describe_settings(results: Results) -> dict[str, str]:
    """Return what decides the numbers of a run beside program, data, priors and seed, in words."""
    request = results.request
    methods: dict[str, list[str]] = {}
    for name, chosen in () if request is None else request.methods:
        methods.setdefault(name, []).append(", ".join(f"{key} {_encode(chosen[key])}" for key in chosen))
    stated = {f"settings of {name}": "; ".join(texts) for name, texts in methods.items()}
    others = {
        "standardized": ", ".join([results.data.standardized.status, *results.data.standardized.matrices])
    }
    if request is not None:
        others |= {
            "weights": ", ".join(f"{key} {value:g}" for key, value in request.weights.items()),
            "roles of statements": ", ".join(f"{key} {value}" for key, value in request.roles.items()),
        }
    return {**{name: text for name, text in others.items() if text}, **stated}


def choose_method(*fits: Results) -> str:
    """Return the first method of which each fit has estimates; empty where there is none."""
    return next((key for key in _METHODS if all(fit.estimates(key) for fit in fits)), "")


def remember(estimate: Estimate) -> RememberedEstimate:
    """Return what is remembered of an estimate."""
    if isinstance(estimate, PointEstimate):
        numbers = (estimate.value, estimate.se, estimate.lower, estimate.upper)
    else:
        numbers = (estimate.mean, estimate.sd, estimate.lower, estimate.upper)
    return RememberedEstimate(*map(_finite, numbers))


def _shorten(value: Any) -> Any:
    """Return a hyperparameter; of a long one its beginning and a hash, by which a change elsewhere shows."""
    if not isinstance(value, list | tuple) or len(value) <= MOST_VALUES:
        return value
    return [*value[:MOST_VALUES], f"{len(value)} values, sha256 {hash_text(_encode(value))[:12]}"]


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

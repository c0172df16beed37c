"""What MLflow is told of a fit: parameters, metrics and tags, by names that it takes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import neutralise
from workbench.registry.summary import VersionSummary, summarise_results
from workbench.results.view import Results

RUN_TAG = "workbench.run"
"""The tag with the hash of a run directory, by which a run that was published is found again."""

DESCRIPTION_TAG = "mlflow.note.content"
"""The tag that MLflow shows as the description of a run."""

USER_TAG = "mlflow.user"
"""The tag that MLflow shows as who made a run."""

MOST_ESTIMATES = 50
"""The most quantities whose estimates are metrics, those of parameters first. Ours: a page in a browser."""

_LONGEST_PARAMETER = 500
"""The most characters of a parameter that each version of MLflow takes."""

_LONGEST_TAG = 5000
"""The most characters of a tag that each version of MLflow takes."""

_LONGEST_KEY = 250
"""The most characters of a name in MLflow."""

_REFUSED = re.compile(r"[^\w\-. :]")
"""What a name in MLflow cannot hold; a slash would make a folder."""


@dataclass(frozen=True)
class LoggedFit:
    """A fit as MLflow shows it.

    Attributes
    ----------
    parameters
        What went in: program, table, settings of the methods, priors.
    metrics
        What came out: estimates, and how far they can be relied on.
    tags
        Verdict, findings, hashes and versions.
    """

    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def describe_fit(results: Results, more: Mapping[str, str] | None = None) -> LoggedFit:
    """Return what MLflow is told of a fit.

    Parameters
    ----------
    results
        The fit.
    more
        Further tags, such as the hash of its run directory.
    """
    summary = summarise_results(results)
    tags = {**_list_tags(summary, results), **(more or {})}
    return LoggedFit(
        {_clean(key): _cut(value, _LONGEST_PARAMETER) for key, value in _list_parameters(summary, results)},
        {key: value for key, value in _list_metrics(summary, results) if math.isfinite(value)},
        {key: _cut(value, _LONGEST_TAG) for key, value in tags.items() if value},
    )


def name_quantities(names: Iterable[str]) -> dict[str, str]:
    """Return a name that MLflow takes for each quantity, all of them different.

    >>> name_quantities(["mu", "beta[mom_iq]", "beta.mom_iq", "L[1,2]"])
    {'mu': 'mu', 'beta[mom_iq]': 'beta.mom_iq', 'beta.mom_iq': 'beta.mom_iq:2', 'L[1,2]': 'L.1.2'}
    """
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[\[,]", ".", name.replace("]", ""))
        key = _REFUSED.sub("_", plain)[: _LONGEST_KEY // 2]
        taken = set(found.values())
        places = (key if count == 1 else f"{key}:{count}" for count in range(1, len(taken) + 2))
        found[name] = next(place for place in places if place not in taken)
    return found


def _list_parameters(summary: VersionSummary, results: Results) -> Iterator[tuple[str, str]]:
    yield "program", summary.model
    yield "table", summary.table
    yield "rows", _format(summary.rows)
    yield "seed", _format(summary.seed)
    yield "level", _format(summary.level)
    yield "estimates_by", summary.method or "none"
    yield from _list_settings(results)
    for name, value in summary.priors.items():
        yield f"prior.{name}", _format(value)
    for parameter, statement in summary.replaced_priors.items():
        yield f"prior_form.{parameter}", statement


def _list_settings(results: Results) -> Iterator[tuple[str, str]]:
    """Yield the settings of each method; of one that ran twice, such as MAP, both where they differ."""
    found: dict[str, dict[str, None]] = {}
    for method, settings in () if results.request is None else results.request.methods:
        for key, value in settings.items():
            if value is not None and value != []:
                found.setdefault(f"{method.lower()}.{key}", {})[_format(value)] = None
    yield from ((key, ", ".join(values)) for key, values in found.items())


def _list_metrics(summary: VersionSummary, results: Results) -> Iterator[tuple[str, float]]:
    nuts = results.nuts
    estimates = nuts.estimates.values() if nuts.is_ok else ()
    rhats = [estimate.rhat for estimate in estimates if estimate.rhat is not None]
    sizes = [estimate.ess_bulk for estimate in estimates if estimate.ess_bulk is not None]
    measures = {
        "elpd": summary.elpd,
        "elpd_se": summary.elpd_se,
        "rhat_max": max(rhats, default=None),
        "ess_bulk_min": min(sizes, default=None),
        "divergences": nuts.divergences if nuts.is_ok else None,
        "seconds": summary.seconds,
    }
    yield from ((key, float(value)) for key, value in measures.items() if value is not None)
    declared = {results.label(name): results.is_declared(name) for name in results.quantities}
    ordered = sorted(summary.estimates, key=lambda name: not declared.get(name, False))
    for name, key in name_quantities(ordered[:MOST_ESTIMATES]).items():
        estimate = summary.estimates[name]
        for kind, value in (("estimate", estimate.estimate), ("sd", estimate.sd)):
            if value is not None:
                yield f"{kind}/{key}", value


def _list_tags(summary: VersionSummary, results: Results) -> dict[str, str]:
    left_out = len(summary.estimates) + summary.left_out - MOST_ESTIMATES
    verdict = summary.verdict or "not checked"
    found = f", for {', '.join(summary.findings)}" if summary.findings else ""
    return {
        "workbench.verdict": verdict,
        "workbench.findings": ", ".join(summary.findings),
        "workbench.program": summary.program,
        "workbench.data": summary.data,
        "workbench.priors_set_by": "; ".join(f"{key}: {who}" for key, who in summary.prior_origins.items()),
        "workbench.created": summary.created,
        "workbench.estimates_left_out": str(left_out) if left_out > 0 else "",
        "workbench.updated_from": summary.updated_from,
        "workbench.version_of_workbench": summary.workbench,
        "workbench.stan": summary.stan,
        "workbench.compiler": summary.compiler,
        DESCRIPTION_TAG: f"`{summary.model}` fitted to `{summary.table}` by workbench. Verdict: "
        f"{verdict}{found}. {_explain_estimates(summary, results)}",
    }


def _explain_estimates(summary: VersionSummary, results: Results) -> str:
    if not summary.method:
        return "There are no estimates."
    kinds = {"map": "modes", "mle": "maximum-likelihood estimates, and standard errors"}
    scale = results.data.standardized.units
    words = kinds.get(summary.method, "posterior means, and posterior standard deviations")
    return f"`estimate/` and `sd/` are {words}, by {summary.method}{f', {scale}' if scale else ''}."


def _clean(key: str) -> str:
    return _REFUSED.sub("_", re.sub(r"[\[,]", ".", key.replace("]", "")))[:_LONGEST_KEY]


def _format(value: Any) -> str:
    """Return a value as text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _cut(text: str, longest: int) -> str:
    plain = neutralise(text)
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."

"""The numbers of `run.json` that follow from `fit.nc`, computed again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from workbench.diagnostics.diagnose import diagnose
from workbench.estimation.sampling.nuts import summarise_chains
from workbench.provenance import read_workbench_version
from workbench.results import Fit
from workbench.results.json_values import to_json_values
from workbench.results.quantities import Draws, draws_of, sampler_statistic

_TOLERANCE = 1e-6
"""The largest relative difference of a number computed again. Ours: other versions of NumPy and ArviZ add up
in another order."""

_FROM_DRAWS = ("mean", "median", "sd", "lower", "upper")
"""The numbers of an approximation that its draws give."""

_MEASURED = ("loo", "predictive", "power_scaling")
"""The parts of the record that the checks measure."""


def find_wrong_numbers(fit: Fit) -> tuple[int, list[str], str]:
    """Compute the numbers of a run's record again from its draws.

    Means, medians, SDs, intervals, R-hat and effective sample sizes of each quantity by NUTS, those of the
    draws of Laplace and Pathfinder, modes, divergences, and, where this version of workbench made the run,
    leave-one-out, predictive checks and the verdict.

    Returns
    -------
    How many numbers were compared, those that differ in words, and what could not be compared and why.
    """
    compared, wrong = 0, []
    for where, stated, found in _iterate_numbers(fit):
        compared += 1
        if not _agree(stated, found):
            wrong.append(f"{where} is stated as {_show(stated)}, and is {_show(found)}")
    left_out = ""
    if fit.results.diagnosis is not None:
        if fit.results.workbench == read_workbench_version():
            entries = to_json_values(diagnose(fit).entries)
            for key in (*_MEASURED, "diagnosis"):
                for where, stated, found in _walk(key, fit.record.get(key), entries.get(key)):
                    compared += 1
                    if not _agree(stated, found):
                        wrong.append(f"{where} is stated as {_show(stated)}, and is {_show(found)}")
        else:
            left_out = f"verdict and checks are those of workbench {fit.results.workbench}"
    return compared, wrong, left_out


def _iterate_numbers(fit: Fit) -> Iterator[tuple[str, Any, Any]]:
    """Yield where a number stands, what is stated, and what the draws say."""
    level = fit.results.interval.level
    yield from _iterate_estimates(fit, "nuts", "posterior", lambda draws: summarise_chains(draws, level))
    for method in ("laplace", "pathfinder"):
        yield from _iterate_estimates(fit, method, method, lambda draws: _summarise(draws, level))
    for method in ("map", "mle"):
        yield from _iterate_estimates(fit, method, method, _take_value)
    diverging = sampler_statistic(fit.tree, "diverging")
    if diverging is not None and fit.results.nuts.is_ok:
        yield "the number of divergences", fit.results.nuts.divergences, int(diverging.sum())


def _iterate_estimates(
    fit: Fit, method: str, group: str, compute: Callable[[Draws], Mapping[str, float]]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the numbers of each quantity of a method whose draws are kept."""
    for name, estimate in fit.results.estimates(method).items():
        draws = draws_of(fit.tree, group, name)
        if draws is not None:
            for key, value in compute(draws).items():
                yield f"`{key}` of `{name}` by {method}", getattr(estimate, key, None), value


def _take_value(values: Draws) -> Mapping[str, float]:
    return {"value": float(values.ravel()[0])} if values.size == 1 else {}


def _summarise(draws: Draws, level: float) -> Mapping[str, float]:
    tail = (1 - level) / 2
    lower, median, upper = np.quantile(draws, [tail, 0.5, 1 - tail])
    numbers = (draws.mean(), median, draws.std(ddof=1), lower, upper)
    return dict(zip(_FROM_DRAWS, map(float, numbers), strict=True))


def _walk(where: str, stated: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the values of a part of the record beside those that were measured again."""
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        for key in stated:
            yield from _walk(f"{where}.{key}", stated[key], found.get(key))
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for place, (one, other) in enumerate(zip(stated, found, strict=True)):
            yield from _walk(f"{where}[{place}]", one, other)
    else:
        yield f"`{where}`", stated, found


def _agree(stated: Any, found: Any) -> bool:
    numbers = [value for value in (stated, found) if isinstance(value, int | float)]
    if len(numbers) == 2:
        return math.isclose(*numbers, rel_tol=_TOLERANCE, abs_tol=1e-12) or numbers[0] == numbers[1]
    is_missing = [
        value is None or (isinstance(value, float) and not math.isfinite(value)) for value in (stated, found)
    ]
    return all(is_missing) or stated == found


def _show(value: Any) -> str:
    if value is None or isinstance(value, int | float):
        return "nothing" if value is None else f"{value:.9g}"
    return f"`{msgspec.json.encode(value).decode()[:60]}`"

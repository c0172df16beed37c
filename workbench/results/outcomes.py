"""The outcomes of a program: what a fit predicts, and where its replicates come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.late_imports import LateModule
from workbench.program import Declaration, Program, Replicate
from workbench.program.predictive.outcome_maps import OutcomeMap
from workbench.program.predictive.rng_functions import MISSING
from workbench.request import FitRequest
from workbench.thresholds import FEWEST_LOO_DRAWS, MOST_POINTWISE

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")

NOT_STORED = "its replicates were not stored (`--pointwise-draws 0`)."
"""Why an outcome that could be replicated has no replicates."""


def is_replicated(request: FitRequest) -> bool:
    """Return whether the instrumented program is to draw replicated data along with the posterior."""
    instrumented = request.program.instrumented
    is_switched = instrumented is not None and bool(instrumented.switch)
    return is_switched and request.storage.pointwise_draws != 0


def has_pointwise(request: FitRequest) -> bool:
    """Return whether the instrumented program is to compute the log density of each observation.

    It always does so for few rows; for many, where some draws of them are stored.
    """
    return request.storage.pointwise_draws != 0 or not has_many_rows(request)


def has_many_rows(request: FitRequest) -> bool:
    """Return whether too few draws of the values of single rows can be stored to be of use."""
    program = request.program
    log_lik = 0 if program.instrumented is None else program.instrumented.outputs.log_lik is not None
    width = max(1, log_lik + len(list_replicates(program)))
    return (request.data.rows or 0) * width * FEWEST_LOO_DRAWS > MOST_POINTWISE


def _size(request: FitRequest, outcome: str) -> int:
    """Return how many numbers an outcome holds; one made in transformed data counts as a column."""
    if outcome in request.data.values:
        return int(np.size(request.data.values[outcome]))
    return request.data.table.rows


def list_outcome_data(program: Program) -> tuple[str, ...]:
    """Return the declared data that are outcomes, or that outcomes are made from in transformed data."""
    likelihood = [term for term in program.terms if term.role == "likelihood"]
    names = {name for term in likelihood for name in term.outcomes}
    names |= {replicate.outcome for replicate in program.replicates}
    return tuple(item.name for item in program.data if item.name in names)


def list_replicates(program: Program) -> tuple[str, ...]:
    """Return the names of the replicates that the instrumented program draws."""
    return () if program.instrumented is None else tuple(program.instrumented.outputs.replicates.values())


def declare_replicates(program: Program) -> dict[str, Declaration]:
    """Return, for each replicate of ours, the declaration of the outcome it mirrors."""
    data = _declared(program)
    ours = [replicate for replicate in program.replicates if replicate.is_drawn_by_workbench]
    repeated = {
        replicate.observed: data[replicate.density_of or replicate.outcome]
        for replicate in program.replicates
        if replicate.observed
    }
    return repeated | {replicate.name: data[replicate.outcome] for replicate in ours}


def _declared(program: Program) -> dict[str, Declaration]:
    return {declaration.name: declaration for declaration in (*program.data, *program.transformed_data)}


def read_repeated_outcomes(program: Program, read: Callable[[tuple[str, ...]], xr.Dataset]) -> xr.Dataset:
    """Return the outcomes that transformed data make, under their own names.

    Parameters
    ----------
    program
        The program that was run.
    read
        Reads variables of the run, `(chain, draw, ...)`: each draw repeats the same numbers.
    """
    observed = {} if program.instrumented is None else dict(program.instrumented.outputs.observed)
    found = read(tuple(observed.values()))
    names = {quantity: outcome for outcome, quantity in observed.items() if quantity in found.data_vars}
    return found.isel(chain=0, draw=0, drop=True).rename(names) if names else xr.Dataset()


def drop_missing(group: xr.Dataset, names: tuple[str, ...]) -> xr.Dataset:
    """Return replicates with what could not be drawn as not a number; one that holds nothing goes."""
    for name in set(names) & set(group.data_vars):
        values = group[name].values
        # A sum of a draw and one that is missing differs from MISSING by one; Stan's own unset integer too.
        values[~np.isfinite(values) | (values <= MISSING + 1)] = np.nan
        if np.isnan(values).all():
            group = group.drop_vars(name)
    return group


def describe_outcomes(request: FitRequest) -> list[dict[str, Any]]:
    """Return what `run.json` says about the outcomes, `model.outcomes`."""
    data = _declared(request.program)
    is_drawn, rows = is_replicated(request), find_first_rows(request)
    return [
        _entry(replicate, data, is_drawn)
        | _rows(rows, replicate.density_of or replicate.outcome)
        | _describe_map(_find_map(request.program, replicate), replicate)
        for replicate in request.program.replicates
    ]


def _find_map(program: Program, replicate: Replicate) -> OutcomeMap | None:
    """Return what the likelihood of an outcome is a density of: itself, or a variable made from it."""
    variable = replicate.density_of or replicate.outcome
    maps = {outcome_map.outcome: outcome_map for outcome_map in program.outcome_maps}
    made = (
        outcome_map
        for outcome_map in program.outcome_maps
        if any(item.column == variable and item.steps for item in outcome_map.maps)
    )
    return maps.get(variable) or next(made, None)


def _describe_map(outcome_map: OutcomeMap | None, replicate: Replicate) -> dict[str, Any]:
    """Return what the likelihood is a density of, and the columns that it can be returned to."""
    if outcome_map is None:
        return {}
    columns = [item.column for item in outcome_map.maps if item.steps]
    text = next((item.text for item in outcome_map.maps if item.steps), outcome_map.text)
    is_mapped = bool(columns) or not outcome_map.is_plain
    return {
        "variable": "" if outcome_map.outcome == replicate.outcome else outcome_map.outcome,
        "density_of": text if is_mapped else "",
        "columns": columns,
        "plain": outcome_map.is_plain,
    }


def find_first_rows(request: FitRequest) -> dict[str, tuple[int, int]]:
    """Return, for each outcome, its first row of the log likelihood, from 0, and the step to the next.

    Outcomes whose entries are not rows of the data are left out.
    """
    instrumented = request.program.instrumented
    if instrumented is None:
        return _by_size(request)
    found: dict[str, tuple[int, int]] = {}
    start = 0
    for group in instrumented.outputs.log_lik_order:
        found |= {name: (start + position, len(group)) for position, name in enumerate(group)}
        if not set(group) <= request.data.values.keys():
            break  # made in transformed data: how long it is, and what comes after it, is not known here
        start += sum(_size(request, name) for name in group)
    return found


def _by_size(request: FitRequest) -> dict[str, tuple[int, int]]:
    """Return the rows where the program writes its own `log_lik`, as long as its only outcome."""
    declared = {
        declaration.name: [size.text for size in declaration.sizes]
        for declaration in request.program.generated_quantities
    }
    outcomes = {replicate.outcome for replicate in request.program.replicates}
    declared_data = (*request.program.data, *request.program.transformed_data)
    data = {declaration.name: [size.text for size in declaration.sizes] for declaration in declared_data}
    alike = [name for name in outcomes if data[name] == declared.get("log_lik")]
    return dict.fromkeys(alike, (0, 1)) if len(outcomes) == 1 else {}


def _rows(rows: Mapping[str, tuple[int, int]], outcome: str) -> dict[str, int | None]:
    first, step = rows.get(outcome, (None, None))
    return {"first_row": first, "row_step": step}


def _entry(replicate: Replicate, data: Mapping[str, Declaration], is_drawn: bool) -> dict[str, Any]:
    """Return the entry of one outcome; `replicate` is empty, with a reason, where there is none."""
    declaration = data[replicate.outcome]
    limits = (declaration.lower, declaration.upper)
    lower, upper = (None if limit is None else limit.literal for limit in limits)
    is_there = replicate.is_drawn_by_author or (replicate.is_drawn_by_workbench and is_drawn)
    too_costly = replicate.is_drawn_by_workbench and not is_there
    reason = replicate.reason or (NOT_STORED if too_costly else "")
    return {
        "name": replicate.outcome,
        "replicate": replicate.name if is_there else "",
        "source": ("y_rep" if replicate.is_drawn_by_author else "likelihood") if is_there else "",
        "reason": reason,
        "too_costly": too_costly,
        "type": declaration.text,
        "integer": replicate.is_integer,
        "lower": lower,
        "upper": upper,
        "distributions": list(replicate.distributions),
        "conditional": replicate.is_conditional,
    }

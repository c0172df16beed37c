"""A program, a table and options made one complete request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.binding import BoundData, bind_initial_values
from workbench.errors import MethodError, RequestError
from workbench.estimation.optimum.profile import check_profile_names
from workbench.estimation.standardize.copies import copy_dependents
from workbench.methods import Auto, Mle, Nuts
from workbench.program import Program
from workbench.request import FitRequest, Storage
from workbench.results.draws import list_optional
from workbench.results.outcomes import has_many_rows
from workbench.tables import Table
from workbench.thresholds import FEWEST_LOO_DRAWS, MOST_POINTWISE
from workbench.workflow.dry_run import DryRun, dry_run, find_first_problem
from workbench.workflow.memory_check import check_request_memory
from workbench.workflow.options import FitOptions

_LONGEST_NAME = 100
"""The most bytes of a program's or a table's name in that of a run directory; together they may have 255."""


def prepare_request(program: Program, table: Table, options: FitOptions) -> FitRequest:
    """Settle the priors, bind the table, and return the complete request.

    Raises
    ------
    RequestError
        The table, a prior or a setting does not fit the program.
    """
    for method in options.methods:
        if isinstance(method, Mle):
            check_profile_names(program, method.profile)
    result = dry_run(program, table, options)
    problem = find_first_problem(result)
    if problem is not None:
        raise problem
    return _make_request(program, result, options)


def dry_run_fit(program: Program, data: Path | Table, options: FitOptions) -> DryRun:
    """Return what a fit would start from, and what prevents it: too little memory too.

    Raises
    ------
    RequestError
        As `dry_run`.
    """
    result = dry_run(program, data, options)
    if result.problems:
        return result
    try:
        check_request_memory(_make_request(program, result, options))
    except RequestError as reason:
        return replace(result, of_the_fit=(reason,))
    return result


def _make_request(program: Program, result: DryRun, options: FitOptions) -> FitRequest:
    """Return the request for data that are bound."""
    data = result.binding.data
    request = FitRequest(
        program,
        data,
        result.priors,
        options.methods,
        options.seed,
        options.level,
        options.jobs,
        options.scaled,
        options.threads,
        options.timeout,
        inits=_bind_inits(program, data, options),
        storage=Storage(_check_kept(program, options.keep), options.pointwise_draws),
    )
    if options.pointwise_draws is None and has_many_rows(request):
        request = replace(request, storage=replace(request.storage, pointwise_draws=0))
    return copy_dependents(request)


def list_storage_tips(request: FitRequest, options: FitOptions) -> tuple[str, ...]:
    """Return what is not stored of many rows although nobody asked for that."""
    is_sampling = any(isinstance(method, Nuts | Auto) for method in request.methods)
    if not is_sampling or options.pointwise_draws == request.storage.pointwise_draws:
        return ()
    return (
        f"log densities and replicates of single rows are not computed: of {request.data.rows:,} rows, "
        f"fewer than {FEWEST_LOO_DRAWS} draws make {MOST_POINTWISE / 1e6:.0f} million numbers, too few for "
        "leave-one-out and checks of predictions. `--pointwise-draws N` computes those of N draws of each "
        "chain, and estimates leave-one-out from a sample of rows at all draws.",
    )


def _check_kept(program: Program, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the names of quantities to store.

    Raises
    ------
    MethodError
        One of them is none that could be left out.
    """
    known = list_optional(program)
    for name in names or ():
        if name not in known:
            found = ", ".join(known) or "none"
            message = f"`keep` names transformed parameters and generated quantities, found `{name}`."
            raise MethodError(message, hint=f"the program has {found}; parameters are always stored")
    return names


def _bind_inits(program: Program, data: BoundData, options: FitOptions) -> Mapping[str, Any]:
    """Return the values that chains start at, checked against the declarations.

    Raises
    ------
    RequestError
        They do not suit the program, or no chain could start at them.
    """
    if options.inits is None:
        return {}
    if options.standardize:
        raise MethodError(
            "initial values are on the scale of the program's data, but `standardize` changes that scale."
        )
    if not any(isinstance(method, Nuts) for method in options.methods):
        raise MethodError(
            "initial values are for chains of NUTS, but `method` leaves nuts out or is auto, "
            "which chooses its own."
        )
    values, origin = options.inits
    return bind_initial_values(program, values, data.values, origin)


def choose_folder(request: FitRequest) -> Path:
    """Return `reports/<model>-<data>-<hash>`; the hash covers everything that decides the numbers."""
    names = (request.program.name, request.data.table.path.stem)
    return Path("reports") / "-".join([*map(to_folder_name, names), request.key[:8]])


def to_folder_name(name: str) -> str:
    """Return a name, or the beginning of it, as a part of a folder's name, which shells take as one word.

    >>> to_folder_name("eight_schools"), to_folder_name("no data"), to_folder_name("é" * 200) == "é" * 50
    ('eight_schools', 'no_data', True)
    """
    name = re.sub(r"\s+", "_", name)
    encoded = os.fsencode(name)
    return name if len(encoded) <= _LONGEST_NAME else encoded[:_LONGEST_NAME].decode("utf-8", "ignore")

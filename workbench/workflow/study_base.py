"""The base fit of a study: fitted or taken from the cache, examined, or made a request again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from workbench import binding, card, priors, tables
from workbench.backends import Backend
from workbench.diagnostics.diagnose import diagnose
from workbench.errors import PriorError, ProgramError, RequestError, RunNotFound
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.copies import copy_dependents
from workbench.estimation.standardize.original_scale import use_original_scale
from workbench.priors.carried import OPTION as CARRIED_OPTION
from workbench.program import Program, ReplacedPrior, hash_program
from workbench.progress import SILENT
from workbench.provenance import hash_file, hash_texts
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.results.saved_request import restore_request
from workbench.results.view import Results
from workbench.studies import ProgramVariant
from workbench.studies.fits.cache import cache_record, cache_tree
from workbench.tables import Table
from workbench.toolchain import Toolchain
from workbench.workflow.builds import Builds
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.read_program import read_program
from workbench.workflow.study_options import read_sampler


def fit_base(request: FitRequest, builds: Builds, cache_folder: Path, command: str) -> Fit:
    """Return the base fit, from the cache if an earlier study of the same request made it.

    Parameters
    ----------
    request, builds
        The request, and the executables of its program.
    cache_folder
        The cache of the study.
    command
        The command line to note in the record.
    """
    key = hash_texts("base fit", request.key)

    @cache
    def fit() -> Fit:
        return store.with_entries(estimate_request(request, builds), {"command": command})

    tree = cache_tree(cache_folder, key, lambda: fit().tree)
    return Fit(cache_record(cache_folder, key, lambda: dict(fit().record)), tree)


def examine_base(fit: Fit, request: FitRequest, cache_folder: Path) -> Fit:
    """Return a base fit with its diagnosis: its own, or that of an earlier study of the same request."""
    if fit.results.diagnosis is not None:
        return fit
    key = hash_texts("base fit examined", request.key)
    return store.with_entries(fit, cache_record(cache_folder, key, lambda: dict(diagnose(fit).entries)))


def rebuild_request(fit: Fit, tools: Toolchain, table: Table | None) -> FitRequest:
    """Return the request of a fit from its record: the same program, data, priors and seed.

    Parameters
    ----------
    fit
        The fit.
    tools
        Stan, which reads the program.
    table
        The data; `None` to read them again from their file.

    Raises
    ------
    RequestError
        The program or the table has changed, or the priors of the run are a carried posterior.
    RunNotFound
        The program or the table is not where it was.
    """
    run = fit.results
    _refuse_carried(run)
    model = _check_exists(run.model.path, "program")
    is_updated = run.updated is not None  # its rows are of several tables, and stand in the run alone
    if not is_updated:
        table = read_unchanged_table(run) if table is None else table
    program = _read_unchanged_program(run, model, tools)
    if table is not None and not is_updated and table.sha256 != run.data.sha256:
        raise RequestError(f"`{table.path}` has changed since this fit was made.", hint="fit it again")
    scalars = {name: value for name, value in run.priors.items() if isinstance(value, int | float)}
    others = {name: value for name, value in run.priors.items() if name not in scalars}
    defaults = {**card.read(program.path).hyperparameters, **others}
    settled = priors.settle(program, scalars, defaults, "the run")
    if table is None or is_updated:
        data = replace(restore_request(fit, program).data, rules=run.data.rules)
    else:
        missing: Literal["refuse", "drop"] = "drop" if run.data.dropped.count else "refuse"
        data = binding.rebind(run.data.rules, program, table, given=settled.user_data, missing=missing)
    methods = (read_sampler(run.nuts),) if run.nuts.is_ok else ()
    return copy_dependents(FitRequest(program, data, settled, methods, run.seed or 0, run.interval.level))


def _refuse_carried(run: Results) -> None:
    """Refuse a run whose priors are the posterior of another: there is nothing in them to vary.

    Raises
    ------
    RequestError
        They are.
    """
    if any(prior.option == CARRIED_OPTION for prior in run.model.replaced_priors):
        parent = run.updated.parent if run.updated is not None else ""
        raise RequestError(
            "the priors of this run are a carried posterior, a normal without settings to vary.",
            hint=f"study the priors of the fit it came from: `workbench sensitivity {parent or 'RUN'}`",
        )


def _read_unchanged_program(run: Results, model: Path, tools: Toolchain) -> Program:
    """Return the program of a run, read again, with the priors that the run replaced.

    The file may have been named by somebody else's run. So it is compared before stanc reads it, whose
    messages quote it; where priors were replaced, it is compared afterwards, and they are held back.

    Raises
    ------
    RequestError
        The program has changed.
    """
    replaced = _list_replaced(run)
    changed = RequestError(f"`{model}` has changed since this fit was made.", hint="fit it again")
    if not replaced and hash_program(model) != run.model.sha256:
        raise changed
    try:
        is_optimised = run.request is not None and run.request.optimised
        program = read_program(model, _list_settled_roles(run), tools, is_optimised=is_optimised)
        program = priors.restore_replaced(program, replaced, tools.stanc)
    except (ProgramError, PriorError):
        if replaced:
            raise changed from None
        raise
    if program.sha256 != run.model.sha256:
        raise changed
    return program


def read_unchanged_table(run: Results, unpack_limit: int | None = None) -> Table:
    """Return the table of a run, read again; it is compared with that of the run before it is parsed.

    Raises
    ------
    RequestError
        The table has changed.
    RunNotFound
        The table is not where it was.
    """
    path = _check_exists(run.data.path, "table")
    if hash_file(path) != run.data.sha256:
        raise RequestError(f"`{path}` has changed since this fit was made.", hint="fit it again")
    return tables.read(path) if unpack_limit is None else tables.read(path, unpack_limit)


def use_scale_of_base(fit: Fit, variant: ProgramVariant, backend: Backend, folder: Path) -> Backend:
    """Return a backend whose runs are on the scale of the base fit, on which its draws are.

    Parameters
    ----------
    fit
        The base fit.
    variant
        Its program.
    backend
        What runs it.
    folder
        A scratch folder.

    Raises
    ------
    RequestError
        Draws are on the scale of the data, but the map to the scale of standardized predictors is not found.
    """
    if not fit.results.data.standardized.is_on_data_scale:
        return backend
    context = FitContext(variant.request, variant.model.exe, backend, folder, SILENT)
    scaled, result = use_original_scale(context)
    if result is None or result.rescaling is None:
        reason = "its predictors are not standardized." if result is None else result.reason
        raise RequestError(f"the draws of this fit cannot be put on the scale it was sampled on: {reason}")
    return scaled.backend


def _list_replaced(run: Results) -> list[ReplacedPrior]:
    """Return the priors that the run has in place of those of the file."""
    return [ReplacedPrior(**msgspec.structs.asdict(prior)) for prior in run.model.replaced_priors]


def _check_exists(path: str, what: str) -> Path:
    try:
        is_there = Path(path).is_file()
    except ValueError:  # not a name that a file can have
        is_there = False
    if not is_there:
        hint = "give the program and the table themselves: workbench sensitivity MODEL.stan DATA.csv"
        raise RunNotFound(f"the {what} of this fit was expected at `{path}`, but is not there.", hint=hint)
    return Path(path)


def _list_settled_roles(run: Results) -> dict[str, str]:
    """Return the roles that the user or the model's card settled."""
    return {
        f"line {term.line}": term.role for term in run.model.terms if term.reason.startswith("settled by ")
    }

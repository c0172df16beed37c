"""Run directories, read back whole or not at all: the one door through which every command opens a run.

A run may come from someone else. Nothing outside of its folder is read, nothing in it is executed, and what
it claims is checked before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from workbench import files
from workbench.errors import RequestError, RunIncomplete, RunNotFound
from workbench.methods import RESULTS
from workbench.results.fit import Fit
from workbench.results.quantities import Draws, pick_element, split_element
from workbench.results.rounding import POINTWISE
from workbench.results.sampled_rows import SAMPLED_ROWS
from workbench.results.store import CONSOLE, RECORD, STUDY_RECORD, TREE
from workbench.results.stored import (
    PlainGroup,
    StoredArray,
    StoredGroup,
    read_array,
    read_groups,
    read_json,
    read_steadily,
    read_text,
)
from workbench.results.view import SCHEMA, NutsResult, Results, view

if TYPE_CHECKING:
    import xarray as xr

_BY_DRAW = (
    "posterior",
    "posterior_predictive",
    "log_likelihood",
    SAMPLED_ROWS,
    "sample_stats",
    "log_prior",
    "log_density",
)
"""The groups of `fit.nc` whose arrays have an element for each chain and draw of NUTS."""

PREDICTED_FROM = frozenset({"posterior", "laplace", "pathfinder", "map", "mle", "stan_data"})
"""The groups of `fit.nc` that predictions are made from."""

SEGMENTS_RECORD = "fits.json"
"""The record of fits to many groups, by which their folder is told from that of a run."""

_NAMES = {"adaptation": ("step_size", "inv_metric"), "log_prior": ("lprior",)}
"""The arrays that groups cannot be without."""


_HASH = re.compile(r"[0-9a-f]{64}")
"""What a run in a registry is called."""


def read(folder: Path, groups: Collection[str] | None = None) -> Fit:
    """Read a run back.

    Parameters
    ----------
    folder
        The run.
    groups
        The groups of draws that are needed; by default all of them.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no run, a file of it is missing or damaged, or it is not what a run can hold.
    """
    files.restore(folder)
    return read_steadily(folder, lambda: _read(folder, groups))


def require_run(folder: Path) -> None:
    """Refuse a folder that is no run, whatever else a run would have to hold.

    Raises
    ------
    RunNotFound
        There is no record of a run.
    """
    files.restore(folder)
    _require_record(folder)


def is_registered(folder: Path) -> bool:
    """Return whether a folder is a run in a registry, which is named by the hash of its files."""
    runs = folder.absolute().parent
    return (
        bool(_HASH.fullmatch(folder.name))
        and runs.name == "runs"
        and (runs.parent / "events.jsonl").is_file()
    )


def refuse_registered(folder: Path) -> None:
    """Refuse a run in a registry as the place of something new.

    Raises
    ------
    RequestError
        The folder is a run in a registry.
    """
    if is_registered(folder):
        hint = "name another place, or copy it out: `workbench registry export NAME@3 --output FOLDER`"
        raise RequestError(f"nothing is written into `{folder}`, a run in a registry.", hint=hint)


def _require_record(folder: Path) -> None:
    if not is_run(folder):
        if is_study(folder):
            hint = (
                f"`workbench show {folder}` shows it, and `workbench report {folder}` draws its report again"
            )
            raise RunNotFound(f"a run was expected, but `{folder}` is a study of the prior.", hint=hint)
        if _has_file(folder, SEGMENTS_RECORD):
            hint = f"`workbench show {folder}` shows them; name one of its runs, `{folder}/GROUP-...`"
            raise RunNotFound(f"a run was expected, but `{folder}` holds the fits of many groups.", hint=hint)
        hint = "a run is a folder that `workbench fit` wrote"
        if "@" in folder.name and not folder.exists():
            hint = (
                "this takes no version of a registry; "
                f"`workbench registry export {folder} --output FOLDER` copies one out as a run"
            )
        raise RunNotFound(f"a run was expected in `{folder}`, but there is no `{RECORD}`.", hint=hint)


def read_record(folder: Path) -> dict[str, Any]:
    """Return the record of a run, checked; its draws are not looked at.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no run, or its record is damaged or not what a record can hold.
    """
    files.restore(folder)
    return read_steadily(folder, lambda: _read_record(folder)[0])


def read_without_draws(folder: Path) -> Fit:
    """Return a run whose record is all that is needed: `fit.nc` is not read, and its `tree` is `None`.

    Raises
    ------
    RunNotFound, RunIncomplete
        As for `read_record`.
    """
    return Fit(read_record(folder), cast("xr.DataTree", None), folder=folder)


def read_with_element(folder: Path, choose: Callable[[Results], str | None]) -> tuple[Fit, Draws | None]:
    """Return a run as `read_without_draws` does, and the posterior draws of one element.

    Parameters
    ----------
    folder
        The run.
    choose
        Returns Stan's name of the element, or `None`.

    Raises
    ------
    RunNotFound, RunIncomplete
        As for `read`; what `choose` raises.
    """
    files.restore(folder)
    return read_steadily(folder, lambda: _read_with_element(folder, choose))


def _read_with_element(folder: Path, choose: Callable[[Results], str | None]) -> tuple[Fit, Draws | None]:
    record, results = _read_record(folder)
    fit, path = Fit(record, cast("xr.DataTree", None), folder=folder), folder / TREE
    name = choose(results)
    if name is None:
        return fit, None
    variable, index = split_element(name)
    found = read_array(path, "posterior", variable, lambda groups: _check_groups(groups, results, path))
    return fit, None if found is None else pick_element(*found, index)


def _read(folder: Path, kept: Collection[str] | None = None) -> Fit:
    record, results = _read_record(folder)
    path = folder / TREE
    groups = read_groups(path, lambda groups: _check_groups(groups, results, path), kept)
    _check_kept_draws(groups, results, path)
    return Fit(record, groups, folder=folder)


def _read_record(folder: Path) -> tuple[dict[str, Any], Results]:
    """Return the record of a run as it is, and typed."""
    _require_record(folder)
    record = read_json(folder / RECORD)
    if record.get("schema") != SCHEMA:
        schema = str(record.get("schema"))[:40]
        raise RunIncomplete(f"the run in `{folder}` has schema {schema}; this workbench reads {SCHEMA}.")
    try:
        results = view(record)
    except RunIncomplete as reason:
        raise RunIncomplete(
            f"the run in `{folder}` cannot be read: {reason.message}", hint=reason.hint
        ) from reason
    _check_methods(record, folder)
    return record, results


def is_run(folder: Path) -> bool:
    """Return whether a folder has a record of a run, whatever that holds."""
    return _has_file(folder, RECORD)


def is_study(folder: Path) -> bool:
    """Return whether a folder has a record of a study, whatever that holds; it may be a run as well."""
    return _has_file(folder, STUDY_RECORD)


def _has_file(folder: Path, name: str) -> bool:
    try:
        (folder / name).lstat()
    except (OSError, ValueError):  # not there, or not a name that a file can have
        return False
    return True


def read_whole(folder: Path) -> Fit:
    """Read a run back with what Stan printed, to publish it anew.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no run, or a file of it is missing or damaged.
    """
    files.restore(folder)
    fitted, printed = read_steadily(folder, lambda: (_read(folder), _read_console(folder)))
    return replace(fitted, console={"before": printed} if printed else {})


def _read_console(folder: Path) -> str:
    console = folder / CONSOLE
    return read_text(console) if console.exists() or console.is_symlink() else ""


def _check_methods(record: Mapping[str, Any], folder: Path) -> None:
    """Refuse a method without what each method has: it would count as one that has succeeded.

    Raises
    ------
    RunIncomplete
        The message names the method, and what it lacks.
    """
    for method in RESULTS:
        for key in ("status", "estimates"):
            if key not in record.get(method, {key: None}):
                message = f"the run in `{folder}` cannot be read: `{method}` has no `{key}` in `{RECORD}`."
                raise RunIncomplete(message)


def _check_groups(groups: Sequence[StoredGroup], results: Results, path: Path) -> None:
    """Refuse draws that are not those which the record describes.

    Raises
    ------
    RunIncomplete
        The message names the array, what was expected and what was found.
    """
    nuts = results.nuts
    for group in groups:
        for array in group.arrays:
            if group.name in _BY_DRAW and not _is_label(array) and array.name not in _labels(group):
                _check_draws(array, nuts, path)
    _check_presence({group.name for group in groups}, results, path)
    for group in groups:
        own = {array.name: array for array in group.arrays}
        for name in _NAMES.get(group.name, ()):
            if name not in own:
                raise RunIncomplete(f"`{path}` was expected to hold `{group.name}/{name}`; it does not.")
            if own[name].dims[:1] != ("chain",) or own[name].shape[:1] != (nuts.chains,):
                raise RunIncomplete(
                    f"`{path}` was expected to hold {nuts.chains} chains in `{group.name}/{name}`, as the "
                    "record says; it does not."
                )
    posterior = next((group for group in groups if group.name == "posterior"), None)
    if posterior is not None and nuts.is_ok:
        names = {array.name for array in posterior.arrays if "draw" in array.dims and array.dims != ("draw",)}
        size = sum(array.size for array in posterior.arrays if array.name in names)
        expected = len(nuts.estimates) * nuts.total_draws
        if size != expected:
            raise RunIncomplete(
                f"`{path}` was expected to hold {expected:,} draws of {len(nuts.estimates)} quantities, as "
                f"the record says; found {size:,}."
            )


def _check_presence(present: set[str], results: Results, path: Path) -> None:
    """Refuse a file without the draws whose numbers the record gives.

    Raises
    ------
    RunIncomplete
        The message names the group.
    """
    nuts = results.nuts
    expected = [
        *(["posterior"] if nuts.is_ok and nuts.estimates else []),
        *(["sample_stats"] if nuts.is_ok and nuts.divergences is not None else []),
    ]
    missing = [name for name in expected if name not in present]
    if missing:
        raise RunIncomplete(f"`{path}` was expected to hold `{missing[0]}`, as the record says; it does not.")


def _labels(group: StoredGroup) -> set[str]:
    return {name for array in group.arrays for name in array.coordinates}


def _is_label(array: StoredArray) -> bool:
    """Return whether an array names the elements of a dimension."""
    return array.dims == (array.name,)


def _check_draws(array: StoredArray, nuts: NutsResult, path: Path) -> None:
    found = dict(zip(array.dims, array.shape, strict=True))
    draws = found.get("draw")
    is_thinned = array.group in POINTWISE and 0 < (draws or 0) < (nuts.draws or 0)
    if found.get("chain") != nuts.chains or (draws != nuts.draws and not is_thinned):
        raise RunIncomplete(
            f"`{path}` was expected to hold {nuts.chains} chains of {nuts.draws} draws in "
            f"`{array.group}/{array.name}`, as the record says; found {found.get('chain')} of {draws}."
        )


def _check_kept_draws(groups: Mapping[str, PlainGroup], results: Results, path: Path) -> None:
    """Refuse pointwise values of some draws that do not say which these are.

    Raises
    ------
    RunIncomplete
        Their numbers do not increase from 0, or pass that of the last draw.
    """
    draws = results.nuts.draws
    for name in POINTWISE:
        group = groups.get(name)
        kept = None if group is None else _count_draws(group)
        if group is None or kept is None or kept == draws:
            continue
        numbers = group.variables["draw"].values if "draw" in group.labels else np.array([])
        is_numbered = numbers.dtype.kind in "iu" and (np.diff(numbers) > 0).all() and len(numbers) > 0
        if not is_numbered or numbers[0] < 0 or numbers[-1] >= (draws or 0):
            raise RunIncomplete(
                f"`{path}` was expected to number the draws in `{name}` from 0 to {(draws or 0) - 1}, "
                "each after the one before; it does not."
            )


def _count_draws(group: PlainGroup) -> int | None:
    """Return how many draws a group has of each chain; `None` where nothing in it is by draw."""
    sizes = (
        variable.values.shape[variable.dims.index("draw")]
        for variable in group.variables.values()
        if "draw" in variable.dims
    )
    return next(sizes, None)

"""The main job called from Python: a table in memory, and settings by the names of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import library, tables
from workbench.errors import RequestError
from workbench.methods import Nuts
from workbench.report import shown
from workbench.results import Fit, store
from workbench.tables import Table
from workbench.toolchain import Settings
from workbench.workflow.fit import fit
from workbench.workflow.methods import choose
from workbench.workflow.options import FitOptions

if TYPE_CHECKING:
    import pandas as pd

    from workbench.studies import Study


def call(
    model: str | Path,
    data: str | Path | pd.DataFrame | Mapping[str, Any] | None,
    nuts: Nuts,
    stan: Settings,
    *,
    method: str | Sequence[str],
    starts: int,
    profile: str | Sequence[str],
    **options: Any,
) -> Fit:
    """Fit a program to a table from Python.

    Parameters
    ----------
    model, data
        As in `workbench.fit`.
    nuts, stan
        Settings of the sampler, and which Stan.
    method, starts, profile
        As in `workbench.fit`.
    options
        Further fields of `pipeline.fitting.Options`; columns may be named one by one.

    Raises
    ------
    RequestError
        A setting is none, or the data are of no kind that holds a table.
    """
    columns = {name: _several(one) for name, one in options.pop("columns").items()}
    asked = FitOptions(
        **{**options, "jobs": options["jobs"] or os.cpu_count() or 1},
        columns=columns,
        methods=choose(_several(method), nuts, starts=starts, profile=_several(profile)),
        toolchain=stan,
        command="workbench.fit(...)",
    )
    program, own = library.resolve_data(model, None if data is None else as_table(data))
    return shown(*fit(program, own if isinstance(own, Table) else as_table(own), asked))


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def study(
    fitted: Fit | str | Path,
    data: str | Path | pd.DataFrame | Mapping[str, Any] | None,
    *,
    vary: Mapping[str, Sequence[float]] | Sequence[str],
    scenarios: str | Path | Mapping[str, Mapping[str, Any]] | None,
    **options: Any,
) -> Study:
    """Study a fit from Python.

    Parameters
    ----------
    fitted, data, vary, scenarios
        As in `workbench.sensitivity`.
    options
        Fields of `pipeline.asking.BindingOptions`.

    Raises
    ------
    RequestError
        What is varied is not of the form.
    """
    from workbench.studies import axis, parse_axis
    from workbench.studies.plan.scenarios import read_scenarios, scenarios_of
    from workbench.workflow import sensitivity, study_options

    if isinstance(vary, Mapping):
        axes = tuple(axis(name, values) for name, values in vary.items())
    else:
        axes = tuple(parse_axis(text) for text in vary)
    if isinstance(scenarios, Mapping):
        named = scenarios_of(scenarios, "scenarios")
    else:
        named = () if scenarios is None else read_scenarios(Path(scenarios))
    options["jobs"] = options["jobs"] or os.cpu_count() or 1
    asked = study_options.StudyOptions(axes=axes, scenarios=named, **options)
    folder = Path(fitted) if isinstance(fitted, (str, Path)) else getattr(fitted, "folder", None)
    if asked.output is None and folder is not None:
        asked = replace(asked, output=folder / "study")
    found = store.read(Path(fitted)) if isinstance(fitted, (str, Path)) else fitted
    return sensitivity.study_fit(found, asked, table=None if data is None else as_table(data))


def load_run(folder: Path) -> Fit:
    """Read a run directory back as a fit that shows itself in a notebook.

    Raises
    ------
    StoreError
        There is no complete run in the folder.
    """
    return shown(store.read(folder), folder)


def as_table(data: str | Path | pd.DataFrame | Mapping[str, Any]) -> Table:
    """Return data as a table, whatever holds them.

    Raises
    ------
    RequestError
        They are of no kind that holds a table.
    """
    import pandas as pd

    if isinstance(data, (str, Path)):
        return tables.read(Path(data))
    if isinstance(data, pd.DataFrame):
        return tables.from_frame(data)
    if isinstance(data, Mapping):
        return tables.from_mapping(data)
    raise RequestError(
        f"data were expected as a path, a DataFrame or a dict, found {type(data).__name__}.",
        hint="pandas.DataFrame(...) takes most things that look like a table",
    )
